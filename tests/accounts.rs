//! Several credentials of one provider, from outside: added, listed, ordered, limited, removed.

use serde_json::{Value, json};

use crate::support::{MinimaxServer, Program, sha256};

const ID: &str = "minimax-oauth";

fn listed(program: &Program) -> Vec<[Value; 3]> {
    let all = program.run(&["auth", "list", "--format", "json"]).expect_code(0).json();
    let all = all["credentials"].as_array().expect("a list").clone();
    all.iter().map(|one| ["label", "priority", "standing"].map(|key| one[key].clone())).collect()
}

#[test]
fn a_second_account_is_added_ordered_used_after_a_limit_and_removed() {
    let server = MinimaxServer::new().start();
    let program = Program::new();
    let connect = server.connect_to();
    let run = |args: &[&str], code: i32| {
        let all: Vec<&str> = args.iter().copied().chain(connect.iter().map(String::as_str)).collect();
        program.run(&all).expect_code(code)
    };
    let token = |args: &[&str]| run(&[&["token", ID], args].concat(), 0).stdout.trim().to_owned();
    run(&["auth", "add", ID], 0);
    run(&["auth", "add", ID, "--label", "work"], 0);
    let (first, work) = (token(&[]), token(&["--label", "work"]));
    assert_ne!(first, work);
    assert_eq!(listed(&program)[1], [json!("work"), json!(1), json!("logged_in")]);

    let refused = ["--rejected-sha256", &sha256(&first), "--rejected-status", "429"];
    assert_eq!(token(&refused), work);
    assert_eq!(token(&[]), work, "for an hour");
    assert_eq!(listed(&program)[1][2], "cooling_down");
    let status = program.run(&["auth", "status", ID]).expect_code(0).stdout;
    assert!(status.contains("⚠ main (cooling down)"), "{status}");
    program.run(&["auth", "reset", ID, "main"]).expect_code(0);
    assert_eq!(token(&[]), first);
    program.run(&["auth", "priority", ID, "work", "0"]).expect_code(0);
    assert_eq!(token(&[]), work);

    for without_name in [&["auth", "remove", ID][..], &["run-flow", ID, "--flow", "logout"]] {
        let refused = run(without_name, 2);
        assert!(refused.stderr.contains("2 credentials: `work`, `main`"), "{}", refused.stderr);
    }
    assert!(program.run(&["auth", "remove", ID, "nobody"]).expect_code(2).stderr.contains("it has `work`"));
    run(&["auth", "remove", ID, "work"], 0);
    assert_eq!(token(&[]), first);
    run(&["auth", "remove", ID], 0);
    run(&["token", ID], 3);
    assert_eq!(server.violations(), Vec::<String>::new());
}
