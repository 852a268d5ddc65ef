//! Claims of a JSON Web Token ([RFC 7519](https://www.rfc-editor.org/rfc/rfc7519)).
//!
//! A claim is read, never trusted: no signature is verified, since the token came from the server that it is sent to.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// A claim of a token's payload, nested by further names. `None` where the text is no such token or has no such claim.
pub fn claim(token: &str, path: &[impl AsRef<str>]) -> Option<Value> {
    let mut parts = token.split('.');
    let (_header, payload, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    let payload: Value = serde_json::from_slice(&payload).ok()?;
    path.iter().try_fold(&payload, |value, name| value.get(name.as_ref())).cloned()
}
