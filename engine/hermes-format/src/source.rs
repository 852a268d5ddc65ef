//! The texts that were read, and places in them.
//!
//! A [`Span`] counts bytes and knows its file, so a finding in an inherited flow can point at both files.

/// Which file of a [`Sources`] a span lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub u32);

/// A range of bytes in one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file that the bytes are in.
    pub file: FileId,
    /// The first byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The part of this span from `start` to `end`, counted in bytes from its beginning and kept inside it.
    pub fn part(self, start: usize, end: usize) -> Span {
        let at = |offset: usize| {
            self.start.saturating_add(u32::try_from(offset).unwrap_or(u32::MAX)).min(self.end)
        };
        Span { file: self.file, start: at(start), end: at(end) }
    }
}

/// One file as it was read.
#[derive(Debug, Clone)]
pub struct Source {
    /// What a user calls the file: its path, or `built-in:NAME`.
    pub name: String,
    /// All of its text.
    pub text: String,
}

impl Source {
    /// Whether the file is one of those that are built in.
    pub fn is_built_in(&self) -> bool {
        self.name.starts_with("built-in:")
    }
}

/// The files of one load, by [`FileId`].
#[derive(Debug, Clone, Default)]
pub struct Sources(Vec<Source>);

/// A line and a column, both counted from 1; the column counts characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineColumn {
    /// The line.
    pub line: usize,
    /// The character in the line.
    pub column: usize,
}

impl Sources {
    /// Adds a file and returns its id.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> FileId {
        let id = FileId(u32::try_from(self.0.len()).unwrap_or(u32::MAX));
        self.0.push(Source { name: name.into(), text: text.into() });
        id
    }

    /// The file of an id that this value gave out.
    pub fn file(&self, id: FileId) -> Option<&Source> {
        self.0.get(id.0 as usize)
    }

    /// All files, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &Source)> {
        self.0.iter().enumerate().map(|(i, s)| (FileId(u32::try_from(i).unwrap_or(u32::MAX)), s))
    }

    /// The words under a span; empty where the span lies outside its file.
    pub fn text(&self, span: Span) -> &str {
        self.file(span.file).and_then(|f| f.text.get(span.start as usize..span.end as usize)).unwrap_or("")
    }

    /// Where a span begins.
    pub fn start_of(&self, span: Span) -> LineColumn {
        let text = self.file(span.file).map_or("", |f| f.text.as_str());
        let mut offset = (span.start as usize).min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &text[..offset];
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        LineColumn {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}
