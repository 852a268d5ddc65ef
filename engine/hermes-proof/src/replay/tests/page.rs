use super::*;

#[track_caller]
fn check(test: &str, expect: &[&str]) {
    let replies = r#"
[replies]
browser = { callback = { code = "c", state = "{{random.state}}" } }
paste = { paste = "c" }
exchange = { json = { access_token = "a", refresh_token = "r" } }
exchange_pasted = { json = { access_token = "pasted" } }
revoke = { status = 204 }
"#;
    super::check(PAGE, &format!("{replies}\n[[test]]\nname = \"it\"\n{test}"), expect);
}

#[test]
fn a_browser_comes_back_with_the_callback_of_the_test() {
    check(
        r#"expect = { end = "success", token = { access_token = "a" } }
sent.browser = { url = "https://auth.example.com/authorize", query = { state = "{{random.state}}", code_challenge = "{{pkce.challenge}}", redirect_uri = "{{redirect_uri}}" } }
sent.exchange = { form = { code = "c", code_verifier = "{{pkce.verifier}}", redirect_uri = "{{redirect_uri}}" } }"#,
        &[],
    );
}

#[test]
fn a_callback_of_somebody_else_is_refused() {
    check(
        r#"replies.browser = { callback = { code = "c", state = "another" } }
expect = { end = "error", code = "state_mismatch" }
sent.exchange = { times = 0 }"#,
        &[],
    );
}

#[test]
fn nobody_comes_back() {
    check(
        r#"replies.browser = { fail = "timeout" }
expect = { end = "timeout", waited = "5m" }"#,
        &[],
    );
}

#[test]
fn without_a_browser_the_other_way_is_taken() {
    check(
        r#"browser = false
expect = { end = "success", token = { access_token = "pasted" } }
sent.exchange_pasted = { form = { code = "c" } }
sent.browser = { times = 0 }"#,
        &[],
    );
    check("from = \"paste\"\nexpect = { end = \"success\", token = { access_token = \"pasted\" } }", &[]);
}

#[test]
fn an_answer_of_the_wrong_kind_is_named() {
    check(
        "replies.browser = { json = {} }\nexpect.end = \"success\"",
        &["replies.browser: expected `callback`, `paste` or `fail = \"timeout\"`, got an HTTP answer"],
    );
    check(
        "replies.exchange = { paste = \"x\" }\nexpect.end = \"success\"",
        &[
            "replies.exchange: expected an HTTP answer, got a callback or a paste, which only a browser state takes",
        ],
    );
}

#[test]
fn a_logout_ends_in_done() {
    check(
        r#"run = "logout"
token = { access_token = "a", refresh_token = "r" }
expect = { end = "done" }
sent.revoke = { form = { token = "r" } }"#,
        &[],
    );
}
