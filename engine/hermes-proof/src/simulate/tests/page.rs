//! The approval page, as a person without script sees it.

use url::Url;

use super::walk::{World, get, header, post, status};
use super::{DEVICE, LOOPBACK};
use crate::simulate::{Asked, Reply, Scenario};

const VERIFY: &str = "https://auth.acme.example/simulated/verify";
const DECIDE: &str = "https://auth.acme.example/simulated/decide";

fn text(reply: &Reply) -> String {
    match reply {
        Reply::Answer { body, .. } => String::from_utf8_lossy(body).into_owned(),
        Reply::Broken => String::new(),
    }
}

/// The value of the first attribute `name="…"` after `after`.
fn attribute<'a>(page: &'a str, after: &str, name: &str) -> &'a str {
    let rest = page.split_once(after).expect(after).1;
    let rest = rest.split_once(&format!("{name}=\"")).expect(name).1;
    rest.split_once('"').expect("the end").0
}

/// Begins a device login by hand: the device code, and the user code.
fn begin(world: &mut World) -> (String, String) {
    let form = [("client_id", "acme-cli"), ("scope", "models:read offline_access")];
    world.ask(&post("https://auth.acme.example/oauth/device/code", &form));
    let answer: serde_json::Value =
        serde_json::from_str(world.bodies.last().expect("an answer")).expect("JSON");
    let field = |name: &str| answer[name].as_str().expect(name).to_owned();
    (field("device_code"), field("user_code"))
}

fn poll(world: &mut World, device_code: &str) -> u16 {
    let form = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("device_code", device_code),
        ("client_id", "acme-cli"),
    ];
    status(&world.ask(&post("https://auth.acme.example/oauth/token", &form)))
}

fn page_of(world: &mut World, code: &str) -> Reply {
    world.ask(&get(&Url::parse_with_params(VERIFY, [("user_code", code)]).expect("a URL")))
}

#[test]
fn a_person_types_the_code_and_decides() {
    for (decision, before, after) in [("approve", 400, 200), ("deny", 400, 400)] {
        let mut world = World::new(DEVICE, Scenario::Ask);
        let (device_code, code) = begin(&mut world);
        assert_eq!(poll(&mut world, &device_code), before);
        let page = text(&page_of(&mut world, &code.to_lowercase().replace('-', " ")));
        assert!(page.contains(&code) && page.contains("models:read offline_access"), "{page}");
        let session = attribute(&page, "name=\"session\"", "value").to_owned();
        let decided = world.ask(&post(DECIDE, &[("session", &session), ("decision", decision)]));
        assert_eq!(status(&decided), 200);
        assert_eq!(poll(&mut world, &device_code), after);
    }
}

#[test]
fn a_code_that_nobody_has_is_said_to_be_unknown() {
    let mut world = World::new(DEVICE, Scenario::Ask);
    let page = text(&page_of(&mut world, "<script>"));
    assert!(page.contains("No login that waits has this code"), "{page}");
    assert!(!page.contains("<script"), "{page}");
    let reply = world.ask(&post(DECIDE, &[("session", "guessed"), ("decision", "approve")]));
    assert_eq!(status(&reply), 400);
}

#[test]
fn a_browser_is_asked_and_then_sent_back() {
    let mut world = World::new(LOOPBACK, Scenario::Ask);
    let url = Url::parse_with_params(
        "https://auth.example.com/authorize",
        [
            ("response_type", "code"),
            ("client_id", "acme-cli"),
            ("redirect_uri", "http://127.0.0.1:9/callback"),
            ("scope", "openid models offline_access"),
            ("state", "<b>opaque</b>"),
            ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            ("code_challenge_method", "S256"),
        ],
    )
    .expect("a URL");
    let page = text(&world.ask(&get(&url)));
    assert!(page.contains(">Approve</button>") && page.contains(">Deny</button>"), "{page}");
    let session = attribute(&page, "name=\"session\"", "value").to_owned();
    let form = [("session", session.as_str()), ("decision", "deny")];
    let reply = world.ask(&post("https://auth.example.com/simulated/decide", &form));
    let location = Url::parse(header(&reply, "location").expect("a redirect")).expect("a URL");
    let query: Vec<(String, String)> = location.query_pairs().into_owned().collect();
    assert!(query.contains(&("error".into(), "access_denied".into())), "{query:?}");
    assert!(query.contains(&("state".into(), "<b>opaque</b>".into())), "{query:?}");
}

#[test]
fn pages_run_nothing_and_are_not_kept() {
    let mut world = World::new(DEVICE, Scenario::Ask);
    let home =
        Asked { host: "127.0.0.1:8080".into(), ..get(&Url::parse("https://x.example/").expect("a URL")) };
    let reply = world.ask(&home);
    assert_eq!(status(&reply), 200);
    let policy = header(&reply, "content-security-policy").expect("a policy");
    assert!(policy.contains("default-src 'none'") && !policy.contains("script"), "{policy}");
    assert!(policy.contains("style-src 'sha256-"), "{policy}");
    assert_eq!(header(&reply, "cache-control"), Some("no-store"));
    let page = text(&reply);
    assert!(page.contains("<html lang=\"en\">") && page.contains("<label for=\"user_code\">"), "{page}");
    assert!(!page.contains("<script") && !page.contains(" style=") && !page.contains(" onclick"), "{page}");
}
