//! Rules and answers of any kind: what the analysis says of them is true.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::condition::Condition;

fn any_test() -> impl Strategy<Value = Test> {
    let paths = vec!["$.a", "$.b", "$.a.b", "$.a.c", "$.l[0]", "$.l[-1]", "$.l[1].x", "$.l.k", "$"];
    let path = prop::sample::select(paths);
    let value = prop::sample::select(vec![
        json!("x"),
        json!("bad"),
        json!(""),
        json!(1),
        json!(true),
        json!("sample"),
    ]);
    let words =
        prop::collection::vec(prop::sample::select(vec!["bad", "x", "worse", "a", "bad_x", "\"", "1"]), 1..3);
    prop_oneof![
        3 => path.clone().prop_map(exists),
        3 => (path, prop::collection::vec(value, 1..3)).prop_map(|(path, values)| equals(path, &values)),
        1 => Just(equals_random("$.b", "state")),
        2 => prop::collection::vec(prop::sample::select(vec![200_u16, 201, 400, 500]), 1..3).prop_map(|list| status(&list)),
        1 => (2_u8..6).prop_map(class),
        2 => words.prop_map(|words| body(&words)),
    ]
}

fn any_condition() -> impl Strategy<Value = Option<Condition>> {
    prop::option::of(prop::collection::vec(any_test(), 1..4).prop_map(all))
}

fn any_rules() -> impl Strategy<Value = Vec<Rule>> {
    prop::collection::vec(
        (any_condition(), any_condition()).prop_map(|(when, unless)| rule(when, unless)),
        1..5,
    )
}

/// Answers of the words that the rules ask for, as a server could send them.
fn any_reply() -> impl Strategy<Value = Reply> {
    let leaf = prop::sample::select(vec![
        json!("x"),
        json!("bad"),
        json!(""),
        json!(1),
        json!(true),
        json!(null),
        json!("s-123"),
        json!("zzz"),
        json!("sample"),
    ]);
    let value = leaf.prop_recursive(3, 10, 3, |inner| {
        let key = prop::sample::select(vec!["a", "b", "c", "l", "k", "x", "message", "u"]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..5)
                .prop_map(|o| Value::Object(o.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())),
        ]
    });
    let text = prop_oneof![4 => value.prop_map(|v| v.to_string()), 1 => "(bad|worse|x|a|1| |\"|-){0,4}"];
    let statuses = prop::sample::select(vec![200_u16, 201, 202, 304, 400, 404, 500, 503]);
    (statuses, text).prop_map(|(status, body)| Reply {
        status: Some(status),
        json: serde_json::from_str(&body).ok(),
        body,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_reply_made_for_a_rule_takes_it(rules in any_rules()) {
        let analysis = http(&rules);
        let also = [query("$.a"), query("$.b"), query("$.extra.deep"), query("$.l[0]")];
        let fill = |path: &Query| Some(json!(format!("for {path}")));
        for rule in 0..=rules.len() {
            for wish in [NO_WISH, Wish { fill: &fill, also: &also }] {
                if let Some(reply) = analysis.reply(rule, &wish) {
                    let expect = (rule < rules.len()).then_some(rule);
                    prop_assert_eq!(takes(&rules, &reply), expect, "{:?}", reply);
                }
            }
            if analysis.reply(rule, &NO_WISH).is_some() {
                prop_assert_eq!(analysis.dead(rule), None);
            }
        }
    }

    #[test]
    fn no_answer_contradicts_the_analysis(rules in any_rules(), replies in prop::collection::vec(any_reply(), 20)) {
        let analysis = http(&rules);
        for reply in replies {
            match takes(&rules, &reply) {
                Some(rule) => {
                    prop_assert_eq!(analysis.dead(rule), None, "{:?}", reply);
                    for path in analysis.guaranteed(rule).0 {
                        let value = reply.json.as_ref().and_then(|root| crate::query::walk(root, &path));
                        prop_assert!(crate::query::present(value).is_some(), "{:?} in {:?}", path, reply);
                    }
                }
                None => prop_assert!(analysis.falls_through(), "{:?}", reply),
            }
        }
    }

    #[test]
    fn a_rule_that_is_not_dead_has_a_reply(
        rules in prop::collection::vec((any_plain(), any_plain()).prop_map(|(when, unless)| rule(when, unless)), 1..5)
    ) {
        let analysis = http(&rules);
        for rule in 0..rules.len() {
            prop_assert_eq!(analysis.dead(rule).is_none(), analysis.reply(rule, &NO_WISH).is_some());
        }
    }

    #[test]
    fn a_path_that_is_not_guaranteed_can_be_missing(rules in any_rules()) {
        let analysis = http(&rules);
        let asked = analysis.known.iter().flat_map(|known| &known.space.paths).map(|variable| variable.path.clone());
        for path in asked {
            for at in 0..rules.len() {
                let is_guaranteed = analysis.guaranteed(at).contains(path.steps());
                // The rule after one that takes every answer in which the path is present.
                let mut after = rules[..=at].to_vec();
                after.insert(at, when(vec![Test::Exists(path.clone())]));
                prop_assert_eq!(http(&after).dead(at + 1).is_some(), is_guaranteed || analysis.dead(at).is_some(), "{} at {}", path, at);
            }
        }
    }
}

/// Conditions without words, whose interplay with values is judged with care and not always decided.
fn any_plain() -> impl Strategy<Value = Option<Condition>> {
    let plain = any_test().prop_filter("a word", |test| !matches!(test, Test::Body(_)));
    prop::option::of(prop::collection::vec(plain, 1..4).prop_map(all))
}
