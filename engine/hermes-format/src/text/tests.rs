use proptest::prelude::*;

use super::*;

fn check(text: &str, expect: &str) {
    assert_eq!(sanitise(text), expect, "{text:?}");
}

#[test]
fn s26_plain_text_stays_in_any_script() {
    check("Quota exceeded, try again at 10:00.", "Quota exceeded, try again at 10:00.");
    check("额度已用完", "额度已用完");
    check("naïve 😀", "naïve 😀");
    check("", "");
}

#[test]
fn s26_everything_is_one_line() {
    check("  a\r\n\tb\u{2028}c\u{85}d  ", "a b c d");
}

#[test]
fn s26_escape_sequences_go_whole() {
    check("a\u{1b}[31mred\u{1b}[0mb", "aredb");
    check("\u{1b}[2J\u{1b}[1;1Hhello", "hello");
    check("\u{1b}]0;title\u{7}text", "text");
    check("\u{1b}]8;;https://evil.example\u{1b}\\click\u{1b}]8;;\u{1b}\\", "click");
    check("\u{1b}]52;c;cGF5bG9hZA==\u{7}x", "x");
    check("\u{1b}Pq#0\u{1b}\\x", "x");
    check("\u{9b}31mx\u{9d}0;t\u{9c}y", "xy");
    check("\u{1b}(Bx\u{1b}=y", "xy");
    check("a\u{1b}", "a");
    check("\u{1b}]0;never closed\nnext line", "next line");
}

#[test]
fn s26_direction_and_width_tricks_go() {
    check("user\u{202e}txt.exe", "usertxt.exe");
    check("a\u{200b}b\u{2066}c\u{feff}d\u{ad}e\u{e0041}f", "abcdef");
    check("\u{7f}\u{0}\u{8}x", "x");
}

#[test]
fn s26_a_long_text_is_cut_at_two_hundred_characters() {
    check(&"é".repeat(200), &"é".repeat(200));
    check(&"é".repeat(201), &format!("{}…", "é".repeat(199)));
}

#[test]
fn s9_a_user_code_is_short_and_printable() {
    assert_eq!(printable_code("WDJB-MJHT").as_deref(), Some("WDJB-MJHT"));
    assert_eq!(printable_code(" 123 456\n").as_deref(), Some("123 456"));
    assert_eq!(printable_code(&"x".repeat(64)).map(|c| c.len()), Some(64));
    for bad in ["", " ", "a\nb", "\u{1b}[31mA", "A\u{202e}B", "A\u{200b}B", &"x".repeat(65)] {
        assert_eq!(printable_code(bad), None, "{bad:?}");
    }
}

proptest! {
    #[test]
    fn s26_whatever_comes_is_short_and_seen(text in prop::collection::vec(prop_oneof![
        any::<char>(), prop::sample::select(vec!['\u{1b}', '[', ']', '\u{7}', '\u{9b}', 'm', ';', '\\', '\n', 'a']),
    ], 0..400)) {
        let text: String = text.into_iter().collect();
        let clean = sanitise(&text);
        prop_assert!(clean.chars().count() <= 200);
        prop_assert!(!clean.chars().any(|c| c.is_control() || is_unseen(c)));
        prop_assert_eq!(sanitise(&clean), clean.clone());
    }
}
