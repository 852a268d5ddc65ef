mod property;

use serde_json::json;

use super::*;
use crate::condition::tests::*;
use crate::condition::{AnswerView, Test, holds, taken};

fn when(tests: Vec<Test>) -> Rule {
    rule(Some(all(tests)), None)
}

fn unless(tests: Vec<Test>) -> Rule {
    rule(None, Some(all(tests)))
}

fn otherwise() -> Rule {
    rule(None, None)
}

fn http(rules: &[Rule]) -> Analysis {
    analyse(rules, Wire::Http, Some(&Run))
}

fn guaranteed(analysis: &Analysis, rule: usize) -> Vec<String> {
    analysis.guaranteed(rule).0.into_iter().map(|steps| Query::of(steps).text().to_owned()).collect()
}

const NO_WISH: Wish<'static> = Wish { fill: &|_| None, also: &[] };

/// The rule that a reply takes, by the same function that the machine uses.
fn takes(rules: &[Rule], reply: &Reply) -> Option<usize> {
    let view = AnswerView { status: reply.status, body: &reply.body, json: reply.json.as_ref() };
    taken(rules, &view, &Run)
}

/// The poll of a device flow that reports by HTTP 200 and a status of its own.
fn poll() -> Vec<Rule> {
    vec![
        unless(vec![status(&[200])]),
        when(vec![equals("$.status", &[json!("error")])]),
        unless(vec![equals("$.status", &[json!("success")])]),
        unless(vec![exists("$.access_token"), exists("$.refresh_token"), exists("$.expired_in")]),
        otherwise(),
    ]
}

#[test]
fn passing_an_unless_guarantees_all_of_its_paths() {
    let analysis = http(&poll());
    assert_eq!(guaranteed(&analysis, 0), Vec::<String>::new());
    assert_eq!(guaranteed(&analysis, 1), ["$.status"]);
    assert_eq!(guaranteed(&analysis, 2), Vec::<String>::new());
    assert_eq!(guaranteed(&analysis, 4), ["$.access_token", "$.expired_in", "$.refresh_token", "$.status"]);
    assert!(!analysis.falls_through());
    assert!((0..5).all(|rule| analysis.dead(rule).is_none()));
}

#[test]
fn a_negated_table_is_a_disjunction() {
    let rules = [when(vec![status(&[200]), exists("$.a")]), otherwise()];
    let analysis = http(&rules);
    assert_eq!(guaranteed(&analysis, 0), ["$.a"]);
    assert_eq!(guaranteed(&analysis, 1), Vec::<String>::new());
    let rules = [unless(vec![status(&[200]), exists("$.a")]), otherwise()];
    assert_eq!(guaranteed(&http(&rules), 1), ["$.a"]);
}

#[test]
fn earlier_rules_add_up() {
    let rules = [
        when(vec![exists("$.a"), exists("$.b")]),
        when(vec![exists("$.a")]),
        unless(vec![exists("$.b")]),
        otherwise(),
    ];
    let analysis = http(&rules);
    assert_eq!(guaranteed(&analysis, 1), ["$.a"]);
    assert_eq!(guaranteed(&analysis, 3), ["$.b"]);
}

#[test]
fn a_container_of_what_is_guaranteed_is_guaranteed() {
    let analysis = http(&[unless(vec![exists("$.data[0].token")]), otherwise()]);
    let guaranteed = analysis.guaranteed(1);
    assert!(guaranteed.contains(query("$.data[0].token").steps()));
    assert!(guaranteed.contains(query("$['data'][0]").steps()));
    assert!(guaranteed.contains(query("$.data").steps()));
    assert!(!guaranteed.contains(query("$.data[1]").steps()));
    assert!(!guaranteed.contains(query("$.data[0].token.id").steps()));
}

#[test]
fn comparing_with_the_empty_text_guarantees_nothing() {
    let analysis = http(&[unless(vec![equals("$.a", &[json!(""), json!("x")])]), otherwise()]);
    assert_eq!(guaranteed(&analysis, 1), Vec::<String>::new());
}

