//! A change of a configuration file, and how it is taken back.

use hermes_format::raw::client::Format;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use toml_edit::{DocumentMut, Item, Table};

use super::json;

/// A value that was set, and what was there before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Change {
    path: Vec<String>,
    before: Option<Value>,
    /// The tables above it that were not there.
    made: Vec<Vec<String>>,
}

/// What is written into a file.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Content {
    Values(Vec<(Vec<String>, Value)>),
    Text(String),
}

/// The text with the content in it, and what that changed.
pub(super) fn apply(
    format: Format,
    name: &str,
    text: &str,
    content: &Content,
) -> Result<(String, Vec<Change>), String> {
    match content {
        Content::Values(values) => {
            let mut text = text.to_owned();
            let mut changes = Vec::new();
            for (path, value) in values {
                let before = get(format, &text, path)?;
                let mut made = Vec::new();
                for end in 1..path.len() {
                    if get(format, &text, &path[..end])?.is_none() {
                        made.push(path[..end].to_vec());
                    }
                }
                text = set(format, &text, path, value)?;
                changes.push(Change { path: path.clone(), before, made });
            }
            Ok((text, changes))
        }
        Content::Text(own) if format == Format::Whole => Ok((own.clone(), Vec::new())),
        Content::Text(own) => Ok((with_block(name, text, own)?, Vec::new())),
    }
}

/// The text without what was written into it, whatever else has changed since.
pub(super) fn take_back(
    format: Format,
    name: &str,
    text: &str,
    changes: &[Change],
) -> Result<String, String> {
    if format == Format::Block {
        return Ok(without_block(name, text));
    }
    let made: Vec<Vec<String>> = changes.iter().flat_map(|change| change.made.clone()).collect();
    changes.iter().rev().try_fold(text.to_owned(), |text, change| match &change.before {
        Some(before) => set(format, &text, &change.path, before),
        None => remove(format, &text, &change.path, &made),
    })
}

fn get(format: Format, text: &str, path: &[String]) -> Result<Option<Value>, String> {
    if format == Format::Json {
        return json::get(text, path).map_err(|error| error.to_string());
    }
    let document = toml(text)?;
    let mut item = document.as_item();
    for name in path {
        match item.get(name) {
            Some(inner) => item = inner,
            None => return Ok(None),
        }
    }
    Ok(Some(item.as_value().map_or(Value::Object(Default::default()), of_toml)))
}

fn set(format: Format, text: &str, path: &[String], value: &Value) -> Result<String, String> {
    if format == Format::Json {
        return json::set(text, path, value).map_err(|error| error.to_string());
    }
    let mut document = toml(text)?;
    let Some((name, above)) = path.split_last() else { return Ok(text.to_owned()) };
    let mut table = document.as_table_mut() as &mut dyn toml_edit::TableLike;
    for name in above {
        let item = table.entry(name).or_insert_with(|| {
            let mut table = Table::new();
            table.set_implicit(true);
            Item::Table(table)
        });
        table = item.as_table_like_mut().ok_or_else(|| format!("`{name}` in it is not a table"))?;
    }
    let mut new = to_toml(value);
    match table.get_mut(name) {
        // In its place: comments before and behind it stay.
        Some(item) => {
            if let Some(old) = item.as_value() {
                *new.decor_mut() = old.decor().clone();
            }
            *item = Item::Value(new);
        }
        None => drop(table.insert(name, Item::Value(new))),
    }
    Ok(document.to_string())
}

fn remove(format: Format, text: &str, path: &[String], made: &[Vec<String>]) -> Result<String, String> {
    if format == Format::Json {
        return json::remove(text, path, made).map_err(|error| error.to_string());
    }
    let mut document = toml(text)?;
    for end in (1..=path.len()).rev() {
        let (name, above) = (&path[end - 1], &path[..end - 1]);
        let mut table = Some(document.as_table_mut() as &mut dyn toml_edit::TableLike);
        for name in above {
            table = table.and_then(|table| table.get_mut(name)?.as_table_like_mut());
        }
        let Some(table) = table else { continue };
        let is_leaf = end == path.len();
        let is_empty = table.get(name).and_then(Item::as_table_like).is_some_and(|inner| inner.is_empty());
        if is_leaf || (is_empty && made.iter().any(|one| one == &path[..end])) {
            table.remove(name);
        }
    }
    Ok(document.to_string())
}

fn toml(text: &str) -> Result<DocumentMut, String> {
    text.parse().map_err(|error: toml_edit::TomlError| format!("it is not TOML: {}", error.message()))
}

