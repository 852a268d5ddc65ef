//! What a provider is: its id, aliases, models, and the hosts that take part.

use super::Lowering;
use super::code::{BAD_ID, OPEN_HOST, UNKNOWN_NAME};
use super::names::{Scoped, Slot};
use crate::diagnostic::Diagnostic;
use crate::origin::{HostPattern, HostPatternError};
use crate::parse::{Node, Value};
use crate::provider::{At, Model, NamedHost, RegionKey};
use crate::raw::provider as raw;
use crate::raw::read::WRONG_TYPE;
use crate::source::Span;
use crate::template::{OriginShape, Template, origin_shape};

impl Lowering<'_> {
    /// Refuses an id of a form that none may have.
    pub(super) fn id(&mut self) {
        let id = self.file.id;
        if !is_id(id, "-") {
            self.push(
                Diagnostic::new(&BAD_ID, self.site.span().part(0, 0), format!("the file's name `{id}` is no id"))
                    .help("an id is small letters, digits and `-`, and begins with a letter or digit: rename the file"),
            );
        }
    }

    pub(super) fn aliases(&mut self) -> Vec<At<String>> {
        let site = self.site.key("aliases");
        let raw = &self.file.raw.aliases;
        for (i, alias) in raw.iter().enumerate().filter(|(_, alias)| !is_id(alias, "-_.")) {
            self.push(
                Diagnostic::new(
                    &BAD_ID,
                    site.item(i, raw.len()).span(),
                    format!("`{alias}` can't be an alias"),
                )
                .help(
                    "an alias is small letters, digits, `-`, `_` and `.`, and begins with a letter or digit",
                ),
            );
        }
        raw.iter()
            .enumerate()
            .map(|(i, alias)| At { value: alias.clone(), span: site.item(i, raw.len()).span() })
            .collect()
    }

    pub(super) fn models(&mut self) -> Vec<Model> {
        let site = self.site.key("models");
        let raw = &self.file.raw.models;
        let mut models = Vec::with_capacity(raw.len());
        for (i, model) in raw.iter().enumerate() {
            let site = site.item(i, raw.len());
            let named = matches!(model, raw::Model::Table(_));
            let id = if named { site.key("id").span() } else { site.span() };
            let model = model.table();
            if model.id.is_empty() {
                self.push(
                    Diagnostic::new(&WRONG_TYPE, id, "a model has an empty id")
                        .help("write the id by which the service knows it"),
                );
            }
            models.push(Model {
                id: model.id,
                context: model.context,
                output: model.output,
                best_for: model.best_for,
                aliases: model.aliases,
                aux: model.aux,
                mode: model.mode,
                base_url: model.base_url.as_ref().map(|url| self.url(url, site.key("base_url"), Slot::Api)),
                span: id,
            });
        }
        models
    }

    /// The hosts that the file names, and the URLs of answers whose hosts the user is asked about.
    pub(super) fn hosts(&mut self) -> (Vec<NamedHost>, Vec<Template>) {
        let site = self.site.key("hosts");
        let raw = &self.file.raw.hosts;
        let mut hosts = Vec::with_capacity(raw.len());
        let mut asked = Vec::new();
        for (i, host) in raw.iter().enumerate() {
            let span = site.item(i, raw.len()).span();
            match region_key(host) {
                Some(key) => hosts.extend(self.hosts_of_regions(key, span)),
                None if host.contains("{{") => match self.asked_host(host, span) {
                    Some(template) => asked.push(template),
                    None => hosts.extend(self.host_of_values(host, span)),
                },
                None => match HostPattern::parse(host) {
                    Ok(pattern) => {
                        hosts.push(NamedHost { pattern, made_of: None, is_below: false, region: None, span })
                    }
                    Err(error) => self.push(no_host(host, &error, span)),
                },
            }
        }
        (hosts, asked)
    }

    /// A `{{…}}` over an answer: the URL that it holds.
    fn asked_host(&mut self, host: &str, span: Span) -> Option<Template> {
        let names = Scoped { names: &self.names, slot: Slot::State };
        let mut template = Template::parse(host, span, &names).ok()?;
        template.expand(&|var| self.late.get(var).cloned());
        let is_late = template.names().iter().any(|(name, _)| !name.is_constant());
        (is_late && matches!(origin_shape(&template), Ok(OriginShape::Value(..)))).then_some(template)
    }

    /// A host with values among its labels. The file writes the rest of it, down to a domain that somebody registered.
    fn host_of_values(&mut self, host: &str, span: Span) -> Option<NamedHost> {
        let (labels, is_below) = match host.strip_prefix("*.") {
            Some(labels) => (labels, true),
            None => (host, false),
        };
        let before = self.findings.len();
        let template = self.template_at(&format!("https://{labels}"), span, Slot::Host);
        if self.findings.len() > before {
            return None;
        }
        match origin_shape(&template) {
            Ok(OriginShape::Labels { suffix, .. }) if !labels.contains(['/', '?', ':']) => {
                let pattern = HostPattern::Below(suffix);
                Some(NamedHost { pattern, made_of: Some(template), is_below, region: None, span })
            }
            _ => {
                self.push(
                    Diagnostic::new(
                        &OPEN_HOST,
                        span,
                        format!(
                            "`{host}` is not bounded: a value may stand left of a domain that the file writes"
                        ),
                    )
                    .help("write the end of the host, such as `\"*.{{account}}.example.com\"`"),
                );
                None
            }
        }
    }

    /// The host that each region has under a key; a region that lacks it is found fault with elsewhere.
    fn hosts_of_regions(&mut self, key: &str, span: Span) -> Vec<NamedHost> {
        let regions = &self.file.raw.regions;
        let hosts = regions.iter().filter_map(|(region, table)| Some((region, table.get(key)?)));
        let hosts: Vec<_> = hosts.collect();
        if hosts.is_empty() && !self.file.flow {
            self.push(
                Diagnostic::new(&UNKNOWN_NAME, span, format!("no region has a key `{key}`"))
                    .help(format!("add `{key} = \"…\"` to each region")),
            );
        }
        hosts.into_iter().filter_map(|(region, host)| self.host_of_region(region, key, host, span)).collect()
    }

    /// A region's own host; what is wrong with it is wrong with the region's value, not with the list that names the key.
    fn host_of_region(&mut self, region: &str, key: &str, host: &str, named: Span) -> Option<NamedHost> {
        match HostPattern::parse(host) {
            Ok(pattern) => {
                let region = Some(RegionKey { region: region.to_owned(), key: key.to_owned() });
                Some(NamedHost { pattern, made_of: None, is_below: false, region, span: named })
            }
            Err(error) => {
                let value = self.site.key("regions").key(region).key(key).span();
                let finding = no_host(host, &error, value).also(named, "wanted here as a host");
                self.push(if names_region_key(self.file.node, key) > 1 {
                    let help = format!(
                        "give the regions a key for the host alone, and name it in the place of `{key}`"
                    );
                    Diagnostic { fix: None, ..finding.help(help) }
                } else {
                    finding
                });
                None
            }
        }
    }
}

