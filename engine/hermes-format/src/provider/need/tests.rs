use indexmap::IndexMap;

use crate::load::{FileText, load};
use crate::parse::Language;
use crate::provider::{Constants, Shared};
use crate::source::Sources;

/// A key or a login, with `[api]` and further keys of `success`.
fn provider(success: &str, api: &str) -> Shared {
    let text = format!(
        r#"
start = {{ login = ["success", "device", "mint"] }}
[vars]
site = "https://{{{{tenant}}}}.acme.example"
[inputs]
api_key      = {{ secret = true }}
github_token = {{ secret = true }}
base_url     = {{ prompt = "Base URL" }}
tenant       = {{ pattern = "[a-z]+" }}
team         = {{ prompt = "Team" }}
note         = {{}}
[states.device]
post = "{{{{first site 'https://acme.example'}}}}/device"
on   = [{{ if = {{ exists = ["$.access_token"] }}, to = "mint" }}, {{ fail = "expired" }}]
[states.mint]
post        = "https://acme.example/mint"
form.token  = "{{{{first device.access_token token.refresh_token github_token}}}}"
on          = [{{ if = {{ exists = ["$.access_token"] }}, to = "success" }}, {{ fail = "expired" }}]
[states.success]
{success}
[api]
{api}
"#
    );
    let file = FileText {
        id: "acme".into(),
        name: "acme.toml".into(),
        language: Language::Toml,
        text: text.clone(),
    };
    let loaded = load(&mut Sources::default(), &file, &|_| None);
    loaded.provider.unwrap_or_else(|| panic!("{:?} in {text}", loaded.diagnostics))
}

const TOKEN: &str = "access_token = '{{first api_key mint.access_token}}'";
const API: &str = "base_url = 'https://api.acme.example'";

#[track_caller]
fn check(provider: &Shared, start: &str, given: &[(&str, &str)], expect: &[&str]) {
    let inputs: IndexMap<String, String> =
        given.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    let constants = Constants { provider, region: None, inputs: &inputs };
    let needed = provider.inputs_needed(provider.state_id(start).unwrap(), &constants);
    assert_eq!(needed.into_iter().collect::<Vec<_>>(), expect, "{start} {given:?}");
}

#[test]
fn a_key_is_needed_only_by_a_login_that_is_one() {
    let provider = provider(TOKEN, API);
    check(&provider, "success", &[], &["api_key"]);
    check(&provider, "success", &[("api_key", "")], &["api_key"]);
    check(&provider, "success", &[("api_key", "k")], &[]);
    check(&provider, "device", &[], &[]);
    check(&provider, "mint", &[], &["github_token"]);
}

#[test]
fn what_a_login_keeps_supplies_the_api() {
    let kept = format!("{TOKEN}\nkeep.endpoint = '$.endpoint'");
    let provider = provider(&kept, "base_url = '{{first token.endpoint base_url}}'");
    check(&provider, "device", &[], &[]);
    // A key comes with no answer.
    check(&provider, "success", &[("api_key", "k")], &["base_url"]);
}

#[test]
fn an_optional_value_needs_an_input_only_where_it_has_a_prompt() {
    let kept = format!("{TOKEN}\nkeep.team = '{{{{team}}}}'\nkeep.note = '{{{{note}}}}'");
    check(&provider(&kept, API), "device", &[], &["team"]);
}

#[test]
fn a_value_that_is_known_and_does_not_match_needs_another() {
    let api = "base_url = \"{{first (match api_key '^(sk-)') base_url}}\"";
    let provider = provider(TOKEN, api);
    check(&provider, "success", &[("api_key", "sk-1")], &[]);
    check(&provider, "success", &[("api_key", "other")], &["base_url"]);
}

#[test]
fn what_is_kept_may_be_made_of_what_was_kept_before() {
    let kept = format!(
        "{TOKEN}\nkeep.device = '{{{{first token.device random.device}}}}'\nkeep.site = '{{{{first token.site base_url}}}}'"
    );
    let api =
        format!("{API}\nheaders.X-Device = '{{{{token.device}}}}'\nheaders.X-Site = '{{{{token.site}}}}'");
    check(&provider(&kept, &api), "device", &[], &["base_url"]);
}
