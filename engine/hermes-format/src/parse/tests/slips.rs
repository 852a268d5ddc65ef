//! What people write who know other languages, and what they are told.

use super::*;

const QUOTES: &str = "a text needs quotes";
const MISSING: &str = "a value is missing";
const SLASHES: &str = "TOML has no comments that begin with `//`";
const COMMAS: &str = "a number is written without commas";
const ODD: &str = "a no-break space where a plain blank is wanted";

type Said<'t> = (&'t str, &'t str, &'t str, &'t str, Option<&'t str>);

fn check_all(language: Language, said: &[Said<'_>]) {
    for (text, message, at, help, mended) in said {
        check_said(text, language, message, at, help, *mended);
        if let Some(mended) = mended {
            node(mended, language);
        }
    }
}

#[test]
fn toml_values_of_other_languages_are_told_as_what_was_meant() {
    let uuid = "78257093-7e40-4613-99e0-527b14b39113";
    let uuid_line = format!("a = {uuid}");
    let uuid_mended = format!("a = \"{uuid}\"");
    check_all(
        Language::Toml,
        &[
            ("a = no", "TOML writes `false`", "no", "`false`", Some("a = false")),
            ("a = { b = null }", "TOML has no null", "null", "leave the key out", None),
            ("a = { b = iso, c = 1 }", QUOTES, "iso", "`\"iso\"`", Some("a = { b = \"iso\", c = 1 }")),
            ("a = nova", QUOTES, "nova", "`\"nova\"`", Some("a = \"nova\"")),
            ("a = Acme, # c", QUOTES, "Acme", "`\"Acme\"`", Some("a = \"Acme\" # c")),
            ("a = b, c", QUOTES, "b, c", "all of it", None),
            ("a = 1 000", QUOTES, "1 000", "all of it", None),
            ("a = > 1", QUOTES, "> 1", "all of it", None),
            (&uuid_line, QUOTES, uuid, "write", Some(&uuid_mended)),
            ("a = 7825709a-7e40", QUOTES, "7825709a-7e40", "write", Some("a = \"7825709a-7e40\"")),
            ("a = 127.0.0.1", QUOTES, "127.0.0.1", "write", Some("a = \"127.0.0.1\"")),
            ("a = 007", "this is no number of TOML", "007", "zeros", None),
            ("a = 200,000", COMMAS, "200,000", "`200_000`", Some("a = 200_000")),
            ("a = { b = 1,200,000, c = 1 }", COMMAS, "1,200,000", "_", Some("a = { b = 1_200_000, c = 1 }")),
            ("a = { b = 200,000 }", COMMAS, "200,000", "_", Some("a = { b = 200_000 }")),
            ("a = # c", MISSING, "", "after the `=`", None),
            ("a = { b = , c = 1 }", MISSING, "", "after the `=`", None),
            ("a = { b = }", MISSING, "", "after the `=`", None),
        ],
    );
}

#[test]
fn toml_signs_of_other_languages_are_told_as_what_was_meant() {
    let colon = "TOML writes `b = …`, with no colon";
    let last = "TOML has no `,` at the end of a line like this";
    check_all(
        Language::Toml,
        &[
            (
                "a = [{ c = \"x, y\", b: true }]",
                colon,
                ":",
                "write `b = true`",
                Some("a = [{ c = \"x, y\", b = true }]"),
            ),
            ("a = { b: x, c = 1 }", colon, ":", "write `b = \"x\"`", Some("a = { b = \"x\", c = 1 }")),
            ("a = { b: null }", colon, ":", "write `b = VALUE`", None),
            ("b := 1", colon, ":", "write `b = 1`", Some("b = 1")),
            ("a = \"x\", # c", last, ",", "take it out", Some("a = \"x\" # c")),
            ("a = [1] ,", last, ",", "take it out", Some("a = [1]")),
            (
                "a = 'x';",
                "TOML has no `;` at the end of a line like this",
                ";",
                "take it out",
                Some("a = 'x'"),
            ),
            (
                "a = [\"x\"; \"y\"]",
                "TOML has `,` between two values, and no `;`",
                ";",
                "write `,`",
                Some("a = [\"x\", \"y\"]"),
            ),
            ("a = [\n  { b = 1 }},\n]", "one `}` too many", "}", "take it out", None),
            ("a = { b = 1 }}", "one `}` too many", "}", "take it out", None),
            ("a = [\n  { b = 1 ]},\n]", "one `]` too many", "]", "take it out", None),
            ("a == \"x\"", "one `=` too many", "=", "write one", Some("a = \"x\"")),
            ("a = { b == 1 }", "one `=` too many", "=", "write one", Some("a = { b = 1 }")),
            ("a = { b != 1 }", "TOML has no `!=`", "!=", "`unless`", None),
            ("// x\na = 1", SLASHES, "//", "`#`", Some("# x\na = 1")),
            ("a = 1 // x", SLASHES, "//", "`#`", Some("a = 1 # x")),
            ("a = [\n 1, // x\n 2\n]", SLASHES, "//", "`#`", Some("a = [\n 1, # x\n 2\n]")),
            ("a = { b = 1 // x }", SLASHES, "//", "`#`", None),
            ("; x", "TOML has no comments that begin with `;`", ";", "`#`", Some("# x")),
            ("a = //x", QUOTES, "//x", "write", Some("a = \"//x\"")),
            ("\u{a0}a\u{a0}= 'x\u{a0}y'", ODD, "\u{a0}", "a blank", Some(" a = 'x\u{a0}y'")),
            ("a = [\n\u{a0}{ b = 1 },\n]", ODD, "\u{a0}", "a blank", Some("a = [\n { b = 1 },\n]")),
        ],
    );
}

#[test]
fn a_toml_table_whose_name_has_a_value_is_told_with_the_value() {
    let text = "region = 'x'\n[region.a]\nb = 1\n";
    let message = "`region` has a value, and can't be a table too";
    let mended = "region = 'x'\n[regions.a]\nb = 1\n";
    check_said(text, Language::Toml, message, "region", "did you mean `regions`?", Some(mended));
    let finding = &parse(text, Language::Toml, FileId(0)).expect_err("both")[0];
    assert_eq!((finding.primary.span.start, finding.secondary[0].span.start), (14, 0));
    let other = "name = 'x'\n[name.a]\nb = 1\n";
    check_said(
        other,
        Language::Toml,
        "`name` has a value, and can't be a table too",
        "name",
        "another name",
        None,
    );
}

#[test]
fn a_conflict_of_a_merge_is_the_only_finding_of_a_file() {
    let toml = "<<<<<<< HEAD\na = 1\n=======\na = 2\n>>>>>>> b\n";
    let yaml = "b: 1\n<<<<<<< HEAD\na: 1\n=======\na: 2\n>>>>>>> b\n";
    for (text, language) in [(toml, Language::Toml), (yaml, Language::Yaml)] {
        let message = "a conflict of a merge that nobody has settled";
        check_said(text, language, message, "<<<<<<< HEAD", "one of the two versions", None);
    }
}

#[test]
fn a_toml_table_written_twice_is_one_finding() {
    let text = "[test]\na = 1\n[test]\na = 2\n";
    check_said(text, Language::Toml, "`test` is written twice", "test", "`[[test]]`", None);
    check_refused(
        "[a]\nb = 1\n[a]\nb = 2\n[c]\nd = 1\nd = 2\n",
        Language::Toml,
        &[("`a` is written twice", "a"), ("`d` is written twice", "d")],
    );
}

#[test]
fn yaml_signs_of_other_languages_are_told_as_what_was_meant() {
    let last = "YAML has no `,` at the end of a line like this";
    let slashes = "YAML has no comments that begin with `//`";
    check_all(
        Language::Yaml,
        &[
            ("a: \"x\", # c\nb: 1\n", last, ",", "take it out", Some("a: \"x\" # c\nb: 1\n")),
            ("a: [1, 2],\nb: 1\n", last, ",", "take it out", Some("a: [1, 2]\nb: 1\n")),
            (
                "a: 'x';\n",
                "YAML has no `;` at the end of a line like this",
                ";",
                "take it out",
                Some("a: 'x'\n"),
            ),
            ("a: { b: 1 }}\n", "one `}` too many", "}", "take it out", None),
            ("// x\na: 1\n", slashes, "//", "`#`", Some("# x\na: 1\n")),
            ("a: 1\n// x\nb: 1\n", slashes, "//", "`#`", Some("a: 1\n# x\nb: 1\n")),
            ("a: 1\nb:\u{a0}c\n", ODD, "\u{a0}", "a blank", Some("a: 1\nb: c\n")),
            (
                "a:\n  b: 1\n\u{a0}\u{a0}c:\n    d: 1\n  e: 1\n",
                ODD,
                "\u{a0}",
                "a blank",
                Some("a:\n  b: 1\n  c:\n    d: 1\n  e: 1\n"),
            ),
        ],
    );
    node("a: x:\u{a0}y // z,\n", Language::Yaml);
}

#[test]
fn yaml_anchors_and_aliases_are_refused_with_both_that_may_be_meant() {
    let anchor = "an anchor of YAML (`&NAME`) is not read";
    check_said("é: &R&D models\n", Language::Yaml, anchor, "&R&D", "between quotes; write out", None);
    check_said("a: &a { b: 1 }\nc: *a\n", Language::Yaml, anchor, "&a", "between quotes; write out", None);
    let alias = "a text that begins with `*` needs quotes";
    check_said("a: [*.b, c]\n", Language::Yaml, alias, "*.b", "`\"*.b\"`", None);
    check_said("a: * b\n", Language::Yaml, alias, "* b", "`\"* b\"`", None);
    node("a: R&D *x\nb: '&x'\n", Language::Yaml);
}
