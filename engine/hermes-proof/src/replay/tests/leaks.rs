use super::super::leak::looks_real;
use super::*;

#[track_caller]
fn check(text: &str, expect: bool) {
    assert_eq!(looks_real(text), expect, "{text}");
}

#[test]
fn made_up_words_are_no_tokens() {
    for text in
        ["a", "refresh_token_reused", "https://example.com/a/very/long/path/with-words?and=query", "ABC-123"]
    {
        check(text, false);
    }
    // A client id is public, and hexadecimal digits have no upper case.
    check("00000000-1111-2222-3333-444444444444", false);
    check("sk-short", false);
    check(
        &format!("{}.{}.sig", "eyJhbGciOiJub25lIn0", "eyJleHAiOjE3NjcyMjkyMDB9eyJleHAiOjE3NjcyMjkyMDB9"),
        false,
    );
}

#[test]
fn tokens_are_known_by_their_beginning_their_signature_or_their_disorder() {
    check(&format!("gho_{}", "1aB2cD3eF4gH5iJ6kL7m"), true);
    check(&format!("Bearer sk-{}", "abcdef0123456789abcdef"), true);
    check(
        &format!("{}.{}.{}", "eyJhbGciOiJSUzI1NiJ9", "eyJleHAiOjF9", "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1g"),
        true,
    );
    check("k3Jd92lQwXz8VbNm4RtY7uPo1AsDfGhE", true);
}

#[test]
fn a_token_is_found_deep_in_a_reply() {
    let found = findings(
        DEVICE,
        "[replies]\npoll = [{ json = { data = { access_token = \"k3Jd92lQwXz8VbNm4RtY7uPo1AsDfGhE\" } } }]",
    );
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("HE704 \"k3Jd92lQ"), "{found:?}");
}