#[test]
fn what_lies_below_a_text_is_absent() {
    let rules = [when(vec![equals("$.a", &[json!("x")]), exists("$.a.b")]), otherwise()];
    assert_eq!(http(&rules).dead(0), Some(Dead::Impossible));
    let rules = [
        when(vec![exists("$.a.b")]),
        unless(vec![exists("$.a[0]")]),
        unless(vec![exists("$.a")]),
        otherwise(),
    ];
    assert_eq!(http(&rules).dead(2), Some(Dead::Shadowed { by: 1 }));
    assert_eq!(http(&rules).dead(3), None);
}

#[test]
fn the_end_of_a_list_of_rules_is_seen() {
    assert!(http(&[]).falls_through());
    assert!(http(&[when(vec![status(&[200])])]).falls_through());
    assert!(!http(&[when(vec![status(&[200])]), unless(vec![status(&[200])])]).falls_through());
    assert!(http(&[when(vec![class(2)]), when(vec![class(4)]), when(vec![class(5)])]).falls_through());
    assert!(!http(&[otherwise()]).falls_through());
}

#[test]
fn dead_rules_are_told_by_their_cause() {
    let dead = |rules: &[Rule], rule| http(rules).dead(rule);
    assert_eq!(dead(&[otherwise(), when(vec![status(&[200])])], 1), Some(Dead::Shadowed { by: 0 }));
    let rules = [when(vec![status(&[400])]), when(vec![class(4)]), when(vec![status(&[404]), exists("$.a")])];
    assert_eq!(dead(&rules, 2), Some(Dead::Shadowed { by: 1 }));
    assert_eq!(
        dead(&[unless(vec![status(&[200])]), when(vec![status(&[404])])], 1),
        Some(Dead::Shadowed { by: 0 })
    );
    let both = rule(Some(all(vec![status(&[200])])), Some(all(vec![class(2)])));
    assert_eq!(dead(&[both], 0), Some(Dead::Impossible));
    assert_eq!(dead(&[when(vec![status(&[200]), status(&[404])])], 0), Some(Dead::Impossible));
    let rules = [when(vec![exists("$.a")]), unless(vec![exists("$.a")]), otherwise()];
    assert_eq!(dead(&rules, 2), Some(Dead::Excluded));
    let rules = [when(vec![body(&["slow"])]), when(vec![equals("$.error", &[json!("slow_down")])])];
    assert_eq!(dead(&rules, 1), Some(Dead::Shadowed { by: 0 }));
}

#[test]
fn a_callback_has_neither_status_nor_body() {
    let rules = [
        when(vec![status(&[200])]),
        when(vec![body(&["x"])]),
        when(vec![equals("$.n", &[json!(1)])]),
        when(vec![exists("$.a.b")]),
        unless(vec![equals_random("$.state", "state")]),
        unless(vec![exists("$.code")]),
        otherwise(),
    ];
    let analysis = analyse(&rules, Wire::Callback, Some(&Run));
    for dead in 0..4 {
        assert_eq!(analysis.dead(dead), Some(Dead::Impossible), "{dead}");
    }
    assert_eq!(guaranteed(&analysis, 6), ["$.code", "$.state"]);
    let reply = analysis.reply(6, &NO_WISH).expect("a callback");
    assert_eq!(
        reply,
        Reply {
            status: None,
            json: Some(json!({ "state": "s-123", "code": "sample" })),
            body: String::new()
        }
    );
}

#[test]
fn without_a_run_a_template_stands_for_its_own_text() {
    let rules = [unless(vec![equals_random("$.state", "state")]), otherwise()];
    let reply = analyse(&rules, Wire::Http, None).reply(1, &NO_WISH).expect("a reply");
    assert_eq!(reply.json, Some(json!({ "state": "{{random.state}}" })));
}

#[test]
fn an_operand_without_a_value_can_not_be_met() {
    let rules = [when(vec![equals_random("$.state", "other")]), otherwise()];
    assert_eq!(http(&rules).dead(0), Some(Dead::Impossible));
}

fn reply_check(rules: &[Rule], rule: usize, status: u16, body: &str) {
    let reply = http(rules).reply(rule, &NO_WISH).unwrap_or_else(|| panic!("no reply for {rule}"));
    assert_eq!((reply.status, reply.body.as_str()), (Some(status), body));
    assert_eq!(takes(rules, &reply), Some(rule));
}

