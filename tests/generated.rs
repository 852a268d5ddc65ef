//! Provider files that pass `check`, made at random, in the hands of the whole program: a stranger's reaches nothing, and
//! the user's own sends to no origin that nobody named, whatever the servers answer.
//!
//! The files and what is allowed of each come from `tests/fuzz/oracle/allowance.rs`. `PROOF_FILES` is how many there are.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hermes_machine::machine::Entropy as _;
use serde_json::json;
use url::Url;

use crate::arbitrary::oracle::allowance::{FOREIGN, MARK, Sound, fields, holds_mark};
use crate::arbitrary::oracle::scene;
use crate::support::{Program, Recorder, Run};

/// All hosts that a file or an answer can name; each is reached on loopback.
const HOSTS: [&str; 10] = [
    "auth.acme.example",
    "api.acme.example",
    "auth.acme-eu.example",
    "eu.acme.example",
    "eu.acme.example:8443",
    "evil.example",
    "auth.acme.example:8443",
    "evilacme.example",
    "auth.acme.example.evil.example",
    "acme.example",
];

/// Files that pass `check`, the same in every run of the test.
fn sound_files() -> Vec<Sound> {
    let wanted = std::env::var("PROOF_FILES").ok().and_then(|text| text.parse().ok()).unwrap_or(16);
    let made = (0..).filter_map(|seed| {
        let mut bytes = [0; 120];
        scene::Seeded(seed).fill(&mut bytes);
        Sound::made_of(&bytes)
    });
    made.take(wanted).collect()
}

/// A server that gives marked secrets and leads where it likes.
fn leading_server() -> Recorder {
    Recorder::answering(|request| {
        let turn = usize::try_from(scene::seed(request.as_bytes()) % 1_000).unwrap_or_default();
        let foreign = FOREIGN[turn % FOREIGN.len()];
        let next =
            ["https://auth.acme.example", "https://api.acme.example", "https://eu.acme.example", foreign];
        match turn % 9 {
            0 => format!("307 Temporary Redirect\r\nlocation: {foreign}/moved\r\n\r\n"),
            1 => format!(
                "400 Bad Request\r\ncontent-type: application/json\r\n\r\n{}",
                json!({ "error": "nope", "access_token": format!("{MARK}-a"), "device_code": format!("{MARK}-d") })
            ),
            _ => format!(
                "200 OK\r\ncontent-type: application/json\r\n\r\n{}",
                fields(next[turn % next.len()], holds_mark(request))
            ),
        }
    })
}

/// A user with a credential that is due and keeps an endpoint, a client secret that was typed, and a variable that names a
/// foreign host.
fn house(server: &Recorder, endpoint: &str) -> Program {
    let program = Program::new()
        .connect_to(&HOSTS, server.addr())
        .env("ACME_PLACE", FOREIGN[0])
        .timeout(Duration::from_secs(30));
    let record = json!({
        "provider": "acme", "region": "us", "token_type": "Bearer", "expires_at": 1_600_000_000,
        "access_token": format!("{MARK}-access"), "refresh_token": format!("{MARK}-refresh"),
        "endpoint": endpoint, "blob": format!("{MARK}-blob"),
        "inputs": { "client_secret": format!("{MARK}-input") },
    });
    let auth = json!({ "version": 1, "providers": { "acme": record }, "active_provider": "acme" });
    program.write_home("auth.json", &auth.to_string());
    for (path, mode) in [(program.home(), 0o700), (program.home().join("auth.json"), 0o600)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("its mode");
    }
    program
}

/// The text of a file, whose plain http host is one that hears.
fn text_of(sound: &Sound, server: &Recorder) -> String {
    sound.text().replace("127.0.0.1:9", &server.addr().to_string())
}

fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            all.extend(files(&path))
        } else {
            all.extend([(path.clone(), fs::read(&path).expect("a file"))])
        }
    }
    all
}

