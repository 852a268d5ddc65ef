//! The path of a request: which account, and what is appended to its base URL.

use http::Uri;
use http::uri::PathAndQuery;
use url::Url;

/// What a path asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// The id or an alias of a provider.
    pub(crate) provider: String,
    /// The label of one of its accounts.
    pub(crate) label: Option<String>,
    /// What follows the account, with the `/` that it begins with; empty for the account's own base.
    pub(crate) rest: String,
    /// The query, without its `?`.
    pub(crate) query: Option<String>,
}

/// Why a path is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PathError {
    #[error("the path names no account: it is /ACCOUNT/…")]
    NoAccount,
    #[error("the account in the path is invalid")]
    BadAccount,
    #[error("the path leaves the account's base URL")]
    Leaves,
}

impl Target {
    /// Reads the target of a request in origin form.
    pub(crate) fn read(uri: &Uri) -> Result<Target, PathError> {
        let path = uri.path().strip_prefix('/').ok_or(PathError::NoAccount)?;
        let (account, rest) = path.find('/').map_or((path, ""), |at| path.split_at(at));
        if account.is_empty() {
            return Err(PathError::NoAccount);
        }
        let account = decode(account.as_bytes());
        let account = String::from_utf8(account).map_err(|_| PathError::BadAccount)?;
        if account.chars().any(|c| c.is_control() || matches!(c, '/' | '\\')) {
            return Err(PathError::BadAccount);
        }
        if leaves(rest) {
            return Err(PathError::Leaves);
        }
        let (provider, label) = match account.split_once(':') {
            Some((provider, label)) if !label.is_empty() => (provider.to_owned(), Some(label.to_owned())),
            Some(_) => return Err(PathError::BadAccount),
            None => (account, None),
        };
        let provider = provider.trim().to_lowercase();
        if provider.is_empty() {
            return Err(PathError::BadAccount);
        }
        Ok(Target { provider, label, rest: rest.to_owned(), query: uri.query().map(str::to_owned) })
    }

    /// The account as the path names it.
    pub(crate) fn account(&self) -> String {
        match &self.label {
            Some(label) => format!("{}:{label}", self.provider),
            None => self.provider.clone(),
        }
    }

    /// The rest of the path without what tells one request from another: for a log.
    pub(crate) fn template(&self) -> String {
        let segments = self.rest.split('/').map(|segment| if is_word(segment) { segment } else { "{}" });
        segments.collect::<Vec<_>>().join("/")
    }

    /// The URL of the request below a base URL, with this rest of its path. `None`: it would not be below it.
    ///
    /// Note: no URL is joined as text. Scheme and authority are the base URL's; the path is appended to its path, and the
    /// result is compared with the base once more.
    pub(crate) fn below(&self, base: &Url, rest: &str) -> Option<Uri> {
        let path = format!("{}{}", base.path().trim_end_matches('/'), rest);
        let path = if path.is_empty() { "/".to_owned() } else { path };
        let query = [base.query(), self.query.as_deref()].into_iter().flatten().collect::<Vec<_>>().join("&");
        let path_and_query = if query.is_empty() { path } else { format!("{path}?{query}") };
        let uri = Uri::builder()
            .scheme(base.scheme())
            .authority(authority(base)?)
            .path_and_query(PathAndQuery::try_from(path_and_query).ok()?)
            .build()
            .ok()?;
        is_below(&uri, base).then_some(uri)
    }
}

/// Host and port of a URL, without a user.
fn authority(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

/// Whether a URI, read again as a URL, has the origin of the base and a path below its path.
fn is_below(uri: &Uri, base: &Url) -> bool {
    let Ok(built) = Url::parse(&uri.to_string()) else { return false };
    let folder = base.path().trim_end_matches('/');
    let below = built.path().strip_prefix(folder);
    built.origin() == base.origin()
        && built.username().is_empty()
        && below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether a path could lead out of the folder that it is appended to: for a server that decodes it, however often.
fn leaves(path: &str) -> bool {
    let mut bytes = path.as_bytes().to_vec();
    loop {
        if bytes.iter().any(|byte| matches!(byte, b'\\' | 0)) {
            return true;
        }
        let mut segments = bytes.split(|byte| *byte == b'/');
        // What follows a `;` is a parameter of the segment to some servers.
        let is_dots =
            |segment: &[u8]| matches!(segment.split(|byte| *byte == b';').next(), Some(b"." | b".."));
        if segments.any(is_dots) {
            return true;
        }
        let decoded = decode(&bytes);
        if decoded == bytes {
            return false;
        }
        bytes = decoded;
    }
}

/// Percent-decoding, once ([RFC 3986 §2.1](https://www.rfc-editor.org/rfc/rfc3986#section-2.1)).
fn decode(bytes: &[u8]) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        let escaped = match (first, tail) {
            (b'%', [high, low, ..]) => digit(*high).zip(digit(*low)),
            _ => None,
        };
        match escaped {
            Some((high, low)) => {
                decoded.push(high << 4 | low);
                rest = &tail[2..];
            }
            None => {
                decoded.push(*first);
                rest = tail;
            }
        }
    }
    decoded
}

