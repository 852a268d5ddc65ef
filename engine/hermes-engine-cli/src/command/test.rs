//! `test`: the tests beside provider files, on a virtual clock.

use clap::ValueEnum;
use hermes_engine::catalog::{Entry, Kind, Tested};
use hermes_format::diagnostic::Diagnostic;
use hermes_format::load::FileText;
use hermes_format::parse::Language;
use hermes_format::source::Sources;
use hermes_proof::replay::{self, Report, update};

use super::target::{mend, targets, tell_unreadable};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};
use crate::flow::{self, How};
use crate::render::test_report::{self, Broken};
use crate::render::{self, diagnostic};

/// Run the tests of provider files, offline on a virtual clock.
///
/// Exits with 9 if a test fails or coverage is below --min-coverage.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Providers, files or directories [default: all]
    #[arg(value_name = "PROVIDER|PATH")]
    targets: Vec<String>,
    /// Minimum coverage of each provider, in percent
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    min_coverage: Option<u8>,
    /// Update expectations of failing tests to the actual results
    #[arg(long)]
    update: bool,
    /// Log in and print the exchange as a test, with secrets replaced; nothing is stored
    #[arg(long, conflicts_with_all = ["min_coverage", "update", "format"])]
    record: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
    #[command(flatten, next_help_heading = "Recorded login")]
    how: How,
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
    if args.record {
        return record(&args.targets, &args.how, context);
    }
    if args.how != How::default() {
        return Err(Failure::usage("a test takes no options of a login")
            .help("to log in and record a test, add --record"));
    }
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
    for entry in entries.iter().filter(|_| !args.targets.is_empty()) {
        if tested.reports.iter().all(|report| report.provider != entry.id) && !is_broken(&tested, entry) {
            render::warn(&format!("`{}` has no tests", render::safe(&entry.source())));
        }
    }
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

/// Whether the file of a provider could not be tested for an error that is told already.
fn is_broken(tested: &Tested, entry: &Entry) -> bool {
    tested.unreadable.iter().any(|(other, _)| other.id == entry.id)
        || tested.diagnostics.iter().any(Diagnostic::is_error)
}

/// Prints a test of a login that has just run, and says where it would not pass as it stands.
fn record(targets: &[String], how: &How, context: &Context) -> Ended {
    let [name] = targets else {
        return Err(Failure::usage("one provider is recorded at a time").help("name it"));
    };
    let (provider, text) = flow::record(context, name, how)?;
    render::answer(&text)?;
    let id = format!("{}.test", provider.id);
    let file = FileText { name: format!("{id}.toml"), id, text, language: Language::Toml };
    let mut sources = Sources::default();
    let (tests, findings) = replay::load(&mut sources, &file, &provider);
    let report = tests.map(|tests| replay::run(&provider, &tests));
    if findings.is_empty() && report.as_ref().is_some_and(Report::passed) {
        return Ok(Exit::Done);
    }
    render::warn("the test does not pass as it was recorded; put in what the login depends on");
    if !findings.is_empty() {
        render::say(&diagnostic::text(&findings, &sources, render::colors_stderr()));
    }
    for mismatch in report.iter().flat_map(|report| &report.tests).flat_map(|test| &test.mismatches) {
        let said = format!("{}: expected {}, got {}", mismatch.field, mismatch.expected, mismatch.got);
        render::say(&render::safe(&said));
    }
    Ok(Exit::File)
}

fn print(tested: &Tested, format: Format, all: bool) -> Result<(), Failure> {
    let Tested { sources, reports, .. } = tested;
    match format {
        Format::Text => render::answer(&test_report::text(reports, sources, all)),
        Format::Json => render::answer_json(&test_report::json(reports, sources)),
        Format::Junit => render::answer(&test_report::junit(reports, &Broken::of(tested), sources)),
    }
}

const EXAMPLES: &str = "\
Examples:
  hermes-engine test
  hermes-engine test my-provider --min-coverage 100
  hermes-engine test providers.d/my-provider.test.toml --update
  hermes-engine test my-provider --record > providers.d/my-provider.test.toml
  hermes-engine test my-provider --record --simulate=deny";
