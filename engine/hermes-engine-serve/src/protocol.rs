//! What differs between the protocols of clients: which header carries a key, and how an error is read. All of it is data
//! of the catalogue; nothing here knows a protocol.

use hermes_engine::catalog::{ErrorShape, api_mode, mode_names};
use http::header::{self, HeaderName};
use serde_json::Value;
use url::Url;

/// All protocols.
#[derive(Debug)]
pub(crate) struct Protocols {
    shapes: Vec<(String, ErrorShape)>,
    key_headers: Vec<HeaderName>,
    /// What programs of a protocol add to a base URL themselves.
    added: Vec<(String, String)>,
}

impl Protocols {
    pub(crate) fn read() -> Protocols {
        let mut key_headers = vec![header::AUTHORIZATION];
        let (mut shapes, mut added) = (Vec::new(), Vec::new());
        for name in mode_names() {
            let Some(mode) = api_mode(&name) else { continue };
            for header in mode.token.keys().filter_map(|name| HeaderName::try_from(name.as_str()).ok()) {
                if !key_headers.contains(&header) {
                    key_headers.push(header);
                }
            }
            added.extend(mode.added.map(|path| (name.clone(), path)));
            shapes.extend(mode.error.map(|shape| (name, shape)));
        }
        Protocols { shapes, key_headers, added }
    }

    /// The headers in which clients send a key.
    pub(crate) fn key_headers(&self) -> &[HeaderName] {
        &self.key_headers
    }

    /// The path below a base URL, without what programs of the protocol add themselves and the base URL ends with.
    pub(crate) fn rest<'r>(&self, mode: Option<&str>, base: &Url, rest: &'r str) -> &'r str {
        let added =
            self.added.iter().find(|(name, _)| Some(name.as_str()) == mode).map(|(_, added)| added.as_str());
        let is_in_base = |added: &&str| base.path().trim_end_matches('/').ends_with(added);
        let below = added.filter(is_in_base).and_then(|added| rest.strip_prefix(added));
        below.filter(|below| below.is_empty() || below.starts_with('/')).unwrap_or(rest)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_adds_to_its_base_url_is_not_there_twice() {
        let mut protocols = Protocols::read();
        protocols.added = vec![("acme".to_owned(), "/v1beta".to_owned())];
        let rest = |base: &str, rest: &str| {
            protocols.rest(Some("acme"), &Url::parse(base).expect("a URL"), rest).to_owned()
        };
        assert_eq!(rest("https://a.example/v1beta", "/v1beta/models"), "/models");
        assert_eq!(rest("https://a.example/v1beta", "/models"), "/models");
        assert_eq!(rest("https://a.example/v1beta", "/v1betas"), "/v1betas");
        assert_eq!(rest("https://a.example", "/v1beta/models"), "/v1beta/models");
        assert_eq!(
            protocols.rest(None, &Url::parse("https://a.example/v1beta").unwrap(), "/v1beta/x"),
            "/v1beta/x"
        );
    }

    #[test]
    fn every_protocol_has_a_shape_with_the_message_in_it() {
        for name in mode_names() {
            let shape =
                api_mode(&name).and_then(|mode| mode.error).unwrap_or_else(|| panic!("{name} has none"));
            let filled = fill(&shape.body, 403, "a_code", "a message").to_string();
            assert!(filled.contains("a message") && !filled.contains("{{"), "{name}: {filled}");
        }
    }
}
