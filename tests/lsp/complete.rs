//! What an editor offers while a file is written.

use serde_json::json;

use super::{ACME, acme, editor};

#[track_caller]
fn has(all: &[String], wanted: &[&str]) {
    for word in wanted {
        assert!(all.contains(&(*word).to_owned()), "{word} in {all:?}");
    }
}

#[track_caller]
fn lacks(all: &[String], unwanted: &[&str]) {
    for word in unwanted {
        assert!(!all.contains(&(*word).to_owned()), "{word} in {all:?}");
    }
}

#[test]
fn states_names_and_keys_are_completed_in_broken_text() {
    let mut editor = editor();
    let states = editor.complete(&acme("{ to = \"poll\" }", "{ to = \"|"));
    for state in ["device", "poll", "success"] {
        assert!(states.contains(&state.to_owned()), "{states:?}");
    }
    let names = editor.complete(&acme("{{device.device_code}}", "{{|"));
    for name in ["client_id", "device.user_code", "pkce.challenge"] {
        assert!(names.contains(&name.to_owned()), "{names:?}");
    }
    let fields = editor.complete(&acme("{{device.user_code}}", "{{device.|"));
    assert_eq!(fields, ["device_code", "user_code"]);
    let keys = editor.complete(&acme("every = \"5s\"", "ev|"));
    assert!(keys.contains(&"every".to_owned()) && keys.contains(&"until".to_owned()), "{keys:?}");
    let keys = editor.complete(&acme("{ fail = ", "{ f|"));
    assert!(keys.contains(&"relogin".to_owned()), "{keys:?}");
    editor.end();
}

#[test]
fn paths_modes_and_codes_are_completed() {
    let mut editor = editor();
    let asked = editor.complete(&acme("exists = [\"$.device_code\", \"$.user_code\"]", "exists = [\"|\"]"));
    has(&asked, &["$.device_code", "$.user_code", "$.verification_uri"]);
    let compared = editor.complete(&acme("{ if = { \"$.error\" = ", "{ if = { |"));
    has(&compared, &["$.error", "$.access_token", "exists", "status"]);
    has(
        &editor.complete(&acme("\"chat_completions\"", "\"|\"")),
        &["anthropic_messages", "chat_completions"],
    );
    let codes = editor.complete(&acme("fail = \"token_exchange_failed\"", "fail = \"|\""));
    has(&codes, &["token_exchange_failed", "authorization_denied"]);
    editor.end();
}

#[test]
fn a_name_that_can_have_no_value_at_the_cursor_is_not_offered() {
    let mut editor = editor();
    let names = editor.complete(&acme("{{client_id}}", "{{|"));
    let bad =
        ["response.body", "redirect_uri", "poll.access_token", "device.user_code", "token.access_token"];
    lacks(&names, &bad);
    let own = editor.complete(&acme("{{device.device_code}}", "{{|"));
    assert!(!own.iter().any(|name| name.starts_with("poll.")), "{own:?}");
    assert!(own.contains(&"device.device_code".to_owned()), "{own:?}");
    editor.end();
}

#[test]
fn states_that_rules_lead_to_and_no_table_has_are_completed_in_a_heading() {
    let mut editor = editor();
    let lost = acme("{ to = \"poll\" }", "{ to = \"confirm\" }").replace("[api]", "[states.|]\n\n[api]");
    let states = editor.complete(&lost);
    has(&states, &["confirm", "success"]);
    lacks(&states, &["device", "poll", "done", "error"]);
    let tables = editor.complete(&acme("[vars]", "[|]\n[vars]"));
    has(&tables, &["inputs", "states", "errors"]);
    lacks(&tables, &["name", "summary"]);
    editor.end();
}

#[test]
fn units_and_the_codes_of_texts_are_completed() {
    let mut editor = editor();
    let timed = "every = { value = \"{{device.interval}}\", unit = \"|\", default = \"5s\" }";
    has(
        &editor.complete(&acme("every = \"5s\"", timed)),
        &["s", "ms", "unix", "unix-ms", "iso", "jwt", "auto"],
    );
    let own = acme("authorization_incomplete", "no_codes");
    let codes = editor.complete(&own.replace("[api]", "[errors]\n|\n[api]"));
    has(&codes, &["no_codes", "token_exchange_failed", "timeout"]);
    editor.end();
}

