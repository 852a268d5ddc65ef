//! A JSON value as a test file writes it on one line.

use serde_json::Value;

use hermes_format::parse::Language;

/// A value on one line. Scalars and lists are written alike in both languages; TOML has `=` in its tables and no null.
pub(super) fn inline(value: &Value, language: Language) -> String {
    match value {
        Value::Null if language == Language::Toml => "\"\"".to_owned(),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(|item| inline(item, language)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(members) if members.is_empty() => "{}".to_owned(),
        Value::Object(members) => {
            let equals = if language == Language::Toml { " = " } else { ": " };
            let members: Vec<_> = members
                .iter()
                .map(|(name, value)| format!("{}{equals}{}", key(name), inline(value, language)))
                .collect();
            format!("{{ {} }}", members.join(", "))
        }
        Value::String(text) => quoted(text),
        scalar => scalar.to_string(),
    }
}

/// A key, in quotes only where it needs them.
pub(super) fn key(name: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !name.is_empty() && name.chars().all(is_bare) { name.to_owned() } else { quoted(name) }
}

/// A string in the quotes and escapes that TOML, YAML and JSON share. DEL needs an escape in TOML alone.
fn quoted(text: &str) -> String {
    Value::from(text).to_string().replace('\u{7f}', "\\u007F")
}
