//! The engine's own failures of a credential, in words.

use hermes_format::provider::Provider;
use hermes_format::time::UnixMs;
use hermes_machine::machine::{Code, Facts, Trouble, TroubleClass};

use crate::store::{Mark, Pause};

/// A failure with one of the engine's codes, in its standard words or the file's.
pub(super) fn standard(provider: &Provider, code: Code) -> Trouble {
    Trouble::new(provider, code)
}

/// The same with other words after the provider's name.
pub(super) fn worded(provider: &Provider, code: Code, words: &str) -> Trouble {
    Trouble::worded(provider, code, words)
}

/// The failure that a record is marked with.
pub(super) fn marked(provider: &Provider, mark: &Mark) -> Trouble {
    let ended = standard(provider, Code::LoginExpired);
    Trouble {
        code: Code::from(mark.code.as_str()),
        message: if mark.message.is_empty() { ended.message } else { mark.message.clone() },
        facts: Box::new(Facts { server: mark.server.clone(), ..Facts::default() }),
        ..ended
    }
}

/// The failure that a pause was made for.
pub(super) fn paused(provider: &Provider, pause: &Pause, now: UnixMs) -> Trouble {
    let left = pause.until.0.saturating_sub(now.0).max(0) / 1000 + 1;
    let code = Code::from(pause.code.as_str());
    let class = code.known().map_or(TroubleClass::Retry, |known| known.class);
    Trouble {
        code,
        // A pause is never made for a failure that only a login fixes.
        class: if class == TroubleClass::Login { TroubleClass::Retry } else { class },
        message: format!("{} (a renewal failed; the next is in {left} s)", pause.message),
        ..standard(provider, Code::RefreshFailed)
    }
}