#[test]
fn helpers_are_completed_where_one_may_stand() {
    let mut editor = editor();
    has(&editor.complete(&acme("{{client_id}}", "{{|")), &["first", "jwt", "match", "client_id"]);
    has(&editor.complete(&acme("{{client_id}}", "{{first (|")), &["jwt"]);
    let arguments = editor.complete(&acme("{{client_id}}", "{{first |"));
    has(&arguments, &["client_id"]);
    lacks(&arguments, &["first", "jwt", "match"]);
    editor.end();
}

#[test]
fn states_of_the_provider_are_completed_in_its_tests() {
    let mut editor = editor();
    let uri = editor.uri("providers.d/acme.test.toml");
    editor.program.write_work("providers.d/acme.toml", ACME);
    editor.program.write_work("providers.d/acme.test.toml", "[replies]\n");
    editor.write("providers.d/acme.test.toml", "[replies]\n", true);
    let at = json!({ "textDocument": { "uri": uri }, "position": { "line": 1, "character": 0 } });
    let items = editor.ask("textDocument/completion", at);
    let labels: Vec<&str> = items.as_array().unwrap().iter().map(|i| i["label"].as_str().unwrap()).collect();
    assert_eq!(labels, ["device", "poll"]);
    editor.end();
}

#[test]
fn an_answer_is_offered_only_where_every_way_brings_it() {
    let mut editor = editor();
    // `confirm` is reached from `device` and past it, so that only a choice of `first` may name `device`.
    let start = "start  = { login = [\"device\", \"confirm\"] }";
    let confirm = "[states.confirm]\npost = \"https://auth.example.com/c\"\nform.a = \"{{client_id}}\"\non = [\n  \
                   { unless = { exists = [\"$.token\"] }, fail = \"token_incomplete\" },\n  { to = \"poll\" },\n]\n\n[api]";
    let forked = ACME
        .replace("start  = { login = \"device\" }", start)
        .replace("  { to = \"poll\" },\n]", "  { to = \"confirm\" },\n]")
        .replace("{{device.device_code}}", "{{first device.device_code confirm.token}}")
        .replace("{{device.user_code}}", "{{first device.user_code confirm.token}}")
        .replace("[api]", confirm);
    editor.write("providers.d/acme.toml", &forked, false);
    let at = |to: &str| forked.replace("form.a = \"{{client_id}}\"", &format!("form.a = \"{to}\""));
    lacks(&editor.complete(&at("{{|")), &["device.user_code", "confirm.token", "poll.access_token"]);
    has(&editor.complete(&at("{{first |")), &["device.user_code"]);
    lacks(&editor.complete(&at("{{first |")), &["poll.access_token", "confirm.token"]);
    let in_poll = forked.replace("{{first device.user_code confirm.token}}", "{{|");
    has(&editor.complete(&in_poll), &["confirm.token"]);
    lacks(&editor.complete(&in_poll), &["device.user_code", "token.access_token"]);
    editor.end();
}

#[test]
fn where_a_listener_is_is_offered_in_its_state_and_after_it() {
    let mut editor = editor();
    let visit = "[states.visit]\nopen = \"https://auth.example.com/a\"\nlisten = \"http://127.0.0.1:0/cb\"\nuntil = \"5m\"\n\
                 query.state = \"{{random.state}}\"\non = [\n  { unless = { \"$.state\" = \"{{random.state}}\" }, fail = \"state_mismatch\" },\n  \
                 { unless = { exists = [\"$.code\"] }, fail = \"authorization_failed\" },\n  { to = \"redeem\" },\n]\n\n\
                 [states.redeem]\npost = \"https://auth.example.com/t\"\nform.code = \"{{visit.code}}\"\non = [\n  \
                 { if = { exists = [\"$.access_token\"] }, to = \"success\" },\n  { fail = \"token_incomplete\" },\n]\n\n[api]";
    let two = acme("login = \"device\"", "login = [\"visit\", \"device\"]").replace("[api]", visit);
    editor.write("providers.d/acme.toml", &two, false);
    let name = "redirect_uri";
    lacks(&editor.complete(&two.replace("{{client_id}}", "{{|")), &[name]);
    has(&editor.complete(&two.replace("query.state = \"{{random.state}}", "query.state = \"{{|")), &[name]);
    has(&editor.complete(&two.replace("{{visit.code}}", "{{|")), &[name, "visit.code"]);
    editor.end();
}
