//! JSON with comments, changed in place: all but the one value stays as it was written, to the byte.

use std::ops::Range;

use serde_json::Value;

/// Why a text can't be changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum JsonError {
    #[error("it is not JSON (at byte {0})")]
    Invalid(usize),
    #[error("`{0}` in it is not an object")]
    NotObject(String),
}

/// The text with a value at a path of names.
pub(super) fn set(text: &str, path: &[String], value: &Value) -> Result<String, JsonError> {
    let text = if text.trim().is_empty() { "{}\n" } else { text };
    let mut object = Reader::new(text).root()?;
    for (depth, name) in path.iter().enumerate() {
        let rest = &path[depth + 1..];
        let Some(member) = object.members.iter().find(|member| member.name == *name) else {
            return Ok(insert(text, &object, name, &nested(rest, value)));
        };
        if rest.is_empty() {
            return Ok(format!("{}{value}{}", &text[..member.value.start], &text[member.value.end..]));
        }
        object = Reader { text, at: member.value.start }
            .object()
            .map_err(|_| JsonError::NotObject(name.clone()))?;
    }
    Ok(text.to_owned())
}

/// The text without what is at a path, and without the objects above it that are empty then and are among `made`.
pub(super) fn remove(text: &str, path: &[String], made: &[Vec<String>]) -> Result<String, JsonError> {
    let mut text = take(text, path)?;
    for end in (1..path.len()).rev() {
        let above = &path[..end];
        let is_empty =
            get(&text, above)?.is_some_and(|value| value.as_object().is_some_and(serde_json::Map::is_empty));
        if is_empty && made.iter().any(|one| one == above) {
            text = take(&text, above)?;
        }
    }
    Ok(text)
}

/// The value at a path.
pub(super) fn get(text: &str, path: &[String]) -> Result<Option<Value>, JsonError> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let mut reader = Reader::new(text);
    reader.skip();
    let mut span = reader.at..text.len();
    for name in path {
        let object = Reader { text, at: span.start }.object();
        let Some(member) =
            object.ok().and_then(|object| object.members.into_iter().find(|member| member.name == *name))
        else {
            return Ok(None);
        };
        span = member.value;
    }
    let plain = without_comments(&text[span.clone()]);
    serde_json::from_str(&plain).map(Some).map_err(|_| JsonError::Invalid(span.start))
}

fn take(text: &str, path: &[String]) -> Result<String, JsonError> {
    let Some((name, above)) = path.split_last() else { return Ok(text.to_owned()) };
    let mut object = Reader::new(text).root()?;
    for name in above {
        let Some(member) = object.members.iter().find(|member| member.name == *name) else {
            return Ok(text.to_owned());
        };
        object = Reader { text, at: member.value.start }.object()?;
    }
    let Some(index) = object.members.iter().position(|member| member.name == *name) else {
        return Ok(text.to_owned());
    };
    let member = &object.members[index];
    // With the comma after it, else with the one before it.
    let (start, end) =
        match (object.members.get(index + 1), index.checked_sub(1).and_then(|i| object.members.get(i))) {
            (Some(next), _) => (member.start, next.start),
            (None, Some(before)) => (before.value.end, member.value.end),
            (None, None) => (object.open + 1, object.close),
        };
    Ok(format!("{}{}", &text[..start], &text[end..]))
}

fn insert(text: &str, object: &Object, name: &str, value: &Value) -> String {
    let line = text[..object.open].rsplit('\n').next().unwrap_or_default();
    let outer: String = line.chars().take_while(|c| c.is_whitespace()).collect();
    let inner = match object.members.first() {
        Some(first) => indent_of(text, first.start).unwrap_or_else(|| format!("{outer}  ")),
        None => format!("{outer}  "),
    };
    let pretty = serde_json::to_string_pretty(value).unwrap_or_default().replace('\n', &format!("\n{inner}"));
    let member = format!("{}: {pretty}", Value::from(name));
    match object.members.last() {
        Some(last) => {
            let (before, after) = text.split_at(last.value.end);
            format!("{before},\n{inner}{member}{after}")
        }
        None => {
            format!("{}\n{inner}{member}\n{outer}{}", &text[..=object.open], &text[object.close..])
        }
    }
}

/// The blanks before a place, where it begins its line.
fn indent_of(text: &str, at: usize) -> Option<String> {
    let line = text[..at].rsplit_once('\n')?.1;
    line.chars().all(char::is_whitespace).then(|| line.to_owned())
}

fn nested(path: &[String], value: &Value) -> Value {
    path.iter()
        .rev()
        .fold(value.clone(), |inner, name| Value::Object([(name.clone(), inner)].into_iter().collect()))
}

struct Object {
    open: usize,
    close: usize,
    members: Vec<Member>,
}

