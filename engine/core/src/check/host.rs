//! On which hosts a provider's URLs are, region by region.

use indexmap::IndexMap;

use super::subject::Subject;
use crate::origin::siblings;
use crate::template::Template;

/// The host of a URL in one region, where the file alone says it.
pub(super) fn host(subject: &Subject<'_>, url: &Template, region: Option<&str>) -> Option<String> {
    let url = subject.provider.known_url(url, region, &IndexMap::new())?;
    url.host_str().map(str::to_owned)
}

/// Whether what was made on one host may be sent to another: they are one, or siblings, or `hosts` names the other.
pub(super) fn related(subject: &Subject<'_>, made_on: &str, sent_to: &str) -> bool {
    made_on == sent_to
        || siblings(made_on, sent_to)
        || subject.provider.hosts.iter().any(|named| named.pattern.matches(sent_to))
}
