//! URLs from templates: the origin is the file's, values are encoded.
//!
//! A URL has an authority, and a tail: its path and query. Which parts of a template belong to which is settled before
//! any value is known, so a value can never become syntax.

use url::Url;

use super::{Expression, Missing, Part, Scope, Template, render_text, within_limit};
use crate::origin::{HostPattern, Origin};
use crate::source::Span;

mod destination;
#[cfg(test)]
mod tests;

pub use destination::{Destination, destination, origin_name};

/// Where the origin of a URL's template comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum OriginShape<'a> {
    /// The file writes it.
    Literal(Origin),
    /// One leading `{{…}}` holds a whole URL.
    Value(&'a Expression, Span),
    /// Values stand as left-hand labels of a host.
    Labels {
        /// The part of the host that the file writes, without a leading dot.
        suffix: String,
        /// As [`crate::origin::Origins`] keeps it: `https://*.example.com`.
        pattern: String,
        /// The values that stand in the host.
        values: Vec<&'a Expression>,
    },
}

/// Why a template gives no URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlTrouble {
    /// A name without a value.
    #[error(transparent)]
    Missing(#[from] Missing),
    /// Not an absolute http or https URL with a host.
    #[error("is not an http or https URL")]
    NotAUrl,
    /// The origin has a value where none may stand.
    #[error("has a value in its origin: a value may be a whole URL, or left-hand labels of a host")]
    Origin,
    /// A value that can't be a label of a host.
    #[error("has a value that can't be part of a host name")]
    Label,
    /// `user:password@`.
    #[error("holds a user name or a password")]
    UserInfo,
    /// `#…`.
    #[error("holds a fragment")]
    Fragment,
    /// Something after a value that already has a query.
    #[error("continues a value that already has a query")]
    AfterQuery,
    /// `.` or `..` as a segment of the path.
    #[error("has a `.` or `..` segment in its path")]
    DotSegment,
}

/// Where the origin of a URL's template comes from; an error if the template can't be a URL, whatever the values.
pub fn origin_shape(template: &Template) -> Result<OriginShape<'_>, UrlTrouble> {
    let split = split(&template.parts)?;
    match split.head.as_slice() {
        [Piece::Value(expression, span)] if split.scheme.is_empty() => {
            Ok(OriginShape::Value(expression, *span))
        }
        [Piece::Text(authority)] => {
            let url = parse_plain(&format!("{}{authority}", split.scheme))?;
            Origin::of(&url).map(OriginShape::Literal).ok_or(UrlTrouble::NotAUrl)
        }
        [labels @ .., Piece::Text(end)] => labels_shape(split.scheme, labels, end),
        _ => Err(UrlTrouble::Origin),
    }
}

/// The URL of a template. Values are percent-encoded where they stand; one in a path keeps its `/`.
///
/// Does not judge the scheme beyond http and https, nor the host: see [`crate::origin::transport_allowed`].
pub fn render_url(template: &Template, scope: &dyn Scope) -> Result<Url, UrlTrouble> {
    parse_plain(&url_text(template, scope)?)
}

/// The text of a var. One that is a URL is made as URLs are: what stands in it can't become syntax there either.
pub fn render_var(template: &Template, scope: &dyn Scope) -> Option<String> {
    let plain = || template.render(scope).ok();
    let url = || url_text(template, scope).ok().filter(|text| parse_plain(text).is_ok());
    match template.parts.as_slice() {
        [Part::Text(start), _, ..] if start.starts_with("https://") || start.starts_with("http://") => url(),
        [Part::Expression(..), Part::Text(path), ..] if path.starts_with('/') => url().or_else(plain),
        _ => plain(),
    }
}

/// Whether a value can stand for a whole URL, or for the beginning of one.
pub fn is_whole_url(value: &str) -> bool {
    whole_url(value.to_owned(), None).is_ok()
}

