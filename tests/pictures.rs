//! Pictures of flows: those in the pages, and the command that draws them.

use std::fs;

use crate::support::Program;
use crate::support::page::{block, compare, pages, root, with_parts};

/// `<!-- graph: PROVIDER -->` holds the picture of a provider, whichever page it stands in.
#[test]
fn the_pictures_in_the_pages_are_those_of_the_files() {
    let program = Program::new();
    let folder = root("providers.d").display().to_string();
    let picture = |words: &str| {
        let provider = words.strip_prefix("graph: ")?;
        let run =
            program.run(&["graph", provider, "--as", "mermaid", "--providers-dir", &folder]).expect_code(0);
        assert!(!run.stdout.contains("[untested]"), "{provider} has untested rules");
        Some(block("mermaid", &run.stdout))
    };
    let mut seen = 0;
    for path in pages(&root("docs")) {
        let page = fs::read_to_string(&path).expect("a page");
        if page.contains("<!-- graph: ") {
            compare(&path, &with_parts(&page, &picture));
            seen += 1;
        }
    }
    assert!(seen > 0, "no page has a picture");
}

#[test]
fn a_flow_is_drawn_in_every_form_from_its_file() {
    let program = Program::new();
    let flow = root("providers.d/flows/authorization-code.toml").display().to_string();
    for (form, begins, says) in [
        ("text", "authorization-code\n", "otherwise"),
        ("mermaid", "flowchart TD\n", "s_authorize -->|"),
        ("dot", "digraph \"authorization-code\" {", "\"exchange\" -> \"success\""),
        ("svg", "<svg xmlns=", "refresh_failed"),
    ] {
        let run = program.run(&["graph", &flow, "--as", form]).expect_code(0);
        assert!(run.stdout.starts_with(begins) && run.stdout.contains(says), "{form}:\n{}", run.stdout);
        assert_eq!(run.stderr, "", "{form}");
    }
}

#[test]
fn a_provider_that_is_not_there_has_no_picture() {
    let run = Program::new().run(&["graph", "nobody"]).expect_code(9);
    assert_eq!(run.stdout, "");
}
