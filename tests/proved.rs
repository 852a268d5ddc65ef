//! A file that `check` finds errors in acts under no command, whoever vouches for it; one can look, log out and simulate.

use crate::support::{Program, Recorder};

const KEYED: &str = r#"
name   = "Acme"
start  = { login = "ask" }
models = ["m"]

[states.ask]
post = "https://auth.acme.example/login"
form.a = "b"
on = [ { if = { status = 200, exists = ["$.access_token"] }, to = "success" }, { fail = "authorization_failed" } ]

[states.success]
expires = "1h"
refresh = { to = "refresh", early = "60s" }

[states.refresh]
post = "https://auth.acme.example/token"
form.refresh_token = "{{token.refresh_token}}"
on = [ { if = { status = 200, exists = ["$.access_token"] }, to = "success" }, { fail = "refresh_failed", relogin = true } ]

[api]
mode     = "chat_completions"
base_url = "https://auth.acme.example/v1"
"#;

const BROWSER: &str = r#"
name   = "Acme"
start  = { login = "authorize" }
models = ["m"]

[states.authorize]
open  = "https://auth.acme.example/authorize"
paste = true
until = "1m"
query.redirect_uri = "https://app.example/callback"
query.code_challenge = "{{pkce.challenge}}"
query.code_challenge_method = "S256"
STATE
on = [ { if = { exists = ["$.code"] }, to = "ask" }, { fail = "authorization_failed" } ]

[states.ask]
post = "https://auth.acme.example/token"
form.code = "{{authorize.code}}"
form.code_verifier = "{{pkce.verifier}}"
on = [ { if = { status = 200, exists = ["$.access_token"] }, to = "success" }, { fail = "authorization_failed" } ]

[api]
mode     = "chat_completions"
base_url = "https://auth.acme.example/v1"
"#;

/// Files with one error each, and its code.
fn faulty() -> Vec<(&'static str, String)> {
    vec![
        ("HE406", BROWSER.replace("STATE\n", "")),
        ("HE407", BROWSER.replace("STATE\n", "query.state = \"{{random.state}}\"\n")),
        (
            "HE412",
            KEYED.replace(
                "post = \"https://auth.acme.example/token\"",
                "post = \"https://other.example/token\"",
            ),
        ),
        (
            "HE403",
            KEYED.replace(
                ", to = \"success\" }, { fail = \"authorization_failed\" }",
                ", to = \"more\" }, { fail = \"authorization_failed\" }",
            ) + "[states.more]\npost = \"{{ask.access_token}}\"\non = [ { to = \"success\" } ]\n",
        ),
        ("HE202", KEYED.replace("form.a = \"b\"", "form.a = \"{{ask.none}}\"")),
        (
            "HE203",
            KEYED.replace(
                ", to = \"success\" }, { fail = \"authorization_failed\" }",
                ", to = \"more\" }, { fail = \"authorization_failed\" }",
            ) + "[states.more]\npost = \"https://auth.acme.example/more\"\nform.a = \"{{ask.field}}\"\n\
                on = [ { if = { status = 200, exists = [\"$.access_token\"] }, to = \"success\" }, { fail = \"authorization_failed\" } ]\n",
        ),
    ]
}

fn user(text: &str) -> Program {
    let program = Program::new();
    program.write_home("providers.d/acme.toml", text);
    program.store_login("acme", ("LE-ACCESS", "LE-REFRESH"), 1_600_000_000);
    program
}

#[test]
fn a_file_with_errors_acts_under_no_command() {
    let recorder = Recorder::start();
    for (code, text) in faulty() {
        let program = user(&text).connect_to(&["auth.acme.example", "other.example"], recorder.addr());
        let before = std::fs::read(program.home().join("auth.json")).expect("the store");
        for args in [
            vec!["token", "acme"],
            vec!["resolve", "acme"],
            vec!["models", "acme", "--live"],
            vec!["use", "acme"],
            vec!["keep", "acme"],
            vec!["auth", "add", "acme"],
            vec!["run-flow", "acme"],
            vec!["run-flow", "acme", "--flow", "refresh"],
        ] {
            let run = program.run(&args).expect_code(9);
            let finding = format!("error[{code}]");
            assert!(run.stderr.contains(&finding) && run.stdout.is_empty(), "{finding} {args:?}: {run:?}");
        }
        assert_eq!(recorder.heard(), Vec::<String>::new(), "{code}");
        assert_eq!(std::fs::read(program.home().join("auth.json")).expect("the store"), before, "{code}");
    }
}

#[test]
fn with_errors_in_a_file_one_can_list_look_log_out_and_simulate() {
    for (code, text) in faulty() {
        let program = user(&text);
        for args in
            [vec!["auth", "list"], vec!["auth", "status", "acme"], vec!["doctor"], vec!["graph", "acme"]]
        {
            program.run(&args).expect_code(0);
        }
        let simulated = program.run(&["run-flow", "acme", "--simulate"]);
        assert!(simulated.stderr.contains("Simulated server"), "{code}: {simulated:?}");
        program.run(&["auth", "remove", "acme"]).expect_code(0);
        assert!(program.record("acme").is_null(), "{code}");
    }
}

#[test]
fn an_error_that_the_users_own_file_allows_is_no_reason_and_a_fault_of_its_tests_neither() {
    let (_, text) = faulty().into_iter().find(|(code, _)| *code == "HE412").expect("the file");
    let allowed =
        text.replace("form.refresh_token", "# check: allow HE412 -- one service\nform.refresh_token");
    let program = user(&allowed);
    program.write_home("providers.d/acme.test.toml", "[[test]]\nname = 1\n");
    let run = program.run(&["run-flow", "acme", "--connect-to", "auth.acme.example=127.0.0.1:1"]);
    assert!(run.code != Some(9), "{run:?}");
}

#[test]
fn errors_of_a_flow_that_a_file_extends_count() {
    let (_, text) = faulty().into_iter().find(|(code, _)| *code == "HE412").expect("the file");
    let program = user("name = \"Acme\"\nextends = \"mine\"\n");
    program.write_home("providers.d/flows/mine.toml", &text);
    let run = program.run(&["token", "acme"]).expect_code(9);
    assert!(run.stderr.contains("error[HE412]"), "{run:?}");
}

#[test]
fn a_program_that_depends_on_the_folder_is_refused() {
    let text = "name = \"Acme\"\nextends = \"api-key\"\nmodels = [\"m\"]\n[inputs.api_key]\nfrom = [{ command = [\"./helper\"] }]\n\
        [api]\nmode = \"chat_completions\"\nbase_url = \"https://api.acme.example/v1\"\n";
    let program = Program::new();
    program.write_home("providers.d/acme.toml", text);
    program.write_work("helper", "#!/bin/sh\necho PWNED-123456\n");
    for args in [vec!["token", "acme"], vec!["check", "acme"]] {
        let run = program.run(&args).expect_code(9);
        assert!(format!("{}{}", run.stdout, run.stderr).contains("`./helper` is another program"), "{run:?}");
    }
    for program_name in ["echo", "/bin/echo"] {
        let program = Program::new();
        program.write_home(
            "providers.d/acme.toml",
            &text.replace("\"./helper\"", &format!("\"{program_name}\", \"key-123456\"")),
        );
        assert_eq!(program.run(&["token", "acme"]).expect_code(0).stdout, "key-123456\n");
    }
}
