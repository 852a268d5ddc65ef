//! Verify: a cheap request that proves the stored credential.

use hermes_engine::driver::Nobody;
use hermes_format::provider::Action;
use hermes_machine::machine::{Outcome, Start};

use super::Options;
use super::run::{block_on, drive, witness};
use crate::command::Ended;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::{safe, say};
use crate::session::{Session, Wanted};

/// Asks the provider whether the credential works.
pub(crate) fn verify(context: &Context, name: Option<&str>, options: &Options) -> Ended {
    let session = Session::open(context, name)?;
    let id = &session.provider.id;
    if session.provider.starts(Action::Verify).is_empty() {
        return Err(Failure::usage(format!("`{id}` has no verify flow")).about(id));
    }
    let wanted = Wanted {
        region: options.how.region.clone(),
        label: options.label.clone(),
        network: options.how.wire.network.clone(),
        ..Wanted::default()
    };
    let inputs = session.inputs(&Default::default())?;
    let credential = session.credential(&wanted, &inputs)?;
    let start = Start {
        provider: session.provider.clone(),
        action: Action::Verify,
        from: None,
        region: credential.region,
        inputs: credential.inputs,
        token: Some(credential.token),
        bound_to: Some(credential.origins),
        earlier: Default::default(),
        browser: false,
        entropy: Box::new(hermes_engine::entropy::System),
    };
    match block_on(drive(
        start,
        options.how.wire.network.options(),
        &mut Nobody,
        witness(&options.how.wire).as_mut(),
    ))?? {
        Outcome::Done { .. } | Outcome::Success(_) => {
            say(&format!("✓ {} credential works.", safe(&session.provider.name)));
            Ok(Exit::Done)
        }
        Outcome::Failed(trouble) => Err(session.explain(trouble.into(), &inputs)),
        Outcome::Cancelled => Err(Failure::interrupted()),
    }
}
