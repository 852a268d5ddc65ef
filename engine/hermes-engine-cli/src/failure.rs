//! Why a command failed: what a person reads, what a program reads, and the exit code.

use std::io;

use hermes_engine::catalog::UnknownProvider;
use hermes_engine::config::ConfigError;
use hermes_engine::{Error, ErrorKind};
use hermes_machine::machine::{Code, ServerError, Trouble};

use crate::exit::Exit;

/// What a command comes to: its exit code, or why it failed.
pub(crate) type Ended = Result<Exit, Failure>;

/// The end of a command that did not do its job. Small, for every call hands one on.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The exit code.
    pub(crate) exit: Exit,
    /// A word for programs: the flow's code, or one of the program's own.
    pub(crate) code: Code,
    /// What went wrong, and where.
    pub(crate) message: Box<str>,
    /// What to do next.
    pub(crate) help: Option<Box<str>>,
    /// The provider it is about.
    pub(crate) provider: Option<Box<str>>,
    /// The state in which a flow failed.
    pub(crate) state: Option<Box<str>>,
    /// Whether only a new login helps.
    pub(crate) relogin: bool,
    /// What the server said.
    pub(crate) server: Option<Box<ServerError>>,
    /// The host that was refused.
    pub(crate) host: Option<Box<str>>,
}

impl Failure {
    /// A failure with nothing but its code and its sentence.
    pub(crate) fn new(exit: Exit, code: impl Into<Code>, message: impl Into<Box<str>>) -> Failure {
        Failure {
            exit,
            code: code.into(),
            message: message.into(),
            help: None,
            provider: None,
            state: None,
            relogin: false,
            server: None,
            host: None,
        }
    }

    /// The command line asks for what can't be.
    pub(crate) fn usage(message: impl Into<Box<str>>) -> Failure {
        Failure::new(Exit::Usage, "usage", message)
    }

    /// The reader of stdout has gone: not a failure of ours, and nobody left to tell.
    pub(crate) fn stdout_closed() -> Failure {
        Failure::new(Exit::Done, "stdout_closed", "nobody reads the output any more")
    }

    /// A person pressed Ctrl-C.
    pub(crate) fn interrupted() -> Failure {
        Failure::new(Exit::Interrupted, "interrupted", "interrupted; nothing was changed")
    }

    /// A person pressed Ctrl-C while a credential was renewed.
    pub(crate) fn interrupted_renewal() -> Failure {
        let message = "interrupted; the renewal that was under way was brought to its end first";
        Failure::new(Exit::Interrupted, "interrupted", message)
    }

    /// The system lets nobody wait for a signal.
    pub(crate) fn no_signals(error: &io::Error) -> Failure {
        Failure::new(Exit::Bug, "bug", format!("signals can't be caught: {error}"))
    }

    /// Says what to do next.
    pub(crate) fn help(mut self, help: impl Into<Box<str>>) -> Failure {
        self.help = Some(help.into());
        self
    }

    /// Says which provider it is about.
    pub(crate) fn about(mut self, provider: &str) -> Failure {
        self.provider.get_or_insert_with(|| provider.into());
        self
    }

    /// Whether nothing is to be printed.
    pub(crate) fn is_silent(&self) -> bool {
        self.exit == Exit::Done
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        if error.kind() == ErrorKind::Cancelled {
            return Failure::interrupted_renewal();
        }
        Failure {
            exit: exit_of(&error),
            code: Code::from(error.code()),
            message: error.to_string().into(),
            help: error.help().map(Into::into),
            provider: error.provider().map(Into::into),
            state: error.state().map(Into::into),
            relogin: error.needs_login(),
            server: error.server().cloned().map(Box::new),
            host: error.host().map(Into::into),
        }
    }
}

fn exit_of(error: &Error) -> Exit {
    match error.kind() {
        _ if error.code() == "unknown_provider" => Exit::File,
        ErrorKind::LoginRequired => Exit::Login,
        ErrorKind::Denied => Exit::Denied,
        ErrorKind::TimedOut => Exit::TimedOut,
        ErrorKind::Retryable => Exit::Retry,
        ErrorKind::Refused => Exit::Refused,
        ErrorKind::Store => Exit::Store,
        ErrorKind::File => Exit::File,
        ErrorKind::Usage => Exit::Usage,
        ErrorKind::Cancelled => Exit::Interrupted,
        _ => Exit::Bug,
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Failure {
        Failure {
            exit: trouble.class.into(),
            message: trouble.to_string().into(),
            code: trouble.code,
            help: trouble.help.map(Into::into),
            provider: None,
            state: trouble.state.map(Into::into),
            relogin: trouble.relogin,
            server: trouble.facts.server.map(Box::new),
            host: trouble.facts.host.map(Into::into),
        }
    }
}

impl From<UnknownProvider> for Failure {
    fn from(unknown: UnknownProvider) -> Failure {
        let path = std::path::Path::new(&unknown.name);
        let help = match &unknown.nearest {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None if path.is_file() => format!(
                "a file is used by its provider's id: `--providers-dir {} {}`",
                path.parent().filter(|p| p.is_dir()).unwrap_or_else(|| ".".as_ref()).display(),
                path.file_stem().unwrap_or_default().to_string_lossy(),
            ),
            None => "`hermes-engine providers` lists them all".to_owned(),
        };
        Failure::new(Exit::File, "unknown_provider", unknown.to_string()).help(help).about(&unknown.name)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Failure {
        Failure::new(Exit::Store, "config_unreadable", error.to_string())
            .help("mend the file, or name the provider on the command line")
    }
}
