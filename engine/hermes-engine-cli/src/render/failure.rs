//! A failure on stderr: one sentence for a person, or with `--format json` one object on the last line.

use serde_json::json;

use super::{safe, safe_sentence, say};
use crate::exit::Exit;
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

/// What, where, what next. The message names the provider.
fn sentence(failure: &Failure) -> String {
    // That a login is needed is no matter of the state that found it out.
    let state = failure.state.as_deref().filter(|_| failure.exit != Exit::Login);
    let state = state.map(|state| format!(" (`{}` in `{}`)", safe(failure.code.as_str()), safe(state)));
    let help = failure.help.as_deref().map(|help| format!("; {}", safe_sentence(help))).unwrap_or_default();
    format!("error: {}{}{help}", safe_sentence(&failure.message), state.unwrap_or_default())
}

fn object(failure: &Failure) -> serde_json::Value {
    json!({
        "version": 1,
        "error": {
            "code": failure.code.as_str(),
            "message": safe_sentence(&failure.message),
            "help": failure.help.as_deref().map(safe_sentence),
            "provider": failure.provider.as_deref().map(safe),
            "state": failure.state,
            "relogin_required": failure.relogin,
            "server": failure.server,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(failure: Failure, expect: &str) {
        assert_eq!(sentence(&failure), expect);
    }

    #[test]
    fn a_sentence_says_what_where_and_what_next() {
        let failure = |exit| {
            let failure =
                Failure::new(exit, "authorization_denied", "Acme: the server said no").help("try again");
            Failure { state: Some("poll".into()), ..failure }
        };
        check(
            failure(Exit::Denied),
            "error: Acme: the server said no (`authorization_denied` in `poll`); try again",
        );
        check(failure(Exit::Login), "error: Acme: the server said no; try again");
    }

    #[test]
    fn a_command_to_copy_is_not_cut() {
        let path = "/folder".repeat(60);
        let failure = Failure::new(Exit::Refused, "untrusted_file", format!("`{path}` is not trusted"));
        let failure = failure.help(format!("`hermes-engine trust {path}`"));
        check(failure, &format!("error: `{path}` is not trusted; `hermes-engine trust {path}`"));
    }

    #[test]
    fn s26_a_servers_text_reaches_no_terminal_raw() {
        let failure = Failure::new(Exit::Denied, "x", "bad\u{1b}[31m\nred").about("ac\u{7}me");
        assert!(!sentence(&failure).contains(['\u{1b}', '\n', '\u{7}']));
        assert!(!object(&failure).to_string().contains("\\u001b"));
    }
}
