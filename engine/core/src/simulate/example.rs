//! Made-up values: a text that a regular expression matches, the shortest that its first alternatives give, and a value
//! of an input.

use regex_syntax::hir::{Class, Hir, HirKind};

use crate::provider::Input;

/// The longest example; a pattern that asks for more gets none.
const LONGEST: usize = 4096;

/// A text that matches the whole of a pattern; `None` where none is found.
pub fn example(pattern: &regex::Regex) -> Option<String> {
    let mut text = String::new();
    write(&regex_syntax::parse(pattern.as_str()).ok()?, &mut text)?;
    // Assertions are passed over, so the text is judged.
    pattern.is_match(&text).then_some(text)
}

/// A made-up value of an input: its first choice, a text that its pattern allows, or a word that says what it is. One
/// that is called a URL is one.
pub fn example_input(name: &str, input: &Input) -> String {
    let word = format!("made-up-{}", name.replace('_', "-"));
    let word = if name.ends_with("url") { format!("https://{word}.example") } else { word };
    match (input.choices.first(), &input.pattern) {
        (Some(choice), _) => choice.clone(),
        (None, Some(pattern)) if !pattern.0.is_match(&word) => example(&pattern.0).unwrap_or(word),
        _ => word,
    }
}

fn write(hir: &Hir, text: &mut String) -> Option<()> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.push_str(std::str::from_utf8(&literal.0).ok()?),
        HirKind::Class(class) => text.push(member(class)?),
        HirKind::Capture(capture) => write(&capture.sub, text)?,
        HirKind::Concat(parts) => parts.iter().try_for_each(|part| write(part, text))?,
        HirKind::Alternation(parts) => write(parts.first()?, text)?,
        HirKind::Repetition(repetition) => {
            // What may be left out is written once where it may be, for an empty text is no value.
            let times = repetition.min.max(u32::from(repetition.max != Some(0)));
            for _ in 0..times {
                write(&repetition.sub, text)?;
            }
        }
    }
    (text.len() <= LONGEST).then_some(())
}

/// A character of a class, a letter or digit where it has one.
fn member(class: &Class) -> Option<char> {
    let has = |wanted: char| match class {
        Class::Unicode(class) => class.iter().any(|range| (range.start()..=range.end()).contains(&wanted)),
        Class::Bytes(class) => u8::try_from(wanted)
            .is_ok_and(|byte| class.iter().any(|range| (range.start()..=range.end()).contains(&byte))),
    };
    let first = || match class {
        Class::Unicode(class) => class.iter().next().map(|range| range.start()),
        Class::Bytes(class) => class.iter().next().map(|range| char::from(range.start())),
    };
    ('a'..='z').chain('A'..='Z').chain('0'..='9').find(|wanted| has(*wanted)).or_else(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_matches_its_pattern() {
        let check = |pattern: &str, expect: Option<&str>| {
            let regex = regex::Regex::new(&format!(r"\A(?:{pattern})\z")).unwrap();
            assert_eq!(example(&regex).as_deref(), expect, "{pattern}");
        };
        check("[0-9a-f]{4}", Some("aaaa"));
        check("https://.+", Some("https://a"));
        check("[a-z0-9-]+[.]example", Some("a.example"));
        check("(eu|us)-[0-9]", Some("eu-0"));
        check("a?b*", Some("ab"));
        check(r"a\bb", None);
        check("a{9999}", None);
    }
}
