//! `model` of `config.yaml`, changed in place: the rest of the file stays as a person wrote it, to the byte.
//!
//! What a reader would get wrong: this is no YAML writer. It changes lines of shapes that it knows, and every result is
//! parsed and compared before anybody sees it: a shape that is not known is an error and never a wrong file.

use std::ops::Range;

use serde_json::Value;

use super::Model;
use super::flow;

const UNKNOWN: &str = "its `model` is not of a shape that can be changed safely; write it by hand";

/// A member of `model`, and its value; `None` is none.
pub(super) type Wanted<'a> = [(&'static str, Option<&'a str>); 3];

/// The text with this model.
pub(super) fn set_model(text: &str, model: &Model) -> Result<String, String> {
    let wanted: Wanted<'_> = [
        ("default", Some(&model.default)),
        ("provider", Some(&model.provider)),
        ("base_url", model.base_url.as_deref()),
    ];
    let (mark, body) = if text.starts_with('\u{feff}') { text.split_at(3) } else { ("", text) };
    let edited = format!("{mark}{}", edit(body, &wanted).ok_or(UNKNOWN)?);
    if is_right(text, &edited, &wanted) { Ok(edited) } else { Err(UNKNOWN.to_owned()) }
}

fn edit(text: &str, wanted: &Wanted<'_>) -> Option<String> {
    let eol = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    let Some(at) = lines.iter().position(|line| value_at(line, 0, "model").is_some()) else {
        end_last_line(&mut lines, eol);
        lines.push(format!("model:{eol}"));
        let all = lines.len();
        set_members(&mut lines, all..all, wanted, eol);
        return Some(lines.concat());
    };
    let line = lines.get(at)?.clone();
    let value = line.get(value_at(&line, 0, "model")?..)?.trim();
    if value.starts_with('{') {
        return flow::edit(text, lines.get(..at)?.concat().len() + line.find('{')?, wanted);
    }
    end_last_line(&mut lines, eol);
    if !(value.is_empty() || value.starts_with(['#', '&'])) {
        // One value where a table should be.
        *lines.get_mut(at)? = format!("model:{}{eol}", comment(value));
    }
    let members = members(&lines, at);
    set_members(&mut lines, members, wanted, eol);
    Some(lines.concat())
}

fn end_last_line(lines: &mut [String], eol: &str) {
    if let Some(last) = lines.last_mut().filter(|last| !last.ends_with('\n')) {
        last.push_str(eol);
    }
}

/// The lines of a block that begins after a line; comments at its end are those of what follows.
fn members(lines: &[String], at: usize) -> Range<usize> {
    let mut end = at + 1;
    for (n, line) in lines.iter().enumerate().skip(at + 1) {
        match indent(line) {
            Some(0) => break,
            Some(_) => end = n + 1,
            None => {}
        }
    }
    at + 1..end
}

fn set_members(lines: &mut Vec<String>, members: Range<usize>, wanted: &Wanted<'_>, eol: &str) {
    let Range { start, end } = members;
    let mut block: Vec<String> = lines.drain(start..end).collect();
    let depth = block.iter().find_map(|line| indent(line)).unwrap_or(2);
    let mut next = 0;
    for (name, value) in wanted {
        let found = block.iter().position(|line| value_at(line, depth, name).is_some());
        match (found, value) {
            (Some(at), Some(value)) => {
                replace(&mut block, at, (depth, name), &scalar(value));
                next = at + 1;
            }
            (Some(at), None) => drop(block.drain(at..continued(&block, at, depth))),
            (None, Some(value)) => {
                let line = format!("{:depth$}{name}: {}{eol}", "", scalar(value));
                block.insert(next.min(block.len()), line);
                next += 1;
            }
            (None, None) => {}
        }
    }
    lines.splice(start..start, block);
}

/// Puts a value in the place of a member's, which may go on over several lines.
fn replace(block: &mut Vec<String>, at: usize, (depth, name): (usize, &str), value: &str) {
    let end = continued(block, at, depth);
    block.drain(at + 1..end);
    let Some(line) = block.get_mut(at) else { return };
    let Some(from) = value_at(line, depth, name) else { return };
    let (key, old) = line.split_at(from);
    let eol = if old.ends_with("\r\n") { "\r\n" } else { "\n" };
    *line = format!("{key} {value}{}{eol}", comment(old.trim()));
}

