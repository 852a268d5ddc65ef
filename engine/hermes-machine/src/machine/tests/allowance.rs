//! Where the bytes of a run may go: one list of origins for the whole run, judged before its first request and at each.

use serde_json::json;

use super::scenario::{Scenario, start};
use crate::machine::{Effect, Start, TroubleClass};
use hermes_format::origin::Origins;
use hermes_format::provider::Action;

/// A refresh that goes on in a second state; `LEAK` is that state, `HOSTS` what the file names.
fn chained(leak: &str, hosts: &str) -> String {
    format!(
        r#"
name  = "Acme"
start = {{ login = "device" }}
hosts = [{hosts}]
[inputs.nothing]
[inputs.secret]
secret = true
[states.device]
post = "https://auth.acme.example/device"
on = [{{ if = {{ exists = ["$.access_token"] }}, to = "success" }}, {{ fail = "authorization_failed" }}]
[states.success]
refresh = {{ to = "refresh" }}
keep.endpoint = "$.endpoint"
[states.refresh]
post = "https://auth.acme.example/token"
form.refresh_token = "{{{{token.refresh_token}}}}"
on = [{{ if = {{ exists = ["$.access_token"] }}, to = "leak" }}, {{ fail = "refresh_failed" }}]
[states.leak]
post = "{leak}"
form.a = "{{{{refresh.data}}}}"
on = [{{ to = "success" }}]
"#
    )
}

/// A refresh of a credential that was made for `auth.acme.example` and for these.
fn refresh(file: &str, origins: &[&str], token: serde_json::Value) -> Scenario {
    let bound = std::iter::once("https://auth.acme.example").chain(origins.iter().copied());
    Scenario::begin(Start {
        token: Some(token),
        bound_to: Some(Origins(bound.map(str::to_owned).collect())),
        earlier: Default::default(),
        ..start(file, Action::Refresh)
    })
}

#[track_caller]
fn refused(scenario: Scenario, words: &str) {
    assert!(!matches!(scenario.effect, Effect::Send(_)), "it sends: {:?}", scenario.effect);
    let trouble = scenario.trouble();
    assert_eq!((trouble.code.as_str(), trouble.class), ("origin_refused", TroubleClass::Refused));
    assert!(trouble.message.contains(words), "{}", trouble.message);
}

#[test]
fn a_later_state_that_leads_elsewhere_is_refused_before_the_refresh_token_is_spent() {
    for leak in [
        "https://evil.example/collect",
        "{{first nothing 'https://evil.example/collect'}}",
        "{{first (match refresh.next '^(zz)$') 'https://evil.example/collect'}}",
        "https://auth.acme.example:8443/collect",
        "http://127.0.0.1:9/collect",
    ] {
        let hosts = if leak.contains("match") { "\"auth.acme.example\"" } else { "" };
        let scenario = refresh(&chained(leak, hosts), &[], json!({"refresh_token": "rt"}));
        refused(scenario, "the stored credential was not made for");
    }
}

#[test]
fn what_an_answer_will_tell_is_refused_before_unless_hosts_bound_it() {
    let open = |hosts: &str, origins: &[&str]| {
        refresh(&chained("{{refresh.next}}", hosts), origins, json!({"refresh_token": "rt"}))
    };
    refused(open("", &[]), "the file does not bound it");
    refused(open("\"api.acme.example\"", &[]), "`api.acme.example`");
    refused(open("\"*.acme.example\"", &["https://api.acme.example"]), "`*.acme.example`");
    let bounded = || {
        open("\"*.acme.example\"", &["https://*.acme.example"]).sends_to("https://auth.acme.example/token")
    };
    let to = |next: &str| bounded().answer(200, json!({"access_token": "at", "data": "d", "next": next}));
    to("https://eu.acme.example/x").sends_to("https://eu.acme.example/x");
    to("https://evil.example/x").fails("origin_refused");
    to("https://eu.acme.example:8443/x").fails("origin_refused");
}

#[test]
fn a_run_without_a_stored_credential_is_held_to_its_file() {
    let file = chained("{{refresh.next}}", "")
        .replace("exists = [\"$.access_token\"] }, to = \"success\"", "exists = [\"$.x\"] }, to = \"leak\"");
    refused(Scenario::login(&file.replace("refresh.", "device.")), "the file does not bound it");
}

