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
