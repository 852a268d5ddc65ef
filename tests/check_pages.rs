//! A page for each code under `docs/checks/`: written by hand, but for the example, which is the sample that fires, and for
//! what the program says of it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use hermes_format::diagnostic::{Code, Severity};
use hermes_machine::check;
use hermes_proof::replay;

use crate::support::page::{block, compare, root, with_parts};
use crate::support::{Program, Run};

/// All codes: of provider and flow files, and of tests.
fn codes() -> Vec<&'static Code> {
    check::codes().into_iter().chain(replay::CODES).collect()
}

/// The files of a sample: the one named `bad`, or those in the folder of this name.
fn sample(code: &str, kind: &str) -> Vec<(String, String)> {
    let folders = [root("engine/hermes-proof/tests/checks"), root("tests/samples")];
    let folder = folders.iter().map(|folder| folder.join(code)).find(|folder| folder.is_dir());
    let folder = folder.unwrap_or_else(|| panic!("no samples of {code}"));
    let read = |path: &Path| fs::read_to_string(path).expect("a sample");
    let file = folder.join(format!("{kind}.toml"));
    if file.is_file() {
        return vec![("acme.toml".to_owned(), read(&file))];
    }
    let mut files: Vec<PathBuf> = fs::read_dir(folder.join(kind))
        .expect("a sample")
        .map(|entry| entry.expect("a file").path())
        .collect();
    // A provider, then its tests.
    files.sort_by_key(|path| path.to_string_lossy().replace(".test.", "~"));
    let name = |path: &Path| path.file_name().expect("a name").to_string_lossy().into_owned();
    files.iter().map(|path| (name(path), read(path))).collect()
}

/// What the program says of a sample.
fn judged(code: &str, kind: &str) -> Run {
    judged_as(sample(code, kind))
}

/// The files of a sample in YAML, of which JSON is a part.
fn as_yaml(files: Vec<(String, String)>) -> Vec<(String, String)> {
    let yaml = |text: &str| serde_json::to_string_pretty(&toml::from_str::<toml::Value>(text).expect("TOML"));
    let file = |(name, text): (String, String)| (name.replace(".toml", ".yaml"), yaml(&text).expect("JSON"));
    files.into_iter().map(file).collect()
}

fn judged_as(files: Vec<(String, String)>) -> Run {
    let program = Program::new();
    for entry in fs::read_dir(root("engine/hermes-proof/tests/checks/flows")).expect("flows") {
        let path = entry.expect("a flow").path();
        let text = fs::read_to_string(&path).expect("a flow");
        program.write_work(Path::new("providers.d/flows").join(path.file_name().expect("a name")), &text);
    }
    for (name, text) in &files {
        program.write_work(Path::new("providers.d").join(name), text);
    }
    let files: Vec<String> = files.into_iter().map(|(name, _)| format!("providers.d/{name}")).collect();
    let providers = files.iter().filter(|name| !name.contains(".test.")).map(String::as_str);
    program.run(&["check"].into_iter().chain(providers).collect::<Vec<_>>())
}

/// The findings with this code.
fn findings(run: &Run, code: &str) -> String {
    let marks = [format!("error[{code}]"), format!("warning[{code}]")];
    let is_of = |finding: &&str| marks.iter().any(|mark| finding.starts_with(mark));
    run.stdout.split("\n\n").filter(is_of).map(str::trim_end).collect::<Vec<_>>().join("\n\n")
}

fn example(code: &str) -> String {
    let files = sample(code, "bad");
    if let [(_, text)] = files.as_slice() {
        return block("toml", text);
    }
    let named = files.iter().map(|(name, text)| format!("`{name}`:\n\n{}", block("toml", text)));
    named.collect::<Vec<_>>().join("\n")
}

#[test]
fn each_code_has_a_page_with_its_sample_and_what_is_said_of_it() {
    for code in codes() {
        let path = root(&code.page());
        let page = fs::read_to_string(&path).unwrap_or_else(|_| panic!("{} has no page", code.id));
        let said = findings(&judged(code.id, "bad"), code.id);
        assert!(!said.is_empty(), "the sample of {} is passed", code.id);
        let heading = format!("# {} {}\n\n**{}.** ", code.id, code.name, severity(code));
        assert!(page.starts_with(&heading), "{} does not begin with {heading:?}", path.display());
        for part in ["## Why", "## Example", "<!-- sample -->", "<!-- output -->", "## Mend"] {
            assert!(page.contains(part), "{} lacks {part}", path.display());
        }
        let wanted = with_parts(&page, &|words| match words {
            "sample" => Some(example(code.id)),
            "output" => Some(block("text", &said)),
            _ => None,
        });
        compare(&path, &wanted);
    }
}

#[test]
fn a_sample_about_tests_that_is_right_is_passed() {
    for code in codes().into_iter().filter(|code| code.id.starts_with("HE7")) {
        let run = judged(code.id, "good").expect_code(0);
        assert_eq!(findings(&run, code.id), "", "{}", code.id);
    }
}

#[test]
fn the_index_lists_every_page() {
    let mut index = String::from(
        "# What `hermes-engine check` finds\n\nAn error makes a file unusable and the exit code 9; a warning does so with \
         `--deny-warnings`. Each page has\nan example and what is said of it. A comment on the line above silences one \
         finding:\n`# check: allow HE401 -- why it is right here`.\n\nThis page is made from the program.\n",
    );
    let groups = [
        ("HE0", "The file"),
        ("HE1", "The machine"),
        ("HE2", "Names and values"),
        ("HE3", "Conditions"),
        ("HE4", "Security"),
        ("HE5", "Times"),
        ("HE6", "The provider"),
        ("HE7", "Tests"),
    ];
    for (prefix, heading) in groups {
        let _ = write!(index, "\n## {heading}\n\n| Code | Name | | What |\n|---|---|---|---|\n");
        for code in codes().into_iter().filter(|code| code.id.starts_with(prefix)) {
            let page = fs::read_to_string(root(&code.page())).expect("a page");
            let what = page.split("\n\n").nth(1).unwrap_or_default().replace('\n', " ").replace('|', "\\|");
            let what = what.split_once(".** ").map_or("", |(_, what)| what).to_owned();
            let _ =
                writeln!(index, "| [{}]({0}.md) | {} | {} | {what} |", code.id, code.name, severity(code));
        }
    }
    compare(&root("docs/checks/README.md"), &index);
    assert_eq!(index.matches("\n| [HE").count(), codes().len(), "a code belongs to no group");
}

fn severity(code: &Code) -> &'static str {
    match code.severity {
        Severity::Error => "Error",
        Severity::Warning => "Warning",
    }
}

#[test]
fn what_is_found_in_tests_is_found_in_yaml_too() {
    for code in ["HE701", "HE702", "HE703", "HE704", "HE705"] {
        let found = |kind: &str| !findings(&judged_as(as_yaml(sample(code, kind))), code).is_empty();
        assert!(found("bad") && !found("good"), "{code}");
    }
}