fn to_toml(value: &Value) -> toml_edit::Value {
    match value {
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => match number.as_i64() {
            Some(number) => number.into(),
            None => number.as_f64().unwrap_or_default().into(),
        },
        Value::Array(all) => all.iter().map(to_toml).collect::<toml_edit::Array>().into(),
        Value::Object(all) => {
            all.iter().map(|(name, value)| (name, to_toml(value))).collect::<toml_edit::InlineTable>().into()
        }
        Value::String(text) => text.as_str().into(),
        Value::Null => "".into(),
    }
}

fn of_toml(value: &toml_edit::Value) -> Value {
    match value {
        toml_edit::Value::String(text) => Value::from(text.value().as_str()),
        toml_edit::Value::Integer(number) => Value::from(*number.value()),
        toml_edit::Value::Float(number) => Value::from(*number.value()),
        toml_edit::Value::Boolean(value) => Value::from(*value.value()),
        toml_edit::Value::Datetime(moment) => Value::from(moment.value().to_string()),
        toml_edit::Value::Array(all) => all.iter().map(of_toml).collect(),
        toml_edit::Value::InlineTable(all) => {
            Value::Object(all.iter().map(|(name, value)| (name.to_owned(), of_toml(value))).collect())
        }
    }
}

fn marks(name: &str) -> (String, String) {
    (format!("# >>> hermes-engine setup {name} >>>\n"), format!("# <<< hermes-engine setup {name} <<<\n"))
}

fn with_block(name: &str, text: &str, own: &str) -> Result<String, String> {
    let mut text = without_block(name, text);
    for key in own.lines().filter_map(top_level_key) {
        if text.lines().filter_map(top_level_key).any(|other| other == key) {
            return Err(format!("it sets `{key}` already; remove that line first"));
        }
    }
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    let (begin, end) = marks(name);
    Ok(format!("{text}{begin}{}\n{end}", own.trim()))
}

fn without_block(name: &str, text: &str) -> String {
    let (begin, end) = marks(name);
    let found = text.find(&begin).zip(text.find(&end)).filter(|(begin, end)| begin < end);
    found
        .map_or_else(|| text.to_owned(), |(from, to)| format!("{}{}", &text[..from], &text[to + end.len()..]))
}

/// The key of a line such as `key: value`, or the header of a section, of which there can be only one.
fn top_level_key(line: &str) -> Option<&str> {
    if line.starts_with('[') {
        return Some(line.trim_end());
    }
    let (key, _) = line.split_once(':')?;
    key.starts_with(|c: char| c.is_ascii_alphabetic()).then_some(key)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn path(text: &str) -> Vec<String> {
        text.split('.').map(str::to_owned).collect()
    }

    #[test]
    fn toml_keeps_its_comments_and_is_taken_back() {
        let text = "# mine\nmodel = \"old\" # why\n\n[profiles.a]\nx = 1\n";
        let content = Content::Values(vec![
            (path("model"), json!("new")),
            (path("model_providers.hermes.base_url"), json!("http://x")),
            (path("model_providers.hermes.auth.args"), json!(["token", "acme"])),
        ]);
        let (changed, changes) = apply(Format::Toml, "x", text, &content).unwrap();
        assert!(changed.contains("# mine\nmodel = \"new\" # why\n"), "{changed}");
        assert!(changed.contains("[model_providers.hermes]\nbase_url = \"http://x\""), "{changed}");
        let since = format!("{changed}\n[mine]\ny = 2\n");
        let back = take_back(Format::Toml, "x", &since, &changes).unwrap();
        assert!(
            back.contains("model = \"old\" # why") && back.contains("[mine]") && !back.contains("hermes"),
            "{back}"
        );
        assert_eq!(take_back(Format::Toml, "x", &changed, &changes).unwrap(), text);
    }

    #[test]
    fn a_block_is_put_at_the_end_once_and_taken_back() {
        let (once, _) = apply(Format::Block, "x", "a: 1", &Content::Text("b: 2".to_owned())).unwrap();
        let (twice, _) = apply(Format::Block, "x", &once, &Content::Text("b: 3".to_owned())).unwrap();
        assert!(
            twice.starts_with("a: 1\n# >>>") && twice.contains("b: 3") && !twice.contains("b: 2"),
            "{twice}"
        );
        assert_eq!(take_back(Format::Block, "x", &twice, &[]).unwrap(), "a: 1\n");
        assert!(apply(Format::Block, "x", "b: 1\n", &Content::Text("b: 2".to_owned())).is_err());
    }
}
