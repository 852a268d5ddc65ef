//! What an editor says of the word under the cursor, and where it leads.

use serde_json::{Value, json};

use super::{ACME, Editor, acme, editor};

#[test]
fn a_hover_says_what_a_name_is_and_what_guarantees_it() {
    let mut editor = editor();
    let field = editor.hover(&acme("device.user_code", "device.user|_code"));
    assert!(
        field.contains("of the answer") && field.contains("- guaranteed on the way to `poll`"),
        "{field}"
    );
    assert!(editor.hover(&acme("{{client_id", "{{clie|nt_id")).contains("acme-cli"));
    let state = editor.hover(&acme("to = \"poll", "to = \"po|ll"));
    assert!(state.contains("POST https://auth.example.com/token"), "{state}");
    let key = editor.hover(&acme("until = ", "unt|il = "));
    assert!(key.contains("give up"), "{key}");
    editor.end();
}

#[test]
fn a_name_leads_to_where_it_is_written() {
    let mut editor = editor();
    let line = |found: &Value| found["range"]["start"]["line"].clone();
    let state = editor.ask_at("textDocument/definition", &acme("to = \"poll\" }", "to = \"po|ll\" }"));
    assert_eq!(line(&state), 17, "{state}");
    let var = editor.ask_at("textDocument/definition", &acme("{{client_id", "{{cl|ient_id"));
    assert_eq!(line(&var), 6, "{var}");
    let field = editor.ask_at("textDocument/definition", &acme("device.user_code", "device.us|er_code"));
    assert_eq!(line(&field), 8, "{field}");
    editor.end();
}

#[test]
fn a_state_of_a_flow_is_found_in_the_flow() {
    let mut editor = Editor::new();
    let flow = acme("name   = \"Acme\"\n", "");
    editor.program.write_work("providers.d/flows/own.toml", &flow);
    let provider = "name = \"Acme\"\nextends = \"own\"\nstart = { login = \"device\" }\n";
    editor.write("providers.d/bolt.toml", provider, true);
    let uri = editor.uri("providers.d/bolt.toml");
    let place = json!({ "line": 2, "character": 20 });
    let found =
        editor.ask("textDocument/definition", json!({ "textDocument": { "uri": uri }, "position": place }));
    assert_eq!(found["uri"], editor.uri("providers.d/flows/own.toml").as_str(), "{found}");
    editor.end();
}

#[track_caller]
fn says(hover: &str, wanted: &[&str]) {
    for line in wanted {
        assert!(hover.contains(line), "{line} in {hover}");
    }
}

/// The file with times, a text and what is kept.
fn timed() -> String {
    let every = "every = { value = \"{{device.interval}}\", unit = \"s\", default = \"5s\" }";
    let end = "[states.success]\nexpires = { value = \"$.expires_in\", unit = \"auto\" }\nkeep.team = \"$.team\"\n\n\
               [errors]\ntoken_exchange_failed = \"No: {{first response.error 'unknown'}}\"\n\n[api]";
    acme("every = \"5s\"", every).replace("[api]", end)
}

#[test]
fn a_hover_on_a_path_says_what_guarantees_and_what_uses_it() {
    let mut editor = editor();
    let timed = timed();
    let code = editor.hover(&timed.replacen("\"$.device_code\"", "\"$.devi|ce_code\"", 1));
    says(
        &code,
        &[
            "- guaranteed on the way to `poll`",
            "- asked for by the rules",
            "- used by `form.device_code` of `poll`",
        ],
    );
    let key = editor.hover(&timed.replace("{ \"$.error\" =", "{ \"$.err|or\" ="));
    says(&key, &["`error` of the answer", "- **not** guaranteed on the way to `success`"]);
    assert!(!key.contains("on the way to `poll`"), "{key}");
    let kept = editor.hover(&timed.replace("\"$.expires_in\"", "\"$.expires|_in\""));
    says(&kept, &["- **not** guaranteed by `poll`", "- used by `expires` of `success`"]);
    let name = editor.hover(&timed.replace("{{device.interval", "{{device.inter|val"));
    says(&name, &["- **not** guaranteed on the way to `poll`", "- used by `every` of `poll`"]);
    editor.end();
}

#[test]
fn a_hover_on_a_unit_or_a_helper_says_what_it_does() {
    let mut editor = editor();
    let timed = timed();
    says(&editor.hover(&timed.replace("unit = \"auto\"", "unit = \"au|to\"")), &["Below 1e9 it is seconds"]);
    says(&editor.hover(&timed.replace("unit = \"s\"", "unit = \"|s\"")), &["a number of seconds"]);
    says(
        &editor.hover(&timed.replace("{{first", "{{fi|rst")),
        &["the first of its names and texts that is present"],
    );
    for (helper, what) in [("jwt", "claim"), ("match", "first group")] {
        let used = format!("{{{{{}|{} response.error 'x'}}}}", &helper[..1], &helper[1..]);
        says(&editor.hover(&timed.replace("{{first response.error 'unknown'}}", &used)), &[what]);
    }
    editor.end();
}

