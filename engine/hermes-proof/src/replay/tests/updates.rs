use super::*;
use hermes_format::diagnostic::Fix;

const REPLIES: &str = "[replies]\ndevice = { json = { user_code = \"AB\", verification_uri = \"https://auth.eu.example.com/go\", state = \"{{random.state}}\" } }\npoll = { json = { access_token = \"a\", account = { id = 7 } } }\n";

#[track_caller]
fn check(test: &str, expect: &str) {
    let before = format!("{REPLIES}[[test]]\nname = \"it\" # a note\n{test}\n");
    let after = update::apply(&before, &update::fixes(&report(DEVICE, &before)));
    assert_eq!(after, format!("{REPLIES}[[test]]\nname = \"it\" # a note\n{expect}\n"));
    assert_eq!(mismatches(&report(DEVICE, &after)), [""; 0]);
}

#[test]
fn what_was_got_takes_the_place_of_what_was_wanted_and_all_else_stays() {
    check(
        "expect = { end = \"timeout\",   waited = '1s', token = { access_token = \"x\", refresh_token = \"y\" } } # why",
        "expect = { end = \"success\",   waited = \"5s\", token = { access_token = \"a\", refresh_token = false } } # why",
    );
}

#[test]
fn tables_and_sent_values_are_written_too() {
    check(
        "expect = { end = \"success\", token = { keep = { account = 1 } } }\nsent.poll = { json = { deep = 1 }, times = 4 }",
        "expect = { end = \"success\", token = { keep = { account = { id = 7 } } } }\nsent.poll = { json = { deep = { list = [\"AB\", 1] } }, times = 1 }",
    );
}

#[test]
fn a_test_that_passes_is_left_alone() {
    check("expect = { end = \"success\" }", "expect = { end = \"success\" }");
}

#[test]
fn mends_outside_the_text_or_over_each_other_break_nothing() {
    use hermes_format::source::{FileId, Span};
    let fix = |start, end| Fix { span: Span { file: FileId(0), start, end }, replacement: "x".to_owned() };
    assert_eq!(update::apply("äbc", &[fix(1, 2), fix(2, 3), fix(2, 9), fix(9, 12)]), "äxc");
    assert_eq!(update::apply("abc", &[fix(0, 2), fix(1, 3)]), "xc");
}
