//! Marked secrets go through every command, and are looked for everywhere that they must not be (S24).
//!
//! Who adds a command need not come here: one that this file doesn't know is run too, with and without a provider.

mod watched;

use std::fs;
use std::io::{BufRead as _, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use crate::support::minimax_server::{RefreshFault, Running};
use crate::support::{MinimaxServer, Program, Run, Started};

const ID: &str = "minimax-oauth";
/// Keys of a person, each in its place.
const SET: &str = "canary-set-key-0001";
const TYPED: &str = "canary-typed-key-0002";
const TOLD: &str = "canary-told-key-0003";

/// Its key is a variable, or what a program says.
const KEYED: &str = r#"
name  = "Keyed"
start = { login = "success" }

[inputs.api_key]
from   = [SOURCE]
prompt = "API key"
secret = true

[states.success]
access_token = "{{api_key}}"

[api]
mode     = "chat_completions"
base_url = "https://api.example.com/v1"
models   = { get = "https://api.example.com/v1/models" }
"#;

/// The house of somebody with secrets.
struct House {
    program: Program,
    server: Running,
}

impl House {
    fn new() -> House {
        let server = MinimaxServer::new().slow_refresh(Duration::from_millis(200)).start();
        let program = Program::new().always(server.connect_to()).timeout(Duration::from_secs(20));
        let root = program.root().to_owned();
        fs::create_dir_all(root.join("tmp")).expect("a folder");
        fs::create_dir_all(root.join("seen")).expect("a folder");
        fs::create_dir_all(root.join("source")).expect("a folder");
        let seen = root.join("seen").display().to_string();
        let see = |name: &str| {
            format!(
                "tr '\\0' '\\n' </proc/$$/cmdline >>{seen}/{name}\ntr '\\0' '\\n' </proc/$$/environ >>{seen}/{name}\n"
            )
        };
        let browser = script(&root.join("browser"), &see("browser"));
        fs::write(root.join("source/key"), TOLD).expect("written");
        let teller =
            script(&root.join("teller"), &format!("{}cat {}/source/key", see("teller"), root.display()));
        program.write_home("providers.d/set.toml", &KEYED.replace("SOURCE", "{ env = \"CANARY_KEY\" }"));
        program.write_home("providers.d/typed.toml", &KEYED.replace("SOURCE", ""));
        let told = format!("{{ command = [\"{}\"] }}", teller.display());
        program.write_home("providers.d/told.toml", &KEYED.replace("SOURCE", &told));
        let program = program.env("BROWSER", browser).env("TMPDIR", root.join("tmp")).env("CANARY_KEY", SET);
        House { program, server }
    }

    fn access_tokens(&self) -> Vec<String> {
        let keys = [SET, TYPED, TOLD].map(str::to_owned);
        self.server.access_tokens().into_iter().chain(keys).collect()
    }

    fn secrets(&self) -> Vec<String> {
        self.access_tokens().into_iter().chain(self.server.other_secrets()).collect()
    }

    /// Judges what a command printed. Those whose job it is may print an access token on stdout.
    #[track_caller]
    fn judge(&self, args: &[&str], run: &Run) {
        let hands_out = matches!(args.first(), Some(&("token" | "resolve" | "exec")));
        check_absent(&self.secrets(), &run.stderr, &format!("stderr of {args:?}"));
        let forbidden = if hands_out { self.server.other_secrets() } else { self.secrets() };
        check_absent(&forbidden, &run.stdout, &format!("stdout of {args:?}"));
    }

    /// Runs a command that has requests to send, as it is and telling all that it can.
    #[track_caller]
    fn online(&self, args: &[&str], code: i32) -> Run {
        let run = self.program.run(args);
        self.judge(args, &run);
        run.expect_code(code)
    }

    /// Runs a command that has none.
    #[track_caller]
    fn offline(&self, args: &[&str], code: i32) -> Run {
        let run = self.program.run_bare(args);
        self.judge(args, &run);
        run.expect_code(code)
    }
}

/// An executable of a person's.
fn script(path: &Path, text: &str) -> PathBuf {
    fs::write(path, format!("#!/bin/sh\n{text}\n")).expect("written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("permissions");
    path.to_owned()
}

#[track_caller]
fn check_absent(secrets: &[String], text: &str, place: &str) {
    for secret in secrets {
        assert!(!text.contains(secret), "{secret} is in {place}:\n{text}");
    }
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { all.extend(files(&path)) } else { all.push(path) }
    }
    all
}

/// What stands in the house when all is done: nothing secret but in the store, in names neither.
#[track_caller]
fn check_files(house: &House) {
    let root = house.program.root();
    for path in files(root) {
        let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        check_absent(&house.secrets(), &name, "the name of a file");
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap_or_default()).into_owned();
        match name.as_str() {
            // The store, and what the person put there.
            "home/.hermes/auth.json" | "source/key" => {}
            // A child has what the person put into the environment, and nothing of ours.
            _ if name.starts_with("seen/") => {
                let own = text.replace(&format!("CANARY_KEY={SET}"), "");
                check_absent(&house.secrets(), &own, &name);
            }
            _ => check_absent(&house.secrets(), &text, &name),
        }
    }
    assert_eq!(files(&root.join("tmp")), Vec::<PathBuf>::new(), "nothing is left behind");
    for name in ["browser", "teller"] {
        assert!(root.join("seen").join(name).exists(), "{name} was never started");
    }
}

