//! Files that are too long, too deep, too wide, or made to cost.

use super::*;

#[test]
fn s27_a_file_of_256_kib_is_read_and_a_longer_one_refused() {
    for language in [Language::Toml, Language::Yaml] {
        let mut text = "#".repeat(MAX_BYTES - 1) + "\n";
        node(&text, language);
        text.push('\n');
        let findings = parse(&text, language, FileId(0)).expect_err("too long");
        assert_eq!(findings[0].message, "a file may hold 262144 bytes; this one has 262145");
    }
}

#[test]
fn s27_sixteen_levels_are_read_and_seventeen_refused() {
    let nested = |levels: usize| "[".repeat(levels - 1) + &"]".repeat(levels - 1);
    node(&format!("a = {}", nested(16)), Language::Toml);
    node(&format!("a: {}", nested(16)), Language::Yaml);
    for (text, language) in
        [(format!("a = {}", nested(17)), Language::Toml), (format!("a: {}", nested(17)), Language::Yaml)]
    {
        let findings = parse(&text, language, FileId(0)).expect_err("too deep");
        assert_eq!(findings[0].message, "tables and lists may be nested 16 deep");
    }
}

#[test]
fn s27_a_thousand_entries_are_read_and_one_more_refused() {
    let list = |count: usize| format!("[{}]", vec!["1"; count].join(", "));
    node(&format!("a = {}", list(1000)), Language::Toml);
    node(&format!("a: {}", list(1000)), Language::Yaml);
    for (text, language) in
        [(format!("a = {}", list(1001)), Language::Toml), (format!("a: {}", list(1001)), Language::Yaml)]
    {
        let findings = parse(&text, language, FileId(0)).expect_err("too long");
        assert_eq!(findings[0].message, "a table or a list may have 1000 entries; this has 1001");
    }
}

#[test]
fn s27_hostile_files_end_in_errors() {
    let bomb = (0..40).fold("a0: &a0 [x, x, x, x]\n".to_owned(), |text, i| {
        text + &format!("a{}: &a{} [*a{i}, *a{i}, *a{i}, *a{i}]\n", i + 1, i + 1)
    });
    let wide = format!("a: &a [{}]\nb: [{}]\n", "x,".repeat(1000), "*a,".repeat(1000));
    let deep = 10_000;
    let files = [
        (bomb, Language::Yaml),
        (wide, Language::Yaml),
        ("[".repeat(deep), Language::Yaml),
        ("{a: ".repeat(deep), Language::Yaml),
        ("- ".repeat(deep), Language::Yaml),
        ((0..400).map(|i| " ".repeat(i) + "a:\n").collect(), Language::Yaml),
        (format!("a = {}", "[".repeat(deep)), Language::Toml),
        (format!("a = {}", "{a=".repeat(deep)), Language::Toml),
        (format!("{}a = 1", "a.".repeat(deep)), Language::Toml),
        (format!("[{}a]", "a.".repeat(deep)), Language::Toml),
        ("=\n".repeat(MAX_BYTES / 2), Language::Toml),
        ("\"".repeat(MAX_BYTES), Language::Toml),
        ("a = 1\n".repeat(MAX_BYTES / 6), Language::Toml),
        ("[a]\n".repeat(MAX_BYTES / 4), Language::Toml),
        ("[a]\n[a]\n".to_owned() + &"b=1\n".repeat(60_000), Language::Toml),
        ("a = ".to_owned() + &"\u{a0}".repeat(MAX_BYTES / 2 - 2), Language::Toml),
        ("//".repeat(MAX_BYTES / 2), Language::Toml),
        (" a: b\nc: d\n".repeat(MAX_BYTES / 11), Language::Yaml),
        ("[\n".repeat(MAX_BYTES / 2), Language::Yaml),
    ];
    for (text, language) in files {
        let findings = parse(&text, language, FileId(0)).expect_err("hostile");
        assert!(!findings[0].message.contains("limit"), "{}", findings[0].message);
        assert!((1..=20).contains(&findings.len()), "{} findings", findings.len());
    }
}
