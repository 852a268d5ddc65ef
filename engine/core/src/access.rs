//! What a client gets from a credential: protocol, base URL and headers, rendered from `[api]`.

use indexmap::IndexMap;
use serde_json::Value;

use crate::machine::{HeaderValue, Trouble};
use crate::provider::{Model, Provider};

/// How a client reaches the provider with a credential.
#[derive(Debug, Clone)]
pub struct Access {
    /// The protocol.
    pub mode: Option<String>,
    /// The URL that requests go to, without a `/` at its end.
    pub base_url: Option<String>,
    /// The headers to send, `Authorization` among them; names as written.
    pub headers: Vec<(String, HeaderValue)>,
}

/// Renders `[api]` for a stored credential (`token`), and for a model where one is chosen.
pub fn access(
    provider: &Provider,
    region: Option<&str>,
    inputs: &IndexMap<String, String>,
    token: &Value,
    model: Option<&Model>,
) -> Result<Access, Trouble> {
    let _ = (provider, region, inputs, token, model);
    unimplemented!()
}