/// Whether a segment is a word of the interface, and not an identifier.
fn is_word(segment: &str) -> bool {
    let is_version = segment.strip_prefix('v').is_some_and(|rest| {
        rest.len() <= 6
            && rest.starts_with(|c: char| c.is_ascii_digit())
            && rest.chars().all(|c| c.is_ascii_alphanumeric())
    });
    let is_letters = segment.len() <= 32
        && segment.chars().all(|c| c.is_ascii_lowercase() || matches!(c, '_' | '-' | '.'));
    is_version || is_letters
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str) -> Result<Target, PathError> {
        Target::read(&Uri::try_from(path).expect("a URI"))
    }

    fn built(base: &str, path: &str) -> Option<String> {
        let target = read(path).ok()?;
        target.below(&Url::parse(base).expect("a URL"), &target.rest).map(|uri| uri.to_string())
    }

    #[test]
    fn the_account_is_an_id_and_a_label() {
        let target = read("/Acme:work/v1/messages?beta=true").expect("a target");
        assert_eq!((target.provider.as_str(), target.label.as_deref()), ("acme", Some("work")));
        assert_eq!((target.rest.as_str(), target.query.as_deref()), ("/v1/messages", Some("beta=true")));
        assert_eq!(read("/acme%3Awork").expect("a target").label.as_deref(), Some("work"));
        assert_eq!(read("/"), Err(PathError::NoAccount));
        assert_eq!(read("//x"), Err(PathError::NoAccount));
        for path in ["/acme:", "/:work", "/a%2Fb/x", "/a%5Cb/x", "/a%0Ab/x", "/%FF/x"] {
            assert_eq!(read(path), Err(PathError::BadAccount), "{path}");
        }
    }

    #[test]
    fn the_rest_is_appended_to_the_path_of_the_base_url() {
        let base = "https://api.acme.example/base";
        for (path, expect) in [
            ("/acme/v1/messages?beta=true", "https://api.acme.example/base/v1/messages?beta=true"),
            ("/acme/", "https://api.acme.example/base/"),
            ("/acme", "https://api.acme.example/base"),
            ("/acme//evil.example/x", "https://api.acme.example/base//evil.example/x"),
            ("/acme/a%2Fb", "https://api.acme.example/base/a%2Fb"),
            ("/acme/a@evil.example:1/x", "https://api.acme.example/base/a@evil.example:1/x"),
            ("/acme/https://evil.example/", "https://api.acme.example/base/https://evil.example/"),
            ("/acme/models/a:generate", "https://api.acme.example/base/models/a:generate"),
        ] {
            assert_eq!(built(base, path).as_deref(), Some(expect), "{path}");
        }
        assert_eq!(built("http://127.0.0.1:9/", "/acme/x").as_deref(), Some("http://127.0.0.1:9/x"));
        assert_eq!(
            built("https://a.example/v1?key=1", "/acme/x?y=2").as_deref(),
            Some("https://a.example/v1/x?key=1&y=2")
        );
    }

    #[test]
    fn an_account_ends_at_a_slash_and_is_never_part_of_an_authority() {
        // As text, base + rest would be a URL whose user is the base's host.
        assert_eq!(
            read("/acme@127.0.0.2:9009/x").map(|target| target.provider),
            Ok("acme@127.0.0.2".to_owned())
        );
        assert_eq!(
            built("https://api.acme.example", "/acme@evil.example/x").as_deref(),
            Some("https://api.acme.example/x")
        );
    }

    #[test]
    fn a_path_that_leaves_the_base_url_is_refused_however_it_is_written() {
        for path in [
            "/acme/../admin",
            "/acme/..",
            "/acme/./x",
            "/acme/%2e%2e/admin",
            "/acme/a/%2E./admin",
            "/acme/..%2fadmin",
            "/acme/%252e%252e/admin",
            "/acme/%25252e%25252e%2fadmin",
            "/acme/..;x/admin",
            "/acme/a%5C..%5Cadmin",
            "/acme/a%255Cadmin",
            "/acme/%00",
        ] {
            assert_eq!(read(path), Err(PathError::Leaves), "{path}");
        }
        // Some parsers refuse it before it is looked at.
        assert!(Uri::try_from("/acme/..\\admin").map_or(true, |uri| Target::read(&uri).is_err()));
    }

    #[test]
    fn a_template_holds_no_identifier() {
        let template = |path| read(path).expect("a target").template();
        assert_eq!(template("/acme/v1/messages/count_tokens?key=secret"), "/v1/messages/count_tokens");
        assert_eq!(template("/acme/v1beta/files/file-0a1b2c3d4e"), "/v1beta/files/{}");
        assert_eq!(template("/acme/v1/Users/Bob"), "/v1/{}/{}");
        assert_eq!(template("/acme"), "");
    }
}
