//! What the name of a field tells of its value. This is the only list of secret names.

/// Fields that are secrets wherever they occur (RFC 6749, 7009, 7523, 8628, OpenID Connect, and keys that services mint).
const SECRET: [&str; 16] = [
    "access_token",
    "api_key",
    "apikey",
    "assertion",
    "authorization_code",
    "client_secret",
    "code",
    "code_verifier",
    "device_auth_id",
    "device_code",
    "id_token",
    "key",
    "password",
    "refresh_token",
    "secret",
    "token",
];

/// Fields that a standard makes to be shown, or that tell of the answer and of nothing in it (RFC 6749, 8628).
const SHOWN: [&str; 12] = [
    "error",
    "error_uri",
    "expires_at",
    "expires_in",
    "interval",
    "scope",
    "token_type",
    "user_code",
    "verification_uri",
    "verification_uri_complete",
    "verification_url",
    "verification_url_complete",
];

/// Whether a field of this name is a secret wherever it occurs; camelCase and kebab-case count alike.
pub fn is_secret_name(name: &str) -> bool {
    SECRET.contains(&plain(name).as_str())
}

/// The same in the answer that a flow failed with, where `code` and `key` are words about the error.
pub(crate) fn is_secret_in_failure(name: &str) -> bool {
    !matches!(name, "code" | "key") && is_secret_name(name)
}

/// Whether a field of this name is made to be shown, whatever the answer that it is in.
pub(super) fn is_shown_name(name: &str) -> bool {
    let plain = plain(name);
    let is_words = ["message", "description"].iter().any(|word| {
        plain.strip_suffix(word).is_some_and(|before| before.is_empty() || before.ends_with('_'))
    });
    is_words || SHOWN.contains(&plain.as_str())
}

fn plain(name: &str) -> String {
    let mut plain = String::with_capacity(name.len() + 2);
    for c in name.chars() {
        if c.is_ascii_uppercase() && !plain.is_empty() && !plain.ends_with('_') {
            plain.push('_');
        }
        plain.push(if c == '-' { '_' } else { c.to_ascii_lowercase() });
    }
    plain
}

/// Whether a text in no known form may give a secret under its name: `access_token=…`, `'id_token': …`. In a sentence a
/// plain word such as `token` is not one.
pub fn may_name_secret(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    text.split(|c| !is_word(c)).any(|word| is_secret_in_failure(word) && gives_value(text, word))
}

/// Whether a word of a text has a value after it.
fn gives_value(text: &str, word: &str) -> bool {
    let is_compound = word.contains(['_', '-']) || word.chars().any(|c| c.is_ascii_uppercase());
    text.match_indices(word).any(|(at, _)| {
        let after = &text[at + word.len()..];
        let rest = after.trim_start_matches(['"', '\'', ' ', '\t', '>']);
        rest.starts_with('=') || (rest.starts_with(':') && (is_compound || after.starts_with(['"', '\''])))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_secret_in_any_spelling() {
        for name in ["access_token", "accessToken", "AccessToken", "access-token", "Api-Key", "token"] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in ["user_code", "access", "tokens", "endpoint", ""] {
            assert!(!is_secret_name(name), "{name}");
        }
        assert!(is_secret_name("code") && !is_secret_in_failure("code") && !is_secret_in_failure("key"));
        assert!(is_secret_in_failure("device_code"));
    }

    #[test]
    fn words_about_an_answer_are_made_to_be_shown() {
        for name in ["user_code", "userCode", "error_description", "message", "notification_message", "error"]
        {
            assert!(is_shown_name(name), "{name}");
        }
        for name in ["blob", "submessage", "id", "verification", ""] {
            assert!(!is_shown_name(name), "{name}");
        }
    }

    #[test]
    fn a_text_gives_a_secret_where_a_value_follows_its_name() {
        for text in [
            "access_token=abc&scope=a",
            "f({'id_token': 1})",
            "x token=abc",
            "refresh_token: abc",
            "\"password\":\"x\"",
            "secret = x",
        ] {
            assert!(may_name_secret(text), "{text}");
        }
        for text in ["invalid token", "invalid token: expired", "error code: 1020", "code=7", "", "tokens=4"]
        {
            assert!(!may_name_secret(text), "{text}");
        }
    }
}