fn no_host(host: &str, error: &HostPatternError, span: Span) -> Diagnostic {
    let finding = Diagnostic::new(&OPEN_HOST, span, format!("`{host}`: {error}"));
    match meant_host(host) {
        Some(meant) => finding.help(format!("write `\"{meant}\"`")).fix(span, format!("\"{meant}\"")),
        None => finding.help(
            "write a host alone, such as `\"auth.example.com\"`, or `\"*.example.com\"` for all below one",
        ),
    }
}

/// How many texts of a file name a key of the regions.
fn names_region_key(node: &Node, key: &str) -> usize {
    match &node.value {
        Value::String(text) => {
            let ends = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
            let mut named = text.split("region.").skip(1).filter_map(|rest| rest.strip_prefix(key));
            usize::from(named.any(ends))
        }
        Value::Array(items) => items.iter().map(|item| names_region_key(item, key)).sum(),
        Value::Table(entries) => entries.values().map(|entry| names_region_key(&entry.node, key)).sum(),
        _ => 0,
    }
}

/// The host of a URL that stands where a host is wanted.
fn meant_host(text: &str) -> Option<&str> {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#', ':']).next().filter(|host| *host != text)?;
    HostPattern::parse(host).is_ok().then_some(host)
}

/// The key of `{{region.KEY}}`.
fn region_key(text: &str) -> Option<&str> {
    text.trim().strip_prefix("{{")?.strip_suffix("}}")?.trim().strip_prefix("region.")
}

/// A small letter or digit, then small letters, digits and `others`.
fn is_id(text: &str, others: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.starts_with(plain) && text.chars().all(|c| plain(c) || others.contains(c))
}
