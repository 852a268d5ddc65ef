//! URLs from templates: the origin is the file's, values are encoded.

use url::Url;

use super::{Expression, Missing, Scope, Template};
use crate::origin::Origin;
use crate::source::Span;

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
    /// `.` or `..` as a segment of the path.
    #[error("has a `.` or `..` segment in its path")]
    DotSegment,
}

/// Where the origin of a URL's template comes from; an error if the template can't be a URL, whatever the values.
pub fn origin_shape(template: &Template) -> Result<OriginShape<'_>, UrlTrouble> {
    let _ = template;
    unimplemented!()
}

/// The URL of a template. Values are percent-encoded where they stand; one in a path keeps its `/`.
///
/// Does not judge the scheme beyond http and https, nor the host: see [`crate::origin::transport_allowed`].
pub fn render_url(template: &Template, scope: &dyn Scope) -> Result<Url, UrlTrouble> {
    let _ = (template, scope);
    unimplemented!()
}
