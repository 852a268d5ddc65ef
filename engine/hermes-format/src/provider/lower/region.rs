//! Regions: tables with the same keys, and the one that is taken by default.

use indexmap::IndexMap;

use super::Lowering;
use super::code::{BAD_ID, TEMPLATE_LOGIC, UNEVEN_REGIONS};
use crate::diagnostic::{Diagnostic, nearest};
use crate::provider::{At, Regions};

impl Lowering<'_> {
    pub(super) fn regions(&mut self) -> Option<Regions> {
        let raw = self.file.raw;
        if raw.regions.is_empty() {
            if raw.region.is_some() {
                let span = self.site.name("region");
                self.push(
                    Diagnostic::new(&UNEVEN_REGIONS, span, "a default region, and no regions")
                        .help("write a table `[regions.NAME]`, or take `region` out"),
                );
            }
            return None;
        }
        let site = self.site.key("regions");
        let mut tables = IndexMap::with_capacity(raw.regions.len());
        for (region, table) in &raw.regions {
            self.region_name(region);
            let site = site.key(region);
            let keys = table.iter().map(|(key, text)| {
                let span = site.key(key).span();
                if text.contains("{{") {
                    self.push(
                        Diagnostic::new(&TEMPLATE_LOGIC, span, "a region's values are literal")
                            .help("put what needs a name into `[vars]`; a var may use `region.*`"),
                    );
                }
                self.plain_http_in(text, span);
                (key.clone(), At { value: text.clone(), span })
            });
            let keys: IndexMap<String, At<String>> = keys.collect();
            tables.insert(region.clone(), keys);
        }
        self.uneven(&tables);
        Some(Regions { default: self.default_region(&tables), tables })
    }

    fn region_name(&mut self, name: &str) {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        if !name.starts_with(plain) || !name.chars().all(|c| plain(c) || c == '-' || c == '_') {
            let span = self.site.key("regions").name(name);
            self.push(
                Diagnostic::new(&BAD_ID, span, format!("`{name}` can't be a region"))
                    .help("a region's name is small letters, digits, `-` and `_`"),
            );
        }
    }

    fn uneven(&mut self, tables: &IndexMap<String, IndexMap<String, At<String>>>) {
        let site = self.site.key("regions");
        let mut all: IndexMap<&String, (&String, &At<String>)> = IndexMap::new();
        for (region, table) in tables {
            for (key, value) in table {
                all.entry(key).or_insert((region, value));
            }
        }
        for (region, table) in tables {
            for (key, (other, _)) in all.iter().filter(|(key, _)| !table.contains_key(**key)) {
                if self.is_gone(&[key]) {
                    continue;
                }
                let message = format!("region `{region}` lacks `{key}`, which `{other}` has");
                let mut finding = Diagnostic::new(&UNEVEN_REGIONS, site.name(region), message)
                    .also(site.key(other).name(key), format!("here in `{other}`"));
                let extra =
                    table.keys().filter(|mine| !tables.get(*other).is_some_and(|t| t.contains_key(*mine)));
                if let Some(meant) = nearest(key, extra.map(String::as_str)) {
                    finding = finding.help(format!("is `{meant}` meant to be `{key}`?"));
                } else {
                    finding = finding.help(format!("add `{key} = \"…\"` to `[regions.{region}]`"));
                }
                self.push(finding);
            }
        }
    }

    fn default_region(&mut self, tables: &IndexMap<String, IndexMap<String, At<String>>>) -> String {
        let first = tables.keys().next().cloned().unwrap_or_default();
        match &self.file.raw.region {
            Some(region) if tables.contains_key(region) => region.clone(),
            Some(region) => {
                let span = self.site.key("region").span();
                let finding =
                    Diagnostic::new(&UNEVEN_REGIONS, span, format!("there is no region `{region}`"));
                let known: Vec<&str> = tables.keys().map(String::as_str).collect();
                let meant = nearest(region, known.iter().copied());
                self.push(match meant {
                    Some(meant) => finding.meant(meant),
                    None => finding.help(format!("the regions are {}", known.join(", "))),
                });
                first
            }
            None => {
                if tables.len() > 1 && !self.is_gone(&["region"]) {
                    let span = self.site.key("regions").name(&first);
                    self.push(
                        Diagnostic::new(&UNEVEN_REGIONS, span, "two or more regions, and no default")
                            .help(format!("write `region = \"{first}\"` at the top of the file")),
                    );
                }
                first
            }
        }
    }
}
