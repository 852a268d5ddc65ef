//! What was most likely meant by a value of the wrong type.

use super::fault::{Kind, Step, Wanted};
use crate::parse::{Entry, Node, Table, Value};

/// What to say to a wrong value, and what to go on with.
pub(super) struct Mend {
    /// What to do.
    pub(super) help: String,
    /// What to put in its place, where that is certain.
    pub(super) replacement: Option<String>,
    /// The value that the rest of the file is read with, where one is meant.
    pub(super) value: Option<Value>,
}

/// The lists of a file that hold texts.
const TEXT_LISTS: [&str; 4] = ["aliases", "hosts", "choices", "models"];

/// The mend for what is wrong with a node, if one is known. `is_headed` where it is a table under a TOML heading.
pub(super) fn of(kind: &Kind, path: &[Step], node: &Node, is_headed: bool) -> Option<Mend> {
    match kind {
        Kind::WrongType { expected } if is_headed && *expected == Wanted::List => heading(path, node),
        Kind::WrongType { expected } => of_type(expected, path, node),
        Kind::MissingKey(key) => Some(help(&format!("add {}", example(key)))),
        _ => None,
    }
}

fn of_type(expected: &Wanted, path: &[Step], node: &Node) -> Option<Mend> {
    let name = match path.last() {
        Some(Step::Key(key)) => key.as_str(),
        _ => "",
    };
    match (&node.value, expected) {
        // A bare number says nothing of its unit: what was meant is not certain.
        (Value::Integer(number), Wanted::Duration(_)) => {
            let meant =
                format!("write the unit too: `\"{number}s\"` for seconds, `\"{number}m\"` for minutes");
            Some(Mend { value: Some(Value::String(format!("{number}s"))), ..help(&meant) })
        }
        (Value::Integer(number), Wanted::Text) => Some(text(&number.to_string())),
        (Value::Float(number), Wanted::Text) => Some(Mend { replacement: None, ..text(&number.to_string()) }),
        (Value::Bool(truth), Wanted::Text) => Some(text(&truth.to_string())),
        (Value::String(word), Wanted::Natural | Wanted::Integer | Wanted::Number) => number(word),
        (Value::String(word), Wanted::Boolean) => truth(word),
        (Value::String(word), Wanted::List) if TEXT_LISTS.contains(&name) => {
            let item = Node { span: node.span, value: Value::String(word.clone()) };
            Some(certain(format!("[{}]", quoted(word)), Value::Array(vec![item])))
        }
        (Value::String(_), Wanted::List) => Some(help("put it in brackets: `[…]`")),
        (Value::String(word), _) if name == "start" && path.len() == 1 => {
            let entry = |value| Entry { key: node.span, node: Node { span: node.span, value } };
            let table = Table::from([("login".to_owned(), entry(Value::String(word.clone())))]);
            Some(certain(format!("{{ login = {} }}", quoted(word)), Value::Table(table)))
        }
        (Value::Table(_), Wanted::List) => Some(help("put it in brackets: `[{ … }]`")),
        (Value::Array(_), Wanted::Table) if is_state_key(path) => Some(help(&format!(
            "`{name}` is a key of a state: indent it, or write it, inside the state that it belongs to"
        ))),
        (Value::Null, _) => Some(help("give it a value, or leave the key out")),
        _ => None,
    }
}

/// `[test]`, where `[[test]]` is one item of a list.
fn heading(path: &[Step], node: &Node) -> Option<Mend> {
    let keys = path.iter().map(|step| match step {
        Step::Key(key) if key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')) => {
            Some(key)
        }
        _ => None,
    });
    let name =
        keys.collect::<Option<Vec<_>>>()?.into_iter().map(String::as_str).collect::<Vec<_>>().join(".");
    if ["aliases", "hosts"].contains(&name.as_str()) {
        return Some(help(&format!("write `{name} = […]` above the first `[…]` heading")));
    }
    let value = Value::Array(vec![node.clone()]);
    // A heading of what is below the table says nothing of its own brackets.
    let is_own = (node.span.end - node.span.start) as usize == name.len() + 2;
    let doubled = Mend { value: Some(value), ..help(&format!("write `[[{name}]]` above each item")) };
    Some(Mend { replacement: is_own.then(|| format!("[[{name}]]")), ..doubled })
}

fn help(text: &str) -> Mend {
    Mend { help: text.to_owned(), replacement: None, value: None }
}

fn certain(replacement: String, value: Value) -> Mend {
    Mend { help: format!("write `{replacement}`"), replacement: Some(replacement), value: Some(value) }
}

fn text(words: &str) -> Mend {
    certain(quoted(words), Value::String(words.to_owned()))
}

/// A text in the quotes that TOML and YAML share.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// `"200_000"` and `"200k"`.
fn number(word: &str) -> Option<Mend> {
    let digits = word.replace(['_', ',', ' '], "");
    if let Ok(number) = digits.parse::<i64>() {
        return Some(certain(number.to_string(), Value::Integer(number)));
    }
    let (thousands, factor) = match digits.to_ascii_lowercase() {
        text if text.ends_with('k') => (text, 1_000),
        text if text.ends_with('m') => (text, 1_000_000),
        _ => return None,
    };
    let count: i64 = thousands.trim_end_matches(['k', 'm']).parse().ok()?;
    let number = count.checked_mul(factor)?;
    Some(Mend { value: Some(Value::Integer(number)), ..help(&format!("write the whole number: `{number}`")) })
}

fn truth(word: &str) -> Option<Mend> {
    let truth = match word.trim_end_matches([',', ';']).to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => true,
        "false" | "no" | "off" | "0" => false,
        _ => return None,
    };
    Some(certain(truth.to_string(), Value::Bool(truth)))
}

/// Whether a path leads to what stands among the states and is called as a key of one.
fn is_state_key(path: &[Step]) -> bool {
    let keys = ["on", "form", "json", "query", "headers", "show", "keep", "auth"];
    matches!(path, [Step::Key(states), Step::Key(key)] if states == "states" && keys.contains(&key.as_str()))
}

/// How a key that is missing is written.
fn example(key: &str) -> String {
    let value = match key {
        "expect" => "{ end = \"success\" }",
        "end" => return "`end = \"success\"`, or `\"done\"`, `\"error\"` or `\"timeout\"`".to_owned(),
        "to" => "\"STATE\"",
        "get" => "\"https://…\"",
        _ => "\"…\"",
    };
    format!("`{key} = {value}`")
}
