//! The models that a provider lists itself: one request, as a client would send it.
//!
//! Only `models --live` asks. Nothing is kept of the answer, and no credential is renewed for it here.

use hermes_format::provider::Provider;
use hermes_machine::access::{Held, listing};
use hermes_machine::machine::{Failure, Trouble, parse_json};

use crate::http::{Http, MODEL_LIST_LIMIT};

/// Why there is no list.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// The provider's file says no place to ask.
    #[error("its file names no place that lists models")]
    NotListed,
    /// The request can't be made with this credential.
    #[error("{0}")]
    Trouble(Trouble),
    /// No answer came.
    #[error("{}", .0.message)]
    Unanswered(Failure),
    /// The server refused the request.
    #[error("the server answered HTTP {0}")]
    Status(u16),
    /// The answer has no list where the file says.
    #[error("the server's answer has no list of models")]
    NoList,
}

/// The ids of the models that a provider lists, in its order.
///
/// # Errors
/// A transient failure can be asked again; the others need another file or another credential.
pub async fn live(http: &Http, provider: &Provider, held: &Held<'_>) -> Result<Vec<String>, LiveError> {
    let place = provider.api.models.as_ref().ok_or(LiveError::NotListed)?;
    let request = listing(provider, held).map_err(LiveError::Trouble)?.ok_or(LiveError::NotListed)?;
    let answer = http.send_up_to(&request, MODEL_LIST_LIMIT).await.map_err(LiveError::Unanswered)?;
    if answer.status != 200 {
        return Err(LiveError::Status(answer.status));
    }
    let json = Some(&answer.body).filter(|_| !answer.truncated).and_then(|body| parse_json(body));
    json.and_then(|json| place.ids(&json)).ok_or(LiveError::NoList)
}