#[test]
fn a_hover_on_a_code_says_its_class_exit_status_and_text() {
    let mut editor = editor();
    let timed = timed();
    let code =
        editor.hover(&timed.replace("fail = \"token_exchange_failed", "fail = \"token_ex|change_failed"));
    says(
        &code,
        &["denied, or the flow failed, exit status 4", "- says: No: {{first", "- `poll` fails with it"],
    );
    let text = editor.hover(&timed.replace("\ntoken_exchange_failed", "\ntoken_ex|change_failed"));
    says(&text, &["exit status 4", "- `poll` fails with it"]);
    let known =
        editor.hover(&timed.replace("fail = \"authorization_failed", "fail = \"authorization|_failed"));
    says(&known, &["- says: the server did not start the login", "- advises: start the login again"]);
    let login = "fail = \"refresh|_failed\", relogin = true";
    let login = editor.hover(&timed.replace("fail = \"token_exchange_failed\"", login));
    says(&login, &["worth trying again, exit status 6", "asks for a new login: exit status 3"]);
    editor.end();
}

#[test]
fn a_hover_on_a_state_says_what_leads_there() {
    let mut editor = editor();
    let wanted = [
        "POST https://auth.example.com/token",
        "- from `device`: otherwise",
        ": to `success`",
        "- after 10m: times out",
    ];
    says(&editor.hover(&acme("[states.poll]", "[states.po|ll]")), &wanted);
    says(&editor.hover(&acme("{ to = \"poll\" }", "{ to = \"po|ll\" }")), &wanted);
    says(&editor.hover(&acme("login = \"device\"", "login = \"devi|ce\"")), &["- begins login"]);
    editor.end();
}

#[test]
fn a_code_leads_to_the_rules_that_fail_with_it_and_back() {
    let mut editor = editor();
    let timed = timed();
    let line = |text: &str, of: &str| text.lines().position(|line| line.contains(of)).unwrap();
    let text = timed.replace("\ntoken_exchange_failed", "\ntoken_ex|change_failed");
    let found = editor.ask_at("textDocument/definition", &text);
    assert_eq!(found["range"]["start"]["line"], line(&timed, "fail = \"token_exchange_failed"), "{found}");
    let rule = timed.replace("fail = \"token_exchange_failed", "fail = \"token_ex|change_failed");
    let found = editor.ask_at("textDocument/definition", &rule);
    assert_eq!(found["range"]["start"]["line"], line(&timed, "token_exchange_failed = "), "{found}");
    let twice = text.replace("fail = \"authorization_failed\"", "fail = \"token_exchange_failed\"");
    let found = editor.ask_at("textDocument/definition", &twice);
    assert_eq!(found.as_array().map(Vec::len), Some(2), "{found}");
    editor.end();
}

#[test]
fn a_test_leads_to_the_states_and_codes_that_it_names() {
    let mut editor = Editor::new();
    editor.program.write_work("providers.d/acme.toml", ACME);
    let text = "[replies]\ndevice = { json = {} }\n\n[[test]]\nname = \"a\"\nfrom = \"device\"\nreplies.poll = { status = 400 }\n\
                expect = { end = \"error\", state = \"poll\", code = \"token_exchange_failed\" }\n";
    editor.program.write_work("providers.d/acme.test.toml", text);
    editor.write("providers.d/acme.test.toml", text, true);
    let (uri, provider) = (editor.uri("providers.d/acme.test.toml"), editor.uri("providers.d/acme.toml"));
    let mut check = |place: (u32, u32), line: u32| {
        let place = json!({ "line": place.0, "character": place.1 });
        let at = json!({ "textDocument": { "uri": uri }, "position": place });
        let found = editor.ask("textDocument/definition", at.clone());
        assert_eq!(
            (&found["uri"], &found["range"]["start"]["line"]),
            (&json!(provider), &json!(line)),
            "{found}"
        );
        let hover = editor.ask("textDocument/hover", at);
        assert!(hover["contents"]["value"].is_string(), "{hover}");
    };
    // `device`, `from = "device"`, `replies.poll`, `state = "poll"` and the code.
    for (place, line) in [((1, 2), 8), ((5, 9), 8), ((6, 9), 17), ((7, 37), 17), ((7, 53), 26)] {
        check(place, line);
    }
    editor.end();
}
