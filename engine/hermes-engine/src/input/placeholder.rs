//! Values that stand where a value belongs: what a template of an `.env` leaves behind.

/// The shortest text that can be a secret.
const SHORTEST_SECRET: usize = 4;

/// Texts that are no secret, in lower case, words joined by `-`.
const WORDS: [&str; 16] = [
    "changeme",
    "change-me",
    "replaceme",
    "replace-me",
    "placeholder",
    "dummy",
    "none",
    "null",
    "undefined",
    "todo",
    "tbd",
    "fixme",
    "example",
    "secret",
    "api-key",
    "token",
];

/// How texts begin that tell the reader what to put there.
const BEGINNINGS: [&str; 8] =
    ["your-", "my-api-key", "insert-", "enter-", "put-your", "paste-", "replace-with", "add-your"];

/// Whether a value is meant. Only a secret can be a placeholder: elsewhere `none` may be a name.
pub(super) fn is_real(value: &str, secret: bool) -> bool {
    if secret { !is_placeholder(value) } else { !value.is_empty() }
}

/// Whether a secret is what a template leaves where one belongs.
pub fn is_placeholder(value: &str) -> bool {
    let bare = value.trim_matches(|c: char| "<>[]{}\"'$".contains(c));
    let plain = bare.to_ascii_lowercase().replace(['_', ' '], "-");
    let filler = |c: char| matches!(c, 'x' | '*' | '.' | '-' | '…' | '•');
    value.chars().count() < SHORTEST_SECRET
        || WORDS.contains(&plain.as_str())
        || BEGINNINGS.iter().any(|beginning| plain.starts_with(beginning))
        || plain.strip_prefix("sk-").unwrap_or(&plain).chars().all(filler)
        || (value.starts_with('<') && value.ends_with('>'))
        || (value.starts_with("${") && value.ends_with('}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(values: &[&str], secret: bool, expect: bool) {
        for value in values {
            assert_eq!(is_real(value, secret), expect, "{value}");
        }
    }

    #[test]
    fn what_a_template_leaves_behind_is_no_secret() {
        check(
            &["changeme", "CHANGE_ME", "your-api-key", "YOUR_API_KEY_HERE", "<your key>", "<api-key>"],
            true,
            false,
        );
        check(
            &["xxx", "sk-xxxxxxxx", "sk-...", "****", "${ACME_KEY}", "abc", "", "None", "todo"],
            true,
            false,
        );
    }

    #[test]
    fn what_only_looks_like_one_is_a_secret() {
        check(&["sk-x1xxxxxx", "yours-truly-1", "abcd", "exampleton", "token-9f3c", "sk-live-1"], true, true);
    }

    #[test]
    fn elsewhere_only_nothing_is_no_value() {
        check(&["none", "eu", "example"], false, true);
        check(&[""], false, false);
    }
}
