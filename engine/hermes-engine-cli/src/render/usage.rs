//! Help, version, and what is wrong with a command line: clap's own words.

use clap::error::ErrorKind;

use super::failure;
use crate::exit::Exit;
use crate::failure::Failure;

/// Prints what clap has to say: help and version to stdout, a wrong command line to stderr.
pub(crate) fn print(error: &clap::Error, as_json: bool) -> Exit {
    // A closed pipe here is somebody who has read enough.
    let _ = error.print();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Exit::Done,
        _ if as_json => {
            let text = error.render().to_string();
            let first = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
            failure::print_object(&Failure::usage(first).help("see `hermes-engine help`"));
            Exit::Usage
        }
        _ => Exit::Usage,
    }
}