struct Member {
    start: usize,
    name: String,
    value: Range<usize>,
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    fn new(text: &'t str) -> Reader<'t> {
        Reader { text, at: if text.starts_with('\u{feff}') { 3 } else { 0 } }
    }

    fn root(mut self) -> Result<Object, JsonError> {
        self.skip();
        if !self.rest().starts_with('{') {
            return Err(JsonError::Invalid(self.at));
        }
        self.object()
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    /// Blanks and comments.
    fn skip(&mut self) {
        loop {
            let rest = self.rest();
            let blanks = rest.len() - rest.trim_start().len();
            self.at += blanks;
            let rest = self.rest();
            if rest.starts_with("//") {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if rest.starts_with("/*") {
                self.at += rest.find("*/").map_or(rest.len(), |end| end + 2);
            } else if blanks == 0 {
                return;
            }
        }
    }

    fn eat(&mut self, mark: char) -> Result<(), JsonError> {
        self.skip();
        if !self.rest().starts_with(mark) {
            return Err(JsonError::Invalid(self.at));
        }
        self.at += mark.len_utf8();
        Ok(())
    }

    fn object(&mut self) -> Result<Object, JsonError> {
        self.skip();
        let open = self.at;
        self.eat('{')?;
        let mut members = Vec::new();
        loop {
            self.skip();
            let start = self.at;
            match self.rest().chars().next() {
                Some('}') => {
                    self.at += 1;
                    return Ok(Object { open, close: start, members });
                }
                Some('"') => {}
                _ => return Err(JsonError::Invalid(start)),
            }
            self.string()?;
            let name =
                serde_json::from_str(&self.text[start..self.at]).map_err(|_| JsonError::Invalid(start))?;
            self.eat(':')?;
            self.skip();
            let value = self.at;
            self.value()?;
            members.push(Member { start, name, value: value..self.at });
            self.skip();
            if self.rest().starts_with(',') {
                self.at += 1;
            }
        }
    }

    fn value(&mut self) -> Result<(), JsonError> {
        match self.rest().chars().next() {
            Some('{') => self.object().map(drop),
            Some('[') => self.array(),
            Some('"') => self.string(),
            _ => {
                let end = self.rest().find(|c: char| c.is_whitespace() || ",]}/".contains(c));
                let end = end.unwrap_or(self.rest().len());
                serde_json::from_str::<Value>(&self.rest()[..end])
                    .map_err(|_| JsonError::Invalid(self.at))?;
                self.at += end;
                Ok(())
            }
        }
    }

    fn array(&mut self) -> Result<(), JsonError> {
        self.eat('[')?;
        loop {
            self.skip();
            match self.rest().chars().next() {
                Some(']') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(',') => self.at += 1,
                Some(_) => self.value()?,
                None => return Err(JsonError::Invalid(self.at)),
            }
        }
    }

    fn string(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        let mut escaped = false;
        for (offset, c) in self.rest().char_indices().skip(1) {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => {
                    self.at = start + offset + 1;
                    return Ok(());
                }
                _ => {}
            }
        }
        Err(JsonError::Invalid(start))
    }
}

/// A value without comments and without commas before a bracket.
fn without_comments(text: &str) -> String {
    let mut plain = String::new();
    let mut reader = Reader { text, at: 0 };
    while reader.at < text.len() {
        reader.skip();
        let start = reader.at;
        match reader.rest().chars().next() {
            Some('"') if reader.string().is_ok() => plain.push_str(&text[start..reader.at]),
            Some(c) => {
                if matches!(c, '}' | ']') && plain.ends_with(',') {
                    plain.pop();
                }
                plain.push(c);
                reader.at += c.len_utf8();
            }
            None => break,
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn path(text: &str) -> Vec<String> {
        text.split('.').map(str::to_owned).collect()
    }

    #[test]
    fn a_value_is_set_and_everything_else_stays_as_it_was_written() {
        let text =
            "{\n    // mine\n    \"theme\": \"dark\",  /* a }, \"b\" */\n    \"env\": { \"A\": \"1\" }\n}\n";
        let set_a = set(text, &path("env.A"), &json!("2")).unwrap();
        assert_eq!(set_a, text.replace("\"A\": \"1\"", "\"A\": \"2\""));
        let new = set(text, &path("env.B"), &json!("x")).unwrap();
        assert!(new.starts_with("{\n    // mine\n    \"theme\": \"dark\",  /* a }, \"b\" */\n"), "{new}");
        assert_eq!(get(&new, &path("env")).unwrap(), Some(json!({"A": "1", "B": "x"})));
        let nested = set(text, &path("a.b.c"), &json!([1])).unwrap();
        assert!(nested.contains("\n    \"a\": {\n") && nested.contains("// mine"), "{nested}");
        assert_eq!(get(&nested, &path("a.b.c")).unwrap(), Some(json!([1])));
    }

    #[test]
    fn what_was_set_is_taken_back_to_the_byte() {
        for text in [
            "{\n  \"theme\": \"dark\",\n  // mine\n  \"list\": [1, 2, ],\n  \"last\": {\"a\": null}\n}\n",
            "{\"one\":1}",
            "{\n}\n",
        ] {
            let changed = set(text, &path("env.A"), &json!("1")).unwrap();
            let changed = set(&changed, &path("env.B"), &json!("2")).unwrap();
            let made = [path("env")];
            let back = remove(&changed, &path("env.B"), &made).unwrap();
            let back = remove(&back, &path("env.A"), &made).unwrap();
            let squeezed = |text: &str| text.split_whitespace().collect::<String>();
            assert_eq!(squeezed(&back), squeezed(text));
        }
        let kept = set("{\"env\":{}}", &path("env.A"), &json!("1")).unwrap();
        let back = remove(&kept, &path("env.A"), &[]).unwrap();
        assert_eq!(get(&back, &path("env")).unwrap(), Some(json!({})), "an object of the user's own stays");
    }

    #[test]
    fn an_empty_file_becomes_an_object_and_nonsense_stays() {
        assert_eq!(set("", &path("a"), &json!(1)).unwrap(), "{\n  \"a\": 1\n}\n");
        assert!(set("[1]", &path("a"), &json!(1)).is_err());
        assert!(set("{\"a\": ", &path("b"), &json!(1)).is_err());
        assert_eq!(set("{\"a\": 1}", &path("a.b"), &json!(1)), Err(JsonError::NotObject("a".to_owned())));
    }
}
