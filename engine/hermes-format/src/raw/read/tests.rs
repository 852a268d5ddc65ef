mod misplaced;

use proptest::prelude::*;

use super::*;
use crate::parse::{Language, parse};
use crate::raw::provider::Provider;
use crate::source::FileId;

/// Reads a file in one language and compares the findings: code, words, message, and `help` or nothing.
fn check(text: &str, language: Language, expect: &[(&str, &str, &str, &str)]) -> Option<Provider> {
    let node = parse(text, language, FileId(0)).unwrap_or_else(|findings| panic!("{findings:#?}"));
    let (value, findings) = read::<Provider>(&node);
    let words = |span: Span| &text[span.start as usize..span.end as usize];
    let found: Vec<_> = findings
        .iter()
        .map(|f| (f.code.id, words(f.primary.span), f.message.as_str(), f.help.as_deref().unwrap_or("")))
        .collect();
    assert_eq!(found, expect, "{text}");
    value
}

/// The help where no key is near.
const FAR: &str = "take it out; docs/provider-format.md has the keys that there are";

/// The text after the certain mends of its findings.
fn mended(text: &str) -> String {
    let node = parse(text, Language::Toml, FileId(0)).expect("it parses");
    let (_, findings) = read::<Provider>(&node);
    let mut fixes: Vec<_> = findings.into_iter().filter_map(|finding| finding.fix).collect();
    fixes.sort_by_key(|fix| std::cmp::Reverse(fix.span));
    fixes.into_iter().fold(text.to_owned(), |mut text, fix| {
        text.replace_range(fix.span.start as usize..fix.span.end as usize, &fix.replacement);
        text
    })
}

#[test]
fn a_right_file_is_read_without_findings() {
    let toml = "name = 'Acme'\nstart = { login = ['mint', 'device'] }\n[states.poll]\nevery = '5s'\nuntil = { value = '{{a.b}}', unit = 's' }\njson = { a = [1, 'x'], b = true }\non = [{ if = { status = [200, '2xx'] }, to = 'success' }]\n";
    let value = check(toml, Language::Toml, &[]).expect("a provider");
    assert_eq!(value.name.as_deref(), Some("Acme"));
    assert_eq!(value.states["poll"].on.as_ref().map(Vec::len), Some(1));
    check(
        "name: Acme\nstates:\n  a:\n    on:\n      - to: success\n    json: { a: null }\n",
        Language::Yaml,
        &[],
    );
}

#[test]
fn every_mistake_of_a_file_is_reported_at_once() {
    let text = "naem = 'x'\naliases = 'x'\nstatus = 'actve'\nmodels = [{ context = 1 }, { id = 2 }, { id = 'a', context = -1 }, { idd = 'b' }]\n[states.a]\non = [{ unles = { status = 200 }, fail = 'x' }, { to = true }]\nevery = { value = '5s', frist = 'wait' }\nshow = ['a', 'b']\nauth = { basic = ['a', 1] }\n[states.b]\nauth = { basic = ['a'] }\nuntil = 5\n";
    let value = check(
        text,
        Language::Toml,
        &[
            ("HE001", "naem", "there is no key `naem` here", "did you mean `name`?"),
            ("HE005", "'x'", "`aliases` must be a list, not a string", "write `[\"x\"]`"),
            ("HE005", "'actve'", "`status` can't be `actve`", "did you mean `active`?"),
            ("HE005", "{ context = 1 }", "item 1 of `models` lacks the key `id`", "add `id = \"…\"`"),
            ("HE005", "2", "`id` must be a string, not a whole number", "write `\"2\"`"),
            ("HE005", "-1", "`context` must be a whole number that is not negative", ""),
            ("HE001", "idd", "there is no key `idd` here", "did you mean `id`?"),
            ("HE001", "unles", "there is no key `unles` here", "did you mean `unless`?"),
            ("HE005", "true", "`to` must be a string, not true or false", "write `\"true\"`"),
            ("HE001", "frist", "there is no key `frist` here", "did you mean `first`?"),
            ("HE005", "['a', 'b']", "`show` must be a table, not a list", ""),
            ("HE005", "1", "item 2 of `basic` must be a string, not a whole number", "write `\"1\"`"),
            ("HE005", "['a']", "`basic` must be a list of 2, and has 1", ""),
            (
                "HE005",
                "5",
                "`until` must be a duration such as \"90s\", or a table with `value` and `unit`, not a whole number",
                "write the unit too: `\"5s\"` for seconds, `\"5m\"` for minutes",
            ),
        ],
    );
    assert_eq!(value.expect("what is left").states.len(), 2);
}

