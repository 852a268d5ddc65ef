use super::*;
use hermes_format::load::{FileText, load};
use hermes_format::parse::Language;
use hermes_format::source::Sources;

pub(super) const ACME: &str = r##"
name   = "Acme <b>"
start  = { login = "device", logout = "revoke" }
models = ["acme-1"]

[states.device]
post = "https://auth.example/device"
on = [
  { unless = { status = 200 }, fail = "authorization_failed" },
  { unless = { exists = ["$.device_code", "$.user_code"] }, fail = "authorization_incomplete" },
  { to = "poll" },
]

[states.poll]
show  = { code = "{{device.user_code}}" }
every = { value = "{{device.interval}}", unit = "s", default = "5s", min = "1s" }
until = "10m"
post  = "https://auth.example/token"
form.device_code = "{{device.device_code}}"
on = [
  { if = { status = [200, "3xx"], exists = ["$.access_token"] }, to = "success" },
  { if = { "$.error" = ["authorization_pending", "slow_down"] }, to = "poll", slower = "5s" },
  { if = { body = ["\"denied\""] }, fail = "authorization_denied" },
  { fail = "token_exchange_failed" },
]

[states.success]
expires = { value = "$.expires_in", unit = "s" }
refresh = { to = "refresh", early = "2m" }

[states.refresh]
post = "https://auth.example/token"
form.refresh_token = "{{token.refresh_token}}"
on = [
  { if = { status = 200, exists = ["$.access_token"] }, to = "success" },
  { fail = "refresh_failed", relogin = true },
]

[states.revoke]
post = "https://auth.example/revoke"
form.token = "{{token.access_token}}"
on = [{ to = "done" }]
"##;

pub(super) fn graph() -> Graph {
    graph_of(ACME)
}

pub(super) fn graph_of(text: &str) -> Graph {
    let mut sources = Sources::default();
    let file = FileText {
        id: "acme".to_owned(),
        name: "acme.toml".to_owned(),
        language: Language::Toml,
        text: text.to_owned(),
    };
    let loaded = load(&mut sources, &file, &|_| None);
    Graph::of(&loaded.provider.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics)), None)
}

#[test]
fn states_stand_in_the_order_in_which_a_run_meets_them() {
    let names: Vec<String> = graph().states.into_iter().map(|state| state.name).collect();
    assert_eq!(names, ["device", "poll", "success", "refresh", "revoke", "done"]);
}

#[test]
fn lines_for_a_terminal_say_rules_pauses_deadlines_and_ends() {
    let drawn = graph().draw(Form::Text);
    let (device, rest) = drawn.split_once("\n\npoll").unwrap_or_else(|| panic!("{drawn}"));
    assert_eq!(
        device,
        "\
Acme <b> (acme)

device  <- login
  POST https://auth.example/device
    not HTTP 200                        -> error authorization_failed
    lacks $.device_code or $.user_code  -> error authorization_incomplete
    otherwise                           -> poll"
    );
    for line in [
        "  every device.interval (s), 5s where absent, at least 1s",
        "-> poll (5s slower from now on)",
        "HTTP 200 or 3xx and has $.access_token",
        "says \"\"denied\"\"",
        "after 10m",
        "~> refresh",
        "-> error refresh_failed (needs a new login)",
        "revoke  <- logout",
        "always  -> done",
    ] {
        assert!(rest.contains(line), "no {line:?} in\n{drawn}");
    }
}

#[test]
fn a_flowchart_has_one_edge_for_all_rules_to_one_state() {
    let drawn = graph().draw(Form::Mermaid);
    let edges: Vec<&str> =
        drawn.lines().filter(|line| line.contains("s_device --") || line.contains("s_success -")).collect();
    assert_eq!(
        edges,
        [
            "  s_device -->|\"not HTTP 200#58; authorization_failed<br>lacks $.device_code or $.user_code#58; authorization_incomplete\"| s_error",
            "  s_device -->|\"otherwise\"| s_poll",
            "  s_success -.->|\"2m before it expires\"| s_refresh",
        ]
    );
    assert!(drawn.contains("says #quot;"), "{drawn}");
}

#[test]
fn a_text_of_the_file_is_no_markup_of_the_picture() {
    let drawn = graph().draw(Form::Svg);
    assert!(drawn.contains("Acme &lt;b&gt; (acme)"), "{drawn}");
    assert!(!drawn.contains("<b>"));
}

#[test]
fn what_no_test_takes_is_marked() {
    use crate::replay::coverage::{Coverage, Item, ItemKind};
    let mut sources = Sources::default();
    let file = FileText {
        id: "acme".to_owned(),
        name: "acme.toml".to_owned(),
        language: Language::Toml,
        text: ACME.to_owned(),
    };
    let provider = load(&mut sources, &file, &|_| None).provider.unwrap();
    let hermes_format::provider::StateKind::Active(device) = &provider.states[0].kind else {
        panic!("an active state")
    };
    let item = Item {
        name: "device.on[2]".to_owned(),
        kind: ItemKind::Rule,
        span: device.on[2].span,
        covered: false,
    };
    let graph = Graph::of(&provider, Some(&Coverage { items: vec![item] }));
    let marked: Vec<bool> = graph.states[0].ways.iter().map(|way| way.untested).collect();
    assert_eq!(marked, [false, false, true]);
    assert!(graph.draw(Form::Text).contains("-> poll [untested]"));
    assert!(graph.draw(Form::Mermaid).contains("s_device -.->|\"otherwise [untested]\"| s_poll"));
}
