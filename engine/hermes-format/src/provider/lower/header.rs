//! The names of headers.

use indexmap::IndexMap;

use super::Lowering;
use super::code::BAD_HEADER;
use super::names::Slot;
use super::site::Site;
use crate::diagnostic::Diagnostic;
use crate::template::Template;

/// Headers of the connection, which the engine and clients write themselves
/// ([RFC 9110 §7.2, §7.6.1, §8.6](https://www.rfc-editor.org/rfc/rfc9110)).
const OF_CONNECTION: [&str; 8] =
    ["connection", "content-length", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"];

/// What a body is, by its key, and what a `content-type` beside it can't be.
const CONTRARY: [(&str, &str); 2] = [("form", "json"), ("json", "x-www-form-urlencoded")];

impl Lowering<'_> {
    /// The table `headers` of a state or of `[api]`.
    pub(super) fn headers(
        &mut self,
        table: &IndexMap<String, String>,
        parent: Site<'_>,
        slot: Slot,
    ) -> IndexMap<String, Template> {
        let site = parent.key("headers");
        for (name, value) in table {
            let span = site.name(name);
            let small = name.to_ascii_lowercase();
            if !is_token(name) {
                self.push(
                    Diagnostic::new(&BAD_HEADER, span, format!("`{name}` can't be a header"))
                        .help("write its name in letters, digits and `-`, such as `x-request-id`"),
                );
            } else if OF_CONNECTION.contains(&small.as_str()) {
                self.push(
                    Diagnostic::new(
                        &BAD_HEADER,
                        span,
                        format!("`{name}` is made of the URL, the body and the connection"),
                    )
                    .help("take it out: it is written by what sends the request"),
                );
            } else if let Some((body, _)) = CONTRARY.iter().find(|(body, other)| {
                small == "content-type" && parent.has(body) && value.to_ascii_lowercase().contains(other)
            }) {
                self.push(
                    Diagnostic::new(
                        &BAD_HEADER,
                        span,
                        format!("the body is `{body}`, and `{name}` says otherwise"),
                    )
                    .also(parent.name(body), "the body")
                    .help("take the header out: the right one is sent with the body"),
                );
            }
        }
        self.templates(table, site, slot)
    }
}

/// A token of [RFC 9110 §5.6.2](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2).
fn is_token(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c))
}
