//! `check`: static verification of provider, flow and test files.

use clap::ValueEnum;
use hermes_engine::catalog::{Checked, Target};
use hermes_format::diagnostic::{Diagnostic, Fix};
use hermes_machine::check::hides_more;

use super::target::{mend, put_back, targets, tell_unreadable};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};
use crate::render::{self, diagnostic};

/// Check provider, flow and test files.
///
/// Exits with 9 on errors; with --deny-warnings also on warnings.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Files, directories or providers [default: all]
    #[arg(value_name = "PATH")]
    paths: Vec<String>,
    /// Apply safe fixes
    #[arg(long)]
    fix: bool,
    /// Treat warnings as errors
    #[arg(long)]
    deny_warnings: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
}

/// Who reads the findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A person
    Text,
    /// A program
    Json,
    /// A code scanning service
    Sarif,
    /// GitHub Actions
    Github,
}

pub(super) fn run(args: Args, context: &Context) -> Ended {
    let targets = targets(&args.paths, context)?;
    let mut checked = context.catalog.check(&targets);
    if args.fix {
        checked = fixed(checked, &targets, context)?;
    }
    tell_unreadable(&checked.unreadable);
    print(&checked, args.format)?;
    let is_bad = |finding: &Diagnostic| args.deny_warnings || finding.is_error();
    let failed = !checked.unreadable.is_empty() || checked.diagnostics.iter().any(is_bad);
    Ok(if failed { Exit::File } else { Exit::Done })
}

fn print(checked: &Checked, format: Format) -> Result<(), Failure> {
    let Checked { sources, diagnostics, .. } = checked;
    match format {
        Format::Json => render::answer_json(&diagnostic::json(diagnostics, sources)),
        Format::Sarif => render::answer_json(&diagnostic::sarif(diagnostics, sources)),
        Format::Github => lines(&diagnostic::github(diagnostics, sources)),
        Format::Text => {
            lines(&diagnostic::text(diagnostics, sources, render::colors_stdout()))?;
            render::say(&summary(checked));
            Ok(())
        }
    }
}

/// Writes findings to stdout; no findings are no line.
fn lines(findings: &str) -> Result<(), Failure> {
    if findings.is_empty() { Ok(()) } else { render::answer_line(findings) }
}

fn summary(checked: &Checked) -> String {
    let errors = errors(checked);
    let warnings = checked.diagnostics.len() - errors;
    let count = |number: usize, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
    match (errors, warnings) {
        (0, 0) if !checked.unreadable.is_empty() => {
            format!("{}: {} can't be read", count(checked.files, "file"), checked.unreadable.len())
        }
        (0, 0) => format!("{}: no problems found", count(checked.files, "file")),
        _ => format!(
            "{}: {}, {}{}",
            count(checked.files, "file"),
            count(errors, "error"),
            count(warnings, "warning"),
            if checked.diagnostics.iter().any(hides_more) {
                "; fix these first: more problems may follow"
            } else {
                ""
            }
        ),
    }
}

/// Mends what is certain, and checks again. A file that has more errors after it than before is put back as it was.
fn fixed(checked: Checked, targets: &[Target], context: &Context) -> Result<Checked, Failure> {
    let fixes: Vec<Fix> = checked.diagnostics.iter().filter_map(|finding| finding.fix.clone()).collect();
    if mend(&checked.sources, &fixes)? == 0 {
        return Ok(checked);
    }
    let again = context.catalog.check(targets);
    if errors(&again) > errors(&checked) {
        put_back(&checked.sources, &fixes)?;
        render::say("mending would have brought new errors: the files are as they were");
        return Ok(checked);
    }
    Ok(again)
}

fn errors(checked: &Checked) -> usize {
    checked.diagnostics.iter().filter(|finding| finding.is_error()).count()
}

const EXAMPLES: &str = "\
Examples:
  hermes-engine check
  hermes-engine check providers.d/my-provider.toml
  hermes-engine check providers.d --deny-warnings --format github";
