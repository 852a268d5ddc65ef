//! Texts as a shell reads them.

/// A text that no shell reads anything into.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A word of a command that a person may copy: quoted where a shell would read something else.
pub(crate) fn word(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+,:@%=".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) { text.to_owned() } else { quoted(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_quoted_only_where_a_shell_would_read_something_else() {
        let check = |text: &str, expect: &str| assert_eq!(word(text), expect);
        check("providers.d/my-provider.toml", "providers.d/my-provider.toml");
        check("a b/x.toml", "'a b/x.toml'");
        check("it's;rm.toml", r"'it'\''s;rm.toml'");
        check("", "''");
    }
}
