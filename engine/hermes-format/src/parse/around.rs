//! What stands around the place at which a parser stopped: both parsers say where they gave up, and the mistake is often
//! before that.

/// A line of a text, and where it begins.
#[derive(Clone, Copy)]
pub(super) struct Line<'t> {
    pub(super) start: usize,
    pub(super) text: &'t str,
}

/// The line that holds a byte; its end belongs to it.
pub(super) fn line_at(text: &str, at: usize) -> Line<'_> {
    let before = text.get(..at).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |i| i + 1);
    let rest = text.get(start..).unwrap_or_default();
    Line { start, text: rest.split('\n').next().unwrap_or_default().trim_end_matches('\r') }
}

/// The lines before the one that begins at `start`, the nearest first.
pub(super) fn lines_before(text: &str, start: usize) -> impl Iterator<Item = Line<'_>> {
    let mut end = start;
    std::iter::from_fn(move || {
        end = end.checked_sub(1)?;
        let line = line_at(text, end);
        end = line.start;
        Some(line)
    })
}

impl Line<'_> {
    /// How many blanks it begins with.
    pub(super) fn indent(self) -> usize {
        self.text.len() - self.text.trim_start_matches(' ').len()
    }

    /// Its end without the blanks before it.
    pub(super) fn end(self) -> usize {
        self.start + self.text.trim_end().len()
    }
}

/// Something that was opened and not closed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Open {
    pub(super) at: usize,
    pub(super) with: char,
}

/// What is open at the end of a text: brackets, the outermost first, and last a quote that its line does not close.
pub(super) fn open(text: &str) -> Vec<Open> {
    let mut open: Vec<Open> = Vec::new();
    let mut quote: Option<Open> = None;
    let mut before = ' ';
    let mut characters = text.char_indices();
    while let Some((at, with)) = characters.next() {
        match (quote, with) {
            (Some(_), '\n') => quote = None,
            (Some(Open { with: '"', .. }), '\\') => drop(characters.next()),
            (Some(opened), _) => quote = quote.filter(|_| opened.with != with),
            (None, '"' | '\'') if !before.is_alphanumeric() => quote = Some(Open { at, with }),
            (None, '#') if before.is_whitespace() => {
                characters.by_ref().find(|(_, c)| *c == '\n');
            }
            (None, '[' | '{') => open.push(Open { at, with }),
            (None, ']' | '}') => drop(open.pop()),
            _ => {}
        }
        before = with;
    }
    open.extend(quote);
    open
}

/// The characters of a line that stand outside quotes and comments, each with the brackets that are open before it.
fn outside(line: &str) -> impl Iterator<Item = (usize, char, usize)> {
    let (mut quote, mut escaped, mut comment, mut last, mut depth) = (None, false, false, ' ', 0_usize);
    line.char_indices().filter_map(move |(at, c)| {
        let before = std::mem::replace(&mut last, c);
        let around = depth;
        match (quote, c) {
            _ if comment => return None,
            (Some(_), _) if escaped => escaped = false,
            (Some('"'), '\\') => escaped = true,
            (Some(with), _) => quote = quote.filter(|_| with != c),
            (None, '"' | '\'') if !before.is_alphanumeric() => quote = Some(c),
            (None, '#') if before.is_whitespace() => comment = true,
            (None, '[' | '{') => {
                depth += 1;
                return Some((at, c, around));
            }
            (None, ']' | '}') => {
                depth = depth.saturating_sub(1);
                return Some((at, c, around));
            }
            (None, _) => return Some((at, c, around)),
        }
        None
    })
}

/// The blanks of a line, outside quotes and comments, that an editor shows as blanks and no parser takes for one.
pub(super) fn odd_blanks(line: &str) -> Vec<(usize, char)> {
    let is_odd = |c: char| (c.is_whitespace() && !c.is_ascii() && !c.is_control()) || c == '\u{200b}';
    outside(line).filter(|(_, c, _)| is_odd(*c)).map(|(at, c, _)| (at, c)).collect()
}

/// Where a comment that begins with `//`, as other languages have it, stands in a line.
pub(super) fn slashes(line: &str) -> Option<usize> {
    let is_comment = |at: usize| {
        let before = line.get(..at).unwrap_or_default();
        let is_apart = before.is_empty() || before.ends_with(char::is_whitespace);
        let is_value = before.trim_end().ends_with(['=', ':']);
        is_apart && !is_value && line.get(at..).is_some_and(|rest| rest.starts_with("//"))
    };
    outside(line).find(|(at, c, _)| *c == '/' && is_comment(*at)).map(|(at, ..)| at)
}

/// Where an entry of a list or table in brackets ends: at the comma after it, or at the bracket that closes them.
pub(super) fn entry_end(text: &str) -> usize {
    let end = outside(text).find(|(_, c, depth)| matches!(c, ',' | '}' | ']') && *depth == 0);
    end.map_or(text.len(), |(at, ..)| at)
}

/// The text up to a comment.
pub(super) fn without_comment(text: &str) -> &str {
    text.find(" #").and_then(|at| text.get(..at)).unwrap_or(text).trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_quotes_and_comments_are_no_brackets() {
        let opened = |text: &str| open(text).iter().map(|open| (open.at, open.with)).collect::<Vec<_>>();
        assert_eq!(opened("a = [ \"]\", ']' # ]\n { }"), [(4, '[')]);
        assert_eq!(opened("a: { b: it's, c: [x"), [(3, '{'), (17, '[')]);
        assert_eq!(opened("a = \"x\\\""), [(4, '"')]);
        assert_eq!(opened("a = \"x\nb = 1"), []);
    }
}
