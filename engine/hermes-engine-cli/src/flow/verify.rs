//! Verify: a cheap request that proves the stored credential.

use super::Options;
use crate::context::Context;
use crate::door::Door;
use crate::exit::Exit;
use crate::failure::Ended;
use crate::render::{safe, say};

/// Asks the provider whether the credential works.
pub(crate) fn verify(context: &Context, name: Option<&str>, options: &Options) -> Ended {
    let door = Door::open(context, &options.how.wire.network, options.how.wire.trace)?;
    let wanted = options.wanted();
    let account = wanted.account(door.account(name)?);
    let info = door.wait(&account, account.provider())?;
    if info.can_verify() {
        // Renewed where that is due, and told of, before the provider is asked.
        door.access(&account, &wanted)?;
    }
    door.run(account.name(), account.verify())?;
    say(&format!("✓ {} credential works.", safe(info.name())));
    Ok(Exit::Done)
}
