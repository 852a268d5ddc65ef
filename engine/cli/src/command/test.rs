//! `test`: the tests beside provider files, on a virtual clock.

use clap::ValueEnum;
use hermes_engine::catalog::{Entry, Kind, Tested};
use hermes_engine_core::diagnostic::Diagnostic;
use hermes_engine_core::replay::{Report, update};

use super::Ended;
use super::target::{mend, targets, tell_unreadable};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::{self, diagnostic, test_report};

/// Replay the tests beside provider files: no network, a virtual clock.
///
/// A failing test, or a coverage below --min-coverage, makes the exit code 9.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Providers, files or folders [default: the whole catalogue]
    #[arg(value_name = "PROVIDER|PATH")]
    targets: Vec<String>,
    /// The least coverage of each provider, in percent
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    min_coverage: Option<u8>,
    /// Write what was got into the tests that wanted something else
    #[arg(long)]
    update: bool,
    /// How to print the report
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
}

/// Who reads the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A person
    Text,
    /// A program
    Json,
    /// A service that shows tests
    Junit,
}

pub(super) fn run(args: Args, context: &Context) -> Ended {
    let entries: Vec<Entry> = targets(&args.targets, context)?
        .into_iter()
        .filter(|target| target.kind == Kind::Provider)
        .map(|target| target.entry)
        .collect();
    let mut tested = context.catalog.test(&entries);
    if args.update {
        let fixes: Vec<_> = tested.reports.iter().flat_map(update::fixes).collect();
        if mend(&tested.sources, &fixes)? > 0 {
            tested = context.catalog.test(&entries);
        }
    }
    tell_unreadable(&tested.unreadable);
    if !tested.diagnostics.is_empty() {
        render::say(&diagnostic::text(&tested.diagnostics, &tested.sources, render::colors_stderr()));
    }
    print(&tested, args.format, context.verbose > 0)?;
    let covered =
        |report: &Report| args.min_coverage.is_none_or(|least| report.coverage.percent() >= f64::from(least));
    // A provider without tests covers nothing of itself.
    let untested =
        args.min_coverage.is_some_and(|least| least > 0) && tested.diagnostics.iter().any(|d| !d.is_error());
    let failed = untested
        || !tested.unreadable.is_empty()
        || tested.diagnostics.iter().any(Diagnostic::is_error)
        || !tested.reports.iter().all(|report| report.passed() && covered(report));
    Ok(if failed { Exit::File } else { Exit::Done })
}

fn print(tested: &Tested, format: Format, all: bool) -> Result<(), Failure> {
    let Tested { sources, reports, .. } = tested;
    match format {
        Format::Text => render::answer(&test_report::text(reports, sources, all)),
        Format::Json => render::answer_json(&test_report::json(reports, sources)),
        Format::Junit => render::answer(&test_report::junit(reports, sources)),
    }
}

const EXAMPLES: &str = "\
Examples:
  hermes-engine test
  hermes-engine test my-provider --min-coverage 100
  hermes-engine test providers.d/my-provider.test.toml --update";
