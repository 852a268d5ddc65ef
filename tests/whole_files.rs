//! `check` and files as a whole: those that are no text, that are too long, whose tests can't pass.

use std::fs;

use serde_json::Value;

use crate::support::Program;

const SOUND: &str = r#"
name   = "Acmé"
start  = { login = "ask" }
models = ["acme-1"]

[states.ask]
post = "https://auth.example.com/token"
on = [
  { if = { status = 200, exists = ["$.access_token"] }, to = "success" },
  { fail = "token_exchange_failed" },
]
"#;

/// The code, the line and the column of each finding in `check`'s JSON.
fn found(program: &Program, file: &str) -> Vec<(String, u64, u64)> {
    let run = program.run(&["check", file, "--format", "json"]);
    let all: Value = serde_json::from_str(&run.stdout).unwrap();
    let of = |finding: &Value| {
        let place = |key: &str| finding[key].as_u64().unwrap_or_default();
        (finding["code"].as_str().unwrap_or_default().to_owned(), place("line"), place("column"))
    };
    all["diagnostics"].as_array().into_iter().flatten().map(of).collect()
}

#[test]
fn a_file_that_is_not_utf_8_is_a_finding_with_its_place() {
    let program = Program::new();
    program.write_work("providers.d/acme.toml", "");
    let latin_1: Vec<u8> = SOUND.chars().map(|c| c as u8).collect();
    fs::write(program.work().join("providers.d/acme.toml"), latin_1).unwrap();
    assert_eq!(found(&program, "providers.d/acme.toml"), [("HE002".to_owned(), 2, 14)]);
    let run = program.run(&["check", "providers.d/acme.toml"]).expect_code(9);
    assert!(run.stderr.contains("1 file: 1 error"), "{}", run.stderr);
    program.write_work("providers.d/acme.toml", SOUND);
    fs::write(program.work().join("providers.d/acme.test.toml"), b"# \xff").unwrap();
    assert_eq!(found(&program, "providers.d/acme.toml"), [("HE002".to_owned(), 1, 3)]);
    let run = program.run(&["test", "acme"]).expect_code(9);
    assert!(run.stdout.contains("HE002") || run.stderr.contains("HE002"), "{}{}", run.stdout, run.stderr);
}

#[test]
fn a_long_file_that_is_cut_inside_a_character_is_called_too_long() {
    let program = Program::new();
    program.write_work("providers.d/acme.toml", &format!("# {}", "é".repeat(600 * 1024)));
    program.write_work("providers.d/other.toml", &format!("#{}", "é".repeat(600 * 1024)));
    for file in ["providers.d/acme.toml", "providers.d/other.toml"] {
        let run = program.run(&["check", file]).expect_code(9);
        assert!(run.stdout.contains("a file may hold 262144 bytes"), "{}", run.stdout);
    }
}

#[test]
fn no_coverage_is_missed_where_the_provider_has_errors() {
    let program = Program::new();
    let faulty = SOUND.replace("exists = [\"$.access_token\"]", "exists = [\"$.token\"]");
    program.write_work("providers.d/acme.toml", &faulty);
    program.write_work(
        "providers.d/acme.test.toml",
        "[[test]]\nname = \"it logs in\"\nreplies.ask = { json = { token = \"t\" } }\nexpect.end = \"success\"\n",
    );
    let codes: Vec<String> = found(&program, "providers.d/acme.toml").into_iter().map(|f| f.0).collect();
    assert_eq!(codes, ["HE203"]);
    let allowed = faulty.replace("  { if", "  # check: allow HE203 -- it is a test\n  { if");
    program.write_work("providers.d/acme.toml", &allowed);
    let codes: Vec<String> = found(&program, "providers.d/acme.toml").into_iter().map(|f| f.0).collect();
    assert!(codes.iter().any(|code| code == "HE701"), "{codes:?}");
}
