//! Refresh, now: whatever the stored token's age, exactly that token is renewed.

use hermes_engine::store::sha256;
use hermes_format::provider::Action;

use super::Options;
use crate::command::Ended;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::{safe, say};
use crate::session::{Session, Wanted};

/// Renews the stored credential.
pub(crate) fn refresh(context: &Context, name: Option<&str>, options: &Options) -> Ended {
    let session = Session::open(context, name)?;
    let id = &session.provider.id;
    if session.provider.starts(Action::Refresh).is_empty() {
        return Err(Failure::usage(format!("`{id}` has no refresh")).about(id));
    }
    // To say that a server has refused the token is how a client asks for another one.
    let slot = match &options.label {
        Some(name) => Some(session.called(name)?),
        None => session.credentials()?.into_iter().next(),
    };
    let current = slot.as_ref().and_then(|slot| slot.tokens.access.clone());
    let wanted = Wanted {
        region: options.how.region.clone(),
        rejected_sha256: current.map(|token| sha256(token.expose_secret())),
        label: slot.map(|slot| slot.id),
        network: options.how.wire.network.clone(),
        ..Wanted::default()
    };
    let inputs = session.inputs(&Default::default())?;
    session.credential(&wanted, &inputs)?;
    say(&format!("✓ {} refresh successful.", safe(&session.provider.name)));
    Ok(Exit::Done)
}
