//! What a client gets.

use super::Lowering;
use super::code::NO_SINGLE_OUTCOME;
use super::names::Slot;
use super::site::Site;
use crate::diagnostic::Diagnostic;
use crate::provider::{Api, Listing};
use crate::query::{Query, Step};
use crate::raw::provider as raw;

impl Lowering<'_> {
    pub(super) fn api(&mut self) -> Api {
        let site = self.site.key("api");
        let Some(raw) = &self.file.raw.api else { return Api::default() };
        if raw.auth.as_ref().is_some_and(|auth| auth.client.is_some()) {
            let site = site.key("auth");
            self.push(
                Diagnostic::new(&NO_SINGLE_OUTCOME, site.span(), "`client` has no place in `[api]`")
                    .help("a client sends what `basic` or `bearer` makes"),
            );
        }
        Api {
            mode: raw.mode.clone(),
            mode_at: raw.mode.as_ref().map(|_| site.key("mode").span()),
            base_url: raw.base_url.as_ref().map(|url| self.url(url, site.key("base_url"), Slot::Api)),
            auth: raw.auth.as_ref().and_then(|auth| self.auth(auth, site.key("auth"), Slot::Api)),
            headers: self.headers(&raw.headers, site, Slot::Api),
            models: raw.models.as_ref().map(|listing| self.listing(listing, site.key("models"))),
        }
    }

    fn listing(&mut self, raw: &raw::Listing, site: Site<'_>) -> Listing {
        let url = if matches!(raw, raw::Listing::Text(_)) { site } else { site.key("get") };
        let raw = raw.table();
        let mut path = |text: Option<&String>, key: &str, standard: &str| {
            let written = text.and_then(|text| self.query(text, site.key(key).span()));
            written.map_or_else(|| Query::of(vec![Step::Key(standard.to_owned())]), |at| at.value)
        };
        let (list, id) = (path(raw.list.as_ref(), "list", "data"), path(raw.id.as_ref(), "id", "id"));
        Listing { url: self.url(&raw.get, url, Slot::Api), list, id }
    }
}
