//! `check --fix`: what is certain is mended, said, and never for the worse.

use std::fs;

use crate::support::Program;

const BROKEN: &str = r#"
name   = "Acme"
start  = { login = "ask" }
models = ["acme-1"]

[states.ask]
post  = "https://auth.example.com/token"
until = "10 minutes"
every = { value = "5s" }
on = [
  { unles = { status = 200 }, fail = "token_exchange_failed" },
  { unless = { exists = ["$.access_token"] }, to = "ask" },
  { to = "success" },
]
"#;

#[test]
fn what_is_certain_is_mended_and_said() {
    let program = Program::new();
    program.write_work("providers.d/acme.toml", BROKEN);
    let run = program.run(&["check", "providers.d/acme.toml", "--fix"]).expect_code(0);
    assert!(run.stderr.contains("providers.d/acme.toml:11:5: `unles` is now `unless`"), "{}", run.stderr);
    assert!(run.stderr.contains("`\"10 minutes\"` is now `\"10m\"`"), "{}", run.stderr);
    let mended = fs::read_to_string(program.work().join("providers.d/acme.toml")).unwrap();
    assert_eq!(mended, BROKEN.replace("unles ", "unless ").replace("10 minutes", "10m"));
}

#[test]
fn a_file_is_not_touched_without_the_option() {
    let program = Program::new();
    program.write_work("providers.d/acme.toml", BROKEN);
    program.run(&["check", "providers.d/acme.toml"]).expect_code(9);
    assert_eq!(fs::read_to_string(program.work().join("providers.d/acme.toml")).unwrap(), BROKEN);
}