#[test]
fn a_bare_number_for_a_duration_wants_its_unit_and_has_no_certain_mend() {
    let text = "[states.a]\nevery = { value = 5, unit = 's', default = 2 }\non = [{ to = 'a', slower = 5 }]\n[states.success]\nrefresh = { to = 'a', early = 60 }\n";
    let node = parse(text, Language::Toml, FileId(0)).expect("it parses");
    let (_, findings) = read::<Provider>(&node);
    assert_eq!(findings.len(), 4, "{findings:#?}");
    for finding in &findings {
        assert!(finding.message.contains("a duration such as \"60s\""), "{finding:?}");
        assert!(finding.help.as_deref().is_some_and(|help| help.contains("s\"` for seconds")), "{finding:?}");
        assert_eq!(finding.fix, None);
    }
}

#[test]
fn yaml_is_reported_in_the_same_words() {
    check(
        "naem: x\nmodels:\n  - id: a\n    context: \"128000\"\n    aux: \"true\"\ndocs:\nstates: [a]\n",
        Language::Yaml,
        &[
            ("HE001", "naem", "there is no key `naem` here", "did you mean `name`?"),
            (
                "HE005",
                "\"128000\"",
                "`context` must be a whole number that is not negative, not a string",
                "write `128000`",
            ),
            ("HE005", "\"true\"", "`aux` must be true or false, not a string", "write `true`"),
            (
                "HE005",
                "",
                "`docs` must be a string, not nothing (null)",
                "give it a value, or leave the key out",
            ),
            ("HE005", "[a]", "`states` must be a table, not a list", ""),
        ],
    );
}

#[test]
fn a_missing_key_that_follows_from_another_mistake_is_not_reported() {
    check(
        "models = [{ id = [] }]",
        Language::Toml,
        &[("HE005", "[]", "`id` must be a string, not a list", "")],
    );
}

#[test]
fn an_unknown_key_far_from_all_lists_the_keys_where_they_are_few() {
    check(
        "start = { begin = 'a' }\nzzzzzz = 1\n",
        Language::Toml,
        &[
            ("HE001", "begin", "there is no key `begin` here", "the keys are `login`, `logout`, `verify`"),
            ("HE001", "zzzzzz", "there is no key `zzzzzz` here", FAR),
        ],
    );
}

#[test]
fn a_key_that_is_already_there_is_not_offered_again() {
    let text = "name = 'a'\nnames = 'b'\n";
    check(text, Language::Toml, &[("HE001", "names", "there is no key `names` here", FAR)]);
    assert_eq!(mended(text), text);
}

#[test]
fn certain_mends_make_the_file_right() {
    let text = "naem = 1\nstatus = 'actve'\nmodels = [{ idd = 'a', context = '5', aux = 'true' }]\n";
    let right = "name = \"1\"\nstatus = \"active\"\nmodels = [{ id = 'a', context = 5, aux = true }]\n";
    assert_eq!(mended(text), right);
    let last = mended(right);
    check(&last, Language::Toml, &[]);
}

#[test]
fn what_was_meant_is_read_in_the_place_of_what_is_wrong() {
    let text = "alias = 'x'\nstart = 'poll'\n[var]\nclient_id = 5\n[state.poll]\nkep.scope = 'x'\n[states.ask]\nkeep.a = 'b'\nkep.c = 'd'\n";
    let node = parse(text, Language::Toml, FileId(0)).expect("it parses");
    let read = read_mended::<Provider>(&node);
    let value = read.value.expect("a provider");
    assert_eq!(value.aliases, ["x"]);
    assert_eq!(value.vars["client_id"], "5");
    assert_eq!(value.states.keys().collect::<Vec<_>>(), ["ask", "poll"]);
    assert_eq!(value.states["ask"].keep.keys().collect::<Vec<_>>(), ["a", "c"]);
    assert!(value.start.is_some());
    assert!(read.gone.is_empty());
    let said: Vec<_> = read.findings.iter().map(|f| (f.message.as_str(), f.help.as_deref())).collect();
    assert_eq!(said.len(), 8, "{said:#?}");
    assert!(read.node.get("var").is_none());
    let right = mended(text);
    assert!(right.starts_with("aliases = [\"x\"]\nstart = { login = \"poll\" }\n[vars]\n"), "{right}");
    check(&right, Language::Toml, &[]);
}

