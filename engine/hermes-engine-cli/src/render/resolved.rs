//! A resolved credential in the forms that other programs read.

use std::fmt::Write as _;

use clap::ValueEnum;
use hermes_engine::Access;
use hermes_engine::catalog::mode_variables;
use serde_json::{Map, Value, json};

use super::shell::quoted;
use super::time::rfc3339_of;
use crate::failure::Failure;

/// The forms that other programs read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// Everything, as one object
    Json,
    /// Shell lines for eval, with the variables that clients of the protocol read
    Env,
    /// HTTP headers, one per line
    Header,
    /// Kubernetes client-go credential plugin
    ExecCredential,
    /// AWS credential_process
    AwsProcess,
    /// Removed: `credential git` answers with the host in view
    #[value(hide = true)]
    Git,
    /// Removed: `credential docker` answers with the host in view
    #[value(hide = true)]
    Docker,
}

impl Form {
    /// A helper's answer goes to whichever host was asked for, and this command does not see which.
    pub(crate) fn refuse_helpers(self) -> Result<(), Failure> {
        let (name, helper) = match self {
            Form::Git => ("git", "Git"),
            Form::Docker => ("docker", "Docker"),
            _ => return Ok(()),
        };
        let message =
            format!("`--as {name}` was removed: it gave the token to whichever host {helper} asked for");
        Err(Failure::usage(message)
            .help(format!("use `hermes-engine credential {name}`, which reads the host from stdin")))
    }
}

