//! The mends of a help in the words of YAML.
//!
//! Helps and fixes are written once, in TOML. What a reader would get wrong: only what stands between backticks and can be
//! nothing but TOML is turned, so a name, a path and a text that is YAML already stay as they are.

/// A help for a YAML file: each piece of TOML between backticks becomes the YAML that says the same.
pub(super) fn help(text: &str) -> String {
    let mut parts = Vec::new();
    for (i, part) in text.split('`').enumerate() {
        parts.push(if i % 2 == 1 { snippet(part) } else { part.to_owned() });
    }
    parts.join("`")
}

/// A piece of TOML as YAML; anything else as it stands.
pub(super) fn snippet(toml: &str) -> String {
    if let Some(name) = header(toml) {
        return name.to_owned();
    }
    let mut reader = Reader { rest: toml, turned: false };
    match reader.entries(None).filter(|_| reader.rest.is_empty() && reader.turned) {
        Some(yaml) => yaml,
        None => toml.to_owned(),
    }
}

/// The name of a table's header, `[vars]` or `[[test]]`.
fn header(toml: &str) -> Option<&str> {
    let name = toml.strip_prefix('[')?.strip_suffix(']')?;
    let name = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    is_name.then_some(name)
}

/// What is left of a piece of TOML.
struct Reader<'t> {
    rest: &'t str,
    /// Whether an `=` was met: without one it is no TOML.
    turned: bool,
}

impl<'t> Reader<'t> {
    /// Keys and values up to the bracket that closes them, or a value alone.
    fn entries(&mut self, close: Option<char>) -> Option<String> {
        let mut all = Vec::new();
        loop {
            self.blanks();
            if self.rest.is_empty() || close.is_some_and(|close| self.rest.starts_with(close)) {
                return Some(all.join(", "));
            }
            all.push(self.entry()?);
            self.blanks();
            match self.rest.strip_prefix(',') {
                Some(rest) => self.rest = rest,
                None if self.rest.is_empty() || close.is_some_and(|close| self.rest.starts_with(close)) => {}
                None => return None,
            }
        }
    }

    fn entry(&mut self) -> Option<String> {
        let word = self.value()?;
        self.blanks();
        let Some(rest) = self.rest.strip_prefix('=') else { return Some(word) };
        (self.rest, self.turned) = (rest, true);
        self.blanks();
        let value = plain(&self.value()?);
        Some(match word.split_once('.').filter(|_| !word.starts_with('"')) {
            // YAML has no dotted keys.
            Some((table, key)) => format!("{table}: {{ {key}: {value} }}"),
            None => format!("{}: {value}", plain(&word)),
        })
    }

    /// A text in its quotes, a list, a table, or a word.
    fn value(&mut self) -> Option<String> {
        match self.rest.chars().next()? {
            '"' => {
                let end = self.rest.get(1..)?.find('"')? + 2;
                Some(self.take(end).to_owned())
            }
            open @ ('[' | '{') => {
                let close = if open == '[' { ']' } else { '}' };
                self.take(1);
                let inner = self.entries(Some(close))?;
                self.rest = self.rest.strip_prefix(close)?;
                Some(if open == '[' { format!("[{inner}]") } else { format!("{{ {inner} }}") })
            }
            _ => {
                let end = self.rest.find(|c: char| c.is_whitespace() || "=,[]{}\"".contains(c));
                let word = self.take(end.unwrap_or(self.rest.len()));
                (!word.is_empty()).then(|| word.to_owned())
            }
        }
    }

    fn take(&mut self, end: usize) -> &'t str {
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    fn blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }
}

/// A text without its quotes, where YAML reads the same text then.
fn plain(quoted: &str) -> String {
    let text = quoted.trim_matches('"');
    let is_safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ':' | '$' | '…');
    let is_word = text.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '$' | '…'))
        && text.chars().all(is_safe)
        && !text.ends_with(':');
    let is_other = text.parse::<f64>().is_ok() || matches!(text, "true" | "false" | "null");
    if quoted.starts_with('"') && is_word && !is_other { text.to_owned() } else { quoted.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(toml: &str, yaml: &str) {
        assert_eq!(help(toml), yaml);
        assert_eq!(help(yaml), yaml, "what is YAML already stays");
    }

    #[test]
    fn a_key_and_its_value_are_turned() {
        check("write `to = \"STATE\"` or `fail = \"code\"`", "write `to: STATE` or `fail: code`");
        check("add `secret = true`: it", "add `secret: true`: it");
        check("write `region = …`", "write `region: …`");
        check("`a = \"200\"`", "`a: \"200\"`");
        check("`hosts = [\"*.example.com\"]`", "`hosts: [\"*.example.com\"]`");
        check("`listen = \"http://127.0.0.1:0/callback\"`", "`listen: http://127.0.0.1:0/callback`");
    }

    #[test]
    fn tables_lists_and_dotted_keys_are_turned() {
        check("`start = { login = \"STATE\" }`", "`start: { login: STATE }`");
        check(
            "`{ unless = { exists = [\"$.a\"] }, fail = \"…\" }`",
            "`{ unless: { exists: [\"$.a\"] }, fail: … }`",
        );
        check("`on = [{ to = \"STATE\" }]`", "`on: [{ to: STATE }]`");
        check("`query.state = \"{{random.state}}\"`", "`query: { state: \"{{random.state}}\" }`");
        check(
            "`{ if = { \"$.status\" = \"{{x}}\" }, to = \"a\" }`",
            "`{ if: { $.status: \"{{x}}\" }, to: a }`",
        );
    }

    #[test]
    fn headers_are_paths() {
        check("`x = \"…\"` in `[vars]`, or `[inputs.x]`", "`x: …` in `vars`, or `inputs.x`");
        check("add a `[[test]]`", "add a `test`");
    }

    #[test]
    fn what_is_no_toml_stays() {
        for text in [
            "did you mean `a.b`?",
            "in brackets: `[…]`",
            "`$.a[0]`",
            "`{{first a b}}`",
            "`[\"$.a\"]`",
            "`a: b=c`",
            "`",
            "",
        ] {
            check(text, text);
        }
    }
}
