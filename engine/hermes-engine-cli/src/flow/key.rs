//! Whether a key that was just typed works, before it is stored.

use hermes_engine::credential::{self, Login};
use hermes_engine::driver::Nobody;
use hermes_engine::entropy::System;
use hermes_engine::http::Http;
use hermes_engine::models::{LiveError, live};
use hermes_format::provider::Action;
use hermes_machine::access::Held;
use hermes_machine::machine::{Outcome, Start, TroubleClass};

use super::run::{block_on, drive, witness};
use super::{How, Options};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::{safe, safe_sentence};
use crate::session::Session;

/// What came of a check, in a sentence; `None` where the login is no key that was typed.
///
/// A key that the provider refuses is an error. Where nobody can be asked, or nobody answers, the sentence says so: a key
/// can be right all the same.
pub(super) fn check(
    session: &Session<'_>,
    options: &Options,
    login: &Login<'_>,
) -> Result<Option<String>, Failure> {
    if !is_typed(login) || options.how.simulate.is_some() {
        return Ok(None);
    }
    let provider = &session.provider;
    let unchecked = |why: &str| Ok(Some(format!("The key was not checked: {why}.")));
    if options.no_verify {
        return unchecked("--no-verify says so");
    }
    if !provider.starts(Action::Verify).is_empty() {
        return match verified(session, &options.how, login)? {
            Outcome::Failed(trouble) if is_refusal(trouble.class) => {
                Err(refused(session, safe_sentence(&trouble.to_string())))
            }
            Outcome::Failed(trouble) => unchecked(&safe_sentence(&trouble.to_string())),
            Outcome::Cancelled => Err(Failure::interrupted()),
            Outcome::Success(_) | Outcome::Done { .. } => Ok(Some("The key works.".to_owned())),
        };
    }
    if provider.api.models.is_none() {
        return unchecked("the provider's file has no request that would show it");
    }
    let token = credential::token_of(login);
    let held = held(login, &token);
    let http = Http::new(options.how.wire.network.options());
    match block_on(live(&http, provider, &held))? {
        Ok(models) => {
            Ok(Some(format!("The provider answers with this key: it lists {} models.", models.len())))
        }
        Err(LiveError::Status(status @ (401 | 403))) => {
            Err(refused(session, format!("{} refused the key (HTTP {status})", safe(&provider.name))))
        }
        Err(error) => unchecked(&safe(&error.to_string())),
    }
}

/// Whether the token is the value of an input that no source gave: a key of the environment is not stored either.
fn is_typed(login: &Login<'_>) -> bool {
    let token = login.grant.access_token.expose_secret();
    let mut values = login.inputs.values.iter();
    values.any(|(name, value)| value == token && !login.inputs.is_from_source(name))
}

fn held<'a>(login: &'a Login<'_>, token: &'a serde_json::Value) -> Held<'a> {
    Held {
        region: login.grant.region.as_deref(),
        inputs: &login.inputs.values,
        token,
        origins: &login.grant.origins,
    }
}

fn verified(session: &Session<'_>, how: &How, login: &Login<'_>) -> Result<Outcome, Failure> {
    let start = Start {
        provider: session.provider.clone(),
        action: Action::Verify,
        from: None,
        region: login.grant.region.clone(),
        inputs: login.inputs.values.clone(),
        token: Some(credential::token_of(login)),
        bound_to: Some(login.grant.origins.clone()),
        earlier: Default::default(),
        browser: false,
        entropy: Box::new(System),
    };
    block_on(drive(start, how.wire.network.options(), &mut Nobody, witness(&how.wire).as_mut()))?
}

fn is_refusal(class: TroubleClass) -> bool {
    matches!(class, TroubleClass::Login | TroubleClass::Denied)
}

fn refused(session: &Session<'_>, message: String) -> Failure {
    let help = "copy the key again; `--no-verify` stores it as it is";
    Failure::new(Exit::Denied, "key_refused", message).help(help).about(&session.provider.id)
}
