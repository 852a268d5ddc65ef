//! F3, F6: nothing that an approved login has won is lost.

use super::*;
use crate::support::service::Answer;

const MINT: &str = "/copilot_internal/v2/token";

fn busy() -> Answer {
    Answer::Json(502, serde_json::json!({}))
}

/// GitHub's own token is refused there, so Copilot's is minted.
fn copilot() -> (Service, Program) {
    let minting = facts(|facts| {
        facts.login == ("copilot", "device")
            && matches!(&facts.way, Way::Device(device) if !device.account_serves)
    });
    let service = Service::start(minting);
    let program = program().always(service.connect_to());
    (service, program)
}

#[test]
fn f6_a_mint_that_fails_keeps_what_was_approved() {
    let (service, program) = copilot();
    service.answers(MINT, [busy(), busy(), busy()]);
    let login = ["copilot", "--from", "device"];
    let (code, text) = log_in_to(&program, &login);
    assert_eq!(code, Some(6), "{text}");
    assert!(text.contains("GitHub Copilot: the server gave no token (HTTP 502)"), "{text}");
    assert!(text.contains("what was approved is kept: run `hermes-engine run-flow copilot` again"), "{text}");
    let status = program.run_bare(&["auth", "status", "copilot"]).expect_code(0).stdout;
    assert!(status.contains("⚠ GitHub Copilot (login approved, not finished)"), "{status}");
    let list = program.run_bare(&["auth", "list", "--format", "json"]).json();
    assert_eq!(list["credentials"][0]["standing"], "login_unfinished", "{list}");
    // Who asks in a loop makes no request each time.
    let waits = program.run(&["token", "copilot"]).expect_code(6);
    assert!(waits.stderr.contains("the next try is in"), "{}", waits.stderr);
    assert_eq!(service.asked(MINT), 3);
    // The user who asks is not asked to wait, nor to approve.
    let asked = service.asked("/login/device/code");
    let (code, text) = log_in_to(&program, &login);
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.contains("Finishing the login to GitHub Copilot") && text.contains("login successful"),
        "{text}"
    );
    assert_eq!((service.asked("/login/device/code"), service.asked(MINT)), (asked, 4));
    let token = program.run(&["token", "copilot"]).expect_code(0).stdout;
    assert_eq!(token.trim(), service.book().access_token());
    assert_eq!(service.book().wrong, Vec::<String>::new());
    assert!(kept_files(&program).is_empty(), "{:?}", kept_files(&program));
}

#[test]
fn f6_a_mint_that_is_refused_for_good_keeps_nothing() {
    let (service, program) = copilot();
    service.answers(
        MINT,
        [Answer::Json(403, serde_json::json!({ "error_details": { "message": "No seat is left." } }))],
    );
    let (code, text) = log_in_to(&program, &["copilot", "--from", "device"]);
    assert_eq!(code, Some(4), "{text}");
    assert!(text.contains("No seat is left."), "{text}");
    assert!(kept_files(&program).is_empty());
    program.run(&["token", "copilot"]).expect_code(3);
}

#[test]
fn f6_a_login_that_is_killed_behind_the_approval_is_finished_by_the_next_use() {
    let (service, program) = copilot();
    // The mint answers after the program has gone.
    service.answers(MINT, [Answer::Json(429, serde_json::json!({})), busy()]);
    let mut command = program.command(&["run-flow", "copilot", "--from", "device"]);
    command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null());
    command.stderr(std::process::Stdio::null());
    let mut started = crate::support::Started::by(&mut command);
    while service.asked(MINT) == 0 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    started.signal("KILL");
    started.end();
    let token = loop {
        // The lock of the one that was killed ends with it, and not before its death.
        let run = program.run(&["token", "copilot"]);
        if run.code == Some(0) {
            break run.stdout;
        }
    };
    assert_eq!(token.trim(), service.book().access_token());
    assert_eq!(service.asked("/login/device/code"), 1);
}

/// The files in which a login is kept that is not stored yet.
fn kept_files(program: &Program) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(program.home().join("journal")).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).collect()
}

