//! `explain`: the page of a finding, or what an error code means.

use hermes_format::diagnostic::nearest;
use hermes_machine::machine::TroubleClass;
use hermes_machine::machine::code::{self, Known};
use include_dir::{Dir, include_dir};

use super::Ended;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::{self, safe};

/// The pages of the findings, as `docs/checks` has them.
static PAGES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../docs/checks");

/// Explain a finding of `check` or an error code.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
    /// Code of a finding, such as HE101, or of an error, such as not_logged_in
    code: String,
}

pub(super) fn run(args: Args) -> Ended {
    if let Some(page) = page(&args.code) {
        render::answer_line(page.trim_end())?;
        return Ok(Exit::Done);
    }
    if let Some(known) = code::lookup(&args.code) {
        render::answer_line(&error(known))?;
        return Ok(Exit::Done);
    }
    let failure = Failure::usage(format!("unknown code `{}`", safe(&args.code)));
    let known: Vec<String> = ids().chain(code::KNOWN.iter().map(|known| known.code.to_owned())).collect();
    Err(match nearest(&args.code, known.iter().map(String::as_str)) {
        Some(meant) => failure.help(format!("did you mean `{meant}`?")),
        None => failure.help(
            "findings are HE001 to HE999; `hermes-engine providers show PROVIDER` lists a file's own codes",
        ),
    })
}

/// The page of a finding, by its code in any case.
fn page(code: &str) -> Option<&'static str> {
    PAGES.get_file(format!("{}.md", code.to_ascii_uppercase()))?.contents_utf8()
}

fn ids() -> impl Iterator<Item = String> {
    let names = PAGES.files().filter_map(|file| file.path().file_stem()?.to_str());
    names.filter(|name| name.starts_with("HE")).map(str::to_owned)
}

fn error(known: &Known) -> String {
    let (exit, turn) = match known.class {
        TroubleClass::Login => (Exit::Login, "a login is required"),
        TroubleClass::Denied => (Exit::Denied, "denied, or the flow failed"),
        TroubleClass::TimedOut => (Exit::TimedOut, "timed out or expired"),
        TroubleClass::Retry => (Exit::Retry, "network or server, retryable"),
        TroubleClass::Refused => (Exit::Refused, "refused for safety"),
        TroubleClass::Store => (Exit::Store, "the store can't be read or written"),
        TroubleClass::File => (Exit::File, "a provider file is invalid"),
    };
    format!(
        "{}: {}\n\nExit code {}: {turn}.\nhelp: {}",
        known.code,
        known.text,
        exit.code(),
        known.help.replace("{id}", "PROVIDER")
    )
}

const EXAMPLES: &str = "\
Examples:
  hermes-engine explain HE101
  hermes-engine explain refresh_token_reused";
