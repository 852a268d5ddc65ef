//! A failure on stderr: one sentence for a person, or with `--format json` one object on the last line.

use serde_json::json;

use super::{safe, say};
use crate::failure::Failure;

/// Tells of a failure, unless there is nobody to tell.
pub(crate) fn print(failure: &Failure, as_json: bool) {
    if failure.is_silent() {
        return;
    }
    say(&sentence(failure));
    if as_json {
        print_object(failure);
    }
}

/// Tells of a failure to a program alone.
pub(crate) fn print_object(failure: &Failure) {
    say(&object(failure).to_string());
}

/// What, where, what next.
fn sentence(failure: &Failure) -> String {
    let provider = failure.provider.as_deref().filter(|id| !failure.message.contains(*id));
    let provider = provider.map(|id| format!("{}: ", safe(id))).unwrap_or_default();
    let state = failure.state.as_deref().map(|state| format!(" ({}, in state `{state}`)", failure.code));
    let help = failure.help.as_deref().map(|help| format!("; {}", safe(help))).unwrap_or_default();
    format!("error: {provider}{}{}{help}", safe(&failure.message), state.unwrap_or_default())
}

fn object(failure: &Failure) -> serde_json::Value {
    json!({
        "version": 1,
        "error": {
            "code": failure.code,
            "message": safe(&failure.message),
            "help": failure.help.as_deref().map(safe),
            "provider": failure.provider.as_deref().map(safe),
            "state": failure.state,
            "relogin_required": failure.relogin,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;

    #[track_caller]
    fn check(failure: Failure, expect: &str) {
        assert_eq!(sentence(&failure), expect);
    }

    #[test]
    fn a_sentence_says_what_where_and_what_next() {
        let mut failure = Failure::new(Exit::Denied, "authorization_denied", "the server said no")
            .help("try again")
            .about("acme");
        failure.state = Some("poll".to_owned());
        check(failure, "error: acme: the server said no (authorization_denied, in state `poll`); try again");
    }

    #[test]
    fn a_provider_that_the_sentence_names_is_not_named_twice() {
        check(
            Failure::new(Exit::Login, "x", "`acme` is not logged in").about("acme"),
            "error: `acme` is not logged in",
        );
    }

    #[test]
    fn s26_a_servers_text_reaches_no_terminal_raw() {
        let failure = Failure::new(Exit::Denied, "x", "bad\u{1b}[31m\nred").about("ac\u{7}me");
        assert!(!sentence(&failure).contains(['\u{1b}', '\n', '\u{7}']));
        assert!(!object(&failure).to_string().contains("\\u001b"));
    }
}
