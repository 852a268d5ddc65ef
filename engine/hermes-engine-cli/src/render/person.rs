//! The person at a terminal during a login: what they are told, and what they paste.
//!
//! On a terminal the time that is left counts down in place; elsewhere (a log, a pipe) a plain line a minute says it.

use std::future::Future;
use std::io::{self, BufRead as _, IsTerminal as _};
use std::pin::Pin;
use std::time::Duration;

use hermes_engine::driver::{Opened, Person};
use hermes_engine::http::HttpOptions;
use hermes_format::origin::Origin;
use hermes_machine::machine::Prompt;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{safe, say};

/// Who sits at this terminal.
pub(crate) struct Terminal {
    spinner: Option<ProgressBar>,
    /// How much was left when it was last said in a plain line.
    said: Option<Option<Duration>>,
    pasted: Pasted,
    reads_stdin: bool,
    hinted: bool,
    /// What was said last of an answer that was none.
    noted: Option<String>,
    no_browser: Option<String>,
    /// Whether a simulated user opens the pages.
    simulated: bool,
    http: HttpOptions,
}

/// What was pasted, from whoever pastes.
struct Pasted {
    sender: UnboundedSender<String>,
    receiver: UnboundedReceiver<String>,
}

impl Terminal {
    /// A person who reads stderr and types on stdin, unless `stdin` was spent on something else. Pages are told by the
    /// address at which the person's own browser reaches them.
    pub(crate) fn new(stdin: bool, http: HttpOptions) -> Terminal {
        let (sender, receiver) = unbounded_channel();
        let pasted = Pasted { sender, receiver };
        let (spinner, said, hinted, noted, no_browser, simulated) = (None, None, false, None, None, false);
        let reads_stdin = stdin;
        Terminal { spinner, said, pasted, reads_stdin, hinted, noted, no_browser, simulated, http }
    }

    /// Says why no browser is opened, when there is something to open.
    pub(crate) fn without_browser(mut self, reason: Option<String>) -> Terminal {
        self.no_browser = reason;
        self
    }

    /// Leaves the pages to a simulated user: there is nothing to open, to enter or to paste here.
    pub(crate) fn simulated(mut self) -> Terminal {
        self.simulated = true;
        self.reads_stdin = false;
        self
    }

    /// Hands each line of stdin on, from a thread of its own: a read of a terminal can't be given up.
    fn listen_to_stdin(&mut self) {
        if !std::mem::take(&mut self.reads_stdin) {
            return;
        }
        let sender = self.pasted.sender.clone();
        std::thread::spawn(move || {
            let lines = io::stdin().lock().lines().map_while(Result::ok);
            lines
                .filter(|line| !line.trim().is_empty())
                .try_for_each(|line| sender.send(line.trim().to_owned()))
        });
    }
}

impl Person for Terminal {
    fn agrees(&mut self, origins: &[Origin], sends_secret: bool) -> bool {
        self.waited();
        let hosts: Vec<String> = origins.iter().map(|origin| safe(origin.as_str())).collect();
        let secret =
            if sends_secret { " What you typed for it, secrets too, may be sent there." } else { "" };
        say(&format!("The server says that the login goes on at {}.{secret}", hosts.join(" and ")));
        if !super::ask::at_terminal() {
            return false;
        }
        matches!(super::ask::choice("Go on there?", ["No", "Yes"]), Ok(1))
    }

    fn show(&mut self, prompt: &Prompt, opened: &Opened) {
        self.waited();
        let url = prompt.url.as_ref().map(|url| self.http.reached_at(url));
        let prompt = Prompt { url, code: prompt.code.clone() };
        if self.simulated {
            let page = prompt.url.map(|url| format!(" {url}")).unwrap_or_default();
            let code = prompt.code.map(|code| format!(" and the code {}", safe(&code))).unwrap_or_default();
            return say(&format!("A user would be shown{page}{code}; here a simulated one answers."));
        }
        say(&instructions(&prompt, opened, self.no_browser.as_deref()));
    }

    fn waiting(&mut self, left: Option<Duration>) {
        if io::stderr().is_terminal() {
            let spinner = self.spinner.get_or_insert_with(spinner);
            spinner.set_message(waiting_line(left));
        } else if is_news(self.said, left) {
            self.said = Some(left);
            say(&waiting_line(left));
        }
    }

    fn waited(&mut self) {
        if let Some(spinner) = self.spinner.take() {
            spinner.finish_and_clear();
        }
    }

    fn note(&mut self, note: &str) {
        // One line for each kind of trouble, not for each poll.
        if self.noted.as_deref() == Some(note) {
            return;
        }
        self.noted = Some(note.to_owned());
        let line = format!("The server's answer was {}; it is asked again.", safe(note));
        match &self.spinner {
            Some(spinner) => spinner.suspend(|| say(&line)),
            None => say(&line),
        }
    }

    fn again(&mut self, reason: &str) {
        say(&format!("Not accepted: {reason}. Paste again."));
    }

    fn port_taken(&mut self, port: u16) {
        say(&format!("Port {port} of this computer is in use; trying another way."));
    }

