//! `[states.success]`: what is kept, read from the answer that led there.

use indexmap::IndexMap;

use super::Lowering;
use super::names::{FINAL, Slot};
use super::site::Site;
use super::time::Place;
use crate::diagnostic::Diagnostic;
use crate::provider::{At, Refresh, Success, ValueSource};
use crate::query::{Query, Step};
use crate::raw;
use crate::raw::read::WRONG_TYPE;
use crate::raw::time::Expires;
use crate::source::Span;
use crate::time::Time;

/// What a `success` without a table keeps: the tokens of RFC 6749.
pub(super) fn standard(span: Span) -> Success {
    Success {
        access_token: field("access_token", span),
        refresh_token: field("refresh_token", span),
        token_type: None,
        expires: Vec::new(),
        keep: IndexMap::new(),
        notice: None,
        refresh: None,
        stored_at: None,
    }
}

fn field(name: &str, span: Span) -> ValueSource {
    ValueSource::Path(At { value: Query::of(vec![Step::Key(name.to_owned())]), span })
}

impl Lowering<'_> {
    pub(super) fn success(&mut self, raw: &raw::provider::State, name: Span, site: Site<'_>) -> Success {
        let token = |this: &mut Self, key: &str, text: &Option<String>| match text {
            Some(text) => this.value_source(text, site.key(key)).unwrap_or_else(|| field(key, name)),
            None => field(key, name),
        };
        let keep = site.key("keep");
        Success {
            access_token: token(self, "access_token", &raw.access_token),
            refresh_token: token(self, "refresh_token", &raw.refresh_token),
            token_type: raw.token_type.clone(),
            expires: self.expires(raw.expires.as_ref(), site.key("expires")),
            keep: raw
                .keep
                .iter()
                .filter_map(|(key, text)| Some((key.clone(), self.value_source(text, keep.key(key))?)))
                .collect(),
            notice: raw.notice.as_ref().and_then(|text| self.value_source(text, site.key("notice"))),
            refresh: raw.refresh.as_ref().and_then(|refresh| self.refresh(refresh, site.key("refresh"))),
            stored_at: raw
                .stored_at
                .as_ref()
                .and_then(|path| self.query(path, site.key("stored_at").span()))
                .map(|at| at.value),
        }
    }

    fn expires(&mut self, raw: Option<&Expires>, site: Site<'_>) -> Vec<Time> {
        match raw {
            None => Vec::new(),
            Some(Expires::One(time)) => self.time(time, site, Place::Success).into_iter().collect(),
            Some(Expires::Many(times)) => {
                if times.is_empty() {
                    let finding = Diagnostic::new(&WRONG_TYPE, site.span(), "an empty list of times");
                    self.push(finding.help("write where the lifetime is, or take `expires` out"));
                }
                let places = times.iter().enumerate().map(|(i, time)| (time, site.item(i, times.len())));
                places.filter_map(|(time, place)| self.time(time, place, Place::Success)).collect()
            }
        }
    }

    /// A JSONPath into the answer that led to `success`, or a template.
    fn value_source(&mut self, text: &str, site: Site<'_>) -> Option<ValueSource> {
        if text.starts_with('$') {
            return self.query(text, site.span()).map(ValueSource::Path);
        }
        Some(ValueSource::Template(self.template(text, site, Slot::State)))
    }

    fn refresh(&mut self, raw: &raw::provider::Refresh, site: Site<'_>) -> Option<Refresh> {
        let early = raw.early.as_ref().and_then(|text| self.duration(text, site.key("early")));
        let to = site.key("to").span();
        if FINAL.contains(&raw.to.as_str()) && raw.to != "success" {
            let message = format!("no refresh can begin in `{}`", raw.to);
            self.push(
                Diagnostic::new(&super::code::UNKNOWN_STATE, to, message)
                    .help("name a state that sends a request"),
            );
            return None;
        }
        Some(Refresh { to: self.state_id(&raw.to, to)?, early })
    }
}
