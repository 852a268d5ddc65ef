//! Credentials in use: whether one is fresh, what its state is, and how it is renewed without ever being lost.
//!
//! [`token()`] on a fresh credential reads one file and computes; only a renewal builds an async runtime and a client. It
//! builds its own, so call it from plain code, or from `spawn_blocking`, never from inside a runtime.
//!
//! What is asked and what is reported come from one judgement (`freshness`, then `plan`), so that a status can't say
//! yes where a use says no.

mod ask;
mod challenge;
mod engine;
mod freshness;
mod later;
mod login;
mod made;
mod order;
mod plan;
mod reach;
mod recover;
mod redeem;
mod scribe;
mod status;
#[cfg(test)]
mod tests;
mod token;
mod trouble;
mod turn;
mod unfinished;
mod usable;

use hermes_format::origin::Origins;
use hermes_format::provider::Provider;
use hermes_format::query::Step;

pub use challenge::{earlier, note_challenge};
pub use engine::{GetIo, SharedIo};
pub use later::{Completion, Later};
pub use login::{Login, is_key, remove, remove_one, reset, save_login, set_priority, token_of, try_out};
pub use status::{Standing, Status, status, statuses};
pub use token::{Credential, Error, Rejected, Request, Source, token};
pub use turn::note_refusal;
pub use unfinished::{Beginning, LoginKeeper, Repeated, Resumed, Unfinished, Unresumed, with_unfinished};
pub use usable::{lack, made_from};

use crate::clock;
use crate::input::Inputs;
use crate::store::{Scope, Snapshot, StoredGrant};

/// Where a stored credential may go: where it was made for, and where a file of its id that is vouched for (the built-in
/// one, or a trusted one) sends it with the inputs that the credential keeps (S4).
///
/// The environment has no say: a variable that changes a base URL makes no stored credential go there.
pub fn origins(grant: &StoredGrant, vouched: Option<&Provider>) -> Origins {
    let mut all = grant.made.origins.clone().unwrap_or_default().0;
    let vouched = vouched.map(|file| file.origins(grant.made.region.as_deref(), &grant.made.inputs).0);
    for origin in vouched.unwrap_or_default() {
        if !all.contains(&origin) {
            all.push(origin);
        }
    }
    Origins(all)
}

/// The stored credential of a provider that is tried first, its tokens where the file says that they stand.
pub fn first(snapshot: &Snapshot, provider: &Provider) -> Option<StoredGrant> {
    order::candidates(snapshot, provider, clock::wall()).first().map(|first| first.grant())
}

/// The stored credentials of a provider, in the order in which they are tried.
pub fn credentials(snapshot: &Snapshot, provider: &Provider) -> Vec<StoredGrant> {
    order::candidates(snapshot, provider, clock::wall()).iter().map(|one| one.grant()).collect()
}

/// The stored credentials of a provider, and where its file says that their tokens stand (`stored_at`).
pub fn scope(provider: &Provider) -> Scope {
    Scope { provider: provider.id.clone(), stored_at: place(provider) }
}

/// The members of a record below which its tokens stand (`stored_at`).
fn place(provider: &Provider) -> Vec<String> {
    let stored_at = provider.success().and_then(|success| success.stored_at.as_ref());
    let key = |step: &Step| match step {
        Step::Key(key) => Some(key.clone()),
        Step::Index(_) => None,
    };
    // A list in the way can't be a record of tokens; such a path counts as none.
    stored_at.and_then(|path| path.steps().iter().map(key).collect()).unwrap_or_default()
}
