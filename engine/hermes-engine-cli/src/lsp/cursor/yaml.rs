//! YAML in its indented style, read up to the cursor.

use super::{Cursor, scan};

/// A key or a dash above the cursor, and how far it is indented.
struct Above {
    indent: usize,
    name: String,
}

/// What stands at the end of a beginning of a YAML file.
pub(super) fn yaml(before: &str) -> Cursor {
    let mut above: Vec<Above> = Vec::new();
    let (earlier, last) = before.rsplit_once('\n').unwrap_or(("", before));
    for line in earlier.lines().filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
    {
        let (indent, rest) = dashes(line, &mut above);
        if let Some((key, _)) = key(rest) {
            above.retain(|a| a.indent < indent);
            above.push(Above { indent, name: key });
        }
    }
    let (indent, rest) = dashes(last, &mut above);
    if rest.starts_with('#') {
        return Cursor::Elsewhere;
    }
    above.retain(|a| a.indent < indent || (a.indent == indent && a.name == "*" && rest.is_empty()));
    let mut path: Vec<String> = above.into_iter().map(|a| a.name).collect();
    if rest.starts_with(['{', '[']) {
        return scan::flow(rest, &path);
    }
    match key(rest) {
        None => Cursor::Key { table: path, written: rest.trim_matches(['"', '\'']).to_owned() },
        Some((name, value)) => {
            path.push(name);
            value_at(value.trim_start(), path)
        }
    }
}

fn value_at(value: &str, path: Vec<String>) -> Cursor {
    if value.starts_with(['{', '[']) {
        return scan::flow(value, &path);
    }
    let text = value.strip_prefix(['"', '\'']);
    Cursor::Value { path, written: text.unwrap_or(value).to_owned(), quoted: text.is_some() }
}

/// Takes the dashes at the beginning of a line; what is left, and how far it is indented.
fn dashes<'a>(line: &'a str, above: &mut Vec<Above>) -> (usize, &'a str) {
    let mut rest = line.trim_start();
    let mut indent = line.len() - rest.len();
    while let Some(item) =
        rest.strip_prefix("- ").or_else(|| rest.strip_prefix('-').filter(|rest| rest.is_empty()))
    {
        above.retain(|a| a.indent < indent || (a.indent == indent && a.name != "*"));
        above.push(Above { indent, name: "*".to_owned() });
        let inner = item.trim_start();
        indent += rest.len() - inner.len();
        rest = inner;
    }
    (indent, rest)
}

/// The key at the beginning of a line, and what follows its colon.
fn key(rest: &str) -> Option<(String, &str)> {
    if let Some(mark) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        let (name, after) = rest.get(1..)?.split_once(mark)?;
        return Some((name.to_owned(), after.trim_start().strip_prefix(':')?));
    }
    let (name, value) = rest.split_once(':')?;
    let is_key = !name.contains(['{', '[', ' ']) && (value.is_empty() || value.starts_with(' '));
    is_key.then(|| (name.to_owned(), value))
}
