//! A resolved credential in the forms that other programs read.

use std::fmt::Write as _;

use hermes_engine::catalog::mode_variables;
use serde_json::{Map, Value, json};

use super::shell::quoted;
use super::time::rfc3339;
use crate::client::{Resolved, environment};
use crate::command::Form;
use crate::failure::Failure;

/// The answer in a form.
pub(crate) fn print(resolved: &Resolved, form: Form) -> Result<String, Failure> {
    Ok(match form {
        Form::Json => pretty(&object(resolved)),
        Form::Env => env(resolved)?,
        Form::Header => header(resolved),
        Form::ExecCredential => pretty(&exec_credential(resolved)),
        Form::AwsProcess => pretty(&aws_process(resolved)?),
        // Refused before a credential is looked for.
        Form::Git | Form::Docker => String::new(),
    })
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

fn object(resolved: &Resolved) -> Value {
    let headers: Map<String, Value> = resolved
        .access
        .headers
        .iter()
        .map(|(name, value)| (name.clone(), value.value.expose_secret().into()))
        .collect();
    json!({
        "version": 1,
        "provider": resolved.provider,
        "requested_provider": resolved.requested,
        "api_mode": resolved.access.mode,
        "base_url": resolved.access.base_url,
        "api_key": resolved.token.expose_secret(),
        "headers": headers,
        "source": resolved.source,
        "region": resolved.region,
        "model": resolved.model,
        "aux_model": resolved.aux_model,
        "expires_at": expires(resolved),
    })
}

fn expires(resolved: &Resolved) -> Option<String> {
    resolved.expires_at.and_then(rfc3339)
}

/// Lines for a shell: the protocol's variables, and away with all others of this and every other protocol.
fn env(resolved: &Resolved) -> Result<String, Failure> {
    let environment = environment(resolved)?;
    let mut lines = String::new();
    for name in &environment.unset {
        let _ = writeln!(lines, "unset {name}");
    }
    for (name, value) in &environment.set {
        let _ = writeln!(lines, "export {name}={}", quoted(value.expose_secret()));
    }
    Ok(lines)
}

/// The lines for a shell where there is no credential: none of an earlier one is left, and the evaluation fails.
pub(crate) fn no_env() -> String {
    let mut lines: String = mode_variables().iter().map(|name| format!("unset {name}\n")).collect();
    lines.push_str("false\n");
    lines
}

fn header(resolved: &Resolved) -> String {
    let lines = resolved.access.headers.iter();
    lines.map(|(name, value)| format!("{name}: {}\n", value.value.expose_secret())).collect()
}

/// <https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins>
fn exec_credential(resolved: &Resolved) -> Value {
    let mut status = json!({ "token": resolved.token.expose_secret() });
    if let Some(at) = expires(resolved) {
        status["expirationTimestamp"] = at.into();
    }
    json!({ "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status })
}

/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html>: the members that the file keeps
/// under AWS's names. A token is no AWS key, and is not made one: signed with it, every request would be refused.
fn aws_process(resolved: &Resolved) -> Result<Value, Failure> {
    let member = |name: &str| {
        let id = &resolved.provider;
        resolved.member(name).ok_or_else(|| {
            Failure::usage(format!("`{id}` has no AWS key: its credential keeps no `{name}`"))
                .help("use another form of `hermes-engine resolve`")
                .about(id)
        })
    };
    let mut value = json!({
        "Version": 1,
        "AccessKeyId": member("access_key_id")?,
        "SecretAccessKey": member("secret_access_key")?,
    });
    if let Some(token) = resolved.member("session_token") {
        value["SessionToken"] = token.into();
    }
    if let Some(at) = expires(resolved) {
        value["Expiration"] = at.into();
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use hermes_format::secret::Secret;
    use hermes_format::time::UnixMs;
    use hermes_machine::access::Access;
    use hermes_machine::machine::HeaderValue;

    use super::*;

    fn resolved(mode: &str) -> Resolved {
        let value = HeaderValue { value: Secret::new("Bearer t'1"), sensitive: true };
        Resolved {
            provider: "acme".to_owned(),
            requested: "ac".to_owned(),
            access: Access {
                mode: Some(mode.to_owned()),
                base_url: Some("https://api.acme.example:8443/v1".to_owned()),
                headers: vec![("Authorization".to_owned(), value)],
            },
            token: Secret::new("t'1"),
            record: json!({}),
            source: "auth.json".to_owned(),
            region: None,
            is_model_chosen: false,
            model: Some("m".to_owned()),
            aux_model: None,
            expires_at: Some(UnixMs(1_767_225_600_000)),
        }
    }

    #[track_caller]
    fn check(form: Form, expect: &str) {
        assert_eq!(print(&resolved("chat_completions"), form).unwrap(), expect);
    }

    #[test]
    fn a_chosen_model_is_set_under_the_protocol_s_names_and_another_is_not() {
        let chosen = Resolved { is_model_chosen: true, ..resolved("anthropic_messages") };
        let lines = env(&chosen).unwrap();
        let is_set = |name: &str| lines.contains(&format!("export {name}='m'\n"));
        assert!(is_set("ANTHROPIC_MODEL") && is_set("ANTHROPIC_DEFAULT_HAIKU_MODEL"), "{lines}");
        assert!(!env(&resolved("anthropic_messages")).unwrap().contains("MODEL"));
    }

    #[test]
    fn where_there_is_no_credential_the_shell_keeps_none_and_fails() {
        let lines = no_env();
        assert!(lines.starts_with("unset ") && lines.ends_with("\nfalse\n"), "{lines}");
        assert!(lines.contains("unset ANTHROPIC_AUTH_TOKEN\n") && lines.contains("unset OPENAI_API_KEY\n"));
    }

    #[test]
    fn headers_are_lines() {
        check(Form::Header, "Authorization: Bearer t'1\n");
    }

    #[test]
    fn aws_tools_get_keys_and_never_a_token_in_their_place() {
        let failure = print(&resolved("acme"), Form::AwsProcess).unwrap_err();
        assert!(
            failure.message.contains("has no AWS key") && !failure.message.contains("t'1"),
            "{failure:?}"
        );
        let record = json!({ "access_key_id": "AK", "secret_access_key": "s", "session_token": "st" });
        let answer = print(&Resolved { record, ..resolved("acme") }, Form::AwsProcess).unwrap();
        let expect = json!({
            "Version": 1, "AccessKeyId": "AK", "SecretAccessKey": "s", "SessionToken": "st",
            "Expiration": "2026-01-01T00:00:00Z",
        });
        assert_eq!(serde_json::from_str::<Value>(&answer).unwrap(), expect);
    }

    #[test]
    fn a_shell_reads_nothing_into_a_token_and_loses_the_other_variables_of_every_protocol() {
        let text = print(&resolved("chat_completions"), Form::Env).unwrap();
        assert!(text.contains("export OPENAI_API_KEY='t'\\''1'\n"), "{text}");
        assert!(text.contains("export OPENAI_BASE_URL='https://api.acme.example:8443/v1'\n"), "{text}");
        let lines: Vec<&str> = text.lines().collect();
        for name in ["OPENAI_ORG_ID", "ANTHROPIC_API_KEY", "CLAUDE_CODE_USE_FOUNDRY"] {
            assert!(lines.contains(&format!("unset {name}").as_str()), "{name}: {text}");
        }
        assert!(!lines.contains(&"unset OPENAI_API_KEY"), "{text}");
    }

    #[test]
    fn a_protocol_without_a_convention_is_an_error_and_not_an_empty_answer() {
        assert!(print(&resolved("nobodys"), Form::Env).is_err());
    }

    #[test]
    fn the_object_has_every_key_even_where_there_is_no_value() {
        let value = object(&resolved("x"));
        let keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
        let expect = "version provider requested_provider api_mode base_url api_key headers source region model aux_model expires_at";
        assert_eq!(keys.join(" "), expect);
        assert_eq!(value["expires_at"], "2026-01-01T00:00:00Z");
    }
}
