//! Answers that are none of the service: pages of firewalls, of company proxies, of networks that want a login.

use super::event::Response;
use hermes_format::condition::Test;
use hermes_format::provider::Rule;

/// Headers with which a firewall says that it answered in the place of the service, and what its page is called.
const CHALLENGES: [(&str, &str); 3] = [
    ("cf-mitigated", "Cloudflare challenge"),
    ("x-vercel-mitigated", "x-vercel-mitigated challenge"),
    ("x-amzn-waf-action", "AWS WAF challenge"),
];

/// Whether a firewall says that it answered in the place of the service.
pub(super) fn is_challenge(response: &Response) -> bool {
    CHALLENGES.iter().any(|(header, _)| response.header(header).is_some())
}

/// What a page is called; `None` where the answer is none. `is_json` tells whether its body is JSON.
pub(super) fn describe(response: &Response, is_json: bool) -> Option<String> {
    let challenge = CHALLENGES.iter().find(|(header, _)| response.header(header).is_some());
    let is_html = !is_json && looks_like_html(response);
    let status = response.status;
    match challenge {
        Some((_, name)) => Some(format!("a web page (HTTP {status}, {name})")),
        None if is_html => Some(format!("a web page (HTTP {status})")),
        None => None,
    }
}

fn looks_like_html(response: &Response) -> bool {
    let is_declared = response.header("content-type").is_some_and(|kind| {
        let kind = kind.trim_start().to_ascii_lowercase();
        kind.starts_with("text/html") || kind.starts_with("application/xhtml")
    });
    let body = response.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&response.body);
    is_declared || body.trim_ascii_start().starts_with(b"<")
}

/// Whether a state reads pages itself: one of its rules looks for words in the raw body.
pub(super) fn is_read_by(rules: &[Rule]) -> bool {
    let mut terms = rules.iter().flat_map(|rule| rule.when.iter().chain(&rule.unless)).flat_map(|c| &c.terms);
    terms.any(|term| matches!(term.test, Test::Body(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(headers: &[(&str, &str)], body: &str, expect: Option<&str>) {
        let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let response = Response { status: 403, headers, body: body.as_bytes().to_vec(), truncated: false };
        let is_json = super::super::json::parse(body.as_bytes()).is_some();
        assert_eq!(describe(&response, is_json).as_deref(), expect);
    }

    #[test]
    fn a_page_is_known_by_its_header_its_type_or_its_first_character() {
        check(&[("cf-mitigated", "challenge")], "", Some("a web page (HTTP 403, Cloudflare challenge)"));
        check(
            &[("x-vercel-mitigated", "challenge")],
            "",
            Some("a web page (HTTP 403, x-vercel-mitigated challenge)"),
        );
        check(&[("content-type", "text/html; charset=utf-8")], "hello", Some("a web page (HTTP 403)"));
        check(&[], " <!doctype html>", Some("a web page (HTTP 403)"));
        check(&[("content-type", "text/html")], r#"{"error":"x"}"#, None);
        check(&[("content-type", "text/plain")], "no way", None);
        check(&[], "", None);
    }
}
