//! What a client gets.

use super::Lowering;
use super::names::Slot;
use crate::provider::Api;

impl Lowering<'_> {
    pub(super) fn api(&mut self) -> Api {
        let site = self.site.key("api");
        let Some(raw) = &self.file.raw.api else { return Api::default() };
        Api {
            mode: raw.mode.clone(),
            base_url: raw.base_url.as_ref().map(|url| self.url(url, site.key("base_url"), Slot::Api)),
            headers: self.templates(&raw.headers, site.key("headers"), Slot::Api),
        }
    }
}
