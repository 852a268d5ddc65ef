//! `explain`: the page of a finding and the meaning of an error code, without the repository at hand.

use crate::support::Program;
use crate::support::page::root;

#[test]
fn prints_the_page_of_a_finding_in_any_case() {
    let program = Program::new();
    let page = std::fs::read_to_string(root("docs/checks/HE103.md")).expect("a page");
    for code in ["HE103", "he103"] {
        let run = program.run(&["explain", code]).expect_code(0);
        assert_eq!(run.stdout.trim_end(), page.trim_end());
    }
}

#[test]
fn a_finding_names_the_command_that_explains_it() {
    let program = Program::new();
    program.write_work("acme.toml", "name = \"Acme\"\nnmae = 1\n");
    let run = program.run(&["check", "acme.toml"]).expect_code(9);
    let shown = run.stdout.clone() + &run.stderr;
    let (_, rest) = shown.split_once("more: hermes-engine explain ").expect("a command");
    let code: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
    program.run(&["explain", &code]).expect_code(0);
}

#[test]
fn tells_what_an_error_code_means_and_how_the_program_exits() {
    let run = Program::new().run(&["explain", "not_logged_in"]).expect_code(0);
    assert!(run.stdout.starts_with("not_logged_in: no credential is stored\n"), "{}", run.stdout);
    assert!(run.stdout.contains("Exit code 3"), "{}", run.stdout);
}

#[test]
fn suggests_a_known_code_for_an_unknown_one() {
    let run = Program::new().run(&["explain", "HE10"]).expect_code(2);
    assert!(run.stderr.contains("unknown code `HE10`"), "{}", run.stderr);
    assert!(run.stderr.contains("did you mean `HE101`"), "{}", run.stderr);
}