#[test]
fn a_stored_member_that_is_a_url_is_judged_with_its_value() {
    let file = chained("{{token.endpoint}}/x", "");
    let stored = |endpoint: &str| {
        refresh(&file, &["https://eu.acme.example"], json!({"refresh_token": "rt", "endpoint": endpoint}))
    };
    stored("https://eu.acme.example/v1").sends_to("https://auth.acme.example/token");
    refused(stored("https://evil.example/v1"), "`evil.example`");
}

#[test]
fn the_answer_of_a_state_that_the_run_can_not_reach_bounds_nothing() {
    let file = chained("{{first device.next 'https://auth.acme.example/x'}}", "");
    refresh(&file, &[], json!({"refresh_token": "rt"})).sends_to("https://auth.acme.example/token");
}

const REGIONS: &str = r#"
name   = "Acme"
start  = { login = "ask" }
region = "us"
hosts  = ["{{region.account}}"]
[regions.us]
api     = "https://auth.us.example"
account = "account.us.example"
[regions.eu]
api     = "https://auth.eu.example"
account = "account.eu.example"
[inputs.key]
secret = true
[states.ask]
post        = "{{region.api}}/mint"
auth.bearer = "{{key}}"
on = [{ if = { exists = ["$.access_token"] }, to = "success" }, { fail = "token_exchange_failed" }]
"#;

#[test]
fn s3_a_redirect_stays_in_the_region_and_at_the_port() {
    let redirected = |to: &str| {
        let mut begin = Start { region: Some("eu".into()), ..start(REGIONS, Action::Login) };
        begin.inputs.insert("key".into(), "MINT-SECRET-123456789".into());
        Scenario::begin(begin).reply(307, &[("location", to)], "")
    };
    redirected("https://account.eu.example/x").sends_to("https://account.eu.example/x");
    redirected("https://auth.eu.example/x").sends_to("https://auth.eu.example/x");
    for elsewhere in [
        "https://auth.us.example/x",
        "https://account.us.example/x",
        "https://auth.eu.example:9443/x",
        "https://account.eu.example:1/x",
        "https://evil.example/x",
    ] {
        redirected(elsewhere).fails("redirected");
    }
}

#[test]
fn s3_a_refused_port_is_not_advised_as_a_host() {
    let begin = Start { region: Some("eu".into()), ..start(REGIONS, Action::Login) };
    let mut begin = begin;
    begin.inputs.insert("key".into(), "MINT-SECRET-123456789".into());
    let trouble =
        Scenario::begin(begin).reply(307, &[("location", "https://auth.eu.example:9443/x")], "").trouble();
    assert!(!trouble.help.unwrap_or_default().contains("hosts"), "{}", trouble.message);
}

/// A login whose host an input names, and whose answer leads below it.
const ENTERPRISE: &str = r#"
name  = "Acme"
start = { login = "ask" }
hosts = ["*.acme.example", "*.{{enterprise}}.acme-hosted.example", "{{enterprise}}.cdn.acme-hosted.example"]
[inputs.enterprise]
[states.ask]
post = "https://auth.acme.example/token"
on = [{ if = { exists = ["$.next"] }, to = "mint" }, { fail = "token_exchange_failed" }]
[states.mint]
post = "{{ask.next}}/mint"
on = [{ if = { exists = ["$.access_token"] }, to = "success" }, { fail = "token_exchange_failed" }]
"#;

#[test]
fn a_host_of_an_input_is_judged_with_its_value() {
    let mint = |enterprise: Option<&str>, next: &str| {
        let mut begin = start(ENTERPRISE, Action::Login);
        begin.inputs.extend(enterprise.map(|value| ("enterprise".to_owned(), value.to_owned())));
        Scenario::begin(begin).answer(200, json!({"next": next}))
    };
    mint(Some("corp"), "https://api.corp.acme-hosted.example")
        .sends_to("https://api.corp.acme-hosted.example/mint");
    mint(Some("corp"), "https://corp.cdn.acme-hosted.example")
        .sends_to("https://corp.cdn.acme-hosted.example/mint");
    mint(None, "https://eu.acme.example").sends_to("https://eu.acme.example/mint");
    for (enterprise, elsewhere) in [
        (Some("corp"), "https://api.other.acme-hosted.example"),
        (Some("corp"), "https://corp.acme-hosted.example"),
        (Some("evil.example/"), "https://api.evil.example"),
        (Some("x@evil.example"), "https://evil.example"),
        (Some(""), "https://api.acme-hosted.example"),
        (None, "https://api.corp.acme-hosted.example"),
    ] {
        mint(enterprise, elsewhere).fails("origin_refused");
    }
}
