use proptest::prelude::*;
use serde_json::json;

use super::*;

mod depth;
mod limits;
mod slips;

fn words(text: &str, span: Span) -> &str {
    &text[span.start as usize..span.end as usize]
}

fn node(text: &str, language: Language) -> Node {
    parse(text, language, FileId(0)).unwrap_or_else(|findings| panic!("{text:?} gave {findings:#?}"))
}

/// Every pointer must lead to a value and a key that stand on just these words.
fn check_words(text: &str, language: Language, expect: &[(&str, &str, &str)]) {
    let root = node(text, language);
    for (pointer, key, value) in expect {
        let found = root.at(pointer).unwrap_or_else(|| panic!("nothing at {pointer} of {text:?}"));
        assert_eq!(words(text, found.span), *value, "the value of {pointer} in {text:?}");
        let found = root.entry_at(pointer).map_or("", |entry| words(text, entry.key));
        assert_eq!(found, *key, "the key of {pointer} in {text:?}");
    }
}

/// The text must be refused with exactly these messages about these words.
fn check_refused(text: &str, language: Language, expect: &[(&str, &str)]) {
    let findings = parse(text, language, FileId(0)).expect_err(text);
    let found: Vec<_> = findings.iter().map(|f| (f.message.as_str(), words(text, f.primary.span))).collect();
    assert_eq!(found, expect, "{text:?}");
    assert!(findings.iter().all(|f| f.code == &SYNTAX));
}

#[test]
fn toml_places_are_exact() {
    let text = "# é\nname = \"Acmé\" # c\nform.a-b = 'x'\nform.\"c d\" = 1\n\n[states.poll]\nevery = { value = \"{{a}}\", unit = 'ms' }\non = [\n  { if = { status = 200 }, to = \"success\" }, # }\n  { fail = \"x\" },\n]\n[[test]]\nrun = true\n[[test]]\nrun = 1.5\n";
    check_words(
        text,
        Language::Toml,
        &[
            ("", "", "name"),
            ("/name", "name", "\"Acmé\""),
            ("/form", "form", "form"),
            ("/form/a-b", "a-b", "'x'"),
            ("/form/c d", "\"c d\"", "1"),
            ("/states", "states", "states"),
            ("/states/poll", "poll", "[states.poll]"),
            ("/states/poll/every", "every", "{ value = \"{{a}}\", unit = 'ms' }"),
            ("/states/poll/every/unit", "unit", "'ms'"),
            ("/states/poll/on/0", "", "{ if = { status = 200 }, to = \"success\" }"),
            ("/states/poll/on/0/if/status", "status", "200"),
            ("/states/poll/on/1/fail", "fail", "\"x\""),
            ("/test/0", "", "[[test]]"),
            ("/test/1/run", "run", "1.5"),
        ],
    );
}

#[test]
fn yaml_places_are_exact() {
    let text = "# é\nname: Acmé # c\nform: { a-b: 'x', \"c d\": 1 }\nstates:\n  poll:\n    every: {value: \"{{a}}\", # }\n      unit: ms }\n    on:\n      - if: { status: 200 }\n        to: success\n\n      - fail: x # y\ntext: |\n  one\n  two\n\nlist: [ [1], 'two' ,]\nnothing:\n";
    check_words(
        text,
        Language::Yaml,
        &[
            ("", "", "name"),
            ("/name", "name", "Acmé"),
            ("/form", "form", "{ a-b: 'x', \"c d\": 1 }"),
            ("/form/a-b", "a-b", "'x'"),
            ("/form/c d", "\"c d\"", "1"),
            ("/states/poll/every", "every", "{value: \"{{a}}\", # }\n      unit: ms }"),
            ("/states/poll/every/unit", "unit", "ms"),
            ("/states/poll/on/0", "", "if: { status: 200 }\n        to: success"),
            ("/states/poll/on/0/if/status", "status", "200"),
            ("/states/poll/on/1/fail", "fail", "x"),
            ("/text", "text", "one\n  two"),
            ("/list", "list", "[ [1], 'two' ,]"),
            ("/list/0", "", "[1]"),
            ("/nothing", "nothing", ""),
        ],
    );
}

#[test]
fn both_languages_give_the_same_values_in_the_order_of_the_file() {
    let toml = "z = 1\na = [true, 2.5, \"x\"]\n[y]\nb.c = -3\n";
    let yaml = "z: 1\na: [true, 2.5, x]\ny:\n  b:\n    c: -3\n";
    let expect = json!({ "z": 1, "a": [true, 2.5, "x"], "y": { "b": { "c": -3 } } });
    for (text, language) in [(toml, Language::Toml), (yaml, Language::Yaml)] {
        let found = node(text, language).to_json();
        assert_eq!(found.to_string(), expect.to_string());
    }
}

