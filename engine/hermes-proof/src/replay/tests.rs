//! Test files over two made-up providers, from their text to their report.

mod device;
mod leaks;
mod names;
mod page;
mod property;
mod updates;

use super::*;
use hermes_format::load::{self, FileText};
use hermes_format::parse::Language;
use hermes_format::source::Sources;

/// A device flow with a fast poll, an optional interval and a refresh.
pub(super) const DEVICE: &str = r#"
name  = "Acme"
start = { login = "device" }
region = "eu"
[vars]
client_id = "acme-cli"
[regions.eu]
auth = "https://auth.eu.example.com"
[regions.us]
auth = "https://auth.us.example.com"
[api]
mode     = "chat_completions"
base_url = "{{region.auth}}/v1"
[states.device]
post           = "{{region.auth}}/code"
form.client_id = "{{client_id}}"
form.state     = "{{random.state}}"
on = [
  { unless = { exists = ["$.user_code", "$.verification_uri"] }, fail = "authorization_incomplete" },
  { unless = { "$.state" = "{{random.state}}" }, fail = "state_mismatch" },
  { to = "poll" },
]
[states.poll]
show  = { url = "{{device.verification_uri}}", code = "{{device.user_code}}" }
every = { value = "{{device.interval}}", unit = "s", default = "5s", min = "1s" }
until = "1m"
post           = "{{region.auth}}/token"
json.user_code = "{{device.user_code}}"
json.deep      = { list = ["{{device.user_code}}", 1] }
on = [
  { if = { exists = ["$.access_token"] }, to = "success" },
  { if = { "$.error" = "access_denied" }, fail = "authorization_denied" },
  { to = "poll" },
]
[states.success]
expires = { value = "$.expires_in", unit = "s" }
notice  = "$.notice"
refresh = { to = "refresh" }
keep.account = "$.account"
[states.refresh]
post               = "{{region.auth}}/token"
form.refresh_token = "{{token.refresh_token}}"
on = [
  { if = { exists = ["$.access_token"] }, to = "success" },
  { fail = "refresh_failed", relogin = true },
]
"#;

/// A login in the browser, and one by paste where there is none.
pub(super) const PAGE: &str = r#"
name  = "Acme"
start = { login = ["browser", "paste"], logout = "revoke" }
[vars]
auth = "https://auth.example.com"
[states.browser]
open = "{{auth}}/authorize"
listen = "http://127.0.0.1:0/callback"
until = "5m"
query.redirect_uri = "{{redirect_uri}}"
query.state = "{{random.state}}"
query.code_challenge = "{{pkce.challenge}}"
on = [
  { unless = { "$.state" = "{{random.state}}" }, fail = "state_mismatch" },
  { unless = { exists = ["$.code"] }, fail = "authorization_failed" },
  { to = "exchange" },
]
[states.exchange]
post = "{{auth}}/token"
form.code = "{{browser.code}}"
form.redirect_uri = "{{redirect_uri}}"
form.code_verifier = "{{pkce.verifier}}"
on = [{ if = { exists = ["$.access_token"] }, to = "success" }, { fail = "token_exchange_failed" }]
[states.paste]
open = "{{auth}}/authorize"
paste = true
until = "5m"
query.code_challenge = "{{pkce.challenge}}"
on = [{ if = { exists = ["$.code"] }, to = "exchange_pasted" }, { fail = "authorization_failed" }]
[states.exchange_pasted]
post = "{{auth}}/token"
form.code = "{{paste.code}}"
form.code_verifier = "{{pkce.verifier}}"
on = [{ if = { exists = ["$.access_token"] }, to = "success" }, { fail = "token_exchange_failed" }]
[states.success]
[states.revoke]
post = "{{auth}}/revoke"
form.token = "{{token.refresh_token}}"
on = [{ to = "done" }]
[api]
mode = "chat_completions"
base_url = "https://api.example.com/v1"
"#;

pub(super) fn text(id: &str, language: Language, text: &str) -> FileText {
    FileText { id: id.to_owned(), name: id.to_owned(), language, text: text.to_owned() }
}

pub(super) fn provider(flow: &str) -> (Sources, Shared) {
    let mut sources = Sources::default();
    let loaded = load::load(&mut sources, &text("acme", Language::Toml, flow), &|_| None);
    let messages: Vec<_> = loaded.diagnostics.iter().map(|d| d.message.clone()).collect();
    (sources, loaded.provider.unwrap_or_else(|| panic!("{messages:?}")))
}

/// The report of tests that load without a finding.
pub(super) fn report(flow: &str, tests: &str) -> Report {
    report_in(flow, Language::Toml, tests)
}

pub(super) fn report_in(flow: &str, language: Language, tests: &str) -> Report {
    let (mut sources, provider) = provider(flow);
    let (file, findings) = load(&mut sources, &text("acme.test", language, tests), &provider);
    assert!(findings.is_empty(), "{findings:?}");
    run(&provider, &file.expect("no finding, no file"))
}

/// The messages of what is wrong with a test file, each with the words it is about.
pub(super) fn findings(flow: &str, tests: &str) -> Vec<String> {
    let (mut sources, provider) = provider(flow);
    let (_, findings) = load(&mut sources, &text("acme.test", Language::Toml, tests), &provider);
    let line = |d: &hermes_format::diagnostic::Diagnostic| {
        let help = d.help.as_deref().map(|help| format!("; {help}")).unwrap_or_default();
        format!("{} {}: {}{help}", d.code.id, sources.text(d.primary.span), d.message)
    };
    findings.iter().map(line).collect()
}

/// What a report complains of: `field: expected … got …`.
pub(super) fn mismatches(report: &Report) -> Vec<String> {
    let all = report.tests.iter().flat_map(|test| &test.mismatches);
    all.map(|m| format!("{}: expected {}, got {}", m.field, m.expected, m.got)).collect()
}

#[track_caller]
pub(super) fn check(flow: &str, tests: &str, expect: &[&str]) {
    assert_eq!(mismatches(&report(flow, tests)), expect);
}
