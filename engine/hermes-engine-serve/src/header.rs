//! Which header fields pass, and which end here.

use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue};

/// Fields of one connection ([RFC 9110 §7.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1)).
const HOP_BY_HOP: [HeaderName; 9] = [
    header::CONNECTION,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    HeaderName::from_static("http2-settings"),
];

/// What a request says of its sender or its way, and the server is not told.
const OF_REQUEST: [HeaderName; 8] = [
    header::HOST,
    header::COOKIE,
    header::EXPECT,
    header::FORWARDED,
    header::VIA,
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-proto"),
];

/// What an answer would have a browser remember or allow.
const OF_ANSWER: [HeaderName; 2] = [header::SET_COOKIE, header::ALT_SVC];

/// Takes away what does not pass to the server.
pub(crate) fn clean_request(headers: &mut HeaderMap) {
    let takes_trailers = accepts_trailers(headers);
    remove_hop_by_hop(headers);
    OF_REQUEST.iter().for_each(|name| drop(headers.remove(name)));
    // The length follows from the body, once more.
    headers.remove(header::CONTENT_LENGTH);
    if takes_trailers {
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
    }
}

/// Takes away what does not pass to the client.
pub(crate) fn clean_answer(headers: &mut HeaderMap) {
    remove_hop_by_hop(headers);
    OF_ANSWER.iter().for_each(|name| drop(headers.remove(name)));
    let shared: Vec<HeaderName> =
        headers.keys().filter(|name| name.as_str().starts_with("access-control-")).cloned().collect();
    shared.iter().for_each(|name| drop(headers.remove(name)));
}

/// Whether the client takes trailers, and says no more than that ([RFC 9110 §10.1.4](https://www.rfc-editor.org/rfc/rfc9110#section-10.1.4)).
fn accepts_trailers(headers: &HeaderMap) -> bool {
    tokens(headers, &header::TE).any(|token| token.eq_ignore_ascii_case("trailers"))
}

fn remove_hop_by_hop(headers: &mut HeaderMap) {
    // First those that `Connection` names: it is itself one of the others.
    let named: Vec<HeaderName> =
        tokens(headers, &header::CONNECTION).filter_map(|token| HeaderName::try_from(token).ok()).collect();
    named.iter().for_each(|name| drop(headers.remove(name)));
    HOP_BY_HOP.iter().for_each(|name| drop(headers.remove(name)));
}

/// The members of a field that is a list.
pub(crate) fn tokens<'h>(headers: &'h HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'h str> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&str, &str)| {
            (HeaderName::try_from(*name).expect("a name"), HeaderValue::from_str(value).expect("a value"))
        };
        lines.iter().map(pair).collect()
    }

    fn left(headers: &HeaderMap) -> Vec<&str> {
        headers.keys().map(HeaderName::as_str).collect()
    }

    #[test]
    fn what_connection_names_goes_no_further() {
        let mut map = headers(&[
            ("connection", "close, X-Secret"),
            ("x-secret", "1"),
            ("keep-alive", "timeout=5"),
            ("accept", "*/*"),
        ]);
        clean_request(&mut map);
        assert_eq!(left(&map), ["accept"]);
    }

    #[test]
    fn a_request_keeps_what_the_client_asks_and_loses_what_is_of_its_way() {
        let mut map = headers(&[
            ("host", "127.0.0.1:4180"),
            ("cookie", "a=1"),
            ("expect", "100-continue"),
            ("forwarded", "for=1.2.3.4"),
            ("via", "1.1 x"),
            ("x-forwarded-for", "1.2.3.4"),
            ("te", "gzip, trailers"),
            ("content-length", "5"),
            ("x-version", "2023-06-01"),
        ]);
        clean_request(&mut map);
        assert_eq!(left(&map), ["x-version", "te"]);
        assert_eq!(map["te"], "trailers");
    }

    #[test]
    fn an_answer_lets_no_page_read_it_and_no_browser_remember_it() {
        let mut map = headers(&[
            ("set-cookie", "a=1"),
            ("alt-svc", "h3=\":443\""),
            ("access-control-allow-origin", "*"),
            ("access-control-allow-credentials", "true"),
            ("transfer-encoding", "chunked"),
            ("content-type", "text/event-stream"),
            ("retry-after", "3"),
        ]);
        clean_answer(&mut map);
        assert_eq!(left(&map), ["content-type", "retry-after"]);
    }
}
