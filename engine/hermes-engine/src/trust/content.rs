//! What a provider file and its flows say, in one form whatever their language, layout and comments: a line for each
//! value, sorted. Two files with the same lines are the same provider.

use hermes_format::parse::{Node, Value, parse};
use hermes_format::source::FileId;
use hermes_machine::check::allowances;
use sha2::{Digest as _, Sha256};

use crate::catalog::{Opened, language_of};
use crate::store::hex;

/// What a provider's texts say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The provider's id.
    pub id: String,
    /// A line for each value, sorted.
    pub lines: Vec<String>,
}

/// How the line of an allowance begins.
const ALLOWANCE: &str = "allowance ";

impl Content {
    /// What the texts of a file say; `None` where one can't be parsed.
    pub fn of(opened: &Opened) -> Option<Content> {
        let mut lines = Vec::new();
        for (number, (_, source)) in opened.sources.iter().enumerate() {
            let node = parse(&source.text, language_of(&source.name)?, FileId(0)).ok()?;
            // The first text is the file's own, the others are its flows, nearest first.
            let place = if number == 0 { String::new() } else { format!("flow {number}: ") };
            flatten(&node, &place, &mut lines);
            lines.extend(allowances(&source.text).iter().map(|text| format!("{ALLOWANCE}{place}{text}")));
        }
        lines.sort_unstable();
        Some(Content { id: opened.entry.id.clone(), lines })
    }

    /// SHA-256, in hex, of the id and all lines.
    pub fn sha256(&self) -> String {
        let mut hash = Sha256::new();
        for line in std::iter::once(&self.id).chain(&self.lines) {
            hash.update((line.len() as u64).to_be_bytes());
            hash.update(line);
        }
        hex(&hash.finalize())
    }

    /// Whether both are one provider but for its name, its summary, and what is said of its models' limits and uses.
    pub fn is_as(&self, other: &Content) -> bool {
        self.id == other.id && self.essence().eq(other.essence())
    }

    fn essence(&self) -> impl Iterator<Item = &String> {
        self.lines.iter().filter(|line| !line.starts_with(ALLOWANCE) && !is_words(line))
    }
}

/// Whether a line is of words and numbers that no flow depends on.
fn is_words(line: &str) -> bool {
    let Some((key, _)) = line.split_once(" = ") else { return false };
    let of_model =
        key.strip_prefix("models[").and_then(|rest| rest.split_once("].")).is_some_and(|(index, key)| {
            index.bytes().all(|byte| byte.is_ascii_digit())
                && matches!(key, "context" | "output" | "best_for")
        });
    matches!(key, "name" | "summary") || of_model
}

fn flatten(node: &Node, path: &str, lines: &mut Vec<String>) {
    match &node.value {
        Value::Table(entries) if !entries.is_empty() => {
            let dot = if path.is_empty() || path.ends_with(": ") { "" } else { "." };
            for (key, entry) in entries {
                flatten(&entry.node, &format!("{path}{dot}{}", quoted(key)), lines);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                let at = format!("{path}[{index}]");
                // A model's id may stand for the model.
                let is_name = path == "models" && item.as_str().is_some();
                flatten(item, &if is_name { format!("{at}.id") } else { at }, lines);
            }
        }
        _ => lines.push(format!("{path} = {}", node.to_json())),
    }
}

/// A key, in quotes where it could be taken for something else.
fn quoted(key: &str) -> String {
    let is_bare = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if is_bare { key.to_owned() } else { serde_json::Value::from(key).to_string() }
}
