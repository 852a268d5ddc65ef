//! Conditions: weaker, negated, about another field, with another value.

use serde_json::{Value, json};

use super::Planter;

pub(super) fn plant(planter: &mut Planter<'_>) {
    for (rule, value) in planter.rules() {
        for (key, other) in [("if", "unless"), ("unless", "if")] {
            if value.get(key).is_some() {
                let at = format!("{rule}/{key}");
                planter.rename("negated check", &at, other);
                planter.remove("weakened check", &at);
                planter.put("vacuous check", &at, json!({}));
                table(planter, &at);
            }
        }
    }
}

fn table(planter: &mut Planter<'_>, at: &str) {
    for (term, key, value) in planter.members(at) {
        planter.remove("weakened check", &term);
        for (item, text) in planter.items(&term) {
            planter.remove("weakened check", &item);
            if let Some(text) = text.as_str() {
                let kind = if key == "exists" { "renamed field" } else { "wrong literal" };
                planter.put(kind, &item, format!("{text}x"));
            }
        }
        match key {
            "status" => {
                planter.put("wrong literal", &term, 201);
                planter.put("wrong literal", &term, "2xx");
            }
            "exists" | "body" => {}
            path => {
                planter.rename("renamed field", &term, &format!("{path}x"));
                planter.rename("plural path", &term, &path.replacen("$.", "$..", 1));
                planter.rename("broken path", &term, &format!("{path}["));
                match value {
                    Value::String(text) => planter.put("wrong literal", &term, format!("{text}x")),
                    Value::Number(number) => {
                        planter.put("wrong literal", &term, number.as_i64().unwrap() + 1);
                        planter.put("wrong literal", &term, number.to_string());
                    }
                    Value::Bool(truth) => planter.put("wrong literal", &term, !truth),
                    _ => {}
                }
            }
        }
    }
}
