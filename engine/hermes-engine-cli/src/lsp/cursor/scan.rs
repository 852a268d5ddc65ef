//! TOML, and the bracketed style of YAML, read up to the cursor.

use std::iter::Peekable;
use std::str::Chars;

use super::Cursor;

/// A bracket that is open.
struct Open {
    path: Vec<String>,
    is_table: bool,
}

/// How far the text has been read.
struct Scan<'a> {
    rest: Peekable<Chars<'a>>,
    /// `=`, or `:` in YAML.
    separator: char,
    header: Vec<String>,
    open: Vec<Open>,
    /// The parts of the key that are whole.
    keys: Vec<String>,
    word: String,
    in_value: bool,
    value: String,
    quoted: bool,
    /// The heading that the text ends in.
    heading: Option<String>,
}

/// What stands at the end of a beginning of a TOML file.
pub(super) fn toml(before: &str) -> Cursor {
    Scan::new(before, '=', Vec::new(), false).run()
}

/// What stands at the end of a value of YAML in brackets.
pub(super) fn flow(value: &str, path: &[String]) -> Cursor {
    Scan::new(value, ':', path.to_vec(), true).run()
}

impl<'a> Scan<'a> {
    fn new(text: &'a str, separator: char, header: Vec<String>, in_value: bool) -> Scan<'a> {
        Scan {
            rest: text.chars().peekable(),
            separator,
            header,
            open: Vec::new(),
            keys: Vec::new(),
            word: String::new(),
            in_value,
            value: String::new(),
            quoted: false,
            heading: None,
        }
    }

    fn run(mut self) -> Cursor {
        while let Some(c) = self.rest.next() {
            let is_whole = match c {
                '#' => self.skip_comment(),
                '"' | '\'' => self.text(c),
                '[' if self.begins_header() => self.read_header(),
                _ => {
                    self.take(c);
                    true
                }
            };
            if !is_whole && !self.quoted {
                return self.heading.map_or(Cursor::Elsewhere, |written| heading(&written));
            }
        }
        let table = self.table();
        if self.in_value {
            Cursor::Value { path: self.path(), written: self.value, quoted: self.quoted }
        } else {
            Cursor::Key { table: table.into_iter().chain(self.keys).collect(), written: self.word }
        }
    }

    fn take(&mut self, c: char) {
        match (c, self.in_value) {
            ('\n', _) => self.end_line(),
            ('{', true) => self.enter(true),
            ('[', true) => self.enter(false),
            ('}' | ']', _) => {
                self.open.pop();
                self.in_value = true;
                self.value.clear();
            }
            (',', _) => self.next_entry(),
            (c, false) if c == self.separator => {
                self.keys.push(std::mem::take(&mut self.word));
                self.in_value = true;
                self.value.clear();
            }
            ('.', false) => self.keys.push(std::mem::take(&mut self.word)),
            (c, false) if !c.is_whitespace() => self.word.push(c),
            (c, true) if !c.is_whitespace() || !self.value.is_empty() => self.value.push(c),
            _ => {}
        }
    }

    fn enter(&mut self, is_table: bool) {
        let mut path = self.path();
        if !is_table {
            path.push("*".to_owned());
        }
        self.open.push(Open { path, is_table });
        self.keys.clear();
        self.word.clear();
        self.value.clear();
        self.in_value = !is_table;
    }

    fn next_entry(&mut self) {
        self.value.clear();
        self.word.clear();
        self.keys.clear();
        self.in_value = self.open.last().is_some_and(|open| !open.is_table);
    }

    /// A table in brackets ends with its line, whether it was closed or not; a list does not.
    fn end_line(&mut self) {
        while self.separator == '=' && self.open.last().is_some_and(|open| open.is_table) {
            self.open.pop();
        }
        // A heading at the beginning of a line ends a list that nobody closed.
        let mut ahead = self.rest.clone();
        if ahead.next() == Some('[') && ahead.next().is_some_and(|c| c == '[' || c.is_ascii_lowercase()) {
            self.open.clear();
        }
        if self.separator == '=' {
            self.next_entry();
        }
    }

    fn begins_header(&self) -> bool {
        self.separator == '='
            && !self.in_value
            && self.open.is_empty()
            && self.keys.is_empty()
            && self.word.is_empty()
    }

    /// Reads `states.poll]`; `false` where the text ends in it.
    fn read_header(&mut self) -> bool {
        let mut written = String::new();
        loop {
            match self.rest.next() {
                None => {
                    self.heading = Some(written);
                    return false;
                }
                Some('\n') => break,
                Some(']') => {
                    self.rest.next_if_eq(&']');
                    break;
                }
                Some(c) => written.push(c),
            }
        }
        let (names, is_list) = match written.strip_prefix('[') {
            Some(names) => (names, true),
            None => (written.as_str(), false),
        };
        self.header = parts(names);
        if is_list {
            self.header.push("*".to_owned());
        }
        true
    }

    /// Reads a text in quotation marks; `false` where the cursor is in it.
    fn text(&mut self, mark: char) -> bool {
        let mut read = String::new();
        let is_long = self.is_long(mark);
        loop {
            match self.rest.next() {
                None => break self.quoted = true,
                Some('\\') if mark == '"' => {
                    read.push('\\');
                    read.extend(self.rest.next());
                }
                Some(c) if c == mark && (!is_long || self.is_long(mark)) => break,
                // Nobody closed it.
                Some('\n') if !is_long => {
                    self.end_line();
                    return true;
                }
                Some(c) => read.push(c),
            }
        }
        if self.in_value {
            self.value = read
        } else {
            self.word = read
        }
        !self.quoted
    }

    /// Takes the second and the third of three quotation marks, if they are there.
    fn is_long(&mut self, mark: char) -> bool {
        let mut ahead = self.rest.clone();
        let long = self.separator == '=' && ahead.next() == Some(mark) && ahead.next() == Some(mark);
        if long {
            self.rest = ahead;
        }
        long
    }

    fn skip_comment(&mut self) -> bool {
        while self.rest.next_if(|c| *c != '\n').is_some() {}
        self.rest.peek().is_some()
    }

    /// The table at hand.
    fn table(&self) -> Vec<String> {
        self.open.last().map_or_else(|| self.header.clone(), |open| open.path.clone())
    }

    /// The key whose value is at hand.
    fn path(&self) -> Vec<String> {
        let mut path = self.table();
        path.extend(self.keys.iter().cloned());
        path
    }
}

/// The cursor at the end of a heading that is not closed yet.
fn heading(written: &str) -> Cursor {
    let mut table = parts(written.trim_start_matches('['));
    let written = table.pop().unwrap_or_default();
    Cursor::Heading { table, written }
}

fn parts(names: &str) -> Vec<String> {
    names.split('.').map(|part| part.trim_matches([' ', '"', '\'']).to_owned()).collect()
}
