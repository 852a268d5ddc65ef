//! Made-up values: a text that a regular expression matches, the shortest that its first alternatives give, and a value
//! of an input.

use indexmap::IndexMap;
use regex_syntax::hir::{Class, Hir, HirKind};

use hermes_format::provider::{Constants, Provider};
use hermes_format::template::{UrlTrouble, render_url};

/// The longest example; a pattern that asks for more gets none.
const LONGEST: usize = 4096;

/// A text that matches the whole of a pattern; `None` where none is found.
pub fn example(pattern: &regex::Regex) -> Option<String> {
    let mut text = String::new();
    write(&regex_syntax::parse(pattern.as_str()).ok()?, &mut text)?;
    // Assertions are passed over, so the text is judged.
    pattern.is_match(&text).then_some(text)
}

/// A made-up value of an input: its first choice, else a word that says what it is, a URL, or a text that its pattern
/// allows: the first that the pattern and the provider's URLs take.
pub fn example_input(provider: &Provider, name: &str) -> String {
    let input = provider.inputs.get(name);
    if let Some(choice) = input.and_then(|input| input.choices.first()) {
        return choice.clone();
    }
    let pattern = input.and_then(|input| input.pattern.as_ref()).map(|pattern| &pattern.0);
    let word = format!("made-up-{}", name.replace('_', "-"));
    let url = format!("https://{word}.example");
    let made = pattern.and_then(example);
    let candidates = [Some(&word).filter(|_| !name.ends_with("url")), Some(&url), made.as_ref()];
    let allowed: Vec<&String> = candidates
        .into_iter()
        .flatten()
        .filter(|value| pattern.is_none_or(|pattern| pattern.is_match(value)))
        .collect();
    let usable = allowed.iter().find(|value| makes_urls(provider, name, value));
    (*usable.or(allowed.first()).unwrap_or(&&word)).clone()
}

/// Texts that a pattern matches, the plainest first, to show a user what it asks for; three at most.
pub fn forms(pattern: &regex::Regex) -> Vec<String> {
    let Ok(hir) = regex_syntax::parse(pattern.as_str()) else { return Vec::new() };
    let mut forms: Vec<String> = Vec::new();
    for (is_long, alternative) in [(false, 0), (true, 0), (true, 1)] {
        let mut text = String::new();
        let is_made = write_form(&hir, (is_long, alternative), &mut text).is_some();
        if is_made && pattern.is_match(&text) && !forms.contains(&text) {
            forms.push(text);
        }
    }
    forms
}

/// What stands for a name in a form.
const NAME: &str = "acme";

fn write_form(hir: &Hir, style: (bool, usize), text: &mut String) -> Option<()> {
    match hir.kind() {
        HirKind::Capture(capture) => write_form(&capture.sub, style, text)?,
        HirKind::Concat(parts) => parts.iter().try_for_each(|part| write_form(part, style, text))?,
        HirKind::Alternation(parts) => write_form(parts.get(style.1).or(parts.last())?, style, text)?,
        HirKind::Repetition(repetition) => match repetition.sub.kind() {
            HirKind::Class(class)
                if repetition.min <= 4
                    && repetition.max.is_none_or(|most| most >= 4)
                    && NAME.chars().all(|c| has(class, c)) =>
            {
                text.push_str(NAME);
            }
            _ => {
                let times = repetition.min.max(u32::from(style.0));
                (0..times).try_for_each(|_| write_form(&repetition.sub, style, text))?;
            }
        },
        _ => write(hir, text)?,
    }
    (text.len() <= 200).then_some(())
}

/// Whether every URL that an input is part of is one with this value.
fn makes_urls(provider: &Provider, name: &str, value: &str) -> bool {
    let inputs = IndexMap::from([(name.to_owned(), value.to_owned())]);
    let scope = Constants { provider, region: None, inputs: &inputs };
    let mut urls = provider.request_urls().chain(provider.api_urls());
    urls.all(|url| matches!(render_url(url, &scope), Ok(_) | Err(UrlTrouble::Missing(_))))
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
    let first = || match class {
        Class::Unicode(class) => class.iter().next().map(|range| range.start()),
        Class::Bytes(class) => class.iter().next().map(|range| char::from(range.start())),
    };
    ('a'..='z').chain('A'..='Z').chain('0'..='9').find(|wanted| has(class, *wanted)).or_else(first)
}

fn has(class: &Class, wanted: char) -> bool {
    match class {
        Class::Unicode(class) => class.iter().any(|range| (range.start()..=range.end()).contains(&wanted)),
        Class::Bytes(class) => u8::try_from(wanted)
            .is_ok_and(|byte| class.iter().any(|range| (range.start()..=range.end()).contains(&byte))),
    }
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

    #[test]
    fn forms_show_what_a_pattern_asks_for() {
        let check = |pattern: &str, expect: &[&str]| {
            let regex = regex::Regex::new(&format!(r"\A(?:{pattern})\z")).unwrap();
            assert_eq!(forms(&regex), expect, "{pattern}");
        };
        check(
            "(https://)?([A-Za-z0-9-]+([.]corp[.]example)?|git[.]example)/?",
            &["acme", "https://acme.corp.example/", "https://git.example/"],
        );
        check("https://.+|[A-Za-z0-9-]+", &["https://acme", "acme"]);
        check("[0-9]{4}", &["0000"]);
        check(r"a\bb", &[]);
    }

    #[test]
    fn an_input_that_begins_a_url_is_a_url_and_another_a_word() {
        let file = r#"
models = ["m"]
start = { login = "success" }
[vars]
bare = "https://{{match host '^([a-z0-9-]+)[.]acme[.]example$'}}.acme.example"
server = "{{first bare host}}"
[inputs.host]
pattern = "(?:https://)?[A-Za-z0-9.-]+/?"
[inputs.account]
pattern = "[a-z-]+"
[states.success]
access_token = "{{account}}"
[api]
base_url = "{{server}}/v1/{{account}}"
"#;
        let provider = crate::simulate::tests::walk::provider(file);
        assert_eq!(example_input(&provider, "host"), "https://made-up-host.example");
        assert_eq!(example_input(&provider, "account"), "made-up-account");
    }
}
