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
on = [{{ to = "confide" }}]

[states.confide]
post   = "https://auth.example.com/confide"
form.x = "{{{{api_key}}}}"
on = [{{ if = {{ "$.status" = "success" }}, to = "onwards" }}, {{ fail = "expired" }}]

[states.onwards]
post   = "https://auth.example.com/onwards"
form.x = "{{{{confide.blob}}}}"
on = [{{ to = "compared" }}]

[states.compared]
post   = "https://auth.example.com/compared"
form.x = "{{{{confide.status}}}}"
on = [{{ to = "nested" }}]

[states.nested]
post   = "https://auth.example.com/nested"
json.a = [1, {{ b = {{ c = "x {{{{api_key}}}}" }} }}]
on = [
  {{ if = {{ exists = ["$.session.pass"], "$.plan" = "pro" }}, to = "success" }},
  {{ fail = "expired" }},
]

[states.success]
access_token  = "$.session.pass"
keep.endpoint = "{{{{base}}}}/v1"
keep.pass     = "$.session.pass"
keep.header   = "{{{{header}}}}"
keep.copied   = "{{{{token.refresh_token}}}}!"
keep.again    = "{{{{token.plan}}}}!"
keep.blob     = "$.blob"
keep.plan     = "$.plan"
"#
    );
    let file = FileText { id: "acme".into(), name: "acme.toml".into(), language: Language::Toml, text: file };
    let loaded = load(&mut Sources::default(), &file, &|_| None);
    let provider = loaded.provider.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics));
    let state = provider.state(provider.state_id("mint").unwrap());
    let placed = state.templates().into_iter().find(|p| p.spot == crate::provider::Spot::Form("x")).unwrap();
    label_template(placed.template, &provider)
}

fn check(text: &str, secrecy: Secrecy, makers: &[Maker]) {
    assert_eq!(labelled(text), Label { secrecy, makers: makers.iter().cloned().collect() }, "{text}");
}

#[test]
fn what_the_file_says_has_no_maker() {
    check("plain {{base}}", Secrecy::Public, &[]);
    check("{{first '' 'a'}}", Secrecy::Public, &[]);
}

#[test]
fn a_field_is_secret_by_its_name_in_any_spelling() {
    let ask = [Maker::Answer("ask".into())];
    check("{{ask.userCode}}", Secrecy::Public, &ask);
    check("{{ask.device_code}}", Secrecy::Secret, &ask);
    check("{{ask.deviceCode}}", Secrecy::Secret, &ask);
    check("{{ask.data.accessToken}}", Secrecy::Secret, &ask);
}

#[test]
fn a_field_is_secret_because_success_reads_a_token_from_it() {
    check("{{ask.session.pass}}", Secrecy::Secret, &[Maker::Answer("ask".into())]);
    check("{{ask.session.expires}}", Secrecy::Public, &[Maker::Answer("ask".into())]);
}

#[test]
fn secret_inputs_stay_secret_through_vars() {
    check("{{account}}", Secrecy::Public, &[Maker::Input("account".into())]);
    check("{{header}}", Secrecy::Secret, &[Maker::Input("api_key".into())]);
}

#[test]
fn a_label_joins_all_that_went_into_a_text() {
    check(
        "{{account}}:{{ask.code}}",
        Secrecy::Secret,
        &[Maker::Input("account".into()), Maker::Answer("ask".into())],
    );
    check(
        "{{first ask.label api_key}}",
        Secrecy::Secret,
        &[Maker::Input("api_key".into()), Maker::Answer("ask".into())],
    );
}

#[test]
fn the_engine_makes_one_secret() {
    check("{{pkce.verifier}}", Secrecy::Secret, &[Maker::Engine]);
    check("{{pkce.challenge}}{{random.state}}{{uuid}}", Secrecy::Public, &[Maker::Engine]);
}

#[test]
fn a_part_of_a_secret_is_as_secret_as_the_whole() {
    let ask = [Maker::Answer("ask".into())];
    for pattern in ["ep=([^;]+)", "(.+)", "a?(.+)", "LE(.*)", "^..(.*)$"] {
        check(&format!("{{{{match ask.token '{pattern}'}}}}"), Secrecy::Secret, &ask);
    }
    check("{{match ask.userCode '(.+)'}}", Secrecy::Public, &ask);
}

#[test]
fn a_claim_is_not_the_token_but_for_one_that_is_a_token_itself() {
    let ask = [Maker::Answer("ask".into())];
    check("{{jwt ask.id_token 'sub'}}", Secrecy::Public, &ask);
    check("{{jwt ask.id_token 'https://acme.example' 'accessToken'}}", Secrecy::Secret, &ask);
    check("{{jwt confide.blob 'sub'}}", Secrecy::Confidential, &[Maker::Answer("confide".into())]);
}

#[test]
fn an_answer_to_a_secret_is_confidential_but_for_what_is_compared_or_made_to_be_shown() {
    let confide = [Maker::Answer("confide".into())];
    check("{{confide.blob}}", Secrecy::Confidential, &confide);
    check("{{confide.data.blob}}", Secrecy::Confidential, &confide);
    check("{{confide.access_token}}", Secrecy::Secret, &confide);
    for public in ["confide.status", "confide.user_code", "confide.error_description", "confide.data.message"]
    {
        check(&format!("{{{{{public}}}}}"), Secrecy::Public, &confide);
    }
    check("{{ask.blob}}", Secrecy::Public, &[Maker::Answer("ask".into())]);
}

#[test]
fn what_is_sent_in_confidence_makes_the_next_answer_confidential() {
    check("{{onwards.blob}}", Secrecy::Confidential, &[Maker::Answer("onwards".into())]);
    check("{{compared.blob}}", Secrecy::Public, &[Maker::Answer("compared".into())]);
}

#[test]
fn a_secret_deep_in_a_json_body_makes_its_answer_confidential() {
    check("{{nested.blob}}", Secrecy::Confidential, &[Maker::Answer("nested".into())]);
}

#[test]
fn a_kept_member_is_as_secret_as_what_it_is_made_from() {
    let token = [Maker::Token];
    check("{{token.access_token}}", Secrecy::Secret, &token);
    check("{{token.pass}}", Secrecy::Secret, &token);
    check("{{token.header}}", Secrecy::Secret, &token);
    check("{{token.copied}}", Secrecy::Secret, &token);
    check("{{token.again}}", Secrecy::Confidential, &token);
    check("{{token.blob}}", Secrecy::Confidential, &token);
    check("{{token.endpoint}}", Secrecy::Public, &token);
    check("{{token.plan}}", Secrecy::Public, &token);
    check("{{token.region}}", Secrecy::Public, &token);
}