/// The text of a URL, not yet judged as a whole.
fn url_text(template: &Template, scope: &dyn Scope) -> Result<String, UrlTrouble> {
    let shape = origin_shape(template)?;
    let split = split(&template.parts)?;
    let mut text = match shape {
        OriginShape::Value(expression, span) => {
            whole_url(render_text(expression, span, scope)?, split.tail.first())?
        }
        OriginShape::Literal(_) | OriginShape::Labels { .. } => authority(&split, scope)?,
    };
    let mut in_query = false;
    for piece in &split.tail {
        match piece {
            Piece::Text(literal) => {
                in_query |= literal.contains('?');
                text.push_str(literal);
            }
            Piece::Value(expression, span) => {
                encode(&render_text(expression, *span, scope)?, in_query, &mut text);
                within_limit(&text, expression, *span)?;
            }
        }
    }
    Ok(text)
}

/// A piece of a URL's text.
enum Piece<'a> {
    Text(&'a str),
    Value(&'a Expression, Span),
}

/// A template's text cut where the authority ends. A template that begins with a value has that as its head, and no
/// scheme.
struct Split<'a> {
    scheme: &'static str,
    head: Vec<Piece<'a>>,
    tail: Vec<Piece<'a>>,
}

fn split(parts: &[Part]) -> Result<Split<'_>, UrlTrouble> {
    let mut pieces = Vec::new();
    for part in parts {
        pieces.push(match part {
            Part::Text(text) => judged_text(text)?,
            Part::Expression(expression, span) => Piece::Value(expression, *span),
        });
    }
    match pieces.first_mut() {
        Some(Piece::Value(..)) => split_after_value(pieces),
        Some(Piece::Text(text)) => {
            let scheme = take_scheme(text).ok_or(UrlTrouble::NotAUrl)?;
            split_authority(scheme, pieces)
        }
        None => Err(UrlTrouble::NotAUrl),
    }
}

fn judged_text(text: &str) -> Result<Piece<'_>, UrlTrouble> {
    if text.contains('#') {
        return Err(UrlTrouble::Fragment);
    }
    if text.contains(is_rewritten) { Err(UrlTrouble::NotAUrl) } else { Ok(Piece::Text(text)) }
}

/// Whether the parser of URLs would take a character for another, or drop it.
fn is_rewritten(c: char) -> bool {
    c == '\\' || c.is_whitespace() || c.is_control()
}

/// After a whole URL only a path or a query can follow.
fn split_after_value(mut pieces: Vec<Piece<'_>>) -> Result<Split<'_>, UrlTrouble> {
    let tail = pieces.split_off(1);
    let is_tail = match tail.first() {
        None => true,
        Some(Piece::Text(text)) => text.starts_with(['/', '?']),
        Some(Piece::Value(..)) => false,
    };
    if is_tail { Ok(Split { scheme: "", head: pieces, tail }) } else { Err(UrlTrouble::Origin) }
}

fn split_authority<'a>(scheme: &'static str, pieces: Vec<Piece<'a>>) -> Result<Split<'a>, UrlTrouble> {
    let mut head = Vec::new();
    let mut tail = Vec::new();
    for piece in pieces {
        match piece {
            piece if !tail.is_empty() => tail.push(piece),
            Piece::Text(text) => {
                let end = text.find(['/', '?']).unwrap_or(text.len());
                let (before, after) = text.split_at(end);
                if before.contains('@') {
                    return Err(UrlTrouble::UserInfo);
                }
                head.extend((!before.is_empty()).then_some(Piece::Text(before)));
                tail.extend((!after.is_empty()).then_some(Piece::Text(after)));
            }
            value => head.push(value),
        }
    }
    Ok(Split { scheme, head, tail })
}

fn take_scheme(text: &mut &str) -> Option<&'static str> {
    let scheme = ["https://", "http://"].into_iter().find(|scheme| text.starts_with(scheme))?;
    *text = &text[scheme.len()..];
    Some(scheme)
}

