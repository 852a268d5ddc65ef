use std::time::Duration;

use hermes_format::origin::Origins;
use hermes_format::secret::Secret;
use hermes_format::time::UnixMs;
use hermes_machine::machine::{Code, Grant, TroubleClass};
use serde_json::{Map, Value, json};

use super::super::*;
use super::scene::{Scene, at, record, with};
use super::server::{Reply, Server};
use crate::clock;
use crate::input::InputOrigin;
use crate::store::sha256;

const KEY: &str = r#"
name  = "Acme"
start = { login = "success" }

[inputs.api_key]
secret = true
from   = [{ env = "ACME_KEY" }]

[inputs.base_url]
default = "https://api.example/v1"

[api]
mode     = "chat_completions"
base_url = "{{base_url}}"

[states.success]
access_token = "{{api_key}}"
"#;

const MINT: &str = r#"
name  = "Acme"
start = { login = ["mint", "ask"] }

[inputs.key]
secret = true
from   = [{ env = "ACME_KEY" }]

[api]
mode     = "chat_completions"
base_url = "https://api.example/v1"

[states.mint]
post     = "https://auth.example/mint"
form.key = "{{key}}"
on = [
  { if = { status = 200, exists = ["$.access_token"] }, to = "success" },
  { fail = "mint_failed" },
]

[states.ask]
show = { url = "https://auth.example/verify" }
post = "https://auth.example/code"
on = [
  { if = { status = 200, exists = ["$.access_token"] }, to = "success" },
  { fail = "authorization_failed" },
]

[states.success]
expires = { value = "$.expires_in", unit = "s" }
"#;

fn inputs(values: &[(&str, &str)], from_sources: &[&str]) -> Inputs {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let origin = |name: &str| match from_sources.contains(&name) {
        true => InputOrigin::Variable(name.to_owned()),
        false => InputOrigin::Set,
    };
    Inputs {
        values: values.iter().map(owned).collect(),
        origins: values.iter().map(|(name, _)| ((*name).to_owned(), origin(name))).collect(),
        ..Inputs::default()
    }
}

pub(super) fn grant(access: &str, refresh: Option<&str>) -> Grant {
    Grant {
        warnings: Vec::new(),
        access_token: Secret::new(access),
        refresh_token: refresh.map(Secret::new),
        token_type: None,
        obtained_at: clock::wall(),
        expires_at: Some(UnixMs(clock::wall().0 + 3_600_000)),
        keep: Map::new(),
        notice: None,
        account: None,
        region: None,
        origins: Origins(vec!["https://auth.example".to_owned(), "https://api.example".to_owned()]),
    }
}

/// Stores a login of a scene's provider.
pub(super) fn save(scene: &Scene, access: &str, refresh: Option<&str>) {
    let grant = grant(access, refresh);
    let login = Login {
        provider: &scene.provider,
        grant: &grant,
        inputs: &scene.inputs,
        label: Some("work"),
        priority: None,
    };
    save_login(&scene.store(), &login, Duration::MAX).unwrap();
}

#[test]
fn a_key_from_the_environment_is_used_and_never_stored() {
    let mut scene = Scene::empty(KEY);
    scene.inputs = inputs(&[("api_key", "k1")], &["api_key"]);
    let credential = scene.ask().unwrap();
    assert_eq!((credential.access_token.expose_secret(), credential.source), ("k1", Source::Made));
    assert_eq!(credential.token["access_token"], "k1");
    assert!(credential.origins.0.contains(&"https://api.example".to_owned()));
    assert!(std::fs::read_dir(scene.home()).unwrap().next().is_none(), "no trace");
    let status = scene.status();
    assert_eq!((status.standing, status.source.as_deref()), (Standing::LoggedIn, Some("env:api_key")));
    // A login with it chooses the provider, and still stores no key.
    save(&scene, "k1", None);
    assert_eq!(scene.file()["active_provider"], "acme");
    assert!(!scene.file().to_string().contains("k1"));
    scene.rejected = Some(sha256("k1"));
    assert_eq!(
        (scene.trouble().code.as_str(), scene.trouble().class),
        ("login_expired", TroubleClass::Login)
    );
}

