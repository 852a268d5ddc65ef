use super::*;
use crate::provider::{Action, Provider, StateKind, Then, ValueSource};

const FLOW: &str = r#"
start = { login = "device", logout = "revoke" }

[states.device]
post           = "{{device_url}}"
form.client_id = "{{client_id}}"
form.scope     = "models:read"
on = [
  { unless = { exists = ["$.device_code", "$.user_code", "$.verification_uri"] }, fail = "authorization_failed" },
  { to = "poll" },
]

[states.poll]
show  = { url = "{{device.verification_uri}}", code = "{{device.user_code}}" }
every = { value = "{{device.interval}}", unit = "s", default = "5s", min = "1s" }
until = "10m"
post             = "{{token_url}}"
form.device_code = "{{device.device_code}}"
on = [
  { if = { status = 200, exists = ["$.access_token"] }, to = "success" },
  { if = { "$.error" = "slow_down" }, to = "poll", slower = "5s" },
  { fail = "token_exchange_failed" },
]

[states.revoke]
post       = "{{token_url}}/revoke"
form.token = "{{token.access_token}}"
on         = [{ to = "done" }]

[states.success]
expires = { value = "$.expires_in", unit = "s" }
"#;

const FILE: &str = r#"
name    = "Acme"
extends = "device"

[vars]
client_id  = "acme-cli"
device_url = "https://auth.example.com/device"
token_url  = "https://auth.example.com/token"
"#;

fn file(id: &str, text: &str) -> FileText {
    FileText {
        id: id.to_owned(),
        name: format!("{id}.toml"),
        language: Language::Toml,
        text: text.to_owned(),
    }
}

/// Loads a file over flows that are given by name and text.
fn loaded(text: &str, flows: &[(&str, &str)]) -> (Loaded, Sources) {
    let mut sources = Sources::default();
    let flow =
        |name: &str| flows.iter().find(|(known, _)| *known == name).map(|(name, text)| file(name, text));
    let loaded = load(&mut sources, &file("acme", text), &flow);
    (loaded, sources)
}

fn provider(text: &str, flows: &[(&str, &str)]) -> Arc<Provider> {
    let (loaded, _) = loaded(text, flows);
    loaded.provider.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics))
}

fn codes(loaded: &Loaded) -> Vec<&'static str> {
    loaded.diagnostics.iter().map(|finding| finding.code.id).collect()
}

fn state<'a>(provider: &'a Provider, name: &str) -> &'a crate::provider::Active {
    match &provider.state(provider.state_id(name).unwrap()).kind {
        StateKind::Active(active) => active,
        other => panic!("{other:?}"),
    }
}

#[test]
fn tables_merge_by_key_and_lists_replace() {
    let text = format!(
        "{FILE}\n[states.device]\nform.scope = \"models:write\"\n\n[states.poll]\nuntil = \"5m\"\n\
         on = [{{ unless = {{ exists = [\"$.access_token\"] }}, fail = \"expired\" }}, {{ to = \"success\" }}]\n"
    );
    let provider = provider(&text, &[("device", FLOW)]);
    let crate::provider::Act::Request(request) = &state(&provider, "device").act else { panic!() };
    let Some(crate::provider::Body::Form(form)) = &request.body else { panic!() };
    let form: Vec<(&str, &str)> =
        form.iter().map(|(key, value)| (key.as_str(), value.text.as_str())).collect();
    assert_eq!(form, [("client_id", "{{client_id}}"), ("scope", "models:write")]);
    assert_eq!(state(&provider, "device").on.len(), 2);
    assert_eq!(state(&provider, "poll").on.len(), 2);
    assert!(
        matches!(&state(&provider, "poll").on[0].then, Then::Fail { code, .. } if code.value == "expired")
    );
}

#[test]
fn a_misspelt_flow_is_named_where_the_flows_are_known() {
    let (mut loaded, sources) = loaded(&FILE.replace("\"device\"", "\"device-cod\""), &[]);
    loaded.suggest_flow(&["api-key".to_owned(), "device-code".to_owned()]);
    let [finding] = loaded.diagnostics.as_slice() else { panic!("{:?}", loaded.diagnostics) };
    assert_eq!(finding.help.as_deref(), Some("did you mean `device-code`?"));
    let fix = finding.fix.as_ref().unwrap();
    assert_eq!((sources.text(fix.span), fix.replacement.as_str()), ("\"device-cod\"", "\"device-code\""));
}

