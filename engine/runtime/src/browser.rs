//! Starting a person's browser, where there is one that can be seen.
//!
//! Whether one is at hand is decided before a flow begins, because a flow may have another way for those without (S10).

use std::time::Duration;

use url::Url;

/// Why no browser can be used here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoBrowser {
    /// The session is a remote one: the browser would open on the wrong computer.
    #[error("this is an SSH session")]
    Remote,
    /// There is no display.
    #[error("there is no display")]
    NoDisplay,
    /// `$BROWSER` is one that would take over the terminal.
    #[error("BROWSER names a text browser")]
    TextBrowser,
    /// `$BROWSER` says that there is none.
    #[error("BROWSER says that there is none")]
    TurnedOff,
}

/// Browsers that show pages in the terminal.
const TEXT_BROWSERS: [&str; 8] = ["www-browser", "lynx", "links", "links2", "elinks", "w3m", "browsh", "eww"];

/// How long a browser is given to say that it could not start; one that is still starting then has started.
const PATIENCE: Duration = Duration::from_secs(1);

/// Whether a browser can be started here, told from the environment alone.
pub fn at_hand(variable: &dyn Fn(&str) -> Option<String>) -> Result<(), NoBrowser> {
    let set = |name| variable(name).filter(|value| !value.is_empty());
    if set("SSH_CONNECTION").or_else(|| set("SSH_TTY")).or_else(|| set("SSH_CLIENT")).is_some() {
        return Err(NoBrowser::Remote);
    }
    if let Some(browser) = set("BROWSER") {
        // A browser that a person names is theirs to answer for, display or not: remote containers set one that works.
        return judge(&browser);
    }
    let display = ["DISPLAY", "WAYLAND_DISPLAY", "WSL_INTEROP", "WSL_DISTRO_NAME"].into_iter().find_map(set);
    if cfg!(any(target_os = "macos", target_os = "windows")) || display.is_some() {
        Ok(())
    } else {
        Err(NoBrowser::NoDisplay)
    }
}

/// Judges the first program of `$BROWSER`.
fn judge(browser: &str) -> Result<(), NoBrowser> {
    let program = browser.split(':').next().and_then(|one| one.split_whitespace().next()).unwrap_or_default();
    match program.rsplit('/').next().unwrap_or_default() {
        "none" | "false" | "true" | "" => Err(NoBrowser::TurnedOff),
        name if TEXT_BROWSERS.contains(&name) => Err(NoBrowser::TextBrowser),
        _ => Ok(()),
    }
}

/// Starts the person's browser on a page: by argument vector, its descriptors closed. Whether it started.
///
/// Only http and https are opened. Does not wait for the browser to end.
pub async fn open(url: &Url) -> bool {
    if !matches!(url.scheme(), "http" | "https") {
        return false;
    }
    let (tell, told) = tokio::sync::oneshot::channel();
    let url = url.to_string();
    // A plain thread: the runtime would wait for one of its own when it goes.
    std::thread::spawn(move || {
        let mut options = webbrowser::BrowserOptions::new();
        options.with_suppress_output(true);
        let opened = webbrowser::open_browser_with_options(webbrowser::Browser::Default, &url, &options);
        let _ = tell.send(opened.is_ok());
    });
    matches!(tokio::time::timeout(PATIENCE, told).await, Err(_) | Ok(Ok(true)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(variables: &[(&str, &str)], expect: Result<(), NoBrowser>) {
        let lookup = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
        assert_eq!(at_hand(&lookup), expect, "{variables:?}");
    }

    #[test]
    fn s10_no_browser_is_started_on_ssh() {
        check(&[("SSH_CONNECTION", "1 2 3 4"), ("DISPLAY", ":0")], Err(NoBrowser::Remote));
        check(&[("SSH_TTY", "/dev/pts/0"), ("BROWSER", "firefox")], Err(NoBrowser::Remote));
        check(&[("SSH_CONNECTION", ""), ("DISPLAY", ":0")], Ok(()));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn s10_a_display_is_needed() {
        check(&[], Err(NoBrowser::NoDisplay));
        check(&[("DISPLAY", "")], Err(NoBrowser::NoDisplay));
        check(&[("WAYLAND_DISPLAY", "wayland-0")], Ok(()));
        check(&[("WSL_DISTRO_NAME", "Debian")], Ok(()));
    }

    #[test]
    fn s10_a_text_browser_is_none() {
        for browser in ["lynx", "/usr/bin/w3m", "www-browser", "elinks %s", "links:firefox"] {
            check(&[("BROWSER", browser), ("DISPLAY", ":0")], Err(NoBrowser::TextBrowser));
        }
        check(&[("BROWSER", "none"), ("DISPLAY", ":0")], Err(NoBrowser::TurnedOff));
        check(&[("BROWSER", "/opt/firefox/firefox")], Ok(()));
    }

    #[tokio::test]
    async fn only_pages_of_the_web_are_opened() {
        assert!(!open(&Url::parse("file:///etc/passwd").unwrap()).await);
    }

    #[test]
    fn s10_a_browser_gets_its_page_as_one_argument_and_no_descriptors() {
        let folder = tempfile::tempdir().unwrap();
        let (program, pipe) = (folder.path().join("browser"), folder.path().join("pipe"));
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let script =
            "#!/bin/sh\n{ echo \"$# $1\"; readlink /proc/$$/fd/0; cat; } > \"$(dirname \"$0\")/pipe\"\n";
        std::fs::write(&program, script).unwrap();
        let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&program, executable).unwrap();
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || tell.send(std::fs::read_to_string(pipe)));
        let variables = [("BROWSER", program.to_str().unwrap())];
        crate::fake::in_process_of_its_own(
            "browser::tests::opens_a_page_that_a_shell_would_trip_over",
            &variables,
        );
        let seen = told.recv_timeout(Duration::from_secs(20)).unwrap().unwrap();
        let mut lines = seen.lines();
        assert_eq!(lines.next(), Some("1 https://auth.example/a?b=$(touch%20x)&c=;d|e`f`"));
        if cfg!(target_os = "linux") {
            assert_eq!(lines.next(), Some("/dev/null"));
        }
        assert_eq!(lines.next(), None);
    }

    #[tokio::test]
    #[ignore = "runs in a process of its own, whose environment names a browser"]
    async fn opens_a_page_that_a_shell_would_trip_over() {
        assert!(open(&Url::parse("https://auth.example/a?b=$(touch x)&c=;d|e`f`").unwrap()).await);
    }
}