#[test]
fn yaml_reads_only_what_json_can_say() {
    let text = "on: [no, off, ~, 007, 1_000, 2s, 0x10, \"true\", TRUE]\n12: x\n";
    let expect = json!({ "on": ["no", "off", null, "007", "1_000", "2s", 16, "true", true], "12": "x" });
    assert_eq!(node(text, Language::Yaml).to_json(), expect);
}

#[test]
fn an_empty_file_is_an_empty_table() {
    for text in ["", "\n", "# nothing\n", "\u{feff}"] {
        for language in [Language::Toml, Language::Yaml] {
            assert_eq!(node(text, language).to_json(), json!({}), "{text:?}");
        }
    }
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_text() {
    check_words("\u{feff}a = 1\n", Language::Toml, &[("/a", "a", "1")]);
    check_words("\u{feff}é: 1\n", Language::Yaml, &[("/é", "é", "1")]);
}

#[test]
fn toml_reports_every_error() {
    check_refused(
        "a = \nb = \"x\nc d = 1\n",
        Language::Toml,
        &[("a value is missing", ""), ("the text is not closed", "\"x"), ("a key without a value", "d")],
    );
}

/// The text must be refused with this one message about these words; a mend leads to a file that is read.
fn check_said(text: &str, language: Language, message: &str, at: &str, help: &str, mended: Option<&str>) {
    let findings = parse(text, language, FileId(0)).expect_err(text);
    let [finding] = findings.as_slice() else { panic!("{text:?} gave {findings:#?}") };
    let help_said = finding.help.as_deref().unwrap_or_default();
    assert_eq!((finding.message.as_str(), words(text, finding.primary.span)), (message, at), "{text:?}");
    assert!(help_said.contains(help) && !help_said.is_empty(), "{text:?} is helped by {help_said:?}");
    let fixed = finding.fix.as_ref().map(|fix| {
        let mut fixed = text.to_owned();
        fixed.replace_range(fix.span.start as usize..fix.span.end as usize, &fix.replacement);
        fixed
    });
    assert_eq!(fixed.as_deref(), mended, "{text:?}");
}

#[test]
fn a_toml_error_says_what_to_write() {
    for (text, message, at, help, mended) in [
        ("a = x y # c", "a text needs quotes", "x y", "`\"x y\"`", Some("a = \"x y\" # c")),
        ("a = yes", "TOML writes `true`", "yes", "`true`", Some("a = true")),
        ("a = “x”", "these are not straight quotes", "“x”", "`\"x\"`", Some("a = \"x\"")),
        ("a: \"x\"", "TOML writes `a = …`, with no colon", ":", "`a = \"x\"`", Some("a = \"x\"")),
        (
            "a = { $.b = 'c' }",
            "a JSONPath as a key needs quotes",
            "$.b",
            "`\"$.b\"`",
            Some("a = { \"$.b\" = 'c' }"),
        ),
        ("a = \"x \"y\" z\"", "the text ends at this quote, and more follows", "\"", "single quotes", None),
        ("a = \"x\nb = 1", "the text is not closed", "\"x", "`\"` at its end", None),
        (
            "a = [{ b = 1 } { b = 2 }]",
            "a comma is missing before this",
            "{",
            "comma",
            Some("a = [{ b = 1 }, { b = 2 }]"),
        ),
        ("a = \n  { b = 1 },\n  { b = 2 },\n]\nc = 1", "a value is missing", "", "begins with `[`", None),
        ("a = [\n  { b = 1 },\n\n[c]\nd = 1", "this `[` is not closed", "[", "`]`", None),
        ("a = { b = 1\nc = 2", "this `{` is not closed", "{", "`}`", None),
        ("a = {{x}}", "a text that begins with `{{` needs quotes", "{x}}", "`\"{{…}}\"`", None),
    ] {
        check_said(text, Language::Toml, message, at, help, mended);
    }
}

#[test]
fn toml_values_that_json_cannot_hold_are_refused() {
    check_refused(
        "a = 2020-01-01\nb = 07:00:00\nc = 99999999999999999999\nd = -inf\ne = 1e999\n",
        Language::Toml,
        &[
            ("a date or time is no value here", "2020-01-01"),
            ("a date or time is no value here", "07:00:00"),
            ("the number is too large", "99999999999999999999"),
            ("the number is not finite", "-inf"),
            ("the number is not finite", "1e999"),
        ],
    );
}

#[test]
fn what_only_toml_1_1_has_is_refused() {
    let lines = "a line break inside `{ … }` is TOML 1.1; these files are TOML 1.0";
    let comma = "a comma before `}` is TOML 1.1; these files are TOML 1.0";
    check_refused("a = { b = 1,\n c = 2 }\n", Language::Toml, &[(lines, "\n")]);
    check_refused("a = { b = { c.d = \",\" , }, e.f = 1 }\n", Language::Toml, &[(comma, ",")]);
    check_refused(
        "a = \"\\\\e\\e\"\n",
        Language::Toml,
        &[("`\\e` is TOML 1.1; these files are TOML 1.0", "\\e")],
    );
    node("a = { b = [\n 1,\n ], c = \"\"\"\n{\n\"\"\", \"d,\" = {} }\nb = '\\e'\n", Language::Toml);
}

#[test]
fn s27_a_key_written_twice_is_refused_in_both_languages() {
    check_refused("a = 1\na = 2\n", Language::Toml, &[("`a` is written twice", "a")]);
    check_refused("a: {b: 1,\n b: 2}\n", Language::Yaml, &[("`b` is written twice", "b")]);
    check_refused("0xB: 1\n11: 2\n", Language::Yaml, &[("`11` is written twice", "11")]);
}

#[test]
fn a_state_with_two_headers_points_at_both() {
    let text = "[states.poll]\npost = 'x'\n[states.b]\n  [states.poll]\n";
    let findings = parse(text, Language::Toml, FileId(0)).expect_err("two headers");
    let [finding] = findings.as_slice() else { panic!("{findings:#?}") };
    assert_eq!(finding.primary.span.start, 46);
    assert_eq!(
        finding.secondary.iter().map(|l| (l.span.start, words(text, l.span))).collect::<Vec<_>>(),
        [(0, "[states.poll]")]
    );
}

#[test]
fn yaml_errors_have_places_and_plain_words() {
    for (text, message, at) in [
        ("é: [1\n", "this `[` is not closed", "["),
        ("a: 1\n---\nb: 1\n", "a file is one document; a second one begins here", "---"),
        ("- 1\n", "a file is a table of keys and values; this is a list", "- 1"),
        ("? [a]\n: x\n", "a key is text, not a list or a table", "["),
        ("~: x\n", "a key is text, not null", "~"),
        ("a: {<<: {b: 1}}\n", "a merge key (`<<`) is not read", "<<"),
        ("a: !x 1\n", "the tag `!x` is not read", "!x"),
        ("a: # !no\n  !!map\n  b: 1\n", "the tag `!!map` is not read", "!!map"),
        ("a: [!!str 1]\n", "the tag `!!str` is not read", "!!str"),
        ("a: .nan\n", "the number is not finite", ".nan"),
        ("a: 99999999999999999999\n", "the number is too large", "99999999999999999999"),
        (
            "a: 9999999999999999999999999999999999999999999\n",
            "the number is too large",
            "9999999999999999999999999999999999999999999",
        ),
        ("é: &R&D models\n", "an anchor of YAML (`&NAME`) is not read", "&R&D"),
        ("a: [&a { b: 1 }, *a]\n", "an anchor of YAML (`&NAME`) is not read", "&a"),
        ("a: &a\n  b: 1\n", "an anchor of YAML (`&NAME`) is not read", "&a"),
    ] {
        check_refused(text, Language::Yaml, &[(message, at)]);
    }
}

#[test]
fn a_yaml_error_says_what_to_write() {
    let quotes = "a text that begins with `{{` needs quotes";
    let colon = "YAML writes `c: …`, with a colon and a blank";
    for (text, message, at, help, mended) in [
        ("a: {{x}}/y # z", quotes, "{{x}}/y", "`\"{{x}}/y\"`", Some("a: \"{{x}}/y\" # z")),
        ("a: { b: {{x}}, c: 1 }", quotes, "{{x}}", "`\"{{x}}\"`", Some("a: { b: \"{{x}}\", c: 1 }")),
        ("b: 1\nc:x\n", colon, "c:x", "`c: x`", Some("b: 1\nc: x\n")),
        ("b: 1\nc = x # y", colon, "c = x", "`c: x`", Some("b: 1\nc: x # y")),
        ("c:x\nb: 1\n", colon, "c:x", "`c: x`", Some("c: x\nb: 1\n")),
        ("a: b: c", "a `: ` inside a text needs quotes", "b: c", "`\"b: c\"`", Some("a: \"b: c\"")),
        (
            "a:\n  - b: 1\n  c: 2\n",
            "`c` stands beside the items of a list, in none of them",
            "c",
            "indent it",
            None,
        ),
        (
            "a:\n  - b: 1\n  -{ c: 2 }\n",
            "a blank is missing after this `-`",
            "-",
            "`- `",
            Some("a:\n  - b: 1\n  - { c: 2 }\n"),
        ),
        ("a:\n  b: 1\n  - c\n", "an item of a list where a key is wanted", "- c", "under its key", None),
        ("a:\n  b: \"x\n  c: \"y\"\n", "this quote is not closed", "\"", "`\"`", None),
        ("a: \"x \"y\" z\"", "the text ends at this quote, and more follows", "\"", "single quotes", None),
        ("a: { b: 1\nc: 2\n", "this `{` is not closed", "{", "`}`", None),
        ("a: { b: 1 c: 2 }", "a comma is missing before this", "c:", "comma", None),
        ("a:\n\tb: 1\n", "a tab in the indentation", "\t", "blanks", None),
        ("a: `x`", "a text that begins with a backtick needs quotes", "`x`", "single quotes", None),
        ("a: @x", "a text that begins with `@` needs quotes", "@x", "`\"@x\"`", Some("a: \"@x\"")),
        ("a: \"b\\d\"", "no escape of YAML", "\\d", "backslash", None),
    ] {
        check_said(text, Language::Yaml, message, at, help, mended);
    }
}

#[test]
fn a_yaml_key_written_twice_points_at_both() {
    let text = "s:\n  b: 1\n  c:\n    b: 2\n  b: 3\n";
    let findings = parse(text, Language::Yaml, FileId(0)).expect_err("twice");
    assert_eq!(findings[0].primary.span.start, 26);
    assert_eq!(
        (findings[0].secondary[0].span.start, findings[0].secondary[0].text.as_str()),
        (5, "first here")
    );
}

#[test]
fn characters_that_cannot_be_seen_are_refused() {
    check_refused(
        "a = 'x\u{1}'\n",
        Language::Toml,
        &[("the character U+0001 can't be seen and is refused", "\u{1}")],
    );
    check_refused(
        "# \u{202e}\n",
        Language::Yaml,
        &[("the character U+202E can't be seen and is refused", "\u{202e}")],
    );
    let escaped = "the character U+0000 can't be seen and is refused";
    check_refused("a = \"\\u0000\"\n", Language::Toml, &[(escaped, "\"\\u0000\"")]);
    check_refused("\"\\0\": 1\n", Language::Yaml, &[(escaped, "\"\\0\"")]);
}

/// Text that comes near to being a file.
fn text() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a", "b", " = ", ": ", "\n", "  ", "[", "]", "{", "}", "\"", "'", ",", "#", "- ", "|\n", "&a ", "*a",
        "!t ", "1", "1.5", "true", "\\u0041", "\\e", "[[a]]\n", "[a.b]\n", "é", "\u{feff}", "\r\n", "? ",
        "%", "---\n", "\"\"\"", "<<: ", "\t",
    ]);
    prop_oneof![
        prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat()),
        ".{0,80}",
        "\\PC{0,80}"
    ]
}

fn check_spans(text: &str, node: &Node) {
    assert!(text.get(node.span.start as usize..node.span.end as usize).is_some());
    match &node.value {
        Value::Array(items) => items.iter().for_each(|item| check_spans(text, item)),
        Value::Table(entries) => entries.values().for_each(|entry| {
            assert!(text.get(entry.key.start as usize..entry.key.end as usize).is_some());
            check_spans(text, &entry.node);
        }),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_ends_in_a_node_or_in_errors_with_places_in_the_file(text in text(), is_toml: bool) {
        let language = if is_toml { Language::Toml } else { Language::Yaml };
        match parse(&text, language, FileId(7)) {
            Ok(node) => check_spans(&text, &node),
            Err(findings) => {
                prop_assert!(!findings.is_empty());
                for finding in findings {
                    let span = finding.primary.span;
                    prop_assert_eq!(span.file, FileId(7));
                    prop_assert!(text.get(span.start as usize..span.end as usize).is_some());
                }
            }
        }
    }
}