#[test]
fn a_key_that_a_person_typed_is_stored_and_gives_way_to_the_environment() {
    let mut scene = Scene::empty(KEY);
    assert_eq!(
        (scene.trouble().code.as_str(), scene.trouble().class),
        ("not_logged_in", TroubleClass::Login)
    );
    assert!(scene.trouble().help.unwrap().contains("ACME_KEY"));
    assert_eq!(scene.status().standing, Standing::NotLoggedIn);
    scene.inputs = inputs(&[("api_key", "typed"), ("base_url", "https://own.example/v1")], &[]);
    save(&scene, "typed", None);
    let stored = scene.stored();
    assert_eq!((&stored["access_token"], &stored["label"]), (&json!("typed"), &json!("work")));
    assert_eq!(stored["inputs"], json!({ "base_url": "https://own.example/v1" }), "only what is read later");
    scene.inputs = Inputs::default();
    assert_eq!(scene.token(), "typed");
    assert_eq!(scene.status().standing, Standing::LoggedIn);
    scene.inputs = inputs(&[("api_key", "k2")], &["api_key"]);
    assert_eq!(scene.token(), "k2");
}

/// An endpoint that wants no key, and takes one.
const ANY_KEY: &str = r#"
name  = "Acme"
start = { login = "success" }

[inputs.api_key]
secret = true
from   = [{ env = "ACME_KEY" }]

[inputs.base_url]
from = [{ env = "ACME_URL" }]

[api]
base_url = "{{base_url}}"

[states.success]
access_token = "{{first api_key 'no-key'}}"
"#;

#[test]
fn a_typed_key_goes_before_what_stands_in_for_a_key() {
    let mut scene = Scene::empty(ANY_KEY);
    let url = ("base_url", "https://own.example/v1");
    scene.inputs = inputs(&[url], &["base_url"]);
    assert_eq!(scene.token(), "no-key");
    scene.inputs = inputs(&[("api_key", "typed"), url], &["base_url"]);
    save(&scene, "typed", None);
    scene.inputs = inputs(&[url], &["base_url"]);
    assert_eq!(scene.token(), "typed");
    assert_eq!(scene.status().source.as_deref(), Some("auth.json"));
    scene.inputs = inputs(&[("api_key", "env"), url], &["api_key", "base_url"]);
    assert_eq!(scene.token(), "env");
}

#[test]
fn a_key_of_the_environment_that_a_server_refused_gives_way_to_a_stored_one() {
    let mut scene = Scene::empty(KEY);
    scene.inputs = inputs(&[("api_key", "typed")], &[]);
    save(&scene, "typed", None);
    scene.inputs = inputs(&[("api_key", "env")], &["api_key"]);
    assert_eq!(scene.token(), "env");
    scene.rejected = Some(sha256("env"));
    assert_eq!(scene.token(), "typed");
}

#[test]
fn a_key_of_the_environment_that_a_server_limits_is_not_called_refused() {
    let mut scene = Scene::empty(KEY);
    scene.inputs = inputs(&[("api_key", "env")], &["api_key"]);
    scene.rejected = Some(sha256("env"));
    scene.rejected_with = 429;
    let trouble = scene.trouble();
    assert_eq!((trouble.code.as_str(), trouble.class), ("rate_limited", TroubleClass::Retry));
    assert!(!trouble.relogin);
}

