use super::*;
use crate::replay::tests::{DEVICE, PAGE, report};

#[track_caller]
fn check(flow: &str, tests: &str, missing: &[&str]) {
    let report = report(flow, tests);
    assert!(report.passed(), "{:?}", crate::replay::tests::mismatches(&report));
    assert_eq!(report.coverage.missing().map(Item::complaint).collect::<Vec<_>>(), missing);
}

const REPLIES: &str = "[replies]\ndevice = { json = { user_code = \"AB\", verification_uri = \"https://auth.eu.example.com/go\", state = \"{{random.state}}\" } }\npoll = { json = { access_token = \"a\" } }\n";

#[test]
fn without_tests_all_is_missing() {
    check(
        DEVICE,
        "",
        &[
            "no test takes `device.on[0]`",
            "no test takes `device.on[1]`",
            "no test takes `device.on[2]`",
            "no test takes `poll.on[0]`",
            "no test takes `poll.on[1]`",
            "no test takes `poll.on[2]`",
            "no test takes `refresh.on[0]`",
            "no test takes `refresh.on[1]`",
            "no reply carries `device.interval`",
            "no reply leaves out `device.interval`",
            "no reply carries `poll.refresh_token`",
            "no reply leaves out `poll.refresh_token`",
            "no reply carries `refresh.refresh_token`",
            "no reply leaves out `refresh.refresh_token`",
            "no reply carries `poll.expires_in`",
            "no reply leaves out `poll.expires_in`",
            "no reply carries `refresh.expires_in`",
            "no reply leaves out `refresh.expires_in`",
            "no reply carries `poll.notice`",
            "no reply leaves out `poll.notice`",
            "no reply carries `refresh.notice`",
            "no reply leaves out `refresh.notice`",
            "no reply carries `poll.account`",
            "no reply leaves out `poll.account`",
            "no reply carries `refresh.account`",
            "no reply leaves out `refresh.account`",
            "no test ends in `success`",
            "no test ends in `error`",
            "no test ends in `timeout`",
            "no test runs in the region `eu`",
            "no test runs in the region `us`",
        ],
    );
}

#[test]
fn an_optional_value_counts_when_a_reply_carries_it_and_when_one_leaves_it_out() {
    let test = "[[test]]\nname = \"it\"\nexpect.end = \"success\"\n";
    let interval = "[[test]]\nname = \"interval\"\nreplies.device = { json = { user_code = \"AB\", verification_uri = \"https://auth.eu.example.com/go\", interval = 9, state = \"{{random.state}}\" } }\nexpect = { end = \"success\", waited = \"9s\" }\n";
    let of_interval = |tests: &str| {
        let report = report(DEVICE, &format!("{REPLIES}{tests}"));
        let items = report.coverage.items.into_iter().filter(|item| item.name == "device.interval");
        items.map(|item| item.covered).collect::<Vec<_>>()
    };
    assert_eq!(of_interval(test), [false, true]);
    assert_eq!(of_interval(interval), [true, false]);
    assert_eq!(of_interval(&format!("{test}{interval}")), [true, true]);
}

#[test]
fn a_null_or_empty_value_counts_as_left_out() {
    let test = "[[test]]\nname = \"it\"\nreplies.poll = { json = { access_token = \"a\", account = \"\" } }\nexpect.end = \"success\"\n";
    let report = report(DEVICE, &format!("{REPLIES}{test}"));
    let account: Vec<_> = report.coverage.items.iter().filter(|item| item.name == "poll.account").collect();
    assert_eq!(account.iter().map(|item| item.covered).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn a_browser_flow_can_be_covered_whole() {
    let tests = r#"
[replies]
browser = { callback = { code = "c", state = "{{random.state}}" } }
paste = { paste = "c" }
exchange = { json = { access_token = "a", refresh_token = "r" } }
exchange_pasted = { json = { access_token = "a", refresh_token = "r" } }
revoke = {}
[[test]]
name = "browser"
expect.end = "success"
[[test]]
name = "no refresh token"
replies.exchange = { json = { access_token = "a" } }
expect.end = "success"
[[test]]
name = "another state"
replies.browser = { callback = { code = "c", state = "x" } }
expect.end = "error"
[[test]]
name = "no code"
replies.browser = { callback = { state = "{{random.state}}" } }
expect.end = "error"
[[test]]
name = "refused"
replies.exchange = { status = 400 }
expect.end = "error"
[[test]]
name = "nobody"
replies.browser = { fail = "timeout" }
expect.end = "timeout"
[[test]]
name = "paste"
browser = false
expect.end = "success"
[[test]]
name = "pasted, no refresh token"
browser = false
replies.exchange_pasted = { json = { access_token = "a" } }
expect.end = "success"
[[test]]
name = "pasted, refused"
browser = false
replies.exchange_pasted = { status = 400 }
expect.end = "error"
[[test]]
name = "logout"
run = "logout"
token = { access_token = "a", refresh_token = "r" }
expect.end = "done"
"#;
    check(PAGE, tests, &["no test takes `paste.on[1]`"]);
    assert!(report(PAGE, tests).coverage.percent() > 90.0);
}

#[test]
fn findings_stand_at_the_places_of_the_flow_and_have_their_codes() {
    let found = report(DEVICE, "").diagnostics();
    let of = |code: &str| found.iter().filter(|d| d.code.id == code).count();
    assert_eq!((of("HE701"), of("HE702")), (13, 18));
    assert!(found.iter().all(|d| d.primary.span.end > d.primary.span.start));
}

#[test]
fn a_lacking_timeout_points_at_what_leads_to_it_and_says_which_test_is_wanted() {
    let report = report(DEVICE, "");
    let found = report.coverage.diagnostics();
    let timeout = found.iter().find(|finding| finding.message.ends_with("`timeout`")).unwrap();
    let words = &DEVICE[timeout.primary.span.start as usize..timeout.primary.span.end as usize];
    assert!(
        DEVICE.contains(&format!("until = {words}")) || DEVICE.contains(&format!("until {words}")),
        "{words}"
    );
    assert!(found.iter().all(|finding| finding.help.as_deref().is_some_and(|h| h.contains("[[test]]"))));
}
