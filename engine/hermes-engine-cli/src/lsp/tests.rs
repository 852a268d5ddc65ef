use hermes_format::parse::Language;
use lsp_types::Position;

use super::cursor::{self, Cursor};
use super::schema::Schema;
use super::{finding, place};

/// What stands at `|` of a text.
fn at(text: &str, language: Language) -> Cursor {
    let offset = text.find('|').expect("a cursor");
    cursor::at(&text.replacen('|', "", 1), offset, language)
}

fn path(path: &str) -> Vec<String> {
    path.split('.').filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

#[track_caller]
fn check_key(text: &str, language: Language, table: &str, written: &str) {
    assert_eq!(at(text, language), Cursor::Key { table: path(table), written: written.to_owned() }, "{text}");
}

#[track_caller]
fn check_value(text: &str, language: Language, of: &str, written: &str) {
    let Cursor::Value { path: found, written: now, .. } = at(text, language) else {
        panic!("no value at {text}")
    };
    assert_eq!((found, now.as_str()), (path(of), written), "{text}");
}

#[test]
fn a_key_knows_its_table() {
    use Language::Toml;
    check_key("na|", Toml, "", "na");
    check_key("name = \"a\" # [x]\n[states.poll]\nfo|", Toml, "states.poll", "fo");
    check_key("[states.poll]\nform.client_id = \"a\"\nshow.ur|", Toml, "states.poll.show", "ur");
    check_key("[states.poll]\non = [\n  { if = { status = 200 }, t|", Toml, "states.poll.on.*", "t");
    check_key("[states.poll]\non = [\n  { if = { sta|", Toml, "states.poll.on.*.if", "sta");
    check_key("[[test]]\nnam|", Toml, "test.*", "nam");
    check_key("[a]\non = [\n  { to = \"x\" },\n[states.b]\npo|", Toml, "states.b", "po");
    check_key("[a]\nx = \"never closed\ny = '''\n[b]\n'''\nz|", Toml, "a", "z");
}

#[test]
fn a_value_knows_its_key() {
    use Language::Toml;
    check_value("[states.a]\non = [{ to = \"po|", Toml, "states.a.on.*.to", "po");
    check_value("[states.a]\non = [{ to = |", Toml, "states.a.on.*.to", "");
    check_value("start = { login = [\"a\", \"|", Toml, "start.login.*", "");
    check_value("[states.a]\nform.x = \"{{device.|", Toml, "states.a.form.x", "{{device.");
    check_value("every = { value = \"5s\", unit = \"|", Toml, "every.unit", "");
}

#[test]
fn yaml_has_the_same_places() {
    use Language::Yaml;
    check_key("na|", Yaml, "", "na");
    check_key("states:\n  |", Yaml, "states", "");
    check_key("states:\n  poll:\n    fo|", Yaml, "states.poll", "fo");
    check_key(
        "states:\n  poll:\n    on:\n      - if: { status: 200 }\n        t|",
        Yaml,
        "states.poll.on.*",
        "t",
    );
    check_key("states:\n  poll:\n    on:\n    - { t|", Yaml, "states.poll.on.*", "t");
    check_value("states:\n  poll:\n    on:\n    - to: po|", Yaml, "states.poll.on.*.to", "po");
    check_value("states:\n  poll:\n    every: { unit: \"|", Yaml, "states.poll.every.unit", "");
}

#[test]
fn a_path_is_told_from_the_brackets_and_quotes_around_it() {
    let check = |text: &str, expect: Option<&str>| {
        let offset = text.find('|').expect("a cursor");
        let found = cursor::json_path(&text.replacen('|', "", 1), offset);
        assert_eq!(found.as_ref().map(|(query, _)| query.text()), expect, "{text}");
    };
    check("exists = [\"$.us|er_code\", \"$.b\"]", Some("$.user_code"));
    check("{ '$.a.b|' = 1 }", Some("$.a.b"));
    check("exists: [$.a, $.b|]", Some("$.b"));
    check("exists: [$.list[0]|.id]", None);
    check("\"|$.list[0].id\"", Some("$.list[0].id"));
    check("fail = \"no|ne\"", None);
}

#[test]
fn a_heading_knows_what_it_is_in() {
    let check = |text: &str, table: &str, written: &str| {
        let written = written.to_owned();
        assert_eq!(at(text, Language::Toml), Cursor::Heading { table: path(table), written }, "{text}");
    };
    check("[sta|", "", "sta");
    check("[[te|", "", "te");
    check("a = 1\n[states.|", "states", "");
    check("[states.a]\non = [\n  { to = \"b\" },\n]\n[states.b|", "states", "b");
}

#[test]
fn a_helper_stands_at_the_head_of_a_template_or_of_a_parenthesis() {
    for (written, is_head) in
        [("{{", true), ("a {{ fi", true), ("{{first (j", true), ("{{first a", false), ("{{a}} b", false)]
    {
        assert_eq!(cursor::is_head(written), is_head, "{written}");
    }
}

#[test]
fn a_comment_is_no_place_to_write() {
    assert_eq!(at("a = 1 # no|", Language::Toml), Cursor::Elsewhere);
    assert_eq!(at("a:\n  # no|", Language::Yaml), Cursor::Elsewhere);
}

#[test]
fn an_open_template_is_told_from_a_closed_one() {
    assert_eq!(cursor::template("a {{first device.us"), Some("device.us"));
    assert_eq!(cursor::template("{{"), Some(""));
    assert_eq!(cursor::template("{{a}} b"), None);
    assert_eq!(cursor::template("none"), None);
}

#[test]
fn the_schema_knows_keys_and_words_below_texts_that_may_be_tables() {
    let schema = Schema::of(false);
    let keys =
        |of: &str| schema.keys(&path(of)).into_iter().map(|(key, _)| key.to_owned()).collect::<Vec<_>>();
    assert!(keys("states.poll").contains(&"every".to_owned()));
    assert!(keys("states.poll.on.*").contains(&"relogin".to_owned()));
    assert!(keys("states.poll.on.*.if").contains(&"exists".to_owned()));
    assert!(keys("states.poll.every").contains(&"first".to_owned()), "{:?}", keys("states.poll.every"));
    assert!(keys("models.*").contains(&"context".to_owned()));
    assert!(schema.words(&path("states.poll.every.first")).contains(&"at-once"));
    assert!(schema.describe(&path("hosts")).is_some());
}

#[test]
fn columns_are_counted_in_units_of_utf_16() {
    let text = "a\n\u{1f600}b = 1\n";
    let b = text.find('b').unwrap();
    assert_eq!(place::position(text, b), Position { line: 1, character: 2 });
    assert_eq!(place::offset(text, Position { line: 1, character: 2 }), b);
    assert_eq!(place::offset(text, Position { line: 9, character: 0 }), text.len());
    assert_eq!(place::offset(text, Position { line: 0, character: 99 }), 1);
}

#[test]
fn a_word_that_was_meant_takes_the_place_of_one_word_with_its_quotation_marks() {
    let check = |meant: &str, words: &str, expect: Option<&str>| {
        assert_eq!(finding::in_place_of(words, meant).as_deref(), expect, "{words}");
    };
    check("poll", "\"pol\"", Some("\"poll\""));
    check("poll", "'pol'", Some("'poll'"));
    check("poll", "pol", Some("poll"));
    check("\"2xx\"", "2", Some("\"2xx\""));
    check("\"2xx\"", "\"2x\"", Some("\"2xx\""));
    // A rule as a whole is no word.
    check("to", "{ too = \"poll\" }", None);
}
