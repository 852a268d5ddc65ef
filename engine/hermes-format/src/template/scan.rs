//! Where the `{{…}}` of a text are, and the words in them.

use std::collections::VecDeque;
use std::ops::Range;

use super::parse::TemplateFault;
use crate::source::Span;

/// Where the characters of a text stand in its file.
#[derive(Clone, Copy)]
pub(super) struct Place {
    span: Span,
    /// The length of the opening quote; `None` where escapes or folded lines make places uncertain.
    quote: Option<usize>,
}

impl Place {
    /// Judges by length alone: every escape of a quoted text is longer than what it stands for (but for two of YAML's
    /// that no file uses), so a text that is as long as its source between the quotes has none.
    pub(super) fn of(text: &str, span: Span) -> Place {
        let written = span.end.saturating_sub(span.start) as usize;
        let quote = match written.checked_sub(text.len()) {
            Some(0) => Some(0),
            // A text that ends its line is a block of YAML's, which has no quotes.
            Some(2) if !text.ends_with('\n') => Some(1),
            Some(6) if !text.ends_with('\n') => Some(3),
            _ => None,
        };
        Place { span, quote }
    }

    pub(super) fn span(self, words: Range<usize>) -> Span {
        self.quote.map_or(self.span, |quote| self.span.part(words.start + quote, words.end + quote))
    }
}

/// Finds what stands between the `{{` at `open` and its `}}`, or the words that can't be used.
pub(super) fn find_expression(
    text: &str,
    open: usize,
) -> Result<Range<usize>, (TemplateFault, Range<usize>)> {
    let start = open + 2;
    let rest = &text[start..];
    let naive_end = rest.find("}}").map_or(text.len(), |end| start + end + 2);
    let logic = |what: &str| Err((TemplateFault::Logic(what.to_owned()), open..naive_end));
    if text[..open].ends_with('\\') {
        return logic("an escaped `\\{{`");
    }
    match rest.chars().next() {
        Some('#' | '/' | '^') => return logic("a block"),
        Some('>') => return logic("a partial"),
        Some('*') => return logic("a decorator"),
        Some('!') => return logic("a comment"),
        Some('{') => return logic("a third brace"),
        Some('&') => return logic("`&`"),
        Some('~') => return logic("`~`"),
        _ => {}
    }
    let mut quote = None;
    for (at, c) in rest.char_indices() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            (None, '}') if rest[at..].starts_with("}}") => {
                return if rest[..at].ends_with('~') { logic("`~`") } else { Ok(start..start + at) };
            }
            _ => {}
        }
    }
    let what = if quote.is_some() { "a quote without its end" } else { "`{{` without `}}`" };
    Err((TemplateFault::Syntax(what.to_owned()), open..text.len()))
}

/// The words of an expression that are still to be met, in the order in which handlebars gives its parts.
pub(super) type Tokens = VecDeque<Range<usize>>;

/// The words and the texts in quotes, in order.
pub(super) fn tokens(words: &str) -> Tokens {
    let is_gap = |c: char| c.is_whitespace() || matches!(c, '(' | ')');
    let mut found = Tokens::new();
    let mut open: Option<(usize, char)> = None;
    for (at, c) in words.char_indices() {
        let after = at + c.len_utf8();
        match (open, c) {
            (None, '\'' | '"') => open = Some((at, c)),
            (Some((start, quote @ ('\'' | '"'))), c) if c == quote => {
                found.push_back(start..after);
                open = None;
            }
            (Some((_, '\'' | '"')), _) => {}
            (Some((start, _)), c) if is_gap(c) => {
                found.push_back(start..at);
                open = None;
            }
            (None, c) if !is_gap(c) => open = Some((at, ' ')),
            _ => {}
        }
    }
    found.extend(open.map(|(start, _)| start..words.len()));
    found
}

/// How deep parentheses and brackets nest outside quotes.
pub(super) fn nesting(words: &str) -> usize {
    let mut quote = None;
    let mut depth = 0_usize;
    let mut deepest = 0;
    for c in words.chars() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}
