//! Pauses, deadlines and lives of tokens.

use serde_json::Value;

use super::Planter;

const UNITS: [&str; 8] = ["s", "ms", "unix", "unix-ms", "iso", "jwt", "auto", "minutes"];

pub(super) fn plant(planter: &mut Planter<'_>) {
    for (state, ..) in planter.members("/states") {
        for key in ["every", "until", "expires"] {
            let at = format!("{state}/{key}");
            let Some(time) = planter.at(&at) else { continue };
            let kind = match key {
                "every" => "removed pause",
                "until" => "removed deadline",
                _ => "removed expiry",
            };
            planter.remove(kind, &at);
            if let Some(text) = time.as_str() {
                durations(planter, &at, text);
            }
            table(planter, &at);
        }
        let early = format!("{state}/refresh/early");
        if let Some(text) = planter.at(&early).and_then(Value::as_str) {
            durations(planter, &early, text);
        }
    }
}

fn table(planter: &mut Planter<'_>, at: &str) {
    for (place, key, value) in planter.members(at) {
        let Some(text) = value.as_str() else { continue };
        match key {
            "unit" => {
                UNITS
                    .iter()
                    .filter(|unit| **unit != text)
                    .for_each(|unit| planter.put("wrong unit", &place, *unit));
                planter.remove("wrong unit", &place);
            }
            "default" | "min" | "max" => {
                planter.remove("dropped bound", &place);
                durations(planter, &place, text);
            }
            "first" => {
                planter.remove("wrong first", &place);
                planter.put("wrong first", &place, if text == "wait" { "at-once" } else { "wait" });
            }
            "value" if text.starts_with('$') => planter.put("renamed field", &place, format!("{text}x")),
            _ => {}
        }
    }
}

fn durations(planter: &mut Planter<'_>, at: &str, text: &str) {
    let digits = text.trim_end_matches(char::is_alphabetic);
    planter.put("wrong duration", at, format!("{digits}0{}", &text[digits.len()..]));
    planter.put("wrong duration", at, format!("{digits} minutes"));
    planter.put(
        "wrong duration",
        at,
        if text.ends_with("ms") { format!("{digits}s") } else { format!("{digits}ms") },
    );
}
