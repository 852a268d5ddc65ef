use super::*;

/// Default replies of a login that is approved at the second poll.
const REPLIES: &str = r#"
[replies]
device = { json = { user_code = "AB", verification_uri = "https://auth.eu.example.com/go", state = "{{random.state}}" } }
poll = [{ json = { error = "authorization_pending" } }, { json = { access_token = "a", refresh_token = "r", expires_in = 60 } }]
"#;

#[track_caller]
fn check(test: &str, expect: &[&str]) {
    super::check(DEVICE, &format!("{REPLIES}\n[[test]]\nname = \"it\"\n{test}"), expect);
}

#[test]
fn a_run_waits_on_a_virtual_clock_and_is_compared_with_what_is_written_alone() {
    check(r#"expect = { end = "success" }"#, &[]);
    check(
        r#"expect = { end = "success", waited = "10s", token = { access_token = "a", expires_in = "1m" } }"#,
        &[],
    );
    check(
        r#"expect = { end = "success", shown = { url = "https://auth.eu.example.com/go", code = "AB" } }"#,
        &[],
    );
}

#[test]
fn every_difference_is_named_with_both_values() {
    check(
        r#"expect = { end = "success", waited = "6s", token = { access_token = "b", expires_in = "2m" } }"#,
        &[
            r#"expect.waited: expected "6s", got "10s""#,
            r#"expect.token.access_token: expected "b", got "a""#,
            r#"expect.token.expires_in: expected "2m", got "1m""#,
        ],
    );
    check(
        r#"expect = { end = "error", code = "expired", relogin = true, notice = "hello" }"#,
        &[
            r#"expect.end: expected "error", got "success""#,
            r#"expect.code: expected "expired", got none"#,
            "expect.relogin: expected true, got false",
            r#"expect.notice: expected "hello", got none"#,
        ],
    );
}

#[test]
fn an_unexpected_failure_says_why() {
    check(
        "replies.device = { json = { state = 1 } }\nexpect = { end = \"success\" }",
        &[
            r#"expect.end: expected "success", got "error" (authorization_incomplete: Acme: the server's answer lacks what a login needs: no `$.user_code`, no `$.verification_uri`)"#,
        ],
    );
}

#[test]
fn false_wants_no_value_and_true_wants_any() {
    check(
        r#"expect = { end = "success", code = false, notice = false, token = { keep = { account = false } } }"#,
        &[],
    );
    check(r#"expect = { end = "success", token = { access_token = true, expires_in = true } }"#, &[]);
    check(
        r#"expect = { end = "success", notice = true, token = { access_token = false } }"#,
        &["expect.notice: expected true, got none", r#"expect.token.access_token: expected none, got "a""#],
    );
}

#[test]
fn a_deadline_passes_in_no_time() {
    check(
        "replies.poll = { json = { error = \"authorization_pending\" } }\nexpect = { end = \"timeout\", waited = \"1m\" }",
        &[],
    );
}

#[test]
fn a_region_is_that_of_requests_and_of_the_client() {
    check(
        "region = \"us\"\nexpect = { end = \"success\", api = { base_url = \"https://auth.us.example.com/v1\", headers = { Authorization = \"Bearer a\" } } }\nsent.device = { url = \"https://auth.us.example.com/code\" }",
        &[],
    );
}

#[test]
fn a_table_is_the_first_request_of_a_state_and_a_list_is_all_of_them() {
    let poll = r#"{ url = "https://auth.eu.example.com/token", method = "POST", json = { user_code = "AB", deep = { list = ["AB", 1] } } }"#;
    check(&format!("expect.end = \"success\"\nsent.poll = {poll}"), &[]);
    check(&format!("expect.end = \"success\"\nsent.poll = [{poll}, {poll}]"), &[]);
    check(
        &format!("expect.end = \"success\"\nsent.poll = [{poll}]"),
        &["sent.poll: expected 1 request, got 2 requests"],
    );
    check("expect.end = \"success\"\nsent.poll = { times = 3 }", &["sent.poll.times: expected 3, got 2"]);
    check("expect.end = \"success\"\nsent.refresh = { times = 0 }", &[]);
    check(
        "expect.end = \"success\"\nsent.refresh = {}",
        &["sent.refresh: expected a request, got none was sent"],
    );
}

#[test]
fn what_was_sent_is_compared_part_by_part() {
    check(
        "expect.end = \"success\"\nsent.device = { method = \"GET\", form = { client_id = \"x\", state = \"{{random.state}}\" }, headers = { Accept = \"application/json\", dnt = false } }\nsent.poll = { json = { deep = { list = [] } } }",
        &[
            r#"sent.device.method: expected "GET", got "POST""#,
            r#"sent.device.form.client_id: expected "x", got "acme-cli""#,
            r#"sent.poll.json.deep.list: expected [], got ["AB", 1]"#,
        ],
    );
}

#[test]
fn a_state_without_a_reply_is_named() {
    super::check(
        DEVICE,
        "[[test]]\nname = \"it\"\nexpect.end = \"success\"",
        &["replies.device: expected a reply, got none"],
    );
}

#[test]
fn a_request_that_gets_no_answer_fails_or_is_asked_again() {
    check("replies.device = { fail = \"reset\" }\nexpect = { end = \"error\", code = \"network\" }", &[]);
    check(
        "replies.poll = [{ fail = \"timeout\", delay = \"2s\" }, { json = { access_token = \"a\" } }]\nexpect = { end = \"success\", waited = \"12s\", token = { expires_in = false, refresh_token = false } }",
        &[],
    );
}

#[test]
fn a_refresh_keeps_what_the_answer_does_not_bring() {
    let refresh =
        "run = \"refresh\"\ntoken = { access_token = \"a\", refresh_token = \"r\", account = \"me\" }\n";
    check(
        &format!(
            "{refresh}replies.refresh = {{ json = {{ access_token = \"a2\" }} }}\nexpect = {{ end = \"success\", token = {{ access_token = \"a2\", refresh_token = \"r\", keep = {{ account = \"me\" }} }} }}\nsent.refresh = {{ form = {{ refresh_token = \"r\" }} }}"
        ),
        &[],
    );
    check(
        &format!(
            "{refresh}replies.refresh = {{ status = 400 }}\nexpect = {{ end = \"error\", relogin = true, state = \"refresh\", token = {{ access_token = \"a\" }} }}"
        ),
        &[],
    );
}

#[test]
fn tests_know_nothing_of_each_other() {
    let one = "[[test]]\nname = \"one\"\nexpect = { end = \"success\", waited = \"1s\" }\n";
    let two = "[[test]]\nname = \"two\"\nreplies.device = { status = 500 }\nexpect = { end = \"success\" }\n";
    let forth = report(DEVICE, &format!("{REPLIES}{one}{two}"));
    let back = report(DEVICE, &format!("{REPLIES}{two}{one}"));
    let got = |report: &Report, name: &str| {
        let test = report.tests.iter().find(|test| test.name == name).expect("a result");
        test.mismatches.iter().map(|m| m.got.clone()).collect::<Vec<_>>()
    };
    assert_eq!(got(&forth, "one"), got(&back, "one"));
    assert_eq!(got(&forth, "two"), got(&back, "two"));
    assert_eq!(forth.failed(), 2);
    assert_eq!(forth.coverage.items, back.coverage.items);
}

#[test]
fn yaml_says_the_same() {
    let tests = r#"
now: "2026-01-01T00:00:00Z"
replies:
  device: { json: { user_code: AB, verification_uri: "https://auth.eu.example.com/go", interval: 2, state: "{{random.state}}" } }
  poll: [{ json: {} }, { json: { access_token: a } }]
test:
  - name: approved
    expect: { end: success, waited: 4s, token: { access_token: b } }
"#;
    let report = report_in(DEVICE, Language::Yaml, tests);
    assert_eq!(mismatches(&report), [r#"expect.token.access_token: expected "b", got "a""#]);
}