#[test]
fn s28_no_generated_file_of_a_stranger_sends_hands_out_or_changes_anything() {
    let server = leading_server();
    for sound in sound_files() {
        let program = house(&server, "https://api.acme.example");
        program.write_work(format!("providers.d/acme.{}", sound.ending()), &text_of(&sound, &server));
        let before = files(&program.home());
        for args in [
            vec!["token", "acme"],
            vec!["token"],
            vec!["resolve", "acme", "--as", "json"],
            vec!["models", "acme", "--live"],
            vec!["run-flow", "acme", "--stdin", "client_secret"],
            vec!["run-flow", "acme", "--flow", "refresh"],
            vec!["keep", "acme"],
        ] {
            let run = program.run_with(&args, MARK);
            let what = format!("{args:?}: {run:?}\n{}", sound.text());
            assert_eq!(run.code, Some(7), "{what}");
            assert!(!holds_mark(&run.stdout) && !holds_mark(&run.stderr), "{what}");
            assert_eq!(server.take(), Vec::<String>::new(), "{what}");
            assert!(files(&program.home()) == before, "{what}");
        }
        let run = program.run_bare(&["run-flow", "acme", "--simulate"]);
        let what = format!("simulated: {run:?}\n{}", sound.text());
        assert!(run.code.is_some() && !run.stdout.contains(MARK) && !run.stderr.contains(MARK), "{what}");
        assert_eq!(server.take(), Vec::<String>::new(), "{what}");
        assert!(files(&program.home()) == before, "{what}");
    }
}

#[test]
fn s4_a_generated_file_of_the_users_own_sends_to_no_origin_that_it_does_not_name() {
    let server = leading_server();
    let (mut sent, mut refused) = (0, 0);
    let files = sound_files();
    let endpoints = ["https://api.acme.example", FOREIGN[0], "https://auth.acme.example"];
    for (sound, endpoint) in files.iter().filter(|sound| !sound.is_strangers).zip(endpoints.iter().cycle()) {
        for args in [
            vec!["token", "acme"],
            vec!["resolve", "acme", "--as", "json"],
            vec!["models", "acme", "--live"],
            vec!["run-flow", "acme", "--no-browser", "--stdin", "client_secret"],
        ] {
            // A login that waits for a browser, or for a server's pace, takes longer than it tells.
            let waits = ["\"open\"", "extends", "\"show\""].iter().any(|word| sound.text().contains(word));
            if waits && args[0] == "run-flow" {
                continue;
            }
            let program = house(&server, endpoint);
            program.write_home(format!("providers.d/acme.{}", sound.ending()), &text_of(sound, &server));
            let before = program.auth();
            let run = program.run_with(&args, &format!("{MARK}-typed"));
            let heard = server.take();
            let what = format!("{args:?}: {run:?}\n{heard:#?}\n{}", sound.text());
            judge(sound, &run, &heard, &what);
            // A redirect is a server's doing, and comes after a request.
            if run.code == Some(7) && !run.stderr.contains("`redirected`") {
                refused += 1;
                // What a renewal brings has a say in where `[api]` leads, and is judged when it is there.
                let is_led = sound.is_open() || sound.text().contains("token.endpoint");
                assert!(heard.is_empty() || is_led, "it refuses after it has sent: {what}");
                assert!(!heard.is_empty() || program.auth() == before, "{what}");
            }
            sent += heard.len();
        }
    }
    assert!(sent > 10 && refused > 0, "{sent} requests and {refused} refusals try nothing");
}

/// Every request went where it may, and what a run shows holds no secret but where it was asked for.
fn judge(sound: &Sound, run: &Run, heard: &[String], what: &str) {
    assert!(run.code.is_some(), "it hangs: {what}");
    for request in heard {
        let host = request
            .lines()
            .find_map(|line| line.strip_prefix("host: "))
            .expect("each request names its host");
        // What is sent in plain http names the server itself.
        let scheme = if host.starts_with("127.0.0.1") { "http" } else { "https" };
        let url = Url::parse(&format!("{scheme}://{host}/")).expect("a host");
        assert!(sound.allows(&url), "it sends to {url}: {what}");
    }
    assert!(!holds_mark(&run.stderr), "{what}");
    assert!(run.code == Some(0) || !holds_mark(&run.stdout), "{what}");
    let base_url = serde_json::from_str(&run.stdout).ok().and_then(|answer: serde_json::Value| {
        answer["base_url"].as_str().and_then(|url| Url::parse(url).ok())
    });
    assert!(base_url.is_none_or(|url| sound.allows(&url)), "{what}");
}
