//! What differs between the protocols of clients: which header carries a key, and how an error is read. All of it is data
//! of the catalogue; nothing here knows a protocol.

use hermes_engine::catalog::{ErrorShape, api_mode, mode_names};
use http::header::{self, HeaderName};
use serde_json::Value;

/// All protocols.
#[derive(Debug)]
pub(crate) struct Protocols {
    shapes: Vec<(String, ErrorShape)>,
    key_headers: Vec<HeaderName>,
}

impl Protocols {
    pub(crate) fn read() -> Protocols {
        let mut key_headers = vec![header::AUTHORIZATION];
        let mut shapes = Vec::new();
        for name in mode_names() {
            let Some(mode) = api_mode(&name) else { continue };
            for header in mode.token.keys().filter_map(|name| HeaderName::try_from(name.as_str()).ok()) {
                if !key_headers.contains(&header) {
                    key_headers.push(header);
                }
            }
            shapes.extend(mode.error.map(|shape| (name, shape)));
        }
        Protocols { shapes, key_headers }
    }

    /// The headers in which clients send a key.
    pub(crate) fn key_headers(&self) -> &[HeaderName] {
        &self.key_headers
    }

    /// How a client that calls a path reads an error: by the path, else by the protocol of the provider.
    pub(crate) fn shape(&self, path: &str, mode: Option<&str>) -> Option<&ErrorShape> {
        let by_path =
            |shape: &&(String, ErrorShape)| shape.1.paths.iter().any(|end| path.ends_with(end.as_str()));
        let by_mode = |shape: &&(String, ErrorShape)| Some(shape.0.as_str()) == mode;
        let found = self.shapes.iter().find(by_path).or_else(|| self.shapes.iter().find(by_mode));
        found.map(|(_, shape)| shape)
    }
}

/// An error in a shape: `{{code}}`, `{{message}}` and `{{status}}` are filled in.
pub(crate) fn fill(shape: &Value, status: u16, code: &str, message: &str) -> Value {
    match shape {
        Value::String(text) => match text.as_str() {
            "{{message}}" => Value::from(message),
            "{{code}}" => Value::from(code),
            "{{status}}" => Value::from(status),
            other => Value::from(other),
        },
        Value::Array(all) => all.iter().map(|one| fill(one, status, code, message)).collect(),
        Value::Object(all) => {
            let pairs = all.iter().map(|(key, value)| (key.clone(), fill(value, status, code, message)));
            Value::Object(pairs.collect())
        }
        other => other.clone(),
    }
}