    fn stray_error(&mut self, error: &str) {
        let text = format!(
            "A page came back with the error `{}` and without this login's `state`. It may not belong to this login: still waiting. Press Ctrl-C if it does.",
            safe(error)
        );
        match &self.spinner {
            Some(spinner) => spinner.suspend(|| say(&text)),
            None => say(&text),
        }
    }

    fn paste(&mut self) -> Pin<Box<dyn Future<Output = String> + Send + '_>> {
        if self.reads_stdin && !std::mem::replace(&mut self.hinted, true) {
            let hint = "If the browser does not come back here by itself, paste the address or the code it shows and press Enter.";
            match &self.spinner {
                Some(spinner) => spinner.suspend(|| say(hint)),
                None => say(hint),
            }
        }
        self.listen_to_stdin();
        Box::pin(async {
            match self.pasted.receiver.recv().await {
                Some(text) => text,
                // Not while a sender lives, and one lives beside the receiver.
                None => std::future::pending().await,
            }
        })
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.waited();
    }
}

fn spinner() -> ProgressBar {
    let spinner = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
        spinner.set_style(style);
    }
    spinner.enable_steady_tick(Duration::from_millis(120));
    spinner
}

fn instructions(prompt: &Prompt, opened: &Opened, no_browser: Option<&str>) -> String {
    let mut lines = vec!["To continue:".to_owned()];
    // The URL was judged and written anew by the machine; its length is bounded there, and cutting it would break it.
    let url = prompt.url.as_ref().map(|url| format!("Open: {url}"));
    let code = prompt.code.as_deref().map(|code| match prompt.url {
        Some(_) => format!("If prompted, enter code: {}", safe(code)),
        None => format!("Enter code: {}", safe(code)),
    });
    lines.extend(url.into_iter().chain(code).zip(1..).map(|(line, number)| format!("  {number}. {line}")));
    match opened {
        Opened::Yes => lines.push("(Opened browser for verification)".to_owned()),
        Opened::Failed => {
            lines.push("Could not open browser automatically -- use the URL above.".to_owned());
        }
        Opened::NotTried => {
            lines.extend(no_browser.map(|reason| format!("(No browser is opened: {reason}.)")))
        }
    }
    lines.push("Approve only a request that you have just started yourself.".to_owned());
    lines.join("\n")
}

fn waiting_line(left: Option<Duration>) -> String {
    match left {
        Some(left) => format!("Waiting for approval... {} left", rough(left)),
        None => "Waiting for approval...".to_owned(),
    }
}

/// Whether a plain line is due: the first, and then one a minute.
fn is_news(said: Option<Option<Duration>>, left: Option<Duration>) -> bool {
    match (said, left) {
        (None, _) => true,
        (Some(Some(said)), Some(left)) => said.saturating_sub(left) >= Duration::from_secs(60) || left > said,
        (Some(_), _) => false,
    }
}

/// A duration as people say it: `4m 32s`, `2h 5m`, `3d 4h`.
pub(crate) fn rough(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => two(seconds / 60, "m", seconds % 60, "s"),
        3_600..86_400 => two(seconds / 3_600, "h", seconds % 3_600 / 60, "m"),
        _ => two(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h"),
    }
}

fn two(large: u64, large_unit: &str, small: u64, small_unit: &str) -> String {
    if small == 0 {
        format!("{large}{large_unit}")
    } else {
        format!("{large}{large_unit} {small}{small_unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompt() -> Prompt {
        let url = "https://auth.example/verify?x=1".parse().ok();
        Prompt { url, code: Some("AB-12\u{1b}[0m".to_owned()) }
    }

    #[test]
    fn s9_the_code_is_shown_with_the_page_and_the_advice() {
        let text = instructions(&prompt(), &Opened::Yes, None);
        assert!(text.starts_with(
            "To continue:\n  1. Open: https://auth.example/verify?x=1\n  2. If prompted, enter code: AB-12"
        ));
        assert!(text.contains("\n(Opened browser for verification)\n"), "{text}");
        assert!(text.contains("Approve only") && !text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn a_browser_that_does_not_open_is_said_and_one_that_was_not_tried_is_not() {
        assert!(
            instructions(&prompt(), &Opened::Failed, None)
                .contains("Could not open browser automatically -- use the URL above.")
        );
        let text = instructions(&prompt(), &Opened::NotTried, None);
        assert!(!text.contains("rowser"), "{text}");
        let text = instructions(&prompt(), &Opened::NotTried, Some("there is no display"));
        assert!(text.contains("\n(No browser is opened: there is no display.)\n"), "{text}");
    }

    #[test]
    fn what_is_left_is_said_as_people_say_it() {
        let check = |seconds, expect: &str| assert_eq!(rough(Duration::from_secs(seconds)), expect);
        check(0, "0s");
        check(272, "4m 32s");
        check(300, "5m");
        check(7_500, "2h 5m");
        check(273_600, "3d 4h");
    }

    #[test]
    fn plain_lines_come_once_a_minute() {
        let at = |seconds| Some(Duration::from_secs(seconds));
        assert!(is_news(None, at(300)));
        assert!(!is_news(Some(at(300)), at(299)));
        assert!(is_news(Some(at(300)), at(240)));
        assert!(!is_news(Some(None), None));
    }
}
