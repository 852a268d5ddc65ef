//! How a record changes: by a login, a renewal, a refusal, a pause.
//!
//! What a reader would get wrong: a login *replaces* the record, a renewal changes what it brings. Neither a refusal nor
//! a pause takes a token away.

use hermes_format::origin::Origins;
use hermes_format::time::UnixMs;
use hermes_machine::machine::{Grant, Trouble};
use indexmap::IndexMap;
use serde_json::json;

use super::grant::NewGrant;
use super::moment;
use super::pool;
use super::record::Record;

/// What the end of a token's life is called.
pub(super) const END: [&str; 3] = ["expires_at", "expires_at_ms", "expires_in"];
/// What this engine adds to a record, and a new login starts without.
const OURS: [&str; 10] = [
    "challenge",
    "refusals",
    "last_auth_error",
    "refresh_pause",
    "unread_answer",
    "last_redeem_at",
    "inputs",
    "made_from",
    "label",
    "region",
];

impl NewGrant {
    /// The record that takes the place of `before`, its tokens below some members.
    pub(super) fn record(&self, before: Option<&Record>, place: &[String]) -> Record {
        let Some(grant) = &self.grant else { return before.cloned().unwrap_or_default() };
        let mut record = Record::of_login(&self.scope.provider, before, grant, place);
        record.keep_inputs(&self.inputs);
        record.keep_made_from(&self.made_from);
        let label = self.label.clone().or_else(|| before.and_then(Record::label));
        if let Some(label) = label {
            record.set_label(&label);
        }
        record.follow_refusals(before);
        record
    }
}

impl Record {
    /// The record of a login. It replaces `before`: of that only the count of generations and the hashes of its refresh
    /// tokens stay, and what another program keeps beside nested tokens.
    pub fn of_login(provider: &str, before: Option<&Record>, grant: &Grant, place: &[String]) -> Record {
        let beside = before.filter(|_| !place.is_empty()).map(|b| b.object.clone()).unwrap_or_default();
        let mut record = Record::new(beside, place);
        for ours in OURS.into_iter().chain(pool::FAILURE) {
            record.object.remove(ours);
        }
        if let Some(first) = place.first() {
            record.object.remove(first);
        }
        record.object.set("provider", provider);
        if let Some(region) = &grant.region {
            record.object.set("region", region.as_str());
        }
        let token_type = grant.token_type.as_deref().unwrap_or("Bearer");
        for (name, value) in &grant.keep {
            record.tokens_mut().set(name, value.clone());
        }
        record.tokens_mut().set("token_type", token_type);
        record.set_tokens(grant);
        record.object.set("generation", before.map_or(0, Record::generation).saturating_add(1));
        record.object.set("origins", json!(grant.origins));
        record.follow_refresh_tokens(before);
        record.presume(before.map(Record::presumed).unwrap_or_default());
        record
    }

    /// Brings a renewed grant in. What it doesn't bring stays, but for the lifetime; origins never widen.
    pub fn renew(&mut self, grant: &Grant, origins: &Origins, now: UnixMs) {
        for (name, value) in &grant.keep {
            self.tokens_mut().set(name, value.clone());
        }
        if let Some(token_type) = &grant.token_type {
            self.tokens_mut().set("token_type", token_type.as_str());
        }
        self.note_refresh_token();
        self.set_tokens(grant);
        self.note_refresh_token();
        self.object.set("generation", self.generation().saturating_add(1));
        if !self.object.has("origins") {
            self.object.set("origins", json!(origins));
        }
        self.note_redeem(now);
        self.object.remove("last_auth_error");
        self.object.remove("refresh_pause");
        self.object.remove("unread_answer");
        pool::heal(&mut self.object);
    }

    fn set_tokens(&mut self, grant: &Grant) {
        let tokens = self.tokens_mut();
        tokens.set("access_token", grant.access_token.expose_secret());
        if let Some(refresh) = grant.refresh_token.as_ref().filter(|token| !token.is_empty()) {
            tokens.set("refresh_token", refresh.expose_secret());
        }
        tokens.set("obtained_at", moment::write(grant.obtained_at));
        match grant.expires_at {
            Some(at) => {
                let life = at.0.saturating_sub(grant.obtained_at.0) / 1000;
                tokens.set("expires_at", moment::write(at));
                tokens.set("expires_in", life.max(0));
                if tokens.contains("expires_at_ms") {
                    tokens.set("expires_at_ms", at.0);
                }
            }
            None => END.iter().for_each(|name| drop(tokens.remove(name))),
        }
    }

    /// Keeps the typed values of inputs.
    pub fn keep_inputs(&mut self, inputs: &IndexMap<String, String>) {
        if !inputs.is_empty() {
            self.object.set("inputs", json!(inputs));
        }
    }

    /// Keeps the fingerprints of the sources' values that the credential was made of.
    pub fn keep_made_from(&mut self, fingerprints: &IndexMap<String, String>) {
        if !fingerprints.is_empty() {
            self.object.set("made_from", json!(fingerprints));
        }
    }

    /// Gives the credential a name.
    pub fn set_label(&mut self, label: &str) {
        self.object.set("label", label);
    }

    /// Marks that only a new login helps. The tokens stay: another process may know better.
    pub fn mark_relogin(&mut self, provider: &str, trouble: &Trouble, now: UnixMs) {
        let spent = self.refresh_token().map(|token| super::sha256(token.expose_secret()));
        self.object.set(
            "last_auth_error",
            json!({
                "provider": provider,
                "code": trouble.code.as_str(),
                "message": trouble.to_string(),
                "server": trouble.facts.server,
                "reason": "refresh",
                "relogin_required": true,
                "at": moment::write(now),
                "refresh_token_sha256": spent,
            }),
        );
        self.object.remove("refresh_pause");
    }

    /// Notes when the credential was renewed.
    pub fn note_redeem(&mut self, now: UnixMs) {
        self.object.set("last_redeem_at", moment::write(now));
    }

    /// Notes that the answer to a renewal is kept, and that the file can't read it.
    pub fn note_unread(&mut self, trouble: &Trouble, now: UnixMs) {
        let spent = self.refresh_token().map(|token| super::sha256(token.expose_secret()));
        self.object.set(
            "unread_answer",
            json!({
                "code": trouble.code.as_str(),
                "message": trouble.to_string(),
                "at": moment::write(now),
                "refresh_token_sha256": spent,
            }),
        );
        self.object.remove("refresh_pause");
    }

    /// Keeps everybody from renewing for a while after a failure, from now on.
    pub fn pause_until(&mut self, until: UnixMs, trouble: &Trouble, now: UnixMs) {
        self.object.set(
            "refresh_pause",
            json!({
                "until": moment::write(until),
                "since": moment::write(now),
                "code": trouble.code.as_str(),
                "message": trouble.to_string(),
            }),
        );
    }
}
