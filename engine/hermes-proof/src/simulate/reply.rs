//! Replies, with the headers that a client may rely on.

use serde_json::{Value, json};

use super::Outcome;
use super::slot::plain;
use super::wire::Reply;
use hermes_format::provider::Read;

/// A request that was answered as the scenario says.
pub(super) fn done(reply: Reply, note: &str) -> Outcome {
    Outcome { reply, state: None, note: note.to_owned(), is_refused: false, page: None }
}

/// A request that was wrong.
pub(super) fn refused(reply: Reply, note: &str) -> Outcome {
    Outcome { is_refused: true, ..done(reply, note) }
}

/// [RFC 6749 §5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2)
pub(super) fn oauth_error(status: u16, error: &str, description: &str) -> Reply {
    let reply = json_reply(status, &json!({ "error": error, "error_description": description }));
    match (status, error) {
        (401, "invalid_client") => with_header(reply, "www-authenticate", "Basic realm=\"simulated\""),
        (401, _) => with_header(reply, "www-authenticate", &format!("Bearer error=\"{error}\"")),
        _ => reply,
    }
}

pub(super) fn json_reply(status: u16, json: &Value) -> Reply {
    typed(status, "application/json", json.to_string())
}

/// An answer in the form in which the state reads it.
pub(super) fn read_reply(read: Read, status: u16, value: &Value) -> Reply {
    let members = || value.as_object().into_iter().flatten();
    match read {
        Read::Json => json_reply(status, value),
        Read::Form => {
            let pairs = members().map(|(name, value)| (name.as_str(), plain(value)));
            let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
            typed(status, "application/x-www-form-urlencoded", body)
        }
        Read::Headers => members()
            .fold(typed(status, "application/json", "{}".to_owned()), |reply, (name, value)| {
                with_header(reply, name, &plain(value))
            }),
        Read::Challenge => {
            let scheme = value.get("scheme").map_or_else(|| "Bearer".to_owned(), plain);
            let quoted = |text: String| text.replace('\\', "\\\\").replace('"', "\\\"");
            let parameters = members().filter(|(name, _)| *name != "scheme");
            let parameters: Vec<String> =
                parameters.map(|(name, value)| format!("{name}=\"{}\"", quoted(plain(value)))).collect();
            let challenge = format!("{scheme} {}", parameters.join(", "));
            with_header(typed(status, "application/json", "{}".to_owned()), "www-authenticate", &challenge)
        }
    }
}

pub(super) fn text_reply(status: u16, text: &str) -> Reply {
    typed(status, "text/plain; charset=utf-8", text.to_owned())
}

/// [RFC 6749 §5.1](https://www.rfc-editor.org/rfc/rfc6749#section-5.1): answers with tokens are not kept.
fn typed(status: u16, content_type: &str, body: String) -> Reply {
    let headers = [("content-type", content_type), ("cache-control", "no-store"), ("pragma", "no-cache")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    Reply::Answer { status, headers, body: body.into_bytes() }
}

pub(super) fn redirect(status: u16, location: &str) -> Reply {
    with_header(text_reply(status, ""), "location", location)
}

pub(super) fn with_header(reply: Reply, name: &str, value: &str) -> Reply {
    match reply {
        Reply::Answer { status, mut headers, body } => {
            headers.push((name.to_owned(), value.to_owned()));
            Reply::Answer { status, headers, body }
        }
        Reply::Broken => Reply::Broken,
    }
}
