//! `docs/cli.md`, made from the command line itself: the page can't say what the program does not.

use std::fmt::Write as _;
use std::path::Path;

use clap::{Command, CommandFactory as _};

use crate::args::Cli;

const OPENING: &str = "\
# The command line

stdout carries the answer and nothing else; what is said to a person goes to stderr. JSON answers carry `\"version\": 1` and
only ever gain keys. An error is one sentence; with `--format json` stderr's last line is
`{\"version\":1,\"error\":{\"code\",\"message\",\"help\",\"provider\",\"state\",\"relogin_required\",\"server\"}}`. No command asks anything or opens a
browser unless its job is a login.

This page is made from the program's own help.
";

fn page() -> String {
    let mut root = Cli::command().term_width(100);
    root.build();
    let mut page = OPENING.to_owned();
    describe(&root, "hermes-engine", &mut page);
    page
}

fn describe(command: &Command, name: &str, page: &mut String) {
    let help = command.clone().term_width(100).render_long_help().to_string();
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    let _ = write!(page, "\n## {name}\n\n```text\n{}\n```\n", lines.join("\n").trim());
    for subcommand in command.get_subcommands().filter(|command| command.get_name() != "help") {
        describe(subcommand, &format!("{name} {}", subcommand.get_name()), page);
    }
}

/// `UPDATE=1 cargo test` rewrites the page.
#[test]
fn the_page_of_the_command_line_is_what_the_program_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cli.md");
    let page = page();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "docs/cli.md is not what the program says: run `UPDATE=1 cargo test` and look at the change"
    );
}
