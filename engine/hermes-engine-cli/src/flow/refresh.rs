//! Refresh, now: whatever the stored token's age, exactly that token is renewed.

use super::Options;
use crate::context::Context;
use crate::door::Door;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};
use crate::render::{safe, safe_sentence, say, warn};

/// Renews the stored credential.
pub(crate) fn refresh(context: &Context, name: Option<&str>, options: &Options) -> Ended {
    let door = Door::open(context, &options.how.wire.network, options.how.wire.trace)?;
    let account = options.wanted().account(door.account(name)?);
    let info = door.wait(&account, account.provider())?;
    let renewed = door.run(account.name(), account.refresh()).map_err(|failure| match failure.exit {
        Exit::Interrupted => Failure::interrupted_renewal(),
        _ => failure,
    });
    let access = renewed?;
    door.audit(options.label.as_deref(), &access);
    access.warnings().iter().for_each(|warning| warn(&safe_sentence(warning)));
    say(&format!("✓ {} refresh successful.", safe(info.name())));
    Ok(Exit::Done)
}