#[test]
fn a_table_in_brackets_is_not_renamed_to_one_that_is_there() {
    let text = "states = { a = { get = 'x' } }\nstate = { b = { get = 'x' } }\n";
    check(
        text,
        Language::Toml,
        &[("HE001", "state", "there is no key `state` here", "did you mean `states`?")],
    );
    assert_eq!(mended(text), text);
}

#[test]
fn a_key_whose_value_was_taken_out_is_not_offered_to_another() {
    let text = "[states.a]\non = { to = 'a' }\nonx = [{ to = 'a' }]\n";
    let node = parse(text, Language::Toml, FileId(0)).expect("it parses");
    let (_, findings) = read::<Provider>(&node);
    assert_eq!(findings.len(), 2, "{findings:#?}");
    assert!(findings.iter().all(|finding| finding.fix.is_none()), "{findings:#?}");
}

#[test]
fn the_items_of_a_list_are_counted_as_the_file_has_them() {
    let text = "models = [{ context = 1 }, { id = 'a' }, { context = 2 }, [], { context = 3 }]\n";
    let node = parse(text, Language::Toml, FileId(0)).expect("it parses");
    let (_, findings) = read::<Provider>(&node);
    let said: Vec<&str> =
        findings.iter().map(|finding| finding.message.split(' ').nth(1).unwrap_or("")).collect();
    assert_eq!(said, ["1", "3", "4", "5"]);
}

#[test]
fn a_number_that_was_meant_is_offered() {
    for (text, help) in [
        ("models = [{ id = 'a', context = '200k' }]", "write the whole number: `200000`"),
        ("models = [{ id = 'a', context = '200_000' }]", "write `200000`"),
        ("models = [{ id = 'a', aux = 'yes' }]", "write `true`"),
    ] {
        let node = parse(text, Language::Toml, FileId(0)).expect("it parses");
        let (_, findings) = read::<Provider>(&node);
        assert_eq!(findings[0].help.as_deref(), Some(help));
    }
}

#[test]
fn a_file_of_mistakes_ends() {
    let text = format!("models = [{}]", "1, ".repeat(900));
    let node = parse(&text, Language::Toml, FileId(0)).expect("it parses");
    let (value, findings) = read::<Provider>(&node);
    assert!(value.is_none());
    assert_eq!(findings.len(), ROUNDS);
    let unknown: String = (0..900).map(|i| format!("zz{i} = 1\n")).collect();
    let node = parse(&unknown, Language::Toml, FileId(0)).expect("it parses");
    assert_eq!(read::<Provider>(&node).1.len(), ROUNDS);
}

#[test]
fn a_file_that_is_no_table_gives_nothing() {
    let (value, findings) =
        read::<Provider>(&Node { span: Span { file: FileId(0), start: 0, end: 0 }, value: Value::Null });
    assert!(value.is_none());
    assert_eq!(findings[0].message, "the file must be a table, not nothing (null)");
}

/// Text that has the format's keys with values of any type.
fn file() -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec![
        "name",
        "aliases",
        "models",
        "states.a.on",
        "states.a.every",
        "states.a.show",
        "start",
        "status",
        "errors.x",
        "vars.a",
        "unknwn",
    ]);
    let value = prop::sample::select(vec![
        "1",
        "'x'",
        "true",
        "[]",
        "{}",
        "[{}]",
        "[1, 'x']",
        "{ to = 1 }",
        "[{ to = 'a', fal = 2 }]",
        "{ value = [], frist = 1 }",
        "[{ id = 1 }, { id = 'a', idd = 2 }]",
        "1.5",
        "-1",
    ]);
    prop::collection::vec((key, value), 0..8)
        .prop_map(|lines| lines.into_iter().map(|(key, value)| format!("{key} = {value}\n")).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_file_is_read_or_refused_with_places_in_it(text in file()) {
        let Ok(node) = parse(&text, Language::Toml, FileId(0)) else { return Ok(()) };
        let (value, findings) = read::<Provider>(&node);
        prop_assert!(value.is_some());
        let mut places: Vec<_> = findings.iter().map(|finding| finding.primary.span).collect();
        prop_assert!(places.iter().all(|span| text.get(span.start as usize..span.end as usize).is_some()));
        let all = places.len();
        places.dedup();
        prop_assert_eq!(places.len(), all, "each mistake once: {:#?}", findings);
    }
}