#[test]
fn replies_are_natural() {
    reply_check(&poll(), 0, 400, "{}");
    reply_check(&poll(), 1, 200, r#"{"status":"error"}"#);
    reply_check(&poll(), 2, 200, "{}");
    reply_check(&poll(), 3, 200, r#"{"status":"success"}"#);
    let token =
        r#"{"status":"success","access_token":"sample","refresh_token":"sample","expired_in":"sample"}"#;
    reply_check(&poll(), 4, 200, token);
    let refresh = [
        when(vec![status(&[200]), exists("$.access_token")]),
        when(vec![body(&["invalid_grant", "refresh_token_reused"])]),
        otherwise(),
    ];
    reply_check(&refresh, 1, 200, "invalid_grant");
    reply_check(&refresh, 2, 200, "{}");
    reply_check(
        &[when(vec![class(5), exists("$.a"), body(&["down"])])],
        0,
        500,
        r#"{"a":"sample","message":"down"}"#,
    );
    reply_check(
        &[when(vec![exists("$.a[1].b"), exists("$.a[-1]")])],
        0,
        200,
        r#"{"a":[null,{"b":"sample"},"sample"]}"#,
    );
}

#[test]
fn a_wish_fills_what_must_be_present_and_adds_what_may_be() {
    let fill = |path: &Query| match path.text() {
        "$.expired_in" => Some(json!(3600)),
        "$.status" => Some(json!("error")),
        "$.interval" => Some(json!(5)),
        _ => None,
    };
    let also = [query("$.interval"), query("$.unknown"), query("$.refresh_token")];
    let reply = http(&poll()).reply(4, &Wish { fill: &fill, also: &also }).expect("a reply");
    let expect = json!({
        "status": "success", "access_token": "sample", "refresh_token": "sample", "expired_in": 3600, "interval": 5
    });
    assert_eq!(reply.json, Some(expect));
    let also = [query("$.status"), query("$.interval"), query("$.access_token")];
    let reply = http(&poll()).reply(3, &Wish { fill: &fill, also: &also }).expect("a reply");
    assert_eq!(reply.json, Some(json!({ "status": "success", "interval": 5 })));
    assert_eq!(takes(&poll(), &reply), Some(3));
}

#[test]
fn a_list_that_asks_too_much_claims_nothing() {
    let many: Vec<_> = (0..100).map(|n| json!(n)).collect();
    let analysis = http(&[unless(vec![equals("$.a", &many)]), otherwise(), otherwise()]);
    assert_eq!(analysis.dead(2), None);
    assert!(analysis.guaranteed(1).0.is_empty());
    assert!(!analysis.falls_through());
    assert_eq!(analysis.reply(1, &NO_WISH), None);
}

#[test]
fn the_condition_of_the_reply_is_read_by_the_machines_own_function() {
    let condition = all(vec![status(&[200]), exists("$.a")]);
    let reply = http(&[rule(Some(condition.clone()), None)]).reply(0, &NO_WISH).expect("a reply");
    let view = AnswerView { status: reply.status, body: &reply.body, json: reply.json.as_ref() };
    assert!(holds(&condition, &view, &Run));
}

#[test]
fn a_long_list_is_answered_whole() {
    let lits = |list: &[&str]| list.iter().map(|s| json!(s)).collect::<Vec<_>>();
    let rules = [
        when(vec![
            status(&[200]),
            exists("$.data.access_token"),
            exists("$.data.expires_in"),
            equals("$.code", &[json!(0)]),
        ]),
        when(vec![equals("$.error", &lits(&["authorization_pending", "pending", "waiting"]))]),
        when(vec![equals("$.error", &lits(&["slow_down"]))]),
        when(vec![equals("$.error", &lits(&["access_denied", "denied"])), status(&[400, 401, 403])]),
        when(vec![equals("$.error.code", &lits(&["expired_token", "expired"]))]),
        when(vec![body(&[
            "invalid_grant",
            "refresh_token_reused",
            "invalid_refresh_token",
            "expired",
            "revoked",
        ])]),
        when(vec![equals("$.data.status", &lits(&["error", "failed"])), exists("$.data.message")]),
        unless(vec![
            exists("$.data"),
            exists("$.data.a"),
            exists("$.data.b"),
            exists("$.data.c"),
            exists("$.data.d"),
        ]),
        otherwise(),
    ];
    let analysis = http(&rules);
    for rule in 0..rules.len() {
        assert_eq!(analysis.dead(rule), None, "{rule}");
        let reply = analysis.reply(rule, &NO_WISH).expect("a reply");
        assert_eq!(takes(&rules, &reply), Some(rule));
    }
    assert_eq!(guaranteed(&analysis, 8), ["$.data", "$.data.a", "$.data.b", "$.data.c", "$.data.d"]);
}

/// `{{input}}`.
fn known(name: &str) -> Template {
    let expression = crate::template::Expression::Name(crate::template::Name::Input(name.to_owned()), SPAN);
    let text = format!("{{{{{name}}}}}");
    Template { parts: vec![crate::template::Part::Expression(expression, SPAN)], span: SPAN, text }
}

fn holds_any(path: &str, values: &[&str]) -> Test {
    Test::Holds(query(path), values.iter().map(|v| Operand::Literal(json!(v))).collect())
}

#[test]
fn a_list_with_an_item_is_a_list_that_is_there() {
    let rules = [when(vec![holds_any("$.m", &["a", "b"])]), when(vec![exists("$.m")]), otherwise()];
    let analysis = http(&rules);
    assert_eq!(guaranteed(&analysis, 0), ["$.m"]);
    assert_eq!(guaranteed(&analysis, 1), ["$.m"]);
    assert_eq!(guaranteed(&analysis, 2), Vec::<String>::new());
    reply_check(&rules, 0, 200, r#"{"m":["a"]}"#);
    reply_check(&rules, 1, 200, r#"{"m":["sample"]}"#);
    reply_check(&rules, 2, 200, "{}");
    let both = [when(vec![holds_any("$.m", &["a"]), holds_any("$.m", &["b"])])];
    reply_check(&both, 0, 200, r#"{"m":["a","b"]}"#);
    let rules = [when(vec![holds_any("$.m", &["a"])]), when(vec![holds_any("$.m", &["a"])])];
    assert_eq!(http(&rules).dead(1), Some(Dead::Shadowed { by: 0 }));
    let rules = [when(vec![holds_any("$.m", &["a"]), equals("$.m", &[json!("a")])]), otherwise()];
    assert_eq!(http(&rules).dead(0), Some(Dead::Impossible));
    let callback = analyse(&rules, Wire::Callback, None);
    assert_eq!(callback.dead(0), Some(Dead::Impossible));
}

#[test]
fn what_is_known_already_tells_rules_apart_and_says_nothing_of_the_answer() {
    let rules = [
        when(vec![Test::Known(known("a")), exists("$.x")]),
        unless(vec![Test::KnownEquals(known("b"), vec![Operand::Literal(json!("1"))])]),
        otherwise(),
    ];
    let analysis = analyse(&rules, Wire::Http, None);
    assert!((0..3).all(|rule| analysis.dead(rule).is_none()));
    assert_eq!(guaranteed(&analysis, 0), ["$.x"]);
    assert_eq!(analysis.known(0), BTreeSet::from(["a".to_owned()]));
    assert_eq!(analysis.known(1), BTreeSet::new());
    assert_eq!(analysis.known(2), BTreeSet::from(["b".to_owned()]));
    let twice = [when(vec![Test::Known(known("a"))]), unless(vec![Test::Known(known("a"))]), otherwise()];
    assert_eq!(analyse(&twice, Wire::Http, None).dead(2), Some(Dead::Excluded));
}

#[test]
fn in_a_run_what_is_known_is_what_it_is() {
    let random = |name: &str| match equals_random("$.x", name) {
        Test::Equals(_, operands) => match operands.into_iter().next() {
            Some(Operand::Template(template)) => template,
            _ => panic!("no template"),
        },
        _ => panic!("no comparison"),
    };
    let rules =
        [when(vec![Test::Known(random("other"))]), when(vec![Test::Known(random("state"))]), otherwise()];
    let analysis = http(&rules);
    assert_eq!(analysis.dead(0), Some(Dead::Impossible));
    assert_eq!(analysis.dead(1), None);
    assert_eq!(analysis.dead(2), Some(Dead::Shadowed { by: 1 }));
}
