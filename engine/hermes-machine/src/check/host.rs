//! On which hosts a provider's URLs are, region by region.

use indexmap::IndexMap;

use super::subject::Subject;
use hermes_format::origin::siblings;
use hermes_format::template::Template;

/// The hosts of a URL in one region, as far as the file alone says them.
pub(super) fn hosts(
    subject: &Subject<'_>,
    url: &Template,
    region: Option<&str>,
) -> impl Iterator<Item = String> {
    let known = subject.provider.destination(url, region, &IndexMap::new()).known;
    known.into_iter().filter_map(|url| url.host_str().map(str::to_owned))
}

/// Whether what was made on one host may be sent to another: they are one, or siblings, or `hosts` names the other.
pub(super) fn related(subject: &Subject<'_>, made_on: &str, sent_to: &str) -> bool {
    made_on == sent_to
        || siblings(made_on, sent_to)
        || subject.provider.hosts.iter().any(|named| named.pattern.matches(sent_to))
}
