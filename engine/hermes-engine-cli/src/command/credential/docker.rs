//! Docker's protocol: a server's address on stdin, one JSON object on stdout; what goes wrong is said on stdout, too, with
//! exit code 1 (<https://docs.docker.com/reference/cli/docker/login/#credential-helper-protocol>).

use hermes_format::origin::Origin;
use serde_json::{Map, Value, json};

use super::{Asked, access_for, base_origin, https_origin, is_usable, provider, question};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};
use crate::options::Wanted;
use crate::render::{self, safe, say};
use crate::session::Session;

/// The user that Docker takes for "the secret is an identity token".
const TOKEN_USER: &str = "<token>";
/// The words by which Docker knows that a helper has nothing.
const NOT_FOUND: &str = "credentials not found in native keychain";

pub(super) fn run(asked: &Asked, context: &Context) -> Ended {
    let question = question()?;
    let answer = match asked.operation.as_str() {
        "get" => get(asked, context, question.trim()),
        "list" => list(asked, context).map(Some),
        "store" => return Ok(Exit::Done),
        "erase" => {
            say("The stored login is kept: remove it with `hermes-engine auth remove`.");
            return Ok(Exit::Done);
        }
        other => {
            return Err(Failure::usage(format!("Docker's helpers have no operation `{}`", safe(other)))
                .help("use get, list, store or erase"));
        }
    };
    match answer {
        Ok(Some(value)) => render::answer_json(&value)?,
        Ok(None) => return failed(NOT_FOUND),
        Err(failure) => return failed(&safe(&failure.message)),
    }
    Ok(Exit::Done)
}

/// Docker reads a helper's failure on stdout, and knows no exit code but 1.
fn failed(message: &str) -> Ended {
    render::answer_line(message)?;
    Ok(Exit::Bug)
}

/// The origin of a server as Docker writes it: a URL, or a bare host, which means https.
fn origin(server: &str) -> Option<Origin> {
    if server.contains("://") {
        return https_origin(server);
    }
    let is_host = !server.is_empty() && !server.contains(['?', '#', '@', '\\']);
    is_host.then(|| https_origin(&format!("https://{server}")))?
}

fn get(asked: &Asked, context: &Context, server: &str) -> Result<Option<Value>, Failure> {
    let Some(origin) = origin(server) else { return Ok(None) };
    let Some(session) = provider(context, asked, &origin)? else { return Ok(None) };
    let wanted = Wanted { network: asked.network.clone(), ..Wanted::default() };
    let credential = access_for(&session, &wanted, &origin)?;
    Ok(credential.map(|credential| {
        let secret = credential.token().expose_secret();
        json!({ "ServerURL": server, "Username": TOKEN_USER, "Secret": secret })
    }))
}

/// The servers that would be answered, by the base URLs of stored credentials.
fn list(asked: &Asked, context: &Context) -> Result<Value, Failure> {
    let mut servers = Map::new();
    for entry in context.catalog.entries() {
        if asked.provider.as_ref().is_some_and(|id| *id != entry.id) {
            continue;
        }
        let Some(session) = Session::open_quietly(context, &entry) else { continue };
        let is_stored = !session.credentials()?.is_empty();
        if let Some(server) = server(&session).filter(|_| is_stored)
            && is_usable(&session)?
        {
            servers.insert(server, TOKEN_USER.into());
        }
    }
    Ok(Value::Object(servers))
}

fn server(session: &Session<'_>) -> Option<String> {
    base_origin(session).map(|origin| origin.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_a_url_or_a_bare_host() {
        let check = |server: &str, expect: Option<&str>| {
            assert_eq!(origin(server).as_ref().map(Origin::as_str), expect, "{server}");
        };
        check("registry.example.com", Some("https://registry.example.com"));
        check("registry.example.com:5000", Some("https://registry.example.com:5000"));
        check("https://index.docker.io/v1/", Some("https://index.docker.io"));
        check("http://registry.example.com", None);
        check("https://a@registry.example.com", None);
        check("a@registry.example.com", None);
        check("", None);
        check("ftp://x", None);
    }
}
