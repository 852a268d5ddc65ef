//! The exit codes, each a promise to those who call the program.

use std::process::ExitCode;

use hermes_machine::machine::TroubleClass;

/// How the program ends. The numbers are part of the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Done.
    Done,
    /// A bug in the program.
    Bug,
    /// The command line is wrong.
    Usage,
    /// A login is needed.
    Login,
    /// Denied, or the flow failed with a code of the file's.
    Denied,
    /// Timed out or expired.
    TimedOut,
    /// Network or server: worth trying again.
    Retry,
    /// Refused for safety.
    Refused,
    /// The store, or another file of a person's, can't be read or written.
    Store,
    /// A provider or test file is wrong, or there is no such provider.
    File,
    /// `exec`: the program is there and can't be run, as a shell says it.
    NotExecutable,
    /// `exec`: there is no such program, as a shell says it.
    NotFound,
    /// Interrupted by a person.
    Interrupted,
    /// `exec --proxy`: the program ended, with this code.
    Program(u8),
}

impl Exit {
    /// The number.
    pub(crate) fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Bug => 1,
            Exit::Usage => 2,
            Exit::Login => 3,
            Exit::Denied => 4,
            Exit::TimedOut => 5,
            Exit::Retry => 6,
            Exit::Refused => 7,
            Exit::Store => 8,
            Exit::File => 9,
            Exit::NotExecutable => 126,
            Exit::NotFound => 127,
            Exit::Interrupted => 130,
            Exit::Program(code) => code,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
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
