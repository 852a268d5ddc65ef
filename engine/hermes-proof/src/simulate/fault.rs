//! Answers that are wrong on purpose.

use serde_json::{Value, json};

use super::field::{Fields, Use};
use super::page;
use super::wire::Reply;
use hermes_format::query::Step;

/// The size of an answer that is too long: four times what a client reads.
const HUGE: usize = 256 * 1024;

/// What stands where the client's own `state` belongs.
const WRONG_STATE: &str = "sim-not-your-state";

/// Puts another text in the place of each of `texts`.
pub(super) fn wrong_state(json: &mut Value, texts: &[String]) {
    match json {
        Value::String(text) if texts.contains(text) => *text = WRONG_STATE.to_owned(),
        Value::Array(list) => list.iter_mut().for_each(|item| wrong_state(item, texts)),
        Value::Object(object) => object.values_mut().for_each(|item| wrong_state(item, texts)),
        _ => {}
    }
}

/// Takes the access token out.
pub(super) fn without_token(json: &mut Value, fields: &Fields) {
    for (path, _) in fields.iter().filter(|(_, used)| matches!(used, Use::Access | Use::Jwt(_))) {
        if let Some((Step::Key(last), before)) = path.split_last()
            && let Some(Value::Object(object)) = walk_mut(json, before)
        {
            object.shift_remove(last);
        }
    }
}

/// Puts a text where times belong, which no client should mind; where there are none, an object where the access token
/// belongs. Tells whether it put that.
pub(super) fn wrong_type(json: &mut Value, fields: &Fields) -> bool {
    let times = put(json, fields, |used| matches!(used, Use::Time(..)), &json!("soon"));
    if !times {
        return put(
            json,
            fields,
            |used| matches!(used, Use::Access | Use::Jwt(_)),
            &json!({ "not": "a text" }),
        );
    }
    false
}

fn put(json: &mut Value, fields: &Fields, is_meant: impl Fn(&Use) -> bool, value: &Value) -> bool {
    let mut found = false;
    for (path, _) in fields.iter().filter(|(_, used)| is_meant(used)) {
        if let Some(place) = walk_mut(json, path) {
            *place = value.clone();
            found = true;
        }
    }
    found
}

/// Makes an answer longer than a client should read.
pub(super) fn huge(json: &mut Value) {
    if let Some(object) = json.as_object_mut() {
        object.insert("padding".into(), "x".repeat(HUGE).into());
    }
}

/// A page where JSON belongs.
pub(super) fn garbage(provider: &str, status: u16) -> Reply {
    let content = page::paragraph("A page stands where the program expects an answer in JSON.");
    page::Page { status, provider, title: "Something went wrong", content }.reply()
}

fn walk_mut<'a>(root: &'a mut Value, steps: &[Step]) -> Option<&'a mut Value> {
    steps.iter().try_fold(root, |value, step| match step {
        Step::Key(key) => value.get_mut(key),
        Step::Index(index) => value.get_mut(usize::try_from(*index).ok()?),
    })
}
