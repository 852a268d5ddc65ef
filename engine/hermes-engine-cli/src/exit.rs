//! The exit codes, each a promise to those who call the program.

use std::process::ExitCode;

use hermes_machine::machine::TroubleClass;

/// How the program ends. The numbers are part of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Done.
    Done = 0,
    /// A bug in the program.
    Bug = 1,
    /// The command line is wrong.
    Usage = 2,
    /// A login is needed.
    Login = 3,
    /// Denied, or the flow failed with a code of the file's.
    Denied = 4,
    /// Timed out or expired.
    TimedOut = 5,
    /// Network or server: worth trying again.
    Retry = 6,
    /// Refused for safety.
    Refused = 7,
    /// The store, or another file of a person's, can't be read or written.
    Store = 8,
    /// A provider or test file is wrong, or there is no such provider.
    File = 9,
    /// `exec`: the program is there and can't be run, as a shell says it.
    NotExecutable = 126,
    /// `exec`: there is no such program, as a shell says it.
    NotFound = 127,
    /// Interrupted by a person.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

impl From<TroubleClass> for Exit {
    fn from(class: TroubleClass) -> Exit {
        match class {
            TroubleClass::Login => Exit::Login,
            TroubleClass::Denied => Exit::Denied,
            TroubleClass::TimedOut => Exit::TimedOut,
            TroubleClass::Retry => Exit::Retry,
            TroubleClass::Refused => Exit::Refused,
            TroubleClass::Store => Exit::Store,
            TroubleClass::File => Exit::File,
        }
    }
}
