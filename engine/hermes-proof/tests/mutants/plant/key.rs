//! Words of the format itself: keys and types.

use serde_json::{Value, json};

use super::Planter;

/// The tables whose keys the format says, as patterns of their places.
const CLOSED: [&str; 14] = [
    "",
    "/start",
    "/api",
    "/inputs/*",
    "/inputs/*/from/*",
    "/models/*",
    "/states/*",
    "/states/*/show",
    "/states/*/every",
    "/states/*/until",
    "/states/*/expires",
    "/states/*/refresh",
    "/states/*/on/*",
    "/states/*/auth",
];

pub(super) fn plant(planter: &mut Planter<'_>) {
    for pattern in CLOSED {
        for table in places(planter, pattern) {
            for (at, key, value) in planter.members(&table) {
                planter.rename("misspelt key", &at, &format!("{key}x"));
                if value.is_string() || value.is_array() {
                    planter.put("wrong type", &at, 7);
                }
                if value.is_object() {
                    planter.put("wrong type", &at, json!(["x"]));
                }
            }
        }
    }
}

fn places(planter: &Planter<'_>, pattern: &str) -> Vec<String> {
    let mut places = vec![String::new()];
    for step in pattern.split('/').skip(1) {
        let next = |place: String| match step {
            "*" if planter.at(&place).is_some_and(Value::is_array) => {
                planter.items(&place).into_iter().map(|(at, _)| at).collect::<Vec<_>>()
            }
            "*" => planter.members(&place).into_iter().map(|(at, ..)| at).collect(),
            step => vec![format!("{place}/{step}")],
        };
        places = places.into_iter().flat_map(next).collect();
    }
    places
}
