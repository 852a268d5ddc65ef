//! The one choke point for text from outside (S26).
//!
//! What a terminal obeys or what changes the order of text is taken out, an escape sequence whole: without its first
//! byte, the rest of one would be shown as letters.

#[cfg(test)]
mod tests;

const MAX_CHARACTERS: usize = 200;
const MAX_CODE: usize = 64;

/// Makes text from outside safe for a screen: one line of at most 200 characters, nothing in it that a terminal obeys.
///
/// Line ends and tabs become blanks, runs of blanks become one; a cut is marked with `…`.
pub fn sanitise(text: &str) -> String {
    sanitise_within(text, MAX_CHARACTERS)
}

/// The same for a sentence of one's own, which may name long paths and hosts: with a limit of its own, in characters.
pub fn sanitise_within(text: &str, most: usize) -> String {
    let mut clean = String::new();
    let mut count = 0;
    let mut is_gap = false;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '\u{1b}' => skip_escape(&mut rest),
            '\u{9b}' => skip_control_sequence(&mut rest),
            '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}' => skip_string(&mut rest),
            c if c.is_whitespace() => is_gap = true,
            c if is_unseen(c) => {}
            c => {
                let needed = 1 + usize::from(is_gap && count > 0);
                if count + needed > most {
                    return mark_cut(clean, most);
                }
                if needed == 2 {
                    clean.push(' ');
                }
                clean.push(c);
                count += needed;
                is_gap = false;
            }
        }
    }
    clean
}

/// S9: a user code that can be shown: at most 64 printable characters. `None` is no code.
pub fn printable_code(text: &str) -> Option<String> {
    let text = text.trim();
    let is_printable = |c: char| c == ' ' || !(c.is_whitespace() || is_unseen(c));
    let fits = !text.is_empty() && text.chars().count() <= MAX_CODE && text.chars().all(is_printable);
    fits.then(|| text.to_owned())
}

fn mark_cut(mut clean: String, most: usize) -> String {
    if clean.chars().count() >= most {
        clean.pop();
    }
    clean.push('…');
    clean
}

type Chars<'a> = std::str::Chars<'a>;

/// Skips what follows an escape character ([ECMA-48](https://ecma-international.org/publications-and-standards/standards/ecma-48/)).
fn skip_escape(rest: &mut Chars<'_>) {
    let mut ahead = rest.clone();
    match ahead.next() {
        Some('[') => {
            *rest = ahead;
            skip_control_sequence(rest);
        }
        Some(']' | 'P' | 'X' | '^' | '_') => {
            *rest = ahead;
            skip_string(rest);
        }
        // `ESC ( B` and its kin: intermediate characters, then one final.
        Some(' '..='/') => {
            while matches!(ahead.clone().next(), Some(' '..='/')) {
                ahead.next();
            }
            skip_one_of(&mut ahead, '0'..='~');
            *rest = ahead;
        }
        Some('0'..='~') => *rest = ahead,
        _ => {}
    }
}

/// Skips the parameters of a control sequence and its final character.
fn skip_control_sequence(rest: &mut Chars<'_>) {
    while matches!(rest.clone().next(), Some(' '..='?')) {
        rest.next();
    }
    skip_one_of(rest, '@'..='~');
}

fn skip_one_of(rest: &mut Chars<'_>, range: std::ops::RangeInclusive<char>) {
    if rest.clone().next().is_some_and(|c| range.contains(&c)) {
        rest.next();
    }
}

/// Skips a string that a terminal would swallow (OSC, DCS, APC, PM, SOS), up to its end or the end of the line.
fn skip_string(rest: &mut Chars<'_>) {
    loop {
        let mut ahead = rest.clone();
        match ahead.next() {
            None | Some('\n' | '\r') => return,
            Some('\u{7}' | '\u{9c}') => {
                *rest = ahead;
                return;
            }
            // `ESC \` ends it; any other escape begins a sequence of its own.
            Some('\u{1b}') => {
                if ahead.next() == Some('\\') {
                    *rest = ahead;
                }
                return;
            }
            Some(_) => *rest = ahead,
        }
    }
}

/// Whether a character is obeyed rather than seen: controls, bidirectional controls, zero-width and other characters
/// without a form, and those that smuggle text (tags, variation selectors, private use).
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{e000}'..='\u{f8ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{10ffff}')
}
