//! Whom an answer says that its credential belongs to, by the fields that OpenID Connect and common practice give it.
//!
//! It is shown at the end of a login, so that a login to somebody else's account is seen. Nothing is decided by it.

use serde_json::Value;

use hermes_format::template::jwt;

/// Claims of an `id_token` that name a user, the most telling first
/// ([OpenID Connect Core §5.1](https://openid.net/specs/openid-connect-core-1_0.html#StandardClaims)).
const CLAIMS: [&str; 3] = ["email", "preferred_username", "name"];
/// Members of an answer that may hold a user, as a text or as an object.
const MEMBERS: [&str; 2] = ["user", "account"];
/// Members of such an object that name the user.
const NAMES: [&str; 6] = ["email", "email_address", "preferred_username", "username", "login", "name"];
/// The most characters of a name: an e-mail address has 254 at most.
const LONGEST: usize = 254;

/// The user whom an answer names.
pub(super) fn name(answer: &Value) -> Option<String> {
    let claimed = answer.get("id_token").and_then(Value::as_str).and_then(claimed);
    claimed.or_else(|| MEMBERS.iter().find_map(|member| member_name(answer.get(member)?)))
}

fn claimed(id_token: &str) -> Option<String> {
    CLAIMS.iter().find_map(|claim| text(&jwt::claim(id_token, &[claim])?))
}

fn member_name(member: &Value) -> Option<String> {
    text(member).or_else(|| NAMES.iter().find_map(|name| text(member.get(name)?)))
}

fn text(value: &Value) -> Option<String> {
    let text = value.as_str()?.trim();
    (!text.is_empty() && text.chars().count() <= LONGEST).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;

    use super::*;

    fn id_token(claims: &Value) -> String {
        format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(claims.to_string()))
    }

    #[track_caller]
    fn check(answer: &Value, expect: Option<&str>) {
        assert_eq!(name(answer).as_deref(), expect, "{answer}");
    }

    #[test]
    fn an_id_token_names_its_user_by_the_most_telling_claim() {
        check(
            &json!({ "id_token": id_token(&json!({ "sub": "1", "name": "Ann", "email": "ann@x.example" })) }),
            Some("ann@x.example"),
        );
        check(
            &json!({ "id_token": id_token(&json!({ "name": "Ann", "preferred_username": "ann" })) }),
            Some("ann"),
        );
        check(&json!({ "id_token": id_token(&json!({ "name": "Ann" })) }), Some("Ann"));
        check(&json!({ "id_token": id_token(&json!({ "sub": "1" })) }), None);
        check(&json!({ "id_token": "no.token" }), None);
    }

    #[test]
    fn a_user_or_an_account_of_the_answer_is_named() {
        check(&json!({ "user": "ann" }), Some("ann"));
        check(&json!({ "user": { "id": 7, "login": "ann" } }), Some("ann"));
        check(
            &json!({ "account": { "uuid": "u", "email_address": "ann@x.example" } }),
            Some("ann@x.example"),
        );
        check(&json!({ "user": " ", "account": { "name": "" } }), None);
        check(&json!({ "access_token": "at", "email": ["a"] }), None);
    }

    #[test]
    fn what_is_too_long_for_a_name_is_none() {
        check(&json!({ "user": "x".repeat(255) }), None);
    }
}
