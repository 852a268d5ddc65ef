use proptest::prelude::*;
use serde_json::json;

use super::*;

fn check(text: &str, expect: &[Step]) {
    let query = Query::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
    assert_eq!(query.steps(), expect, "{text}");
    assert_eq!(query.to_string(), text);
}

fn key(name: &str) -> Step {
    Step::Key(name.to_owned())
}

#[test]
fn singular_queries_are_read() {
    check("$", &[]);
    check("$.a", &[key("a")]);
    check("$.a.b_2", &[key("a"), key("b_2")]);
    check("$['a']", &[key("a")]);
    check("$[\"a\"]", &[key("a")]);
    check("$['a b.c']", &[key("a b.c")]);
    check(r"$['it\'s']", &[key("it's")]);
    check(r"$['\u00e9']", &[key("é")]);
    check(r"$['\ud83d\ude00']", &[key("😀")]);
    check("$['$[*]..']", &[key("$[*]..")]);
    check("$['']", &[key("")]);
    check("$[0]", &[Step::Index(0)]);
    check("$[-1]", &[Step::Index(-1)]);
    check("$.data[0].token", &[key("data"), Step::Index(0), key("token")]);
    check("$.a ['b'] [ 0 ]", &[key("a"), key("b"), Step::Index(0)]);
    check(r"$['a\\'] .b", &[key("a\\"), key("b")]);
    check("$ .a\n['b']", &[key("a"), key("b")]);
    check("$.straße", &[key("straße")]);
    check("$[9007199254740991]", &[Step::Index(9_007_199_254_740_991)]);
}

#[test]
fn what_is_not_jsonpath_is_a_syntax_error() {
    for text in [
        "",
        " ",
        "a",
        ".a",
        "$.",
        "$a",
        "$.status[",
        "$.a]",
        "$[",
        "$[]",
        "$[01]",
        "$[-0]",
        "$[1.0]",
        "$['a]",
        "$.a b",
        " $.a",
        "$.a ",
        "$.a-b",
        "$.1",
        "$..",
        "$...a",
        "@.a",
        "$.'a'",
        "$[a]",
        "$['\\x']",
        "$['\\ud800']",
        "$[9007199254740992]",
        "$.a && $.b",
        "$. a",
        "$['a\nb']",
        "$['x'].a b['y']",
        "$['x'] a",
        "$[\"]\"].a b",
    ] {
        assert!(
            matches!(Query::parse(text), Err(QueryError::Syntax { .. })),
            "{text:?}: {:?}",
            Query::parse(text)
        );
    }
}

#[test]
fn a_path_that_can_select_more_than_one_value_is_plural() {
    for text in [
        "$.*",
        "$[*]",
        "$..a",
        "$..*",
        "$..[0]",
        "$[0:2]",
        "$[::]",
        "$[:-1]",
        "$['a','b']",
        "$[0, 1]",
        "$.a[*].b",
    ] {
        assert_eq!(Query::parse(text), Err(QueryError::Plural), "{text}");
    }
}

#[test]
fn a_filter_is_named_as_one() {
    for text in
        ["$[?@.access_token != null]", "$.a[?@.b]", "$..[?@.a == 'b']", "$[0, ?@.a]", "$[?length(@.a) > 1]"]
    {
        assert_eq!(Query::parse(text), Err(QueryError::Filter), "{text}");
    }
}

#[test]
fn hostile_sizes_are_refused_before_the_parser_sees_them() {
    let sixteen = format!("${}", ".a".repeat(16));
    assert!(Query::parse(&sixteen).is_ok());
    assert_eq!(Query::parse(&format!("{sixteen}.a")), Err(QueryError::TooLarge));
    assert_eq!(Query::parse(&format!("$.{}", "a".repeat(511))), Err(QueryError::TooLarge));
    assert!(Query::parse(&format!("$.{}", "a".repeat(510))).is_ok());
    assert_eq!(Query::parse(&format!("$[?{}", "(".repeat(120))), Err(QueryError::TooLarge));
    assert_eq!(Query::parse(&"$[?@".repeat(50)), Err(QueryError::TooLarge));
}

#[test]
fn an_error_tells_the_character() {
    let error = Query::parse("$.status[").expect_err("it is broken");
    assert_eq!(error.to_string(), "not a JSONPath: unexpected text at character 10");
}

#[test]
fn selection_walks_keys_and_indices() {
    let root = json!({ "a": { "b": [1, null, ""] }, "0": "key" });
    let select = |text: &str| Query::parse(text).ok().and_then(|q| q.select(&root).cloned());
    assert_eq!(select("$.a.b[0]"), Some(json!(1)));
    assert_eq!(select("$.a.b[-1]"), Some(json!("")));
    assert_eq!(select("$.a.b[-3]"), Some(json!(1)));
    assert_eq!(select("$.a.b[-4]"), None);
    assert_eq!(select("$.a.b[3]"), None);
    assert_eq!(select("$.a.b.c"), None);
    assert_eq!(select("$[0]"), None);
    assert_eq!(select("$['0']"), Some(json!("key")));
    assert_eq!(select("$"), Some(root.clone()));
}

#[test]
fn null_and_the_empty_text_are_not_present() {
    assert_eq!(present(Some(&json!(null))), None);
    assert_eq!(present(Some(&json!(""))), None);
    assert_eq!(present(None), None);
    for value in [json!(false), json!(0), json!({}), json!([]), json!(" ")] {
        assert_eq!(present(Some(&value)), Some(&value));
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,80}") {
        let _ = Query::parse(&text);
    }

    #[test]
    fn anything_of_the_words_of_jsonpath_is_read_or_refused(
        words in prop::collection::vec(prop::sample::select(vec![
            "$", ".", "..", "a", "[", "]", "?", "@", "(", ")", "'", "\"", "*", ":", ",", "-1", "0", "\\u12", "==", "&&", "!",
            "length", "match", " ",
        ]), 0..120)
    ) {
        let _ = Query::parse(&format!("${}", words.concat()));
    }

    /// The short way to plain names reads nothing otherwise than the grammar's parser does.
    #[test]
    fn names_are_read_as_the_grammar_reads_them(text in "[$](\\.([a-zA-Z_0-9]{0,4}|[ .*$\u{e9}'-])){0,4}") {
        if let Some(steps) = names(&text) {
            let parsed = parse_json_path(&text).map(|path| {
                path.segments.into_iter().map(step).collect::<Result<Vec<_>, _>>()
            });
            prop_assert_eq!(parsed.ok().and_then(Result::ok), Some(steps));
        }
    }

    #[test]
    fn a_path_of_steps_is_read_as_those_steps(
        steps in prop::collection::vec(
            prop_oneof!["\\PC{0,8}".prop_map(Step::Key), (-99_i64..99).prop_map(Step::Index)], 0..8)
    ) {
        let written = Query::of(steps.clone());
        let read = Query::parse(written.text());
        prop_assert_eq!(read.map(|q| q.steps().to_vec()), Ok(steps), "{}", written);
    }
}
