//! Logins in a browser, with a browser and a server of the test's own: what is not of this login, and other users.

use std::io::{BufRead as _, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::support::{Program, Run, Started};

const BROWSER_LOGIN: &str = r#"
name  = "Acme"
start = { login = "authorize" }

[states.authorize]
open   = "https://auth.acme.example/authorize"
listen = "http://127.0.0.1:0/callback"
until  = "5m"
query.redirect_uri          = "{{redirect_uri}}"
query.state                 = "{{random.state}}"
query.code_challenge        = "{{pkce.challenge}}"
query.code_challenge_method = "S256"
on = [
  { unless = { "$.state" = "{{random.state}}" }, fail = "state_mismatch" },
  { unless = { "$.iss" = "https://auth.acme.example" }, fail = "authorization_failed" },
  { if = { "$.error" = "access_denied" }, fail = "authorization_denied" },
  { unless = { exists = ["$.code"] }, fail = "authorization_failed" },
  { to = "exchange" },
]

[states.exchange]
post               = "https://auth.acme.example/token"
form.code          = "{{authorize.code}}"
form.code_verifier = "{{pkce.verifier}}"
form.redirect_uri  = "{{redirect_uri}}"
on = [{ if = { status = 200, exists = ["$.access_token"] }, to = "success" }, { fail = "token_exchange_failed" }]

[states.success]

[api]
mode     = "chat_completions"
base_url = "https://auth.acme.example/v1"
"#;

const DEVICE_LOGIN: &str = r#"
name  = "Acme"
start = { login = "device" }

[states.device]
post           = "https://auth.acme.example/device"
form.client_id = "cli"
on = [{ if = { exists = ["$.device_code", "$.user_code", "$.verification_uri_complete"] }, to = "poll" }, { fail = "authorization_failed" }]

[states.poll]
show  = { url = "{{device.verification_uri_complete}}", code = "{{device.user_code}}" }
every = "60s"
until = "5m"
post             = "https://auth.acme.example/token"
form.device_code = "{{device.device_code}}"
on = [
  { if = { status = 200, exists = ["$.access_token"] }, to = "success" },
  { if = { "$.error" = "authorization_pending" }, to = "poll" },
  { fail = "token_exchange_failed" },
]

[states.success]

[api]
mode     = "chat_completions"
base_url = "https://auth.acme.example/v1"
"#;

/// A login whose browser is this test.
struct Login {
    program: Program,
    server: SocketAddr,
    requests: Receiver<String>,
    pipe: PathBuf,
}

/// A server that answers a token, a device code, and nothing else.
fn server() -> (SocketAddr, Receiver<String>) {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for stream in socket.incoming() {
            let mut stream = stream.unwrap();
            let request = read_request(&mut stream);
            let claims = URL_SAFE_NO_PAD.encode(r#"{"email":"ann@acme.example\u001b[2J","name":"Ann"}"#);
            let body = if request.starts_with("POST /device ") {
                r#"{"device_code":"d","user_code":"AB-CD","verification_uri_complete":"https://auth.acme.example/verify?user_code=AB-CD"}"#.to_owned()
            } else if request.starts_with("POST /token ") && request.contains("device_code") {
                r#"{"error":"authorization_pending"}"#.to_owned()
            } else {
                format!(r#"{{"access_token":"at-1","id_token":"e30.{claims}.sig"}}"#)
            };
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = tell.send(request);
        }
    });
    (address, told)
}

fn read_request(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    let mut bytes = [0; 4096];
    loop {
        let count = stream.read(&mut bytes).unwrap_or(0);
        text.push_str(&String::from_utf8_lossy(&bytes[..count]));
        let length = text.to_ascii_lowercase();
        let length = length.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        let body = text.split_once("\r\n\r\n").map(|(_, body)| body.len());
        if count == 0 || body.is_some_and(|body| body >= length.unwrap_or(0_usize)) {
            return text;
        }
    }
}

impl Login {
    fn of(file: &str) -> Login {
        let (server, requests) = server();
        let program = Program::new().connect_to(&["auth.acme.example"], server);
        program.write_home("providers.d/acme.toml", file);
        let (browser, pipe) = (program.root().join("browser"), program.root().join("pipe"));
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        // Nothing but its own arguments, as every user of the computer can read them.
        let script = format!("#!/bin/sh\ntr '\\0' '\\n' </proc/$$/cmdline >{}\n", pipe.display());
        std::fs::write(&browser, script).unwrap();
        std::fs::set_permissions(&browser, std::fs::Permissions::from_mode(0o755)).unwrap();
        let program = program.env("BROWSER", browser);
        Login { program, server, requests, pipe }
    }

    /// Starts it, and gives what the browser was started with.
    fn start(&self) -> (Started, String) {
        let mut command = self.program.command(&["run-flow", "acme", "-v"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let login = Started::by(&mut command);
        let (tell, told) = channel();
        let pipe = self.pipe.clone();
        std::thread::spawn(move || tell.send(std::fs::read_to_string(pipe).unwrap()));
        let arguments = told.recv_timeout(Duration::from_secs(60)).expect("a browser is started");
        (login, arguments)
    }

    /// Starts it and visits the page that the browser was started on: where that leads.
    fn visited(&self) -> (Started, url::Url) {
        let (login, arguments) = self.start();
        let start = start_page(&arguments);
        let answer = get(&start);
        assert!(answer.starts_with("HTTP/1.1 302 "), "{answer}");
        let to = answer.lines().find_map(|line| line.strip_prefix("Location: ")).expect("a place");
        (login, url::Url::parse(to.trim()).unwrap())
    }
}

/// The one address among the arguments of a browser.
fn start_page(arguments: &str) -> url::Url {
    let mut urls = arguments.lines().filter(|line| line.contains("://"));
    let url = url::Url::parse(urls.next().expect("an address")).unwrap();
    assert_eq!((urls.next(), url.scheme(), url.host_str()), (None, "http", Some("127.0.0.1")));
    url
}

fn address(url: &url::Url) -> SocketAddr {
    format!("{}:{}", url.host_str().unwrap(), url.port().unwrap()).parse().unwrap()
}

/// What a page answers to a browser.
fn get(url: &url::Url) -> String {
    let mut stream = TcpStream::connect(address(url)).unwrap();
    let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let head = "Accept: text/html\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Site: none";
    write!(stream, "GET {target} HTTP/1.1\r\nHost: {}\r\n{head}\r\n\r\n", address(url)).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn parameter(url: &url::Url, name: &str) -> String {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
}

/// The callback of an authorization request, with these parameters.
fn callback(authorize: &url::Url, query: &str) -> url::Url {
    let uri = parameter(authorize, "redirect_uri");
    url::Url::parse(&format!("{uri}{query}").replace("STATE", &parameter(authorize, "state"))).unwrap()
}

const GOOD: &str = "?code=c0de&state=STATE&iss=https%3A%2F%2Fauth.acme.example";

#[test]
fn no_argument_of_a_process_has_the_authorization_url() {
    let login = Login::of(BROWSER_LOGIN);
    let (started, arguments) = login.start();
    let start = start_page(&arguments);
    for secret in ["state", "challenge", "acme", "redirect", &login.server.to_string()] {
        assert!(!arguments.contains(secret), "{secret} in {arguments}");
    }
    let answer = get(&start);
    let to = answer.lines().find_map(|line| line.strip_prefix("Location: ")).expect("a place");
    let authorize = url::Url::parse(to.trim()).unwrap();
    assert!(parameter(&authorize, "state").len() >= 43, "{authorize}");
    assert!(get(&callback(&authorize, GOOD)).starts_with("HTTP/1.1 200 "));
    let run = started.end().expect_code(0);
    // What the user reads is the real page, and at the end whose account it is.
    assert!(run.stderr.contains(&format!("Open: {authorize}\n")), "{}", run.stderr);
    assert!(run.stderr.contains("\nLogged in as ann@acme.example.\n"), "{}", run.stderr);
    assert!(!run.stderr.contains("at-1") && !run.stderr.contains('\u{1b}'), "{}", run.stderr);
}

#[test]
fn s17_what_is_not_of_this_login_does_not_end_it() {
    let login = Login::of(BROWSER_LOGIN);
    let (started, authorize) = login.visited();
    for stray in [
        "",
        "?",
        "?code=c0de",
        "?code=c0de&state=guess",
        "?code=c0de&state=STATE&state=STATE",
        "?error=access_denied",
        "?error=access_denied&state=guess",
    ] {
        let answer = get(&callback(&authorize, stray));
        assert!(answer.starts_with("HTTP/1.1 400 "), "{stray}: {answer}");
    }
    assert!(login.requests.try_recv().is_err(), "nothing was asked of the server");
    assert!(get(&callback(&authorize, GOOD)).starts_with("HTTP/1.1 200 "));
    let run = started.end().expect_code(0);
    let told: Vec<&str> = run.stderr.lines().filter(|line| line.contains("access_denied")).collect();
    assert_eq!(told.len(), 1, "the one without a state is told: {}", run.stderr);
    assert!(told[0].contains("still waiting"), "{told:?}");
}

#[test]
fn s18_another_issuer_with_the_right_state_ends_the_login() {
    let login = Login::of(BROWSER_LOGIN);
    let (started, authorize) = login.visited();
    let wrong = "?code=c0de&state=STATE&iss=https%3A%2F%2Fevil.example";
    get(&callback(&authorize, wrong));
    let run = started.end().expect_code(4);
    assert!(run.stderr.contains("Acme"), "{}", run.stderr);
    assert!(login.requests.try_recv().is_err(), "no code was exchanged");
}

#[test]
fn a_paste_of_another_state_still_ends_the_login() {
    let login = Login::of(BROWSER_LOGIN);
    let mut command = login.program.command(&["run-flow", "acme", "--no-browser"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut started = Started::by(&mut command);
    let (mut stdin, stderr) = (started.stdin(), started.stderr());
    let mut lines = stderr.lines().map(Result::unwrap);
    let page = lines.find_map(|line| Some(line.split_once("Open: ")?.1.to_owned())).expect("a page");
    let authorize = url::Url::parse(&page).unwrap();
    // A stray request first: the half of a line that was typed before it is not lost.
    let pasted = callback(&authorize, "?code=c&state=guess").to_string();
    let (half, rest) = pasted.split_at(20);
    stdin.write_all(half.as_bytes()).unwrap();
    stdin.flush().unwrap();
    assert!(get(&callback(&authorize, "?error=x")).starts_with("HTTP/1.1 400 "));
    writeln!(stdin, "{rest}").unwrap();
    let said: Vec<String> = lines.collect();
    assert!(said.iter().any(|line| line.contains("`state` differs")), "{said:?}");
    started.end().expect_code(7);
}

#[test]
fn a_second_visit_of_the_start_page_ends_the_login() {
    for file in [BROWSER_LOGIN, DEVICE_LOGIN] {
        let login = Login::of(file);
        let (started, arguments) = login.start();
        let start = start_page(&arguments);
        assert!(get(&start).starts_with("HTTP/1.1 302 "));
        assert!(get(&start).starts_with("HTTP/1.1 410 "));
        let run: Run = started.end().expect_code(7);
        assert!(run.stderr.contains("somebody else"), "{}", run.stderr);
        assert!(login.program.auth().is_none(), "nothing is stored");
    }
}

#[test]
fn the_page_of_a_device_login_is_in_no_argument_either() {
    let login = Login::of(DEVICE_LOGIN);
    let (mut started, authorize) = login.visited();
    assert_eq!((authorize.path(), parameter(&authorize, "user_code").as_str()), ("/verify", "AB-CD"));
    started.signal("INT");
    started.end().expect_code(130);
}

#[cfg(target_os = "linux")]
#[test]
fn another_user_of_the_computer_can_use_neither_page_nor_callback() {
    use std::os::unix::process::CommandExt as _;
    if !std::fs::read_to_string("/proc/self/status").unwrap().contains("\nUid:\t0\t0") {
        eprintln!("not tried: only root can act as another user");
        return;
    }
    let login = Login::of(BROWSER_LOGIN);
    let (started, arguments) = login.start();
    let as_another = |url: &url::Url| {
        let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
        let script = format!(
            "exec 3<>/dev/tcp/127.0.0.1/{}; printf 'GET %s HTTP/1.1\\r\\nHost: {}\\r\\n\\r\\n' '{target}' >&3; head -n1 <&3",
            url.port().unwrap(),
            address(url)
        );
        let mut command = Command::new("bash");
        let output = command.args(["-c", &script]).uid(12_345).gid(12_345).current_dir("/").output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let start = start_page(&arguments);
    assert!(as_another(&start).starts_with("HTTP/1.1 403 "));
    let answer = get(&start);
    assert!(answer.starts_with("HTTP/1.1 302 "), "it was not used up: {answer}");
    let to = answer.lines().find_map(|line| line.strip_prefix("Location: ")).expect("a place");
    let authorize = url::Url::parse(to.trim()).unwrap();
    assert!(as_another(&callback(&authorize, GOOD)).starts_with("HTTP/1.1 403 "));
    assert!(get(&callback(&authorize, GOOD)).starts_with("HTTP/1.1 200 "));
    started.end().expect_code(0);
}