#[test]
fn a_stored_token_of_more_than_one_line_is_none() {
    let mut scene = Scene::empty(KEY);
    scene.inputs = inputs(&[("api_key", "typed")], &[]);
    save(&scene, "typed", None);
    let path = scene.home().join("auth.json");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("\"typed\"", r#""typed\nhost=evil.example""#)).unwrap();
    scene.inputs = Inputs::default();
    assert_eq!(scene.trouble().code.as_str(), "not_logged_in");
}

fn mint() -> Server {
    Server::start(|n, body| {
        let key = body.rsplit('=').next().unwrap_or_default().to_owned();
        Reply::Json(200, json!({ "access_token": format!("{key}-{n}"), "expires_in": 3600 }).to_string())
    })
}

#[test]
fn a_token_that_can_be_minted_is_minted_stored_and_minted_anew_when_its_source_changes() {
    let server = mint();
    let mut scene = Scene::empty(MINT).at(&server);
    assert_eq!(scene.trouble().class, TroubleClass::Login);
    scene.inputs = inputs(&[("key", "gold")], &["key"]);
    assert_eq!(scene.status().standing, Standing::Refreshable);
    assert_eq!(scene.token(), "gold-0");
    assert_eq!(scene.token(), "gold-0");
    let file = scene.file();
    assert_eq!(file.get("active_provider"), None, "nobody has chosen it");
    assert!(!file["providers"]["acme"]["made_from"].to_string().contains("gold"));
    scene.inputs = inputs(&[("key", "silver")], &["key"]);
    assert_eq!(scene.token(), "silver-1");
    // A source that has gone leaves the token as it is.
    scene.inputs = Inputs::default();
    assert_eq!(scene.token(), "silver-1");
    assert_eq!(server.count(), 2);
}

#[test]
fn s4_a_kept_secret_goes_where_its_credential_may_go_whatever_a_variable_says() {
    let file = MINT
        .replace("[inputs.key]", "[inputs.place]\nfrom = [{ env = \"ACME_URL\" }]\n\n[inputs.key]")
        .replace("https://auth.example/mint", "{{first place 'https://auth.example'}}/mint");
    let server = mint();
    let mut scene = Scene::empty(&file).at(&server);
    scene.put(with(record(-5), json!({ "refresh_token": null, "inputs": { "key": "gold" } })));
    scene.inputs = inputs(&[("key", "gold"), ("place", "https://evil.example")], &["place"]);
    scene.inputs.origins.insert("key".to_owned(), InputOrigin::Kept);
    assert_eq!(scene.trouble().code, Code::OriginRefused);
    scene.put(with(record(-5), json!({ "refresh_token": null, "inputs": { "key": "gold" } })));
    scene.inputs.values.shift_remove("place");
    assert_eq!(scene.token(), "gold-0");
}

#[test]
fn a_minted_token_that_has_ended_is_minted_again() {
    let server = mint();
    let mut scene = Scene::empty(MINT).at(&server);
    scene.inputs = inputs(&[("key", "gold")], &["key"]);
    scene.token();
    scene.put(with(scene.stored(), json!({ "expires_at": at(-5), "last_redeem_at": at(-60) })));
    assert_eq!(scene.token(), "gold-1");
    assert_eq!(scene.stored()["generation"], 2);
}

#[test]
fn a_login_of_a_person_is_not_replaced_by_what_could_be_minted() {
    let server = mint();
    let mut scene = Scene::empty(MINT).at(&server);
    scene.put(record(3000));
    scene.inputs = inputs(&[("key", "gold")], &["key"]);
    assert_eq!(scene.token(), "a1");
    assert_eq!(server.count(), 0);
}

#[test]
fn a_login_that_needs_a_person_is_never_started_for_a_token() {
    let server = mint();
    let scene = Scene::empty(MINT).at(&server);
    assert_eq!(scene.trouble().code.as_str(), "not_logged_in");
    assert_eq!(server.count(), 0);
}

#[test]
fn removal_forgets_the_credential_and_what_was_in_hand() {
    let scene = Scene::new(record(3000));
    assert!(remove(&scene.store(), "acme").unwrap());
    assert!(!remove(&scene.store(), "acme").unwrap());
    assert_eq!(scene.trouble().code.as_str(), "not_logged_in");
    assert_eq!(scene.file()["providers"], json!({}));
    assert_eq!(scene.file()["active_provider"], Value::from("other"));
}

#[test]
fn s22_nothing_that_is_printed_for_debugging_shows_a_token() {
    let scene =
        Scene::new(with(record(3000), json!({ "access_token": "c4n4ry", "refresh_token": "c4n4ry" })));
    let store = scene.store();
    let document = store.read().unwrap();
    let stored = super::super::first(&scene.snapshot(), &scene.provider).unwrap();
    let shown = format!("{:?} {document:?} {stored:?} {store:?}", scene.ask().unwrap());
    assert!(!shown.contains("c4n4ry"), "{shown}");
}

#[test]
fn a_typed_key_is_a_row_of_hermes_agent_s_pool_too() {
    let mut scene = Scene::empty(KEY);
    scene.inputs = inputs(&[("api_key", "typed")], &[]);
    save(&scene, "typed", None);
    save(&scene, "typed", None);
    let rows = scene.file()["credential_pool"]["acme"].clone();
    assert_eq!(rows.as_array().unwrap().len(), 1);
    let row = ["auth_type", "source", "label", "access_token", "priority"].map(|name| rows[0][name].clone());
    assert_eq!(row, [json!("api_key"), json!("manual"), json!("work"), json!("typed"), json!(0)]);
    save(&scene, "newer", None);
    let rows = scene.file()["credential_pool"]["acme"].clone();
    assert_eq!((rows.as_array().unwrap().len(), &rows[0]["access_token"]), (1, &json!("newer")));
}