fn labels_shape<'a>(scheme: &str, labels: &[Piece<'a>], end: &str) -> Result<OriginShape<'a>, UrlTrouble> {
    let is_label = |piece: &Piece<'_>| match piece {
        Piece::Text(text) => text.chars().all(is_label_char),
        Piece::Value(..) => true,
    };
    let after_dot = end.strip_prefix('.').ok_or(UrlTrouble::Origin)?;
    let host = after_dot.split_once(':').map_or(after_dot, |(host, _)| host);
    let below = HostPattern::parse(&format!("*.{host}")).map_err(|_| UrlTrouble::Origin)?;
    let HostPattern::Below(suffix) = below else { return Err(UrlTrouble::Origin) };
    if !labels.iter().all(is_label) {
        return Err(UrlTrouble::Origin);
    }
    let origin = Origin::of(&parse_plain(&format!("{scheme}{after_dot}"))?).ok_or(UrlTrouble::NotAUrl)?;
    let pattern = origin.as_str().replacen("://", "://*.", 1);
    let values = labels.iter().filter_map(|piece| match piece {
        Piece::Value(expression, _) => Some(*expression),
        Piece::Text(_) => None,
    });
    Ok(OriginShape::Labels { suffix, pattern, values: values.collect() })
}

/// The scheme and authority, values in their places.
fn authority(split: &Split<'_>, scope: &dyn Scope) -> Result<String, UrlTrouble> {
    let mut labels = String::new();
    for piece in &split.head {
        match piece {
            Piece::Text(text) => labels.push_str(text),
            Piece::Value(expression, span) => {
                let value = render_text(expression, *span, scope)?;
                if value.is_empty() || !value.chars().all(is_label_char) {
                    return Err(UrlTrouble::Label);
                }
                labels.push_str(&value);
            }
        }
    }
    let is_empty_label = labels.starts_with('.') || labels.contains("..");
    if is_empty_label { Err(UrlTrouble::Label) } else { Ok(format!("{}{labels}", split.scheme)) }
}

fn is_label_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')
}

/// Judges a value that is a whole URL, and makes it ready for its tail.
fn whole_url(mut value: String, tail: Option<&Piece<'_>>) -> Result<String, UrlTrouble> {
    if value.contains(is_rewritten) {
        return Err(UrlTrouble::NotAUrl);
    }
    parse_plain(&value)?;
    match tail {
        Some(_) if value.contains('?') => return Err(UrlTrouble::AfterQuery),
        Some(Piece::Text(text)) if text.starts_with('/') => value.truncate(value.trim_end_matches('/').len()),
        _ => {}
    }
    Ok(value)
}

/// Encodes a value: in a query all but the unreserved characters, in a path `/` stays too.
fn encode(value: &str, in_query: bool, text: &mut String) {
    const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    for byte in value.bytes() {
        let is_plain = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        if is_plain || (byte == b'/' && !in_query) {
            text.push(char::from(byte));
        } else {
            text.extend(['%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
    }
}

/// Parses an http or https URL without user name, password, fragment and dot segments.
fn parse_plain(text: &str) -> Result<Url, UrlTrouble> {
    let url = Url::parse(text).map_err(|_| UrlTrouble::NotAUrl)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(UrlTrouble::NotAUrl);
    }
    let after_scheme = text.split_once("://").map(|(_, rest)| rest).ok_or(UrlTrouble::NotAUrl)?;
    let (before_query, _) = after_scheme.split_once('?').unwrap_or((after_scheme, ""));
    let (authority, path) = before_query.split_once('/').unwrap_or((before_query, ""));
    if authority.contains('@') || !url.username().is_empty() || url.password().is_some() {
        return Err(UrlTrouble::UserInfo);
    }
    if url.fragment().is_some() {
        return Err(UrlTrouble::Fragment);
    }
    let is_dots =
        |segment: &str| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
    if path.split('/').any(is_dots) { Err(UrlTrouble::DotSegment) } else { Ok(url) }
}
