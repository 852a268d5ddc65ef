//! A profile of Hermes Agent: `HERMES_HOME=ROOT/profiles/NAME` reads what it has not stored from its root.

use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::minimax_server::Running;
use crate::support::{MinimaxServer, Program, Run, Started, sha256};

const ID: &str = "minimax-oauth";

/// A root and a profile beneath it.
struct House {
    program: Program,
    profile: String,
    server: Running,
}

impl House {
    fn new(server: MinimaxServer) -> House {
        let program = Program::new();
        let profile = program.home().join("profiles/coder").display().to_string();
        House { program, profile, server: server.start() }
    }

    fn args<'a>(&'a self, args: &[&'a str], connect: &'a [String]) -> Vec<&'a str> {
        let online = matches!(args, ["run-flow" | "token", ..] | ["auth", "add", ..]);
        let connect = connect.iter().map(String::as_str).filter(|_| online);
        args.iter().copied().chain(connect).collect()
    }

    /// Runs in the root.
    #[track_caller]
    fn root(&self, args: &[&str], code: i32) -> Run {
        let connect = self.server.connect_to();
        self.program.run(&self.args(args, &connect)).expect_code(code)
    }

    /// Runs in the profile.
    #[track_caller]
    fn profile(&self, args: &[&str], code: i32) -> Run {
        let connect = self.server.connect_to();
        let args = self.args(args, &connect);
        self.program.run(&[&args[..], &["--home", &self.profile]].concat()).expect_code(code)
    }

    fn token(&self) -> String {
        self.root(&["token", ID], 0).stdout
    }

    fn token_of_profile(&self) -> String {
        self.profile(&["token", ID], 0).stdout
    }

    /// The file of the profile; null where there is none.
    fn file_of_profile(&self) -> Value {
        let text = std::fs::read_to_string(self.program.home().join("profiles/coder/auth.json"));
        text.map_or(Value::Null, |text| serde_json::from_str(&text).unwrap())
    }

    fn sources(&self) -> Vec<Value> {
        let all = self.profile(&["auth", "list", "--format", "json"], 0).json()["credentials"].clone();
        all.as_array().unwrap().iter().map(|one| one["source"].clone()).collect()
    }

    fn root_file(&self) -> String {
        self.program.home().join("auth.json").display().to_string()
    }
}

#[test]
fn a_profile_reads_the_login_of_its_root_and_renews_it_there() {
    let house = House::new(MinimaxServer::new());
    house.root(&["run-flow", ID], 0);
    let first = house.token();
    assert_eq!(house.token_of_profile(), first);
    assert_eq!(house.profile(&["token"], 0).stdout, first, "its active provider too");
    let rejected = sha256(first.trim());
    let second = house.profile(&["token", ID, "--rejected-sha256", &rejected], 0).stdout;
    assert_ne!(second, first);
    assert_eq!((house.token(), house.token_of_profile()), (second.clone(), second));
    assert_eq!(house.server.counts().refresh, 1);
    assert_eq!(house.file_of_profile(), Value::Null, "nothing of it is copied");
    assert_eq!(house.sources(), [json!(house.root_file())]);
    for place in [&["auth", "status", ID][..], &["doctor"]] {
        let said = house.profile(place, 0).stdout;
        assert!(said.contains(&house.root_file()), "{said}");
    }
    assert_eq!(house.server.violations(), Vec::<String>::new());
}

#[test]
fn a_login_in_a_profile_stays_there_and_goes_before_that_of_the_root() {
    let house = House::new(MinimaxServer::new());
    house.root(&["run-flow", ID], 0);
    house.root(&["auth", "add", ID, "--label", "work"], 0);
    let of_root = house.token();
    let before = house.program.auth();
    house.profile(&["run-flow", ID], 0);
    assert_eq!((house.program.auth(), house.token()), (before.clone(), of_root.clone()));
    assert_ne!(house.token_of_profile(), of_root);
    assert_eq!(house.sources(), ["auth.json"], "nothing of the root is seen beside it");

    let removed = house.profile(&["auth", "remove", ID], 0).stderr;
    assert!(removed.contains(&house.root_file()), "{removed}");
    assert_eq!(house.token_of_profile(), of_root);
    for args in
        [&["auth", "remove", ID, "--all"][..], &["auth", "remove", ID, "work"], &["auth", "remove", ID]]
    {
        let refused = house.profile(args, 2).stderr;
        let home = house.program.home().display().to_string();
        assert!(refused.contains(&format!("--home {home} auth remove {ID}")), "{refused}");
    }
    assert_eq!(house.program.auth(), before);
}

#[test]
fn processes_of_the_root_and_of_a_profile_spend_one_refresh_token_once() {
    let house = House::new(MinimaxServer::new().slow_refresh(std::time::Duration::from_millis(300)));
    house.root(&["run-flow", ID], 0);
    let rejected = sha256(house.token().trim());
    let connect = house.server.connect_to();
    let start = |home: &str| {
        let mut args = vec!["token", ID, "--rejected-sha256", &rejected, "--home", home];
        args.extend(connect.iter().map(String::as_str));
        Started::by(house.program.command(&args).stdout(Stdio::piped()).stderr(Stdio::piped()))
    };
    let root = house.program.home().display().to_string();
    let all: Vec<Started> = (0..8).map(|n| start(if n % 2 == 0 { &root } else { &house.profile })).collect();
    let tokens: Vec<String> = all.into_iter().map(|one| one.end().expect_code(0).stdout).collect();
    assert!(tokens.iter().all(|token| *token == tokens[0]), "{tokens:?}");
    assert_eq!(house.server.counts().refresh, 1);
}

#[test]
fn rows_that_another_program_has_copied_into_a_profile_are_those_of_the_root() {
    let house = House::new(MinimaxServer::new());
    house.root(&["run-flow", ID], 0);
    house.root(&["auth", "add", ID, "--label", "work"], 0);
    let mut copied = house.program.auth().unwrap();
    copied["providers"] = json!({});
    let rows = copied["credential_pool"][ID].as_array_mut().unwrap();
    let mut derived = rows[0].clone();
    derived["id"] = json!("eeae18");
    derived["source"] = json!("oauth");
    derived["refresh_token"] = json!("stale");
    rows.push(derived);
    house.program.write_home("profiles/coder/auth.json", &copied.to_string());
    let work = house.root(&["token", ID, "--label", "work"], 0).stdout;
    let rejected = sha256(work.trim());
    let renewed = house.profile(&["token", ID, "--label", "work", "--rejected-sha256", &rejected], 0).stdout;
    assert_ne!(renewed, work);
    assert_eq!(house.root(&["token", ID, "--label", "work"], 0).stdout, renewed);
    assert_eq!(house.sources().len(), 2);
    assert_eq!(house.server.violations(), Vec::<String>::new());
}

#[test]
fn a_root_that_can_t_be_read_leaves_a_profile_what_it_has() {
    let house = House::new(MinimaxServer::new());
    house.profile(&["run-flow", ID], 0);
    house.program.write_home("auth.json", "{ broken");
    let run = house.profile(&["token", ID], 0);
    assert!(run.stderr.contains("the root of this profile is left out"), "{}", run.stderr);
}
