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

/// The examples of RFC 9535 whose queries are singular: §2.3.1.3, §2.3.3.3, §2.5.1.3, §2.2.3, and the paths of §2.7.1.
#[test]
fn the_examples_of_rfc_9535_select_what_it_says() {
    let check = |root: &Value, path: &str, expect: Option<Value>| {
        let query = Query::parse(path).unwrap_or_else(|e| panic!("{path}: {e}"));
        assert_eq!(query.select(root), expect.as_ref(), "{path}");
        assert_eq!(walk(root, query.steps()), expect.as_ref(), "{path}");
    };
    let root = json!({ "k": "v" });
    check(&root, "$", Some(root.clone()));
    let root = json!({ "o": { "j j": { "k.k": 3 } }, "'": { "@": 2 } });
    check(&root, "$.o['j j']", Some(json!({ "k.k": 3 })));
    check(&root, "$.o['j j']['k.k']", Some(json!(3)));
    check(&root, "$.o[\"j j\"][\"k.k\"]", Some(json!(3)));
    check(&root, "$[\"'\"][\"@\"]", Some(json!(2)));
    let root = json!(["a", "b"]);
    check(&root, "$[1]", Some(json!("b")));
    check(&root, "$[-2]", Some(json!("a")));
    check(&root, "$[2]", None);
    check(&root, "$[-3]", None);
    check(&root, "$.length", None);
    let root = json!({ "a": null, "b": [null], "c": [{}], "null": 1 });
    check(&root, "$.a", Some(json!(null)));
    check(&root, "$.a[0]", None);
    check(&root, "$.a.d", None);
    check(&root, "$.b[0]", Some(json!(null)));
    check(&root, "$.null", Some(json!(1)));
    let root = json!({ "a": { "b": [0, 1, 2, 3] }, "\u{b}": 4, "a\\b": 5 });
    check(&root, "$.a.b[1]", Some(json!(1)));
    check(&root, "$['a']['b'][-3]", Some(json!(1)));
    check(&root, "$[\"\\u000B\"]", Some(json!(4)));
    check(&root, "$['\\u000b']", Some(json!(4)));
    check(&root, "$[\"\\u0061\"].b[0]", Some(json!(0)));
    check(&root, "$['a\\\\b']", Some(json!(5)));
    let store =
        json!({ "store": { "book": [{ "title": "Sayings" }, { "title": "Sword" }, { "title": "Moby" }] } });
    check(&store, "$.store.book[2].title", Some(json!("Moby")));
    check(&store, "$['store']['book'][-1]['title']", Some(json!("Moby")));
}

/// The examples of RFC 9535 §2.5.1.3, §2.3.2.3, §2.3.4.3, §2.3.5.3, §2.5.2.3 and §1.5 that can select more than one value.
#[test]
fn the_other_examples_of_rfc_9535_are_refused() {
    for text in [
        "$.o[*]",
        "$[*]",
        "$[0, 3]",
        "$[0:2, 5]",
        "$[1:3]",
        "$[5:]",
        "$[::-1]",
        "$..j",
        "$..[0]",
        "$..*",
        "$.a..[0, 1]",
        "$..book[?@.price<10]",
    ] {
        assert_eq!(Query::parse(text), Err(QueryError::Plural), "{text}");
    }
    for text in ["$.a[?@.b == 'kilo']", "$.a[?@>3.5]", "$[?@.*]", "$.o[?@<3, ?@<3]", "$[?length(@) < 3]"] {
        assert_eq!(Query::parse(text), Err(QueryError::Filter), "{text}");
    }
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

    /// A dotted name of a template leads where jsonpath-rust's own evaluator leads from the path's text.
    #[test]
    fn a_walk_and_the_crate_select_the_same_value(
        root in crate::template::tests::any_json(),
        steps in prop::collection::vec(
            prop_oneof!["[a-z]{1,2}".prop_map(Step::Key), "\\PC{0,4}".prop_map(Step::Key), (-5_i64..5).prop_map(Step::Index)],
            0..4,
        ),
        follow in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
    ) {
        // Half of the paths lead somewhere: they follow what is there.
        let mut there = Vec::new();
        let mut at = &root;
        for choice in follow {
            let (step, next) = match at {
                Value::Object(members) if !members.is_empty() => {
                    let (key, next) = members.iter().nth(choice.index(members.len())).expect("a member");
                    (Step::Key(key.clone()), next)
                }
                Value::Array(list) if !list.is_empty() => {
                    let at = choice.index(list.len());
                    (Step::Index(i64::try_from(at).expect("short")), &list[at])
                }
                _ => break,
            };
            there.push(step);
            at = next;
        }
        for steps in [there.clone(), [there, steps].concat()] {
            let query = Query::of(steps);
            let found = jsonpath_rust::query::js_path_vals(query.text(), &root)
                .map_err(|e| TestCaseError::fail(format!("{query}: {e}")))?;
            prop_assert!(found.len() <= 1);
            prop_assert_eq!(walk(&root, query.steps()), found.first().copied(), "{}", query);
            prop_assert_eq!(query.select(&root), found.first().copied(), "{}", query);
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
