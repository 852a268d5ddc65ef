//! F4, F5, F8, F11: hosts that an input or an answer names, callbacks of somebody else, and ports that are taken.

use std::io::BufRead as _;
use std::net::TcpListener;
use std::process::Stdio;

use serde_json::json;
use url::Url;

use super::*;
use crate::support::Started;
use crate::support::service::{Answer, Browser, COPILOT, NO_BROWSER, browse};

const ACCOUNT: &str = "/copilot_internal/user";

/// An enterprise of GitHub's with data residency.
static ENTERPRISE: Facts = Facts {
    login: ("copilot", "device"),
    region: None,
    hosts: &["acme.ghe.com", "api.acme.ghe.com"],
    set: &[],
    way: Way::Device(Device {
        code: "https://acme.ghe.com/login/device/code",
        token: "https://acme.ghe.com/login/oauth/access_token",
        page: "https://acme.ghe.com/login/device",
        account: Some("https://api.acme.ghe.com/copilot_internal/user"),
        mint: None,
        ..COPILOT
    }),
};

fn enterprise(endpoint: &str) -> (Service, Program) {
    let service = Service::start(&ENTERPRISE);
    let answer = Answer::Json(200, json!({ "login": "user", "endpoints": { "api": endpoint } }));
    service.answers(ACCOUNT, [answer]);
    let program = program().always(service.connect_to());
    (service, program)
}

#[test]
fn f4_an_enterprise_is_named_as_users_name_it_and_serves_at_its_own_host() {
    let runs = ["acme", "acme.ghe.com", "https://acme.ghe.com", "Acme"].map(|name| {
        std::thread::spawn(move || {
            let (service, program) = enterprise("https://copilot-api.acme.ghe.com");
            let set = format!("enterprise={name}");
            let (code, text) = log_in_to(&program, &["copilot", "--from", "device", "--set", &set]);
            assert_eq!(code, Some(0), "{name}: {text}");
            let resolved = program.run(&["resolve", "copilot", "--format", "json"]).expect_code(0).json();
            assert_eq!(resolved["base_url"], "https://copilot-api.acme.ghe.com", "{resolved}");
            assert_eq!(service.book().wrong, Vec::<String>::new());
        })
    });
    runs.into_iter().for_each(|run| run.join().expect("a login"));
    let run = program().run(&["run-flow", "copilot", "--from", "device", "--set", "enterprise=my company"]);
    let words = "it should look like `acme`, `https://acme.ghe.com/` or `https://github.com/`";
    assert!(run.code == Some(2) && run.stderr.contains(words), "{}", run.stderr);
}

#[test]
fn f4_a_login_whose_host_is_refused_is_not_called_a_success() {
    let (_service, program) = enterprise("https://copilot-api.elsewhere.example");
    let (code, text) = log_in_to(&program, &["copilot", "--from", "device", "--set", "enterprise=acme"]);
    assert_eq!(code, Some(7), "{text}");
    assert!(!text.contains('✓') && text.contains("copilot-api.elsewhere.example"), "{text}");
}

#[test]
fn f5_the_free_tier_of_a_service_may_have_a_host_of_its_own() {
    let free = || {
        let service = Service::start(facts(|facts| facts.login == ("nous", "device")));
        let program = program().always(service.connect_to());
        (service, program)
    };
    let (service, program) = free();
    service.book().extra = json!({ "inference_base_url": "https://welcome-api.nousresearch.com/v1" });
    let (code, text) = log_in_to(&program, &["nous", "--from", "device"]);
    assert_eq!(code, Some(0), "{text}");
    let resolved = program.run(&["resolve", "nous", "--format", "json"]).expect_code(0).json();
    assert_eq!(resolved["base_url"], "https://welcome-api.nousresearch.com/v1", "{resolved}");
    let (service, program) = free();
    service.book().extra = json!({ "inference_base_url": "https://elsewhere.example/v1" });
    let (code, text) = log_in_to(&program, &["nous", "--from", "device"]);
    assert!(code == Some(7) && !text.contains('✓'), "{text}");
}

static BROWSER: Facts = Facts {
    login: ("acme", "authorize"),
    region: None,
    hosts: &["auth.acme.example"],
    set: &[],
    way: Way::Browser(Browser {
        page: "https://auth.acme.example/oauth/authorize",
        token: "https://auth.acme.example/oauth/token",
        must: &[("client_id", "acme-cli")],
        ..NO_BROWSER
    }),
};

/// A login in the browser, with further lines of the file.
fn in_browser(more: &str) -> (Service, Program) {
    let file = ACME.replace("device-code", "authorization-code").replace(
        "device_url = \"https://auth.acme.example/oauth/device/code\"",
        "auth_url = \"https://auth.acme.example/oauth/authorize\"",
    );
    let service = Service::start(&BROWSER);
    let program = program().always(service.connect_to());
    program.write_home("providers.d/acme.toml", &format!("{file}\n{more}"));
    (service, program)
}

/// Starts a login, and gives its page to `visit`.
fn visited(program: &Program, visit: impl FnOnce(&str)) -> Ended {
    let mut command = program.command(&["run-flow", "acme"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut started = Started::by(&mut command);
    let stdin = started.stdin();
    let (mut text, mut visit) = (String::new(), Some(visit));
    for line in started.stderr().lines().map_while(Result::ok) {
        text.push_str(&line);
        text.push('\n');
        if let Some((_, page)) = line.split_once("Open: ")
            && let Some(visit) = visit.take()
        {
            visit(page.trim());
        }
    }
    drop(stdin);
    (started.end().code, text)
}

/// Where the page sends the browser back to.
fn redirect_of(page: &str) -> String {
    let page = Url::parse(page).expect("a URL");
    let uri = page.query_pairs().find(|(name, _)| name == "redirect_uri");
    uri.expect("a redirect URI").1.into_owned()
}

#[test]
fn f8_a_callback_of_somebody_else_is_refused_and_the_wait_goes_on() {
    let (service, program) = in_browser("");
    let (code, text) = visited(&program, |page| {
        let redirect = redirect_of(page);
        for foreign in ["", "?code=stolen&state=of-an-old-tab", "?error=access_denied&state=of-an-old-tab"] {
            assert_eq!(browse(&format!("{redirect}{foreign}")), 400, "{foreign}");
        }
        assert_eq!(browse(page), 200);
    });
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(service.book().wrong, Vec::<String>::new());
}

#[test]
fn f11_where_a_port_is_taken_the_next_one_of_the_list_is_listened_on() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port();
    let listen = |others: &str| {
        format!("[states.authorize]\nlisten = [\"http://127.0.0.1:{port}/callback\"{others}]\n")
    };
    let (_service, program) = in_browser(&listen(", \"http://127.0.0.1:0/callback\""));
    let (code, text) = visited(&program, |page| assert_eq!(browse(page), 200));
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains(&format!("Port {port} of this computer is in use")), "{text}");
    let (_service, program) = in_browser(&listen(""));
    let (code, text) = visited(&program, |page| panic!("{page} was opened"));
    assert_eq!(code, Some(6), "{text}");
    assert!(text.contains(&format!("another program listens on port {port}")), "{text}");
}
