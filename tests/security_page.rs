//! `docs/security.md`: each requirement stands there once, by its number, and the tests that carry the number are listed
//! below it. A requirement without a test, and a test of a requirement that the page does not have, are failures.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::page::{compare, root, with_parts};

/// The sources that hold tests.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for path in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if path.is_dir() {
            all.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs" || ending == "py") {
            all.push(path);
        }
    }
    all.sort();
    all
}

/// The tests of a source, by the number of their requirement: what bears a number and is run by nobody proves nothing.
fn tests(text: &str) -> Vec<(u32, &str)> {
    let mut found = Vec::new();
    let mut is_test = false;
    for line in text.lines().map(str::trim_start) {
        match function(line) {
            Some(name) => found.extend(numbered(name).filter(|_| is_test)),
            // Other attributes and comments may stand between.
            None if line.starts_with("#[") || line.starts_with("//") => {
                is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
                continue;
            }
            None => {}
        }
        is_test = false;
    }
    found
}

/// The same of a script: the functions that it hands on or calls.
fn scripted(text: &str) -> Vec<(u32, &str)> {
    let names = text.lines().filter_map(|line| line.strip_prefix("def ")?.split('(').next());
    names.filter(|name| text.matches(name).count() > 1).filter_map(numbered).collect()
}

/// The name of the function that a line begins.
fn function(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ")?;
    rest.split(['(', '<']).next()
}

/// The number and the sentence of a test's name.
fn numbered(name: &str) -> Option<(u32, &str)> {
    let (number, sentence) = name.strip_prefix('s')?.split_once('_')?;
    Some((number.parse().ok()?, sentence))
}

#[test]
fn only_what_is_run_as_a_test_counts_as_one() {
    // Not written as they are, or this page itself would have them.
    let text = "
        #[test]
        fn z1_a_test() {
            fn z2_inside_one() {}
        }
        fn z3_a_helper() {}
        #[cfg(target_os = \"linux\")]
        #[test]
        // Why.
        fn z4_another() {}
        #[tokio::test(flavor = \"current_thread\")]
        async fn z5_asynchronous() {}
        #[test]
        const X: u8 = 1;
        fn z6_after_something_else() {}
        #[inline]
        fn z7_with_another_attribute() {}
    "
    .replace("fn z", "fn s");
    assert_eq!(tests(&text), [(1, "a_test"), (4, "another"), (5, "asynchronous")]);
    let script =
        "def s1_run(x):\n    pass\n\ndef s2_forgotten():\n    pass\n\nfor part in [s1_run]:\n    part(1)\n";
    assert_eq!(scripted(script), [(1, "run")]);
}

/// All tests by number: where each is, and what it says.
fn matrix() -> BTreeMap<u32, BTreeSet<(String, String)>> {
    let mut matrix: BTreeMap<u32, BTreeSet<(String, String)>> = BTreeMap::new();
    for folder in ["engine", "tests"] {
        for path in sources(&root(folder)) {
            let text = fs::read_to_string(&path).expect("a source");
            let place = path.strip_prefix(root("")).expect("inside").display().to_string();
            let is_rust = path.extension().is_some_and(|ending| ending == "rs");
            for (number, sentence) in if is_rust { tests(&text) } else { scripted(&text) } {
                let said = sentence.replace('_', " ").replace(" t be", "'t be");
                matrix.entry(number).or_default().insert((place.clone(), said));
            }
        }
    }
    matrix
}

/// The numbers of the requirements that the page states.
fn stated(page: &str) -> Vec<u32> {
    let number = |line: &str| line.strip_prefix("- **S")?.split_once("**")?.0.parse().ok();
    page.lines().filter_map(number).collect()
}

fn table(matrix: &BTreeMap<u32, BTreeSet<(String, String)>>) -> String {
    let mut out = "\n| | Test | In |\n|---|---|---|\n".to_owned();
    for (number, tests) in matrix {
        for (index, (place, said)) in tests.iter().enumerate() {
            let number = if index == 0 { format!("S{number}") } else { String::new() };
            let _ = writeln!(out, "| {number} | {said} | [{place}](../{place}) |");
        }
    }
    out.push('\n');
    out
}

#[test]
fn the_page_of_security_names_a_test_for_each_requirement() {
    let path = root("docs/security.md");
    let page = fs::read_to_string(&path).expect("the page");
    let matrix = matrix();
    let proved: Vec<u32> = matrix.keys().copied().collect();
    assert_eq!(stated(&page), (1..=36).collect::<Vec<_>>(), "each requirement stands there once");
    assert_eq!(proved, stated(&page), "each has a test, and each test with a number has a requirement");
    compare(&path, &with_parts(&page, &|words| (words == "tests").then(|| table(&matrix))));
}

#[test]
fn s36_nothing_unsafe_is_written_here_and_what_is_depended_on_is_pinned_and_judged() {
    let read = |path: &str| fs::read_to_string(root(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    let value = |path: &str| read(path).parse::<toml::Table>().expect("TOML");
    let workspace = value("Cargo.toml");
    assert_eq!(workspace["workspace"]["lints"]["rust"]["unsafe_code"].as_str(), Some("forbid"));
    for member in workspace["workspace"]["members"].as_array().expect("members") {
        let member = value(&format!("{}/Cargo.toml", member.as_str().expect("a path")));
        assert_eq!(member["lints"]["workspace"].as_bool(), Some(true), "{member}");
    }
    let judged = value("deny.toml");
    for section in ["advisories", "licenses", "bans", "sources"] {
        assert!(judged.contains_key(section), "{section}");
    }
    assert_eq!(judged["sources"]["unknown-registry"].as_str(), Some("deny"));
    assert_eq!(judged["sources"]["unknown-git"].as_str(), Some("deny"));
    let pinned = read("Cargo.lock");
    assert!(pinned.contains("name = \"rustls\"") && !pinned.contains("source = \"git+"));
    assert!(read(".ci/run").contains("--locked"), "CI builds what is pinned");
    assert!(read(".ci/run").lines().any(|line| line.ends_with(" .ci/advisories")), "CI judges by advisories");
}

/// Runs CI's judgement by advisories with a `cargo` that does this, and tells its exit code and what it printed.
fn advisories(cargo: &str) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let program = folder.path().join("cargo");
    fs::write(&program, format!("#!/bin/sh\necho \"$@\" >>{}/log\n{cargo}\n", folder.path().display()))
        .expect("written");
    fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("permissions");
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap_or_default());
    let done =
        std::process::Command::new(root(".ci/advisories")).env("PATH", path).output().expect("it starts");
    let log = fs::read_to_string(folder.path().join("log")).unwrap_or_default();
    (done.status.code(), format!("{}{log}", String::from_utf8_lossy(&done.stdout)))
}

#[test]
fn s36_an_advisory_fails_ci_and_an_unreachable_database_is_told_in_one_line() {
    let (code, said) = advisories("test \"$2\" != check");
    assert_ne!(code, Some(0), "an advisory is a failure: {said}");
    assert!(said.contains("deny check advisories"), "{said}");
    let (code, said) = advisories("exit 0");
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("deny check advisories") && !said.contains("not checked"), "{said}");
    let (code, said) = advisories("test \"$2\" != fetch");
    assert_eq!(code, Some(0), "{said}");
    assert!(said.lines().any(|line| line == "not checked: the advisory database can't be reached"), "{said}");
    assert!(!said.contains("deny check"), "{said}");
}
