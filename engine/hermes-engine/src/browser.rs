//! Starting a person's browser, where there is one that can be seen.
//!
//! Whether one is at hand is decided before a flow begins, because a flow may have another way for those without (S10).

use std::ffi::OsStr;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use url::Url;

use crate::process;

/// Why no browser can be used here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoBrowser {
    /// The session is a remote one: the browser would open on the wrong computer.
    #[error("this is an SSH session")]
    Remote,
    /// The session is in a cloud workspace: a page opens on the user's own computer, and can't come back to this one.
    #[error("this is a cloud workspace ({0} is set)")]
    Workspace(&'static str),
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

/// Variables of cloud workspaces. Each sets a `BROWSER` that opens pages on another computer.
const WORKSPACES: [&str; 8] = [
    "CODESPACES",
    "CODESPACE_NAME",
    "CLOUD_SHELL",
    "GOOGLE_CLOUD_WORKSTATIONS",
    "GITPOD_WORKSPACE_ID",
    "CODER_WORKSPACE_NAME",
    "REPL_ID",
    "STACKBLITZ_ENV",
];

/// How long a browser is given to say that it could not start; one that is still starting then has started.
const PATIENCE: Duration = Duration::from_secs(1);
/// The pause between two looks at it.
const PAUSE: Duration = Duration::from_millis(10);

/// Whether a browser can be started here, told from the environment alone.
pub fn at_hand(variable: &dyn Fn(&str) -> Option<String>) -> Result<(), NoBrowser> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    if set("SSH_CONNECTION").or_else(|| set("SSH_TTY")).or_else(|| set("SSH_CLIENT")).is_some() {
        return Err(NoBrowser::Remote);
    }
    if let Some(workspace) =
        WORKSPACES.into_iter().find(|name| set(name).is_some_and(|value| value != "false"))
    {
        return Err(NoBrowser::Workspace(workspace));
    }
    if let Some(browser) = set("BROWSER") {
        // A browser that a user names is theirs to answer for, display or not: containers set one that works.
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

/// Starts the user's browser on a page: by argument vector, its descriptors closed. Whether it started.
///
/// One that fails within a moment has not. Only http and https are opened. Does not wait for the browser to end.
pub async fn open(url: &Url) -> bool {
    if !matches!(url.scheme(), "http" | "https") {
        return false;
    }
    let (tell, told) = tokio::sync::oneshot::channel();
    let url = url.to_string();
    // A plain thread: the runtime would wait for one of its own when it goes.
    std::thread::spawn(move || {
        let mut children = Vec::new();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let commands = commands(&std::env::var("BROWSER").unwrap_or_default(), &url, &path);
        // What the system has would be looked for in the working directory, too, where `PATH` says so.
        let is_safe = cfg!(target_os = "macos") || process::without_relative_entries(&path).is_none();
        let by_system = || is_safe && by_system(&url);
        let _ = tell.send(first_that_starts(commands, &mut children).unwrap_or_else(by_system));
        // They are waited for, so that none is left as a zombie while the program lives.
        children.iter_mut().for_each(|child| drop(child.wait()));
    });
    matches!(tokio::time::timeout(2 * PATIENCE, told).await, Err(_) | Ok(Ok(true)))
}

/// The commands of `$BROWSER`, else the one that the desktop has for it. `%s` stands for the page; without it, the page comes
/// last. Programs are looked for in absolute entries of `PATH` alone.
fn commands(browser: &str, url: &str, path: &OsStr) -> Vec<Command> {
    let desktop = if cfg!(target_os = "linux") { "xdg-open" } else { "" };
    let list = if browser.is_empty() { desktop } else { browser };
    let command = |one: &str| {
        let mut words = one.split_whitespace();
        let mut command = Command::new(process::find(words.next()?, Some(path))?);
        if let Some(path) = process::without_relative_entries(path) {
            command.env("PATH", path);
        }
        let mut is_placed = false;
        for word in words {
            is_placed |= word.contains("%s");
            command.arg(word.replace("%s", url));
        }
        if !is_placed {
            command.arg(url);
        }
        Some(command)
    };
    list.split(':').filter_map(command).collect()
}

/// Starts the first browser that does not fail at once; `None` where none of the programs is there.
fn first_that_starts(commands: Vec<Command>, children: &mut Vec<Child>) -> Option<bool> {
    let mut found = None;
    for command in commands {
        match start(command, children) {
            Some(true) => return Some(true),
            failed => found = found.or(failed),
        }
    }
    found
}

/// Starts a browser: whether it went on or ended well, `None` where there is no such program.
fn start(mut command: Command, children: &mut Vec<Child>) -> Option<bool> {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = quiet.spawn().ok()?;
    let began = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status.success()),
            Ok(None) if began.elapsed() < PATIENCE => std::thread::sleep(PAUSE),
            Ok(None) | Err(_) => {
                children.push(child);
                return Some(true);
            }
        }
    }
}

/// Starts a browser where none of the commands is there.
fn by_system(url: &str) -> bool {
    let mut options = webbrowser::BrowserOptions::new();
    options.with_suppress_output(true);
    webbrowser::open_browser_with_options(webbrowser::Browser::Default, url, &options).is_ok()
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

    #[test]
    fn s10_a_cloud_workspace_has_its_browser_elsewhere() {
        for name in WORKSPACES {
            check(&[(name, "x"), ("BROWSER", "/helper"), ("DISPLAY", ":0")], Err(NoBrowser::Workspace(name)));
        }
        check(&[("CODESPACES", "false"), ("BROWSER", "/helper")], Ok(()));
        check(&[("CLOUD_SHELL", ""), ("BROWSER", "/helper")], Ok(()));
    }

    #[test]
    fn the_page_stands_where_the_command_wants_it() {
        let words = |browser: &str| {
            let of = |command: &Command| {
                let words = std::iter::once(command.get_program()).chain(command.get_args());
                words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
            };
            commands(browser, "https://a.example", OsStr::new("")).iter().map(of).collect::<Vec<_>>()
        };
        assert_eq!(words("/a -n:/b --url=%s x"), ["/a -n https://a.example", "/b --url=https://a.example x"]);
    }

    #[test]
    fn a_browser_that_fails_at_once_has_not_opened() {
        let opened = |script: &str| {
            let mut children = Vec::new();
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            let opened = start(command, &mut children);
            children.iter_mut().for_each(|child| {
                let _ = child.kill();
                let _ = child.wait();
            });
            opened
        };
        assert_eq!(opened("exit 1"), Some(false));
        assert_eq!(opened("exit 0"), Some(true));
        assert_eq!(opened("exec sleep 30"), Some(true));
        assert_eq!(start(Command::new("no-such-program-at-all"), &mut Vec::new()), None);
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
