//! Whether anything can be done with a credential, and where one that is stored nowhere comes from.

use hermes_format::provider::Provider;
use hermes_machine::access::{Held, access};
use hermes_machine::machine::{Code, Trouble};

use super::{Credential, Inputs, trouble};

/// Why a credential is of no use to a client: `[api]` reads an input that nobody has given, or one that can't be used there.
/// It is as good as none.
pub fn lack(provider: &Provider, credential: &Credential) -> Option<Trouble> {
    lack_of(
        provider,
        &Held {
            region: credential.region.as_deref(),
            inputs: &credential.inputs,
            token: &credential.token,
            origins: &credential.origins,
        },
    )
}

/// The same for a credential as `[api]` reads it.
pub(super) fn lack_of(provider: &Provider, held: &Held<'_>) -> Option<Trouble> {
    let failure = access(provider, held, None).err()?;
    if matches!(failure.code, Code::PlainHttp | Code::BadInput) {
        return Some(failure);
    }
    let absent: Vec<String> = provider
        .inputs_of_api()
        .into_iter()
        .filter(|name| !held.inputs.contains_key(*name))
        .map(|name| format!("`{name}`"))
        .collect();
    let is_lack = failure.code == Code::MissingInput && !absent.is_empty();
    is_lack.then(|| {
        let words = format!("{} is not set", absent.join(" or "));
        trouble::worded(provider, Code::NotLoggedIn, &words)
    })
}

/// Where a credential comes from that is made of inputs, for programs: `env:NAME`, `.env:NAME`, `file:PATH`,
/// `command:PROGRAM`. `None` where no source gave it.
pub fn made_from(provider: &Provider, inputs: &Inputs) -> Option<String> {
    let token = provider.key_inputs();
    // A token that a server mints is made of all that the login reads.
    let is_read = |name: &str| token.is_empty() || token.contains(name);
    let mut sources = inputs.origins.iter().filter(|(name, origin)| origin.is_source() && is_read(name));
    sources.next().map(|(_, origin)| origin.word())
}
