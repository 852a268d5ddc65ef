//! The line whose indentation is off.
//!
//! The parser stops at the first line that fits nowhere, and the slip is often above it: a key at the left margin ends all
//! tables around it, and is missed only where the next of its neighbours comes. So the lines are read once more here, with
//! nothing in mind but how far each is indented.

use std::cmp::Ordering;

use super::super::around::{Line, open, without_comment};
use super::super::limits::MAX_DEPTH;

/// A line that is indented as no key around it, or as the wrong ones.
#[derive(Clone, Copy)]
pub(super) struct Off<'t> {
    pub(super) line: Line<'t>,
    /// How many blanks it should begin with.
    pub(super) wanted: usize,
    /// The line that it stands beside.
    pub(super) beside: Line<'t>,
    /// Where it may stand as well.
    pub(super) or: Option<usize>,
}

/// A table or list that is open: how far it is indented, and its first line.
#[derive(Clone, Copy)]
struct Level<'t> {
    indent: usize,
    first: Line<'t>,
    /// Whether its lines begin with dashes.
    is_list: bool,
}

/// A table or list that a line ended.
#[derive(Clone, Copy)]
struct Ended<'t> {
    level: Level<'t>,
    by: Line<'t>,
}

/// What may be off with the first line of a text that fits nowhere, up to the byte `until`; the likeliest first.
pub(super) fn off(text: &str, until: usize) -> Vec<Off<'_>> {
    let lines = key_lines(text);
    let mut levels: Vec<Level<'_>> = Vec::new();
    let mut ended: Vec<Ended<'_>> = Vec::new();
    for (at, line) in lines.iter().copied().enumerate().take_while(|(_, line)| line.start <= until) {
        let indent = line.indent();
        let before = at.checked_sub(1).and_then(|at| lines.get(at)).copied();
        if let (Some(level), Some(before)) = (levels.last(), before)
            && indent > level.indent
            && !opens(before)
        {
            return too_far(line, before, *level);
        }
        let mut inner = None;
        while let Some(level) = levels.pop_if(|level| level.indent > indent) {
            ended.push(Ended { level, by: line });
            inner = Some(level);
        }
        let is_new = levels.last().is_none_or(|level| level.indent < indent);
        if let Some(inner) = inner.filter(|_| is_new) {
            let earlier = moved(line, &levels, &ended, inner);
            let here = between(line, lines.get(at + 1).copied(), levels.last().copied(), inner);
            return earlier.into_iter().chain([here]).collect();
        }
        push(&mut levels, line);
    }
    Vec::new()
}

/// A line that is indented further than the one before it, which holds its value already; or that one is not far enough.
fn too_far<'t>(line: Line<'t>, before: Line<'t>, level: Level<'t>) -> Vec<Off<'t>> {
    let own = Off { line, wanted: level.indent, beside: before, or: None };
    let first = Off { line: before, wanted: line.indent(), beside: line, or: None };
    let is_first = level.first.start == before.start && !level.is_list && before.indent() == level.indent;
    [own].into_iter().chain(is_first.then_some(first)).collect()
}

/// The line before this one that ended the table to which this one belongs, if it did so because it was moved.
fn moved<'t>(line: Line<'t>, left: &[Level<'t>], ended: &[Ended<'t>], inner: Level<'t>) -> Option<Off<'t>> {
    let indent = line.indent();
    let is_it = |ended: &&Ended<'_>| ended.level.indent == indent && ended.by.start < line.start;
    let Ended { level, by } = ended.iter().rfind(is_it)?;
    let has_own = inner.indent >= indent + 2 && left.last().is_some_and(|left| left.indent == by.indent());
    has_own.then_some(Off { line: *by, wanted: indent, beside: level.first, or: None })
}

/// A line between the tables that it ended and those that are left.
fn between<'t>(
    line: Line<'t>,
    next: Option<Line<'t>>,
    outer: Option<Level<'t>>,
    inner: Level<'t>,
) -> Off<'t> {
    let off = |level: Level<'t>, or| Off { line, wanted: level.indent, beside: level.first, or };
    let Some(outer) = outer else { return off(inner, None) };
    if inner.is_list != outer.is_list {
        let is_item = line.text.trim_start().starts_with('-');
        return off(if inner.is_list == is_item { inner } else { outer }, None);
    }
    let indent = line.indent();
    let below = next.map(Line::indent).filter(|next| opens(line) && *next > indent);
    let distance = |level: Level<'_>| match below {
        Some(below) => below.abs_diff(level.indent + 2),
        None => indent.abs_diff(level.indent),
    };
    match distance(inner).cmp(&distance(outer)) {
        Ordering::Less => off(inner, None),
        Ordering::Equal => off(inner, Some(outer.indent)),
        Ordering::Greater => off(outer, None),
    }
}

/// Opens the levels that a line begins: its own, and that of the key after each dash.
fn push<'t>(levels: &mut Vec<Level<'t>>, line: Line<'t>) {
    let mut indent = line.indent();
    let mut rest = line.text.trim_start();
    loop {
        if levels.last().is_none_or(|level| level.indent < indent) {
            levels.push(Level { indent, first: line, is_list: rest.starts_with('-') });
        }
        let Some(item) = rest.strip_prefix("- ") else { return };
        let inner = item.trim_start();
        if !is_key(inner) && !inner.starts_with("- ") {
            return;
        }
        indent += rest.len() - inner.len();
        rest = inner;
    }
}

/// The lines that hold keys or items, without what stands in brackets, quotes and blocks of text over several lines.
fn key_lines(text: &str) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    let mut start = 0;
    let mut block: Option<usize> = None;
    let mut brackets = 0;
    let mut quote: Option<char> = None;
    for text in text.split('\n') {
        let line = Line { start, text: text.trim_end_matches('\r') };
        start += text.len() + 1;
        let words = without_comment(line.text).trim();
        if words.is_empty() || words.starts_with('#') {
            continue;
        }
        if block.is_some_and(|indent| line.indent() > indent) {
            continue;
        }
        if let Some(with) = quote {
            quote = quote.filter(|_| !words.contains(with));
            continue;
        }
        block = None;
        quote = open(words).pop().map(|open| open.with).filter(|with| matches!(with, '"' | '\''));
        if brackets == 0 && (is_key(words) || words.starts_with("- ") || words == "-") {
            lines.push(line);
            let is_block = words.rsplit([' ', ':']).next().is_some_and(|last| last.starts_with(['|', '>']));
            block = is_block.then_some(line.indent());
        }
        brackets = brackets_after(brackets, words);
    }
    lines
}

/// How many brackets are open after a line; beyond what may be nested, they are not counted.
fn brackets_after(before: usize, words: &str) -> usize {
    let text = "[".repeat(before) + words;
    open(&text).iter().filter(|open| matches!(open.with, '[' | '{')).take(2 * MAX_DEPTH).count()
}

/// Whether a line's words begin with a key and its colon.
fn is_key(words: &str) -> bool {
    let end = words.find(": ").or_else(|| words.ends_with(':').then(|| words.len() - 1));
    end.is_some_and(|end| {
        let key = words.get(..end).unwrap_or_default();
        !key.starts_with(['{', '[', '#']) && (key.starts_with(['"', '\'']) || !key.contains(['"', '{', '[']))
    })
}

/// Whether what a line's key or dash holds stands in the lines below it.
fn opens(line: Line<'_>) -> bool {
    without_comment(line.text).trim_end().ends_with([':', '-'])
}
