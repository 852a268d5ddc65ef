//! `.env` in the home: variables that stand in for those of the environment.
//!
//! Nothing is expanded, neither `$NAME` nor backquotes: a key with a `$` in it is a key with a `$` in it. A line that can't
//! be read is passed over; the file belongs to other programs too.

use std::collections::HashMap;

/// Reads the text of an `.env`. Where a name stands twice the last one counts.
pub(super) fn parse(text: &str) -> HashMap<String, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.lines().filter_map(line).collect()
}

fn line(line: &str) -> Option<(String, String)> {
    let line = line.trim();
    let line = match line.strip_prefix("export") {
        Some(rest) if rest.starts_with(char::is_whitespace) => rest.trim_start(),
        _ => line,
    };
    let (name, value) = line.split_once('=')?;
    let name = name.trim_end();
    let valid = !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    valid.then(|| (name.to_owned(), read_value(value.trim_start())))
}

/// A value in quotes ends with them; one without ends where a comment begins.
fn read_value(value: &str) -> String {
    for quote in ['"', '\''] {
        if let Some(inner) = value.strip_prefix(quote)
            && let Some(read) = quoted(inner, quote)
        {
            return read;
        }
    }
    let comment = value
        .char_indices()
        .zip(value.chars().skip(1))
        .find(|((_, before), c)| before.is_whitespace() && *c == '#');
    let end = if value.starts_with('#') { 0 } else { comment.map_or(value.len(), |((at, _), _)| at) };
    value.get(..end).unwrap_or_default().trim_end().to_owned()
}

/// The text up to the closing quote; double quotes know `\n`, `\"` and `\\`. `None` where the quote is never closed.
fn quoted(inner: &str, quote: char) -> Option<String> {
    let mut read = String::new();
    let mut rest = inner.chars();
    while let Some(c) = rest.next() {
        match c {
            _ if c == quote => return Some(read),
            '\\' if quote == '"' => match rest.next()? {
                'n' => read.push('\n'),
                'r' => read.push('\r'),
                't' => read.push('\t'),
                escaped @ ('"' | '\\' | '$') => read.push(escaped),
                other => read.extend(['\\', other]),
            },
            _ => read.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expect: &[(&str, &str)]) {
        let expect = expect.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        assert_eq!(parse(text), expect, "{text:?}");
    }

    #[test]
    fn plain_lines_are_read() {
        check("A=1\nB = two words \r\n\n# C=3\n", &[("A", "1"), ("B", "two words")]);
        check("\u{feff}A=1", &[("A", "1")]);
        check("export A=1\nexport\tB=2\nexported=3", &[("A", "1"), ("B", "2"), ("exported", "3")]);
        check("A=1\nA=2", &[("A", "2")]);
    }

    #[test]
    fn quotes_end_a_value() {
        check("A=\"x # y\" # z", &[("A", "x # y")]);
        check("A='x\\n\"y'", &[("A", "x\\n\"y")]);
        check(r#"A="a\"b\\c\nd\e""#, &[("A", "a\"b\\c\nd\\e")]);
        check("A=\"open", &[("A", "\"open")]);
        check("A=\"\"", &[("A", "")]);
    }

    #[test]
    fn a_comment_needs_a_space_before_it() {
        check("A=x#y\nB=x #y\nC=#y\nD=x\t# y # z", &[("A", "x#y"), ("B", "x"), ("C", ""), ("D", "x")]);
    }

    #[test]
    fn nothing_is_expanded() {
        check("A=$HOME-`id`-${B}", &[("A", "$HOME-`id`-${B}")]);
    }

    #[test]
    fn a_line_that_can_t_be_read_is_passed_over() {
        check("hello\n=1\n1A=2\nA B=3\nA-B=4\nC=5", &[("C", "5")]);
    }

    proptest! {
        #[test]
        fn no_text_is_too_much(text in "\\PC*|[A-Z=\"'\\\\#\n ]*") {
            parse(&text);
        }

        #[test]
        fn a_quoted_value_comes_back(value in "[^'\r\n]*") {
            check(&format!("A='{value}'"), &[("A", &value)]);
        }
    }
}
