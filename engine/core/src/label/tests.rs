use super::*;
use crate::load::{FileText, load};
use crate::parse::Language;
use crate::source::Sources;

/// The label of a text in a provider whose states are `ask` and `mint`.
fn labelled(text: &str) -> Label {
    let file = format!(
        r#"
start = {{ login = "ask" }}

[vars]
base   = "https://api.example.com"
header = "Key {{{{api_key}}}}"

[inputs]
api_key = {{ secret = true }}
account = {{ prompt = "Account" }}

[states.ask]
post = "https://auth.example.com/ask"
on = [{{ unless = {{ exists = ["$.userCode"] }}, fail = "expired" }}, {{ to = "mint" }}]

[states.mint]
post   = "https://auth.example.com/mint"
form.x = '''{text}'''
on = [{{ if = {{ exists = ["$.session.pass"] }}, to = "success" }}, {{ fail = "expired" }}]

[states.success]
access_token  = "$.session.pass"
keep.endpoint = "{{{{base}}}}/v1"
keep.pass     = "$.session.pass"
"#
    );
    let file = FileText { id: "acme".into(), name: "acme.toml".into(), language: Language::Toml, text: file };
    let loaded = load(&mut Sources::default(), &file, &|_| None);
    let provider = loaded.provider.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics));
    let state = provider.state(provider.state_id("mint").unwrap());
    let placed = state.templates().into_iter().find(|p| p.spot == crate::provider::Spot::Form("x")).unwrap();
    label_template(placed.template, &provider)
}

fn check(text: &str, secret: bool, makers: &[Maker]) {
    assert_eq!(labelled(text), Label { secret, makers: makers.iter().cloned().collect() }, "{text}");
}

#[test]
fn what_the_file_says_has_no_maker() {
    check("plain {{base}}", false, &[]);
    check("{{first '' 'a'}}", false, &[]);
}

#[test]
fn a_field_is_secret_by_its_name_in_any_spelling() {
    let ask = [Maker::Answer("ask".into())];
    check("{{ask.userCode}}", false, &ask);
    check("{{ask.device_code}}", true, &ask);
    check("{{ask.deviceCode}}", true, &ask);
    check("{{ask.data.accessToken}}", true, &ask);
}

#[test]
fn a_field_is_secret_because_success_reads_a_token_from_it() {
    check("{{ask.session.pass}}", true, &[Maker::Answer("ask".into())]);
    check("{{ask.session.expires}}", false, &[Maker::Answer("ask".into())]);
}

#[test]
fn secret_inputs_stay_secret_through_vars() {
    check("{{account}}", false, &[Maker::Input("account".into())]);
    check("{{header}}", true, &[Maker::Input("api_key".into())]);
}

#[test]
fn a_label_joins_all_that_went_into_a_text() {
    check("{{account}}:{{ask.code}}", true, &[Maker::Input("account".into()), Maker::Answer("ask".into())]);
    check(
        "{{first ask.label api_key}}",
        true,
        &[Maker::Input("api_key".into()), Maker::Answer("ask".into())],
    );
}

#[test]
fn a_claim_or_a_part_of_a_token_is_not_the_token() {
    let ask = [Maker::Answer("ask".into())];
    check("{{jwt ask.id_token 'sub'}}", false, &ask);
    check("{{match ask.token 'ep=([^;]+)'}}", false, &ask);
    check("{{match ask.token '(.+)'}}", true, &ask);
    check("{{match ask.token 'a?(.+)'}}", true, &ask);
}

#[test]
fn the_engine_makes_one_secret() {
    check("{{pkce.verifier}}", true, &[Maker::Engine]);
    check("{{pkce.challenge}}{{random.state}}{{uuid}}", false, &[Maker::Engine]);
}
