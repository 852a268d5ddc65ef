//! Rules: where they lead, in which order.

use serde_json::Value;

use super::Planter;

pub(super) fn plant(planter: &mut Planter<'_>) {
    let states: Vec<&str> = planter.members("/states").into_iter().map(|(_, name, _)| name).collect();
    for (state, _) in planter.asking() {
        let rules = planter.items(&format!("{state}/on"));
        for (i, (at, _)) in rules.iter().enumerate() {
            planter.remove("dropped rule", at);
            if rules.get(i + 1).is_some_and(|(_, next)| !commute(rules[i].1, next)) {
                planter.swap("swapped rules", at, &(i + 1).to_string());
            }
        }
        planter.put("no rules", &format!("{state}/on"), Value::Array(Vec::new()));
    }
    for (at, rule) in planter.rules() {
        if let Some(to) = rule["to"].as_str() {
            let to_at = format!("{at}/to");
            planter.put("dangling target", &to_at, format!("{to}x"));
            planter.rename("target for code", &to_at, "fail");
            for other in states.iter().filter(|other| **other != to) {
                planter.put("wrong target", &to_at, *other);
            }
            planter.put("two outcomes", &format!("{at}/fail"), "failed");
        }
        if rule.get("fail").is_some() {
            planter.put("wrong code", &format!("{at}/fail"), "something_else");
            planter.remove("dropped outcome", &format!("{at}/fail"));
            let mut passed = rule.clone();
            let members = passed.as_object_mut().unwrap();
            members.retain(|key, _| key == "if" || key == "unless");
            members.insert("to".to_owned(), "success".into());
            planter.put("failure passed as success", &at, passed);
            match rule.get("relogin") {
                Some(_) => planter.remove("dropped relogin", &format!("{at}/relogin")),
                None => planter.put("needless relogin", &format!("{at}/relogin"), true),
            }
        }
        if rule.get("slower").is_some() {
            planter.remove("dropped slower", &format!("{at}/slower"));
            planter.put("wrong slower", &format!("{at}/slower"), "50s");
        }
    }
}

/// Whether two neighbours may change places: no answer takes both, or it does not matter which is taken.
fn commute(one: &Value, other: &Value) -> bool {
    let outcome = |rule: &Value| {
        let mut outcome = rule.clone();
        outcome.as_object_mut().unwrap().retain(|key, _| key != "if" && key != "unless");
        outcome
    };
    let terms = one["if"].as_object().into_iter().flatten();
    let mut apart =
        terms.filter(|(key, _)| *key == "status" || key.starts_with('$')).filter_map(|(key, value)| {
            let list = |value: &Value| value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
            let other = list(other["if"].get(key)?);
            let meets = |one: &Value| other.iter().any(|other| meet(one, other) || meet(other, one));
            Some(!list(value).iter().any(meets))
        });
    outcome(one) == outcome(other) || apart.any(|apart| apart)
}

/// Whether a status or another value is the same as one, or of its hundred, as 201 is of `"2xx"`.
fn meet(one: &Value, other: &Value) -> bool {
    let hundred = one.as_str().and_then(|text| text.strip_suffix("xx"));
    one == other || hundred.is_some_and(|digit| other.to_string().starts_with(digit))
}