#[test]
fn f6_one_hiccup_behind_the_approval_loses_no_login() {
    let hiccups = || {
        [
            vec![busy()],
            vec![Answer::Raw { status: 429, headers: "Retry-After: 1\r\n", body: String::new() }],
            vec![Answer::HangUp],
        ]
    };
    let runs = hiccups().into_iter().map(|hiccup| {
        std::thread::spawn(move || {
            let service = Service::start(facts(|facts| facts.login == ("openai-codex", "request_code")));
            let program = program().always(service.connect_to());
            service.answers("/oauth/token", hiccup);
            let (code, text) = log_in_to(&program, &["openai-codex", "--from", "request_code"]);
            assert_eq!(code, Some(0), "{text}");
            let token = program.run(&["token", "openai-codex"]).expect_code(0).stdout;
            assert_eq!(token.trim(), service.book().access_token());
            assert_eq!(service.asked("/oauth/token"), 2);
        })
    });
    runs.collect::<Vec<_>>().into_iter().for_each(|run| run.join().expect("a login"));
    let (service, program) = acme(ACME);
    service.answers(CODE, [Answer::Raw { status: 503, headers: "", body: String::new() }]);
    assert_eq!(log_in(&program).0, Some(0));
}

#[test]
fn f3_what_is_not_needed_to_use_a_token_does_not_decide_whether_a_login_is_kept() {
    let extras = [
        serde_json::json!({ "expires_in": -1 }),
        serde_json::json!({ "expires_in": "never" }),
        serde_json::json!({ "token_type": "JWT" }),
        serde_json::json!({ "refresh_token": 17 }),
    ];
    let runs = extras.map(|extra| {
        std::thread::spawn(move || {
            let (service, program) = acme(ACME);
            service.book().extra = extra.clone();
            let (code, text) = log_in(&program);
            assert_eq!(code, Some(0), "{extra}: {text}");
            assert_eq!(text.matches("warning:").count(), 1, "{extra}: {text}");
            let token = program.run(&["token", "acme"]).expect_code(0).stdout;
            assert_eq!(token.trim(), service.book().access_token(), "{extra}");
        })
    });
    runs.into_iter().for_each(|run| run.join().expect("a login"));
}

#[test]
fn f3_a_form_or_a_number_without_end_loses_no_login() {
    let json = r#"{"access_token":"the-token-1","n":1e999,"name":"\ud83d"}"#;
    let form = "access_token=the-token-1&refresh_token=the-token-2&expires_in=3600&token_type=bearer";
    for body in [json, form] {
        let (service, program) = acme(ACME);
        service.answers(TOKEN, [Answer::Raw { status: 200, headers: "", body: body.to_owned() }]);
        let (code, text) = log_in(&program);
        assert_eq!(code, Some(0), "{body}: {text}");
        assert_eq!(program.run(&["token", "acme"]).expect_code(0).stdout, "the-token-1\n");
    }
}

#[test]
fn f3_a_login_whose_answer_can_not_be_read_is_kept_told_and_used_once_it_can() {
    let (service, program) = acme(ACME);
    service.book().extra = serde_json::json!({ "token_type": "DPoP" });
    let (code, text) = log_in(&program);
    assert_eq!(code, Some(4), "{text}");
    assert!(text.contains("`token_type`") && text.contains("what the server gave is kept"), "{text}");
    assert!(text.contains("`hermes-engine auth reset acme` drops it"), "{text}");
    assert!(!text.contains("access-token-1"), "{text}");
    let asked = service.asked(TOKEN);
    for _ in 0..2 {
        let run = program.run(&["token", "acme"]).expect_code(4);
        assert!(run.stderr.contains("what the server gave is kept"), "{}", run.stderr);
    }
    let status = program.run_bare(&["auth", "status", "acme", "--format", "json"]).json();
    assert_eq!((&status["standing"], &status["code"]), (&"login_unfinished".into(), &"bad_answer".into()));
    program
        .write_home("providers.d/acme.toml", &format!("{ACME}\n[states.success]\ntoken_type = \"DPoP\"\n"));
    assert_eq!(program.run(&["token", "acme"]).expect_code(0).stdout, "access-token-1\n");
    assert_eq!(service.asked(TOKEN), asked, "what was answered is not asked again");
    assert_eq!(program.record("acme")["refresh_token"], "refresh-token-1");
    assert!(program.run_bare(&["auth", "status", "acme"]).stdout.contains("✓ Acme (logged in)"));
}

#[test]
fn f3_a_kept_login_is_dropped_by_a_reset_and_gives_way_to_a_new_login() {
    let (service, program) = acme(ACME);
    service.book().extra = serde_json::json!({ "token_type": "DPoP" });
    log_in(&program);
    program.run_bare(&["auth", "reset", "acme"]).expect_code(0);
    program.run(&["token", "acme"]).expect_code(3);
    log_in(&program);
    service.book().extra = serde_json::Value::Null;
    let (code, text) = log_in(&program);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("it can't be finished") && text.contains("a new login begins"), "{text}");
    let token = program.run(&["token", "acme"]).expect_code(0).stdout;
    assert_eq!(sha256(token.trim()), sha256(&service.book().access_token()));
}
