//! What a person gives that can't be used is refused with the reason, before anything is asked of anybody.

use std::fs;

use crate::support::{MinimaxServer, Program};

const ID: &str = "minimax-oauth";

#[test]
fn a_label_that_tells_no_credential_from_another_is_refused() {
    let server = MinimaxServer::new().start();
    let program = Program::new().always(server.connect_to());
    let add = |label: &str| program.run(&["auth", "add", ID, "--label", label]);
    assert!(add("").expect_code(2).stderr.contains("label must not be empty"));
    assert!(add("  ").expect_code(2).stderr.contains("label must not be empty"));
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

#[test]
fn a_base_url_that_no_client_may_use_is_refused_before_it_is_stored() {
    let program = Program::new();
    let add = |url: &str| {
        let set = format!("base_url={url}");
        program.run_with(&["auth", "add", "custom", "--set", &set, "--stdin", "api_key"], "typed-key-0001")
    };
    let run = add("http://nas.local:8080/v1").expect_code(7);
    assert!(run.stderr.contains("`nas.local` is not this computer"), "{}", run.stderr);
    let run = add("localhost:8080/v1").expect_code(4);
    assert!(run.stderr.contains("is not an http or https URL"), "{}", run.stderr);
    assert!(program.auth().is_none(), "nothing is stored");
    add("http://127.0.0.1:8080/v1").expect_code(0);
    add("http://localhost:8080/v1").expect_code(0);
    let program =
        Program::new().env("LM_API_KEY", "own-key-0001").env("LM_BASE_URL", "http://nas.local:1234/v1");
    let run = program.run(&["resolve", "lmstudio"]).expect_code(7);
    let mend = "LM_BASE_URL in the environment names it: write https, or for this computer 127.0.0.1";
    assert!(run.stderr.contains(mend), "{}", run.stderr);
    // And every command says the same of it.
    assert!(program.run(&["token", "lmstudio"]).expect_code(7).stderr.contains(mend));
    let told = program.run(&["doctor"]).expect_code(0).stdout;
    assert!(
        told.contains("LM Studio (not logged in)") && told.contains("`nas.local` is not this computer"),
        "{told}"
    );
}

#[test]
fn a_key_that_is_none_is_blamed_on_no_server() {
    let program = Program::new();
    let add = |key| program.run_with(&["auth", "add", "gemini", "--stdin", "api_key"], key);
    let run = add("Bearer typed-key-0001").expect_code(4);
    assert!(run.stderr.contains("no `Bearer` before it") && !run.stderr.contains("server"), "{}", run.stderr);
    assert!(add("changeme").expect_code(2).stderr.contains("looks like a placeholder"));
    let program = program.env("GOOGLE_API_KEY", "own key");
    let run = program.run(&["token", "gemini"]).expect_code(4);
    assert!(
        run.stderr.contains("the key from GOOGLE_API_KEY in the environment has a blank"),
        "{}",
        run.stderr
    );
}

#[test]
fn what_is_not_utf_8_in_the_env_file_hides_no_key_and_a_file_that_can_t_be_read_is_told() {
    let program = Program::new();
    fs::create_dir_all(program.home()).expect("a home");
    let file = program.home().join(".env");
    fs::write(&file, b"# Z\xfcrich\nDEEPSEEK_API_KEY=own-key-0001\n").expect("written");
    assert_eq!(program.run(&["token", "deepseek"]).expect_code(0).stdout, "own-key-0001\n");
    fs::remove_file(&file).expect("removed");
    fs::create_dir(&file).expect("a folder");
    let told = program.run(&["doctor"]).expect_code(0).stdout;
    assert!(told.contains(".env can't be read: it is no plain file"), "{told}");
}
