//! Conditions against answers, and the small language in which the tests of this room write rules.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::provider::{At, Rule, StateId, Then};
use crate::source::FileId;
use crate::template::{Expression, Name, Part, Scope};

pub(super) const SPAN: Span = Span { file: FileId(0), start: 0, end: 0 };

pub(super) fn query(text: &str) -> Query {
    Query::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"))
}

pub(super) fn exists(path: &str) -> Test {
    Test::Exists(query(path))
}

pub(super) fn status(list: &[u16]) -> Test {
    Test::Status(list.iter().map(|s| StatusPattern::Exactly(*s)).collect())
}

pub(super) fn class(digit: u8) -> Test {
    Test::Status(vec![StatusPattern::Class(digit)])
}

pub(super) fn body(words: &[&str]) -> Test {
    Test::Body(words.iter().map(|w| (*w).to_owned()).collect())
}

pub(super) fn equals(path: &str, values: &[Value]) -> Test {
    Test::Equals(query(path), values.iter().cloned().map(Operand::Literal).collect())
}

/// `"$.path" = "{{random.NAME}}"`.
pub(super) fn equals_random(path: &str, name: &str) -> Test {
    let text = format!("{{{{random.{name}}}}}");
    let expression = Expression::Name(Name::Random(name.to_owned()), SPAN);
    let template = Template { parts: vec![Part::Expression(expression, SPAN)], span: SPAN, text };
    Test::Equals(query(path), vec![Operand::Template(template)])
}

pub(super) fn all(tests: Vec<Test>) -> Condition {
    Condition { terms: tests.into_iter().map(|test| Term { test, span: SPAN }).collect(), span: SPAN }
}

pub(super) fn rule(when: Option<Condition>, unless: Option<Condition>) -> Rule {
    let then = Then::Go(At { value: StateId(0), span: SPAN });
    Rule { when, unless, then, slower: None, next: false, span: SPAN }
}

/// Knows `random.state` alone.
pub(super) struct Run;

impl Scope for Run {
    fn value(&self, name: &Name) -> Option<Value> {
        matches!(name, Name::Random(n) if n == "state").then(|| json!("s-123"))
    }
}

fn check(test: Test, status: u16, body: &str, expect: bool) {
    let json: Option<Value> = serde_json::from_str(body).ok();
    let view = AnswerView { status: Some(status), body, json: json.as_ref() };
    assert_eq!(holds(&all(vec![test.clone()]), &view, &Run), expect, "{test:?} of {status} {body}");
}

#[test]
fn a_path_exists_if_it_is_present() {
    for present in ["1", "0", "false", "\"x\"", "{}", "[]", "\" \""] {
        check(exists("$.a"), 200, &format!("{{\"a\":{present}}}"), true);
    }
    for absent in ["{\"a\":null}", "{\"a\":\"\"}", "{}", "[]", "not json", ""] {
        check(exists("$.a"), 200, absent, false);
    }
}

#[test]
fn a_status_is_one_or_a_hundred() {
    check(status(&[403, 404]), 404, "", true);
    check(status(&[403, 404]), 405, "", false);
    check(class(2), 204, "", true);
    check(class(2), 300, "", false);
}

#[test]
fn a_word_is_found_in_the_raw_text_whatever_its_case() {
    check(body(&["nope", "Invalid_Grant"]), 400, "<h1>INVALID_GRANT</h1>", true);
    check(body(&["invalid_grant"]), 400, "{\"error\":\"invalid_grant\"}", true);
    check(body(&["invalid_grant"]), 400, "invalid grant", false);
}

#[test]
fn equality_is_exact_and_types_agree() {
    let is = |value: Value, written: &str, expect| {
        check(equals("$.a", &[value]), 200, &format!("{{\"a\":{written}}}"), expect)
    };
    is(json!("x"), "\"x\"", true);
    is(json!("x"), "\"X\"", false);
    is(json!("x"), "\"x \"", false);
    is(json!(0), "\"0\"", false);
    is(json!("0"), "0", false);
    is(json!(1), "1.0", true);
    is(json!(1.5), "1.5", true);
    is(json!(1), "true", false);
    is(json!(true), "true", true);
    is(json!(9_007_199_254_740_993_i64), "9007199254740992", false);
    is(json!(""), "\"\"", true);
    is(json!("null"), "null", false);
    check(equals("$.a", &[json!(1), json!("x")]), 200, "{\"a\":\"x\"}", true);
    check(equals("$.a", &[json!("x")]), 200, "{}", false);
    check(equals("$.a", &[json!("x")]), 200, "x", false);
}

#[test]
fn s17_an_operand_with_a_missing_name_equals_nothing() {
    check(equals_random("$.state", "state"), 200, "{\"state\":\"s-123\"}", true);
    check(equals_random("$.state", "state"), 200, "{\"state\":\"s-124\"}", false);
    check(equals_random("$.state", "other"), 200, "{\"state\":null}", false);
    check(equals_random("$.state", "other"), 200, "{\"state\":\"\"}", false);
    check(equals_random("$.state", "other"), 200, "{}", false);
}

#[test]
fn a_callback_has_only_paths() {
    let json = json!({ "code": "c" });
    let view = AnswerView { status: None, body: "invalid_grant", json: Some(&json) };
    assert!(holds(&all(vec![exists("$.code")]), &view, &Run));
    assert!(!holds(&all(vec![status(&[200])]), &view, &Run));
    assert!(!holds(&all(vec![body(&["invalid_grant"])]), &view, &Run));
}

#[test]
fn every_term_must_hold_and_the_first_rule_that_applies_wins() {
    let rules = [
        rule(Some(all(vec![status(&[200]), exists("$.a")])), Some(all(vec![equals("$.a", &[json!("no")])]))),
        rule(None, Some(all(vec![status(&[200])]))),
        rule(Some(all(vec![exists("$.a")])), None),
    ];
    let of = |status: u16, body: &str| {
        let json: Option<Value> = serde_json::from_str(body).ok();
        taken(&rules, &AnswerView { status: Some(status), body, json: json.as_ref() }, &Run)
    };
    assert_eq!(of(200, "{\"a\":\"yes\"}"), Some(0));
    assert_eq!(of(200, "{\"a\":\"no\"}"), Some(2));
    assert_eq!(of(400, "{\"a\":\"yes\"}"), Some(1));
    assert_eq!(of(200, "{}"), None);
}

proptest! {
    #[test]
    fn any_answer_is_judged(text in "\\PC{0,40}", status in any::<u16>(), words in "\\PC{1,5}") {
        let json: Option<Value> = serde_json::from_str(&text).ok();
        let view = AnswerView { status: Some(status), body: &text, json: json.as_ref() };
        for test in [exists("$.a[0]"), body(&[&words]), equals("$", &[json!(1)]), class(2)] {
            let _ = holds(&all(vec![test]), &view, &Run);
        }
    }
}
