//! The engine's own failures of a credential, in words.

use hermes_engine_core::machine::{Trouble, TroubleClass, code};
use hermes_engine_core::provider::Provider;
use hermes_engine_core::time::UnixMs;

use crate::store::{Mark, Pause};

/// A failure with one of the engine's codes, in its standard words.
pub(super) fn standard(provider: &Provider, code: &str) -> Trouble {
    let known = code::lookup(code);
    let class = known.map_or(TroubleClass::Retry, |known| known.class);
    Trouble {
        code: code.to_owned(),
        class,
        state: None,
        message: format!("{}: {}", provider.name, known.map_or(code, |known| known.text)),
        help: known.map(|known| known.help.replace("{id}", &provider.id)),
        relogin: class == TroubleClass::Login,
    }
}

/// The same with other words after the provider's name.
pub(super) fn worded(provider: &Provider, code: &str, words: &str) -> Trouble {
    Trouble { message: format!("{}: {words}", provider.name), ..standard(provider, code) }
}

/// The failure that a record is marked with.
pub(super) fn marked(provider: &Provider, mark: &Mark) -> Trouble {
    Trouble {
        code: mark.code.clone(),
        message: if mark.message.is_empty() {
            standard(provider, "login_expired").message
        } else {
            mark.message.clone()
        },
        ..standard(provider, "login_expired")
    }
}

/// The failure that a pause was made for.
pub(super) fn paused(provider: &Provider, pause: &Pause, now: UnixMs) -> Trouble {
    let left = pause.until.0.saturating_sub(now.0).max(0) / 1000 + 1;
    let class = code::lookup(&pause.code).map_or(TroubleClass::Retry, |known| known.class);
    Trouble {
        code: pause.code.clone(),
        // A pause is never made for a failure that only a login mends.
        class: if class == TroubleClass::Login { TroubleClass::Retry } else { class },
        message: format!("{} (a renewal failed; the next is in {left} s)", pause.message),
        ..standard(provider, "refresh_failed")
    }
}
