//! Keys in another table than their own, and headings of another kind.

use super::*;

const ABOVE: &str = "write it above the first `[…]` heading: what follows a heading belongs to it";
const MARGIN: &str = "write it at the left margin: what is indented below a key belongs to it";

#[test]
fn a_key_of_the_file_below_a_heading_is_sent_above_it_and_read_there() {
    let text = "[vars]\nhosts = ['a.example']\n[api]\nmodels = ['m']\n[states.poll]\nsummary = 'x'\n";
    let value = check(
        text,
        Language::Toml,
        &[
            ("HE005", "hosts", "`hosts` is a key of the whole file, and stands in `vars`", ABOVE),
            ("HE005", "models", "`models` is a key of the whole file, and stands in `api`", ABOVE),
            ("HE001", "summary", "`summary` is a key of the whole file, and stands in `states.poll`", ABOVE),
        ],
    );
    let value = value.expect("a provider");
    assert_eq!((value.hosts.len(), value.models.len(), value.summary.as_deref()), (1, 1, Some("x")));
    assert_eq!(mended(text), text);
}

#[test]
fn a_key_of_the_file_that_is_indented_in_yaml_is_sent_to_the_margin() {
    check(
        "vars:\n  a: b\n  hosts: [a.example]\nstates:\n  poll:\n    docs: https://a.example\n",
        Language::Yaml,
        &[
            ("HE005", "hosts", "`hosts` is a key of the whole file, and stands in `vars`", MARGIN),
            ("HE001", "docs", "`docs` is a key of the whole file, and stands in `states.poll`", MARGIN),
        ],
    );
}

#[test]
fn only_what_would_be_right_at_the_top_of_the_file_is_sent_there() {
    let far = |key| ("HE001", key, "there is no key `status` here");
    for (text, language) in [
        ("[[states.poll.on]]\nstatus = 200\n", Language::Toml),
        ("[states.poll]\nstatus = 200\n", Language::Toml),
        ("status = 'active'\n[states.poll]\nstatus = 'active'\n", Language::Toml),
        ("states.poll = { on = [{ status = 'active' }] }\n", Language::Toml),
        ("states:\n  poll:\n    on:\n      - status: active\n", Language::Yaml),
    ] {
        let node = parse(text, language, FileId(0)).expect("it parses");
        let (_, findings) = read::<Provider>(&node);
        let said: Vec<_> = findings.iter().map(|finding| finding.message.as_str()).collect();
        assert_eq!(said, [far("status").2], "{text}");
    }
}

#[test]
fn a_key_of_a_test_file_below_its_tests_is_sent_above_them() {
    let text = "[[test]]\nname = 'a'\nexpect = { end = 'done' }\nnow = '2026-01-01T00:00:00Z'\n";
    let node = parse(text, Language::Toml, FileId(0)).expect("it parses");
    let (value, findings) = read::<crate::raw::test::Tests>(&node);
    assert_eq!(findings.len(), 1, "{findings:#?}");
    assert_eq!(findings[0].message, "`now` is a key of the whole file, and stands in `test`");
    assert!(value.is_some_and(|tests| tests.now.is_some()));
}

#[test]
fn a_heading_of_one_pair_of_brackets_where_a_list_is_wanted_gets_two() {
    let text = "[test]\nname = 'a'\nexpect = { end = 'done' }\n[test.env]\nA = 'b'\n";
    let node = parse(text, Language::Toml, FileId(0)).expect("it parses");
    let (value, findings) = read::<crate::raw::test::Tests>(&node);
    let [finding] = findings.as_slice() else { panic!("{findings:#?}") };
    assert_eq!(finding.help.as_deref(), Some("write `[[test]]` above each item"));
    assert_eq!(value.map(|tests| tests.test.len()), Some(1));
    let fix = finding.fix.as_ref().expect("a mend");
    let right = text.replacen("[test]", &fix.replacement, 1);
    let node = parse(&right, Language::Toml, FileId(0)).expect("it parses");
    assert!(read::<crate::raw::test::Tests>(&node).1.is_empty(), "{right}");

    let below = "[test.env]\nA = 'b'\n";
    let node = parse(below, Language::Toml, FileId(0)).expect("it parses");
    let (_, findings) = read::<crate::raw::test::Tests>(&node);
    assert!(findings.iter().all(|finding| finding.fix.is_none()), "{findings:#?}");
}

#[test]
fn a_dotted_key_in_yaml_is_to_be_nested_and_read_so() {
    let text = "api.mode: x\nstates:\n  poll:\n    form.a: b\n    form:\n      c: d\n";
    let help = |table, key| {
        format!("nest them: `{table}:` on a line of its own, and under it, two blanks deeper, `{key}: …`")
    };
    let value = check(
        text,
        Language::Yaml,
        &[
            ("HE001", "api.mode", "YAML has no dotted keys: `api.mode` is one name", &help("api", "mode")),
            ("HE001", "form.a", "YAML has no dotted keys: `form.a` is one name", &help("form", "a")),
        ],
    );
    let value = value.expect("a provider");
    assert_eq!(value.api.and_then(|api| api.mode).as_deref(), Some("x"));
    assert_eq!(value.states["poll"].form.as_ref().map(|form| form.len()), Some(2));
}