/// The commands of the help.
fn commands(program: &Program) -> Vec<String> {
    let help = program.run_bare(&["--help"]).expect_code(0).stdout;
    let after = help.split_once("Commands:\n").expect("a list of commands").1;
    let lines = after.lines().take_while(|line| !line.is_empty());
    let named = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    named.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

fn log_in(house: &House) {
    house.online(&["run-flow", ID, "--trace", "-v"], 0);
    house.online(&["run-flow", ID, "--if-needed", "-v"], 0);
    house.online(&["auth", "add", ID, "--trace", "-v", "--label", "mine"], 0);
    house.offline(&["run-flow", ID, "--simulate", "--trace", "-v"], 0);
    let typed = house.program.run_with(&["run-flow", "typed", "--stdin", "api_key", "-v"], TYPED);
    house.judge(&["run-flow", "typed"], &typed.expect_code(0));
    house.offline(&["run-flow", "set", "-v"], 0);
}

fn use_it(house: &House) {
    for id in [ID, "set", "typed", "told"] {
        house.online(&["token", id, "-v"], 0);
        house.online(&["token", id, "--format", "json"], 0);
        for form in ["json", "header", "exec-credential", "env"] {
            house.online(&["resolve", id, "--as", form, "-v"], 0);
        }
        // None of these has the two keys of that form.
        house.online(&["resolve", id, "--as", "aws-process", "-v"], 2);
        house.offline(&["exec", id, "-v", "--", "env"], 0);
        house.online(&["models", id, "-v"], 0);
        let live = if id == ID { 2 } else { 6 };
        house.offline(&["models", id, "--live", "-v", "--connect-to", "api.example.com=127.0.0.1:1"], live);
        house.offline(&["auth", "status", id, "-v"], 0);
        house.offline(&["auth", "status", id, "--format", "json"], 0);
        house.offline(&["providers", "show", id, "-v"], 0);
        house.offline(&["check", id], 0);
        house.offline(&["test", id], 0);
        house.offline(&["auth", "reset", id], 0);
    }
}

fn look_around(house: &House) {
    for command in [
        vec!["auth", "list"],
        vec!["auth", "list", "--format", "json"],
        vec!["doctor", "-v"],
        vec!["doctor", "--format", "json"],
        vec!["providers"],
        vec!["schema"],
        vec!["completions", "bash"],
        vec!["man", "token"],
    ] {
        house.offline(&command, 0);
    }
    let file = house.program.home().join("providers.d/told.toml").display().to_string();
    house.program.run_bare(&["trust", &file]);
    let known = [
        "run-flow",
        "token",
        "resolve",
        "exec",
        "auth",
        "keep",
        "use",
        "doctor",
        "providers",
        "models",
        "check",
        "test",
        "simulate",
        "schema",
        "trust",
        "completions",
        "man",
        "help",
    ];
    for command in commands(&house.program).into_iter().filter(|name| !known.contains(&name.as_str())) {
        for args in [vec![command.as_str()], vec![command.as_str(), ID, "-v"]] {
            let mut started = assert_cmd::Command::from_std(house.program.command(&args));
            let output =
                started.timeout(Duration::from_secs(3)).write_stdin("").output().expect("the binary starts");
            house.judge(&args, &Run::of(&output));
        }
    }
}

/// Answers that quote a secret, and answers that make no sense.
fn fail(house: &House) {
    for (fault, code) in
        [(RefreshFault::CutJson, 0), (RefreshFault::Page500, 0), (RefreshFault::InvalidGrant, 0)]
    {
        house.server.change(|server| server.refresh_fault(fault, 1));
        house.offline(&["auth", "reset", ID], 0);
        house.online(&["token", ID, "--min-ttl", "100h", "-v"], code);
        house.offline(&["auth", "status", ID, "-v"], 0);
        house.offline(&["doctor"], 0);
    }
    house.online(&["token", "set", "--rejected-sha256", &"0".repeat(64)], 0);
    let auth = fs::read_to_string(house.program.home().join("auth.json")).expect("the store");
    let damaged = auth.replace("\"version\"", "version");
    house.program.write_home("auth.json", &damaged);
    house.offline(&["token", ID, "-v"], 8);
    house.offline(&["doctor"], 8);
    house.program.write_home("auth.json", &auth);
}

/// The server that stands in for the provider's.
fn simulate(house: &House) {
    let mut command = house.program.command(&["simulate", ID, "-v"]);
    let mut server = Started::by(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
    let mut said = String::new();
    let mut stdout = server.stdout();
    stdout.read_line(&mut said).expect("it says where it listens");
    server.signal("INT");
    stdout.read_to_string(&mut said).expect("it ends");
    let run = Run { stdout: said, ..server.end() };
    house.judge(&["simulate"], &run);
}

#[cfg(target_os = "linux")]
#[test]
fn s24_no_secret_is_seen_where_it_must_not_be() {
    let house = House::new();
    log_in(&house);
    use_it(&house);
    look_around(&house);
    watched::refreshes(&house);
    watched::used(&house);
    watched::kept(&house);
    simulate(&house);
    fail(&house);
    check_files(&house);
    house.offline(&["auth", "priority", ID, "mine", "0", "-v"], 0);
    house.offline(&["auth", "remove", ID, "--all", "-v"], 0);
    house.offline(&["auth", "remove", "typed", "--trace"], 0);
    check_files(&house);
    let auth = fs::read_to_string(house.program.home().join("auth.json")).expect("the store");
    check_absent(&house.secrets(), &auth, "the store after the last logout");
}