#[test]
fn a_flow_may_extend_a_flow_and_the_nearest_wins() {
    let near = "extends = \"device\"\n[vars]\nclient_id = \"near\"\ntoken_url = \"https://near.example.com/token\"\n";
    let text = FILE
        .replace("\"device\"", "\"near\"")
        .replace("token_url  = \"https://auth.example.com/token\"\n", "");
    let provider = provider(&text, &[("near", near), ("device", FLOW)]);
    assert_eq!(provider.extends, ["near", "device"]);
    assert_eq!(provider.vars["client_id"].text, "acme-cli");
    assert_eq!(provider.vars["token_url"].text, "https://near.example.com/token");
}

#[test]
fn an_inherited_state_that_nothing_reaches_is_dropped() {
    let text = format!("{FILE}\n[start]\nlogin = \"device\"\nlogout = []\n");
    let (loaded, _) = loaded(&text, &[("device", FLOW)]);
    assert_eq!(codes(&loaded), ["HE005"], "an empty list of states is refused");
    let direct = "[states.device]\npost = \"https://auth.example.com/token\"\n\
                  on = [{ if = { exists = [\"$.access_token\"] }, to = \"success\" }, { fail = \"expired\" }]\n";
    let provider = provider(&format!("{FILE}\n{direct}"), &[("device", FLOW)]);
    let names: Vec<&str> = provider.states.iter().map(|state| state.name.as_str()).collect();
    assert_eq!(names, ["device", "revoke", "success", "done", "error", "timeout"]);
}

#[test]
fn a_finding_in_a_flow_points_at_both_files_and_a_lacking_name_is_said_once() {
    let text = FILE.replace("token_url  = \"https://auth.example.com/token\"\n", "");
    let (loaded, sources) = loaded(&text, &[("device", FLOW)]);
    assert!(loaded.provider.is_none());
    let [finding] = loaded.diagnostics.as_slice() else { panic!("{:?}", loaded.diagnostics) };
    assert_eq!(finding.code.id, "HE201");
    assert_eq!(sources.file(finding.primary.span.file).unwrap().name, "device.toml");
    assert_eq!(sources.text(finding.primary.span), "token_url");
    assert_eq!(sources.file(finding.secondary[0].span.file).unwrap().name, "acme.toml");
    assert_eq!(sources.text(finding.secondary[0].span), "\"device\"");
}

#[test]
fn a_flow_by_itself_may_use_what_its_providers_supply() {
    let mut sources = Sources::default();
    let loaded = load_flow(&mut sources, &file("device", FLOW), &|_| None);
    assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
    let misspelt = FLOW.replace("{{device.user_code}}", "{{devise.user_code}}");
    let loaded = load_flow(&mut sources, &file("device", &misspelt), &|_| None);
    assert_eq!(codes(&loaded), ["HE201"]);
}

#[test]
fn all_mistakes_of_a_file_are_found_at_once_in_its_order() {
    let text = r#"
start = { login = "aks" }
nmae  = "Acme"

[vars]
token_url = "http://auth.example.com"

[states.ask]
post = "{{token_url}}/{{region.path}}"
on   = [
  { if = { "$..a" = 1 }, to = "sucess" },
  { to = "success", fail = "expired" },
]
"#;
    let (loaded, _) = loaded(text, &[]);
    assert_eq!(codes(&loaded), ["HE101", "HE001", "HE404", "HE201", "HE302", "HE101", "HE105"]);
    let places: Vec<u32> = loaded.diagnostics.iter().map(|finding| finding.primary.span.start).collect();
    assert!(places.is_sorted());
}

#[test]
fn the_final_states_are_always_there_and_success_reads_the_names_of_rfc_6749() {
    let provider = provider(FILE, &[("device", FLOW)]);
    let success = provider.success().unwrap();
    assert!(
        matches!(&success.access_token, ValueSource::Path(path) if path.value.text() == "$.access_token")
    );
    assert!(
        matches!(&success.refresh_token, ValueSource::Path(path) if path.value.text() == "$.refresh_token")
    );
    assert!(success.refresh.is_none());
    for name in ["success", "done", "error", "timeout"] {
        assert!(provider.state_id(name).is_some(), "{name}");
    }
    assert!(provider.starts(Action::Refresh).is_empty());
}

