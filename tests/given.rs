//! What a person gives that can't be used is refused with the reason, before anything is asked of anybody.

use crate::support::{MinimaxServer, Program};

const ID: &str = "minimax-oauth";

#[test]
fn a_label_that_tells_no_credential_from_another_is_refused() {
    let server = MinimaxServer::new().start();
    let program = Program::new().always(server.connect_to());
    let add = |label: &str| program.run(&["auth", "add", ID, "--label", label]);
    assert!(add("").expect_code(2).stderr.contains("an empty label"));
    assert!(add("  ").expect_code(2).stderr.contains("an empty label"));
    assert!(
        add("main").expect_code(2).stderr.contains("`main` is the id of a credential of `minimax-oauth`")
    );
    assert_eq!(server.counts().code, 0, "nobody was asked to approve anything");
    add("work").expect_code(0);
    add("home").expect_code(0);
    let listed = program.run_bare(&["auth", "list", "--format", "json"]).expect_code(0).json();
    let all = listed["credentials"].as_array().expect("a list").clone();
    let id = all.iter().find(|one| one["label"] == "home").expect("it is there")["id"].clone();
    let id = id.as_str().expect("an id");
    assert!(add(id).expect_code(2).stderr.contains(&format!("`{id}` is the id of a credential")));
    // The ids themselves name what is there.
    program.run_bare(&["token", ID, "--label", "main"]).expect_code(0);
    program.run_bare(&["token", ID, "--label", id]).expect_code(0);
}

#[test]
fn a_key_with_a_line_break_is_named_with_the_place_that_it_came_from() {
    let program = Program::new();
    program.write_home(".env", r#"MINIMAX_API_KEY="own-key\n-0001""#);
    for command in ["token", "resolve"] {
        let run = program.run(&[command, "minimax"]).expect_code(2);
        assert!(
            run.stderr.contains("MINIMAX_API_KEY in the home's .env has a control character"),
            "{}",
            run.stderr
        );
        assert!(run.stderr.contains("write the value there as one line"), "{}", run.stderr);
        assert!(!run.stderr.contains("own-key") && run.stdout.is_empty(), "{run:?}");
    }
    let run =
        program.run_with(&["run-flow", "minimax", "--stdin", "api_key"], "own-key\n-0001").expect_code(2);
    assert!(run.stderr.contains("control character"), "{}", run.stderr);
}