/// The answer in a form.
pub(crate) fn print(access: &Access, requested: &str, form: Form) -> Result<String, Failure> {
    Ok(match form {
        Form::Json => pretty(&object(access, requested)),
        Form::Env => env(access)?,
        Form::Header => header(access),
        Form::ExecCredential => pretty(&exec_credential(access)),
        Form::AwsProcess => pretty(&aws_process(access)?),
        // Refused before a credential is looked for.
        Form::Git | Form::Docker => String::new(),
    })
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

fn object(access: &Access, requested: &str) -> Value {
    let headers = access.named_headers();
    let headers: Map<String, Value> =
        headers.map(|(name, value)| (name.to_owned(), value.expose_secret().into())).collect();
    json!({
        "version": 1,
        "provider": access.provider(),
        "requested_provider": requested,
        "api_mode": access.mode(),
        "base_url": access.base_url(),
        "api_key": access.token().expose_secret(),
        "headers": headers,
        "source": access.source(),
        "region": access.region(),
        "model": access.model(),
        "aux_model": access.aux_model(),
        "expires_at": expires(access),
    })
}

fn expires(access: &Access) -> Option<String> {
    access.expires_at().and_then(rfc3339_of)
}

/// Lines for a shell: the protocol's variables, and away with all others of this and every other protocol.
fn env(access: &Access) -> Result<String, Failure> {
    let mut lines = String::new();
    for (name, value) in access.environment()? {
        let _ = match value {
            Some(value) => writeln!(lines, "export {name}={}", quoted(value.expose_secret())),
            None => writeln!(lines, "unset {name}"),
        };
    }
    Ok(lines)
}

/// The lines for a shell where there is no credential: none of an earlier one is left, and the evaluation fails.
pub(crate) fn no_env() -> String {
    let mut lines: String = mode_variables().iter().map(|name| format!("unset {name}\n")).collect();
    lines.push_str("false\n");
    lines
}

fn header(access: &Access) -> String {
    access.named_headers().map(|(name, value)| format!("{name}: {}\n", value.expose_secret())).collect()
}

/// <https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins>
fn exec_credential(access: &Access) -> Value {
    let mut status = json!({ "token": access.token().expose_secret() });
    if let Some(at) = expires(access) {
        status["expirationTimestamp"] = at.into();
    }
    json!({ "apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status })
}

/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html>: the members that the file keeps
/// under AWS's names. A token is no AWS key, and is not made one: signed with it, every request would be refused.
fn aws_process(access: &Access) -> Result<Value, Failure> {
    let member = |name: &str| {
        let id = access.provider();
        access.member(name).ok_or_else(|| {
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
    if let Some(token) = access.member("session_token") {
        value["SessionToken"] = token.into();
    }
    if let Some(at) = expires(access) {
        value["Expiration"] = at.into();
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use hermes_engine::{Engine, blocking};

    use super::*;

    /// Access by a key of the environment, as a provider file of this protocol gives it.
    fn access(mode: &str, model: Option<&str>) -> Access {
        let folder = tempfile::tempdir().unwrap();
        let file = format!(
            r#"
name    = "Acme"
extends = "api-key"
models  = ["m"]

inputs.api_key.from = [{{ env = "ACME_KEY" }}]

[api]
mode     = "{mode}"
base_url = "https://api.acme.example:8443/v1"
"#
        );
        std::fs::write(folder.path().join("acme.toml"), file).unwrap();
        let engine = Engine::builder().home(folder.path().join("home")).providers_dir(folder.path());
        let engine = engine.environment(|name| (name == "ACME_KEY").then(|| "sk-t'12345678".into()));
        let account = blocking::wait(engine.build()).unwrap().account("acme").unwrap();
        let request = model.map_or_else(|| account.access(), |model| account.access().model(model));
        blocking::wait(request).unwrap()
    }

    #[test]
    fn a_chosen_model_is_set_under_the_protocol_s_names_and_another_is_not() {
        let lines = env(&access("anthropic_messages", Some("m"))).unwrap();
        let is_set = |name: &str| lines.contains(&format!("export {name}='m'\n"));
        assert!(is_set("ANTHROPIC_MODEL") && is_set("ANTHROPIC_DEFAULT_HAIKU_MODEL"), "{lines}");
        assert!(!env(&access("anthropic_messages", None)).unwrap().contains("MODEL"));
    }

    #[test]
    fn where_there_is_no_credential_the_shell_keeps_none_and_fails() {
        let lines = no_env();
        assert!(lines.starts_with("unset ") && lines.ends_with("\nfalse\n"), "{lines}");
        assert!(lines.contains("unset ANTHROPIC_AUTH_TOKEN\n") && lines.contains("unset OPENAI_API_KEY\n"));
    }

    #[test]
    fn headers_are_lines() {
        let access = access("chat_completions", None);
        assert_eq!(print(&access, "ac", Form::Header).unwrap(), "Authorization: Bearer sk-t'12345678\n");
    }

    #[test]
    fn aws_tools_never_get_a_token_in_the_place_of_a_key() {
        let failure = print(&access("acme", None), "ac", Form::AwsProcess).unwrap_err();
        assert!(
            failure.message.contains("has no AWS key") && !failure.message.contains("12345678"),
            "{failure:?}"
        );
    }

    #[test]
    fn a_shell_reads_nothing_into_a_token_and_loses_the_other_variables_of_every_protocol() {
        let text = print(&access("chat_completions", None), "ac", Form::Env).unwrap();
        assert!(text.contains("export OPENAI_API_KEY='sk-t'\\''12345678'\n"), "{text}");
        assert!(text.contains("export OPENAI_BASE_URL='https://api.acme.example:8443/v1'\n"), "{text}");
        let lines: Vec<&str> = text.lines().collect();
        for name in ["OPENAI_ORG_ID", "ANTHROPIC_API_KEY", "CLAUDE_CODE_USE_FOUNDRY"] {
            assert!(lines.contains(&format!("unset {name}").as_str()), "{name}: {text}");
        }
        assert!(!lines.contains(&"unset OPENAI_API_KEY"), "{text}");
    }

    #[test]
    fn a_protocol_without_a_convention_is_an_error_and_not_an_empty_answer() {
        assert!(print(&access("nobodys", None), "ac", Form::Env).is_err());
    }

    #[test]
    fn the_object_has_every_key_even_where_there_is_no_value() {
        let value = object(&access("x", None), "ac");
        let keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
        let expect = "version provider requested_provider api_mode base_url api_key headers source region model aux_model expires_at";
        assert_eq!(keys.join(" "), expect);
        assert_eq!((&value["source"], &value["expires_at"]), (&json!("env:ACME_KEY"), &Value::Null));
    }
}