#[test]
fn a_list_of_starts_keeps_its_order() {
    let text = FILE
        .replace("extends = \"device\"", "extends = \"device\"\nstart = { login = [\"poll\", \"device\"] }");
    let provider = provider(&text, &[("device", FLOW)]);
    let starts: Vec<&str> =
        provider.starts(Action::Login).iter().map(|id| provider.state(*id).name.as_str()).collect();
    assert_eq!(starts, ["poll", "device"]);
}

#[test]
fn a_listener_is_cut_into_host_port_and_path() {
    let text = r#"
start = { login = "authorize" }

[states.authorize]
open   = "https://auth.example.com/authorize"
listen = "http://localhost:1455/{{random.path}}/callback"
until  = "5m"
on     = [{ fail = "expired" }]
"#;
    let provider = provider(text, &[]);
    let crate::provider::Act::Browser(browser) = &state(&provider, "authorize").act else { panic!() };
    let crate::provider::Back::Listen(listeners) = &browser.back else { panic!() };
    let [listen] = listeners.as_slice() else { panic!("{listeners:?}") };
    assert_eq!((listen.host.as_str(), listen.port), ("localhost", 1455));
    assert_eq!(listen.path.text, "/{{random.path}}/callback");
    assert_eq!(listen.path.names().len(), 1);
}

#[test]
fn a_listener_without_a_path_keeps_none() {
    let text = |listen: &str| {
        format!(
            "start = {{ login = \"authorize\" }}\n[states.authorize]\nopen = \"https://auth.example.com/authorize\"\n\
             listen = \"{listen}\"\nuntil = \"5m\"\non = [{{ fail = \"expired\" }}]\n"
        )
    };
    let provider = provider(&text("http://localhost:8020"), &[]);
    let crate::provider::Act::Browser(browser) = &state(&provider, "authorize").act else { panic!() };
    let crate::provider::Back::Listen(listeners) = &browser.back else { panic!() };
    let [listen] = listeners.as_slice() else { panic!("{listeners:?}") };
    assert_eq!((listen.host.as_str(), listen.port, listen.path.as_literal()), ("localhost", 8020, Some("")));
    let mut sources = Sources::default();
    let loaded = load(&mut sources, &file("acme", &text("http://localhost:8020{{random.path}}")), &|_| None);
    assert_eq!(codes(&loaded), ["HE405"]);
}

#[test]
fn a_listener_may_have_alternatives_and_each_is_on_loopback() {
    let text = |listen: &str| {
        format!(
            "start = {{ login = \"a\" }}\n[states.a]\nopen = \"https://auth.example.com\"\nlisten = {listen}\nuntil = \"5m\"\non = [{{ fail = \"expired\" }}]\n"
        )
    };
    let provider = provider(&text("[\"http://localhost:1455/a\", \"http://127.0.0.1:0/b\"]"), &[]);
    let crate::provider::Act::Browser(browser) = &state(&provider, "a").act else { panic!() };
    let crate::provider::Back::Listen(listeners) = &browser.back else { panic!() };
    let places: Vec<_> = listeners.iter().map(|l| (l.host.as_str(), l.port, l.path.text.as_str())).collect();
    assert_eq!(places, [("localhost", 1455, "/a"), ("127.0.0.1", 0, "/b")]);
    let codes = |listen: &str| codes(&load(&mut Sources::default(), &file("acme", &text(listen)), &|_| None));
    assert_eq!(codes("[\"http://127.0.0.1:0/a\", \"http://0.0.0.0:0/a\"]"), ["HE405"]);
    assert_eq!(codes("[]"), ["HE005"]);
}

#[test]
fn a_file_whose_name_is_no_id_is_refused() {
    let mut sources = Sources::default();
    for (id, fine) in
        [("acme", true), ("2acme-eu", true), ("Acme", false), ("-acme", false), ("ac_me", false), ("", false)]
    {
        let text = "start = { login = \"success\" }\n[states.success]\naccess_token = \"{{key}}\"\n[inputs.key]\nsecret = true\n";
        let loaded = load(&mut sources, &file(id, text), &|_| None);
        assert_eq!(loaded.provider.is_some(), fine, "{id:?}");
        assert_eq!(codes(&loaded), if fine { vec![] } else { vec!["HE006"] }, "{id:?}");
    }
}

#[test]
fn a_file_that_was_read_before_is_not_added_again() {
    let mut sources = Sources::default();
    let flow = |_: &str| Some(file("device", FLOW));
    load(&mut sources, &file("acme", FILE), &flow);
    load(&mut sources, &file("bolt", FILE), &flow);
    assert_eq!(sources.iter().count(), 3);
}

