//! `--trace`: what goes over the wire, by names and lengths only (S23).

use std::io;

use hermes_engine::driver::Witness;
use hermes_machine::machine::{Body, Request, Response};
use serde_json::Value;

use super::{safe, say};

/// Tells of each request and each answer on stderr.
pub(crate) struct Trace;

impl Witness for Trace {
    fn sending(&mut self, request: &Request) -> io::Result<()> {
        say(&sent(request));
        Ok(())
    }

    fn answered(&mut self, request: &Request, response: &Response) -> io::Result<()> {
        say(&received(request, response));
        Ok(())
    }
}

fn sent(request: &Request) -> String {
    let url = &request.url;
    let query = url.query_pairs().map(|(name, value)| field(&name, value.len()));
    let headers = request.headers.iter().map(|(name, value)| field(name, value.value.len()));
    let body: Vec<String> = match &request.body {
        Some(Body::Form(fields)) => fields.iter().map(|(name, value)| field(name, value.len())).collect(),
        Some(Body::Json(value)) => members(value),
        None => Vec::new(),
    };
    let origin = url.origin().ascii_serialization();
    let path = safe(&request.path_template);
    let parts = [("query", query.collect()), ("headers", headers.collect()), ("body", body)];
    format!("> {} {} {origin}{path}{}", request.state, request.method.as_str(), listed(&parts))
}

fn received(request: &Request, response: &Response) -> String {
    let headers = response.headers.iter().map(|(name, value)| field(name, value.len())).collect();
    let body =
        serde_json::from_slice::<Value>(&response.body).map(|value| members(&value)).unwrap_or_default();
    let length = response.body.len();
    let parts = [("headers", headers), ("body", body)];
    format!("< {} {} {length} bytes{}", request.state, response.status, listed(&parts))
}

/// A name and how long its value is; never the value.
fn field(name: &str, length: usize) -> String {
    format!("{}[{length}]", safe(name))
}

fn members(value: &Value) -> Vec<String> {
    let object = value.as_object().into_iter().flatten();
    object
        .map(|(name, value)| field(name, value.as_str().map_or_else(|| value.to_string().len(), str::len)))
        .collect()
}

fn listed(parts: &[(&str, Vec<String>)]) -> String {
    let some = parts.iter().filter(|(_, fields)| !fields.is_empty());
    some.map(|(what, fields)| format!("\n    {what}: {}", fields.join(" "))).collect()
}

#[cfg(test)]
mod tests {
    use hermes_format::provider::Method;
    use hermes_format::secret::Secret;
    use hermes_machine::machine::HeaderValue;

    use super::*;

    #[test]
    fn s23_a_trace_tells_names_and_lengths_and_no_value() {
        let header = HeaderValue { value: Secret::new("Bearer canary-1"), sensitive: true };
        let request = Request {
            state: "poll".to_owned(),
            method: Method::Post,
            url: "https://auth.example/canary-6/token?q=canary-2".parse().unwrap(),
            path_template: "/{{api_key}}/token".to_owned(),
            headers: vec![("authorization".to_owned(), header)],
            body: Some(Body::Form(vec![("code".to_owned(), "canary-3".to_owned())])),
        };
        let response = Response {
            status: 200,
            headers: vec![("set-cookie".to_owned(), "canary-4".to_owned())],
            body: br#"{"access_token":"canary-5"}"#.to_vec(),
            truncated: false,
        };
        let text = format!("{}\n{}", sent(&request), received(&request, &response));
        assert!(!text.contains("canary"), "{text}");
        assert!(text.contains("> poll POST https://auth.example/{{api_key}}/token\n"), "{text}");
        assert!(text.contains("authorization[15]") && text.contains("access_token[8]"), "{text}");
    }
}
