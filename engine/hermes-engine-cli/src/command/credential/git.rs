//! Git's protocol: attributes as lines, an empty line at the end
//! (<https://git-scm.com/docs/git-credential#IOFMT>, <https://git-scm.com/docs/gitcredentials#_custom_helpers>).

use hermes_format::origin::Origin;

use super::{Asked, access_for, https_origin, provider, question};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};
use crate::options::Wanted;
use crate::render::time::unix_ms;
use crate::render::{self, safe, warn};

/// The user that is told where the repository's URL names none: services that take a token as a password look at no name.
const USER: &str = "oauth2";

pub(super) fn run(asked: &Asked, context: &Context) -> Ended {
    let question = Question::read(&question()?);
    match asked.operation.as_str() {
        "get" => get(asked, context, &question)?,
        "erase" => erase(asked, context, &question),
        // What Git wants stored came from here, or is another helper's. Operations of a later Git are passed over.
        _ => {}
    }
    Ok(Exit::Done)
}

/// The attributes that count here.
#[derive(Debug, Default, PartialEq, Eq)]
struct Question {
    protocol: String,
    host: String,
    username: Option<String>,
    password: Option<String>,
}

impl Question {
    fn read(text: &str) -> Question {
        let mut question = Question::default();
        let lines = text.lines().take_while(|line| !line.is_empty());
        for (name, value) in lines.filter_map(|line| line.split_once('=')) {
            match name {
                "protocol" => value.clone_into(&mut question.protocol),
                "host" => value.clone_into(&mut question.host),
                "username" => question.username = Some(value.to_owned()),
                "password" => question.password = Some(value.to_owned()),
                // `path`, `wwwauth[]`, `capability[]`, `state[]`: none changes the answer.
                _ => {}
            }
        }
        question
    }

    fn origin(&self) -> Option<Origin> {
        // A host with anything else in it would be another URL's.
        let is_host = !self.host.is_empty() && !self.host.contains(['/', '?', '#', '@', '\\']);
        (self.protocol == "https" && is_host).then(|| https_origin(&format!("https://{}/", self.host)))?
    }
}

fn get(asked: &Asked, context: &Context, question: &Question) -> Result<(), Failure> {
    let Some(origin) = question.origin() else { return Ok(()) };
    let Some(session) = provider(context, asked, &origin)? else { return Ok(()) };
    let wanted = Wanted { network: asked.network.clone(), ..Wanted::default() };
    let Some(credential) = access_for(&session, &wanted, &origin)? else { return Ok(()) };
    let mut answer = format!("protocol=https\nhost={}\n", question.host);
    if question.username.is_none() {
        answer.push_str(&format!("username={USER}\n"));
    }
    answer.push_str(&format!("password={}\n", credential.token().expose_secret()));
    if let Some(at) = credential.expires_at() {
        answer.push_str(&format!("password_expiry_utc={}\n", unix_ms(at).0 / 1000));
    }
    render::answer(&answer)
}

/// A token that a server refused: the next question is answered with a renewed one. Git does not look at how this ends.
fn erase(asked: &Asked, context: &Context, question: &Question) {
    let (Some(origin), Some(password)) = (question.origin(), &question.password) else { return };
    let wanted = Wanted {
        rejected_sha256: Some(sha256(password)),
        network: asked.network.clone(),
        ..Wanted::default()
    };
    let renewed = match provider(context, asked, &origin) {
        Ok(Some(session)) => access_for(&session, &wanted, &origin).map(|_| ()),
        Ok(None) => Ok(()),
        Err(failure) => Err(failure),
    };
    if let Err(failure) = renewed {
        warn(&safe(&failure.message));
    }
}

fn sha256(text: &str) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, origin: Option<&str>) {
        let read = Question::read(text).origin();
        assert_eq!(read.as_ref().map(Origin::as_str), origin, "{text}");
    }

    #[test]
    fn only_https_and_a_plain_host_name_an_origin() {
        check("protocol=https\nhost=git.acme.example\n\n", Some("https://git.acme.example"));
        check(
            "capability[]=authtype\nprotocol=https\nhost=git.acme.example:8443\npath=a/b\n",
            Some("https://git.acme.example:8443"),
        );
        check("protocol=http\nhost=git.acme.example\n", None);
        check("protocol=HTTPS\nhost=git.acme.example\n", None);
        check("protocol=ssh\nhost=git.acme.example\n", None);
        check("host=git.acme.example\n", None);
        check("protocol=https\n", None);
        check("protocol=https\nhost=\n", None);
        for host in
            ["evil.example/@git.acme.example", "a@git.acme.example", "git.acme.example\\@evil", "x?y", "x#y"]
        {
            check(&format!("protocol=https\nhost={host}\n"), None);
        }
        // Lines after the empty one are not part of the question.
        check("protocol=https\n\nhost=git.acme.example\n", None);
    }

    #[test]
    fn a_value_may_hold_an_equals_sign() {
        assert_eq!(Question::read("password=a=b=\n").password.as_deref(), Some("a=b="));
    }
}