/// The flow and what it needs, in one file.
fn whole() -> String {
    format!("{FLOW}{}", FILE.split_once("\n[").map_or(String::new(), |(_, vars)| format!("\n[{vars}")))
}

#[test]
fn s4_a_host_of_a_region_receives_the_credentials_of_that_region_alone() {
    let text = r#"
start = { login = "ask" }
region = "eu"
hosts = ["cdn.example.com", "{{region.account}}"]
[regions.eu]
api = "https://api.eu.example"
account = "account.eu.example"
[regions.us]
api = "https://api.us.example"
account = "*.us.example"
[states.ask]
post = "{{region.api}}/token"
on = [{ if = { exists = ["$.access_token"] }, to = "success" }, { fail = "token_incomplete" }]
"#;
    let provider = provider(text, &[]);
    let origins = |region| provider.origins(region, &Default::default()).0.join(" ");
    assert_eq!(
        origins(Some("eu")),
        "https://api.eu.example https://cdn.example.com https://account.eu.example"
    );
    assert_eq!(origins(Some("us")), "https://api.us.example https://cdn.example.com https://*.us.example");
    assert_eq!(origins(None), origins(Some("eu")));
}

#[test]
fn a_host_of_regions_is_a_host_in_each() {
    let text = |account: &str, key: &str| {
        format!(
            "start = {{ login = \"success\" }}\nhosts = [\"{{{{region.{key}}}}}\"]\n[regions.eu]\naccount = \"{account}\"\n[states.success]\naccess_token = \"{{{{key}}}}\"\n[inputs.key]\nsecret = true\n"
        )
    };
    provider(&text("account.example", "account"), &[]);
    for (text, code) in
        [(text("https://x", "account"), "HE403"), (text("account.example", "acount"), "HE201")]
    {
        let (loaded, _) = loaded(&text, &[]);
        assert_eq!(codes(&loaded), [code]);
    }
}

#[test]
fn a_host_of_values_ends_in_a_domain_that_the_file_writes() {
    let text = |host: &str| {
        format!(
            "start = {{ login = \"success\" }}\nhosts = [\"{host}\"]\n[states.success]\naccess_token = \"{{{{key}}}}\"\n[inputs.key]\nsecret = true\n[inputs.org]\n"
        )
    };
    for host in ["*.{{org}}.example.com", "{{org}}.example.com", "a-{{org}}.b.example.com"] {
        provider(&text(host), &[]);
    }
    for host in [
        "{{org}}",
        "*.{{org}}",
        "{{org}}.com",
        "*.{{org}}.github.io",
        "{{org}}.example.com/x",
        "{{org}}.example.com:1",
        "a.{{org}}",
    ] {
        let (loaded, _) = loaded(&text(host), &[]);
        assert_eq!(codes(&loaded), ["HE403"], "{host}");
    }
}

#[test]
fn a_provider_may_hold_its_whole_flow() {
    provider(&whole(), &[]);
}

#[test]
fn s27_sixty_four_of_a_kind_are_read_and_one_more_refused() {
    let inputs = |count: usize| {
        (0..count).fold(whole(), |text, i| text + &format!("\n[inputs.i{i}]\nprompt = \"?\"\n"))
    };
    provider(&inputs(64), &[]);
    let (loaded, _) = loaded(&inputs(65), &[]);
    assert_eq!(loaded.diagnostics.len(), 1);
    assert_eq!(loaded.diagnostics[0].message, "a provider may have 64 inputs; this has 65");
    assert!(loaded.provider.is_none());
}

#[test]
fn s27_vars_that_double_each_other_are_refused_before_they_are_made() {
    let vars = |count: usize| {
        let var = |i: usize| format!("a{i} = \"{{{{a{0}}}}}{{{{a{0}}}}}\"\n", i - 1);
        format!("[vars]\na0 = \"x\"\n{}", (1..=count).map(var).collect::<String>())
    };
    let messages = |count: usize| {
        let (loaded, _) = loaded(&vars(count), &[]);
        loaded.diagnostics.into_iter().map(|finding| finding.message).collect::<Vec<_>>()
    };
    let refused =
        |messages: &[String]| messages.iter().any(|m| m.ends_with("is made from more than 1000 parts"));
    assert!(!refused(&messages(8)));
    assert!(refused(&messages(40)), "{:?}", messages(40));
}
