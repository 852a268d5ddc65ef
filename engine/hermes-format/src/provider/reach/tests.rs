use crate::load::{FileText, load};
use crate::parse::Language;
use crate::provider::{Action, Shared};
use crate::source::Sources;

const FILE: &str = r#"
start = { login = "ask", verify = "prove" }

[vars]
auth = "https://{{tenant}}.example.com"

[inputs]
tenant   = { prompt = "Tenant" }
login_as = { prompt = "Who" }
ping     = { default = "a" }
account  = { prompt = "Account" }
endpoint = { default = "https://api.example.com" }
unused   = { default = "b" }

[states.ask]
post     = "{{auth}}/token"
form.who = "{{login_as}}"
on = [{ if = { exists = ["$.access_token"] }, to = "success" }, { fail = "expired" }]

[states.success]
refresh = { to = "refresh" }

[states.refresh]
post = "{{auth}}/refresh"
on = [
  { unless = { "$.account" = "{{account}}" },   fail = "refresh_failed" },
  { if     = { exists = ["$.access_token"] },   to = "success" },
  { fail = "refresh_failed", relogin = true },
]

[states.prove]
get        = "https://auth.example.com/prove"
query.ping = "{{ping}}"
on         = [{ to = "done" }]

[api]
base_url = "{{endpoint}}"
"#;

fn provider() -> Shared {
    let file =
        FileText { id: "acme".into(), name: "acme.toml".into(), language: Language::Toml, text: FILE.into() };
    let loaded = load(&mut Sources::default(), &file, &|_| None);
    loaded.provider.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics))
}

#[test]
fn an_action_uses_the_inputs_of_what_it_reaches_and_a_login_those_of_the_api() {
    let provider = provider();
    let check = |action, expected: &[&str]| {
        let used: Vec<&str> = provider.inputs_used(action).into_iter().collect();
        assert_eq!(used, expected, "{action:?}");
    };
    check(Action::Login, &["tenant", "login_as", "endpoint"]);
    check(Action::Refresh, &["tenant", "account"]);
    check(Action::Verify, &["ping"]);
    check(Action::Logout, &[]);
}

#[test]
fn an_input_persists_if_something_after_the_login_reads_it() {
    let provider = provider();
    let kept: Vec<&str> =
        provider.inputs.keys().map(String::as_str).filter(|input| provider.persists(input)).collect();
    assert_eq!(kept, ["tenant", "ping", "account", "endpoint"]);
}