/// Where a member that begins in a line ends. Comments below it that nothing follows are not its own.
fn continued(block: &[String], at: usize, depth: usize) -> usize {
    let mut end = at + 1;
    for (n, line) in block.iter().enumerate().skip(at + 1) {
        match indent(line) {
            Some(deep) if deep <= depth => break,
            Some(_) => end = n + 1,
            None => {}
        }
    }
    end
}

/// How far a line is indented; `None` where it holds nothing but a comment.
fn indent(line: &str) -> Option<usize> {
    let text = line.trim_start_matches(' ');
    let is_content = !text.trim().is_empty() && !text.starts_with('#');
    is_content.then(|| line.len() - text.len())
}

/// Where, after its colon, the value of a key begins that stands at this depth.
fn value_at(line: &str, depth: usize, key: &str) -> Option<usize> {
    if indent(line) != Some(depth) {
        return None;
    }
    let text = line.get(depth..)?;
    let written = [key.to_owned(), format!("\"{key}\""), format!("'{key}'")];
    let after = written.iter().find_map(|written| text.strip_prefix(written.as_str()))?;
    let after = after.trim_start_matches(' ').strip_prefix(':')?;
    let is_end = after.is_empty() || after.starts_with([' ', '\t', '\r', '\n']);
    is_end.then(|| line.len() - after.len())
}

/// The comment behind a value, with a space before it; empty where there is none.
fn comment(value: &str) -> String {
    if value.starts_with('#') {
        return format!(" {value}");
    }
    let quote = value.chars().next().filter(|first| matches!(first, '"' | '\''));
    // What stands in quotes is no comment; text after them can be nothing else.
    let from = quote.and_then(|quote| value.rfind(quote)).map_or(0, |end| end + 1);
    let rest = value.get(from..).unwrap_or_default();
    rest.find(" #").and_then(|at| rest.get(at + 1..)).map(|comment| format!(" {comment}")).unwrap_or_default()
}

/// Words that a reader of YAML 1.1 takes for a boolean, null or a number, in any case
/// (<https://yaml.org/type/bool.html>, <https://yaml.org/type/null.html>, <https://yaml.org/type/float.html>).
const WORDS: [&str; 11] = ["y", "yes", "n", "no", "true", "false", "on", "off", "null", "nan", "inf"];

/// A text as YAML writes it, so that readers of YAML 1.1 and 1.2 read the same: a date, a number of base 60 or with
/// underscores begins with a digit or a sign, so only a text that begins with a letter is written without quotes.
pub(super) fn scalar(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._/:+@-".contains(c);
    let safe = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && !WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
        && text.chars().all(is_plain)
        && !text.ends_with(':')
        && serde_yaml::from_str::<Value>(text).is_ok_and(|value| value == text);
    // A JSON string is a YAML string.
    if safe { text.to_owned() } else { Value::from(text).to_string() }
}

/// Whether an edited text says what was wanted, and otherwise what it said before.
fn is_right(before: &str, after: &str, wanted: &Wanted<'_>) -> bool {
    let (Some(mut before), Some(mut after)) = (parsed(before), parsed(after)) else { return false };
    let empty = || Value::Object(serde_json::Map::new());
    let mut model = after.shift_remove("model").unwrap_or_default();
    let old = before.shift_remove("model").filter(Value::is_object).unwrap_or_else(empty);
    let said = wanted.iter().all(|(name, value)| {
        let got = model.get(name).filter(|got| !got.is_null());
        got == value.map(Value::from).as_ref()
    });
    let others = |model: &mut Value| {
        let members = model.as_object_mut().map(std::mem::take).unwrap_or_default();
        let is_other = |name: &String| wanted.iter().all(|(wanted, _)| wanted != name);
        members.into_iter().filter(|(name, _)| is_other(name)).collect::<Vec<_>>()
    };
    let mut old = old;
    said && before == after && others(&mut model) == others(&mut old)
}

fn parsed(text: &str) -> Option<serde_json::Map<String, Value>> {
    let text = text.trim_start_matches('\u{feff}');
    let is_empty = text.lines().all(|line| indent(line).is_none());
    if is_empty {
        return Some(serde_json::Map::new());
    }
    match serde_yaml::from_str(text).ok()? {
        Value::Object(members) => Some(members),
        Value::Null => Some(serde_json::Map::new()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
