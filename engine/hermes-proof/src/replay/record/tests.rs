use std::time::Duration;

use super::*;
use crate::replay::tests::{DEVICE, PAGE, mismatches, provider, report};
use hermes_format::origin::Origins;
use hermes_format::provider::{Method, Shared};
use hermes_format::secret::Secret;
use hermes_machine::machine::{Body, Code, Failure, FailureKind, Grant, HeaderValue, Prompt, Trouble};

const REAL: &str = "k3Jd92lQwXz8VbNm4RtY7uPo1AsDfGhE";

fn request(state: &str, body: Option<Body>) -> Request {
    let url = url::Url::parse("https://auth.eu.example.com/code").expect("a URL");
    let headers = vec![("x".to_owned(), HeaderValue { value: Secret::new(REAL), sensitive: true })];
    let path_template = url.path().to_owned();
    Request { state: state.to_owned(), method: Method::Post, url, path_template, headers, body }
}

fn form(fields: &[(&str, &str)]) -> Option<Body> {
    Some(Body::Form(fields.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()))
}

fn answer(status: u16, body: &str) -> Response {
    let headers = [("location", "https://auth.eu.example.com/x?secret=1"), ("set-cookie", REAL)];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    Response { status, headers, body: body.as_bytes().to_vec(), truncated: false }
}

fn success() -> Outcome {
    Outcome::Success(Box::new(Grant {
        warnings: Vec::new(),
        access_token: Secret::new(REAL),
        refresh_token: Some(Secret::new("real-refresh-token")),
        token_type: None,
        obtained_at: UnixMs(0),
        expires_at: None,
        keep: serde_json::Map::new(),
        notice: None,
        account: None,
        region: None,
        origins: Origins::default(),
    }))
}

fn denied() -> Trouble {
    Trouble::plain(Code::AuthorizationIncomplete, "")
}

fn recorded(flow: &str, exchanges: Vec<Exchange>, outcome: Outcome) -> String {
    let (_, provider): (_, Shared) = provider(flow);
    let region = provider.regions.as_ref().map(|regions| regions.default.clone());
    test_file(&provider, &Recording { started: started(region), exchanges, outcome })
}

fn started(region: Option<String>) -> Started {
    Started {
        action: Action::Login,
        from: None,
        region,
        browser: true,
        inputs: IndexMap::new(),
        began: UnixMs(1_767_225_600_000),
    }
}

fn device_login() -> Vec<Exchange> {
    let code = format!(
        r#"{{"user_code":"SECRET-CODE","verification_uri":"https://auth.eu.example.com/go?user_code=SECRET-CODE","state":"random-of-the-run","interval":7,"device":"{REAL}"}}"#
    );
    let token = format!(r#"{{"access_token":"{REAL}","refresh_token":"real-refresh-token","error":null}}"#);
    vec![
        Exchange::Http(request("device", form(&[("state", "random-of-the-run")])), answer(200, &code)),
        Exchange::Http(request("poll", None), answer(400, r#"{"error":"authorization_pending"}"#)),
        Exchange::Http(request("poll", None), answer(200, &token)),
    ]
}

#[test]
fn a_recorded_login_replays_with_the_same_end() {
    let text = recorded(DEVICE, device_login(), success());
    let report = report(DEVICE, &text);
    assert_eq!(mismatches(&report), [""; 0], "{text}");
    assert_eq!(report.tests.len(), 1);
}

#[test]
fn no_secret_of_the_recording_is_in_the_text() {
    let text = recorded(DEVICE, device_login(), success());
    for secret in [REAL, "SECRET-CODE", "real-refresh-token", "random-of-the-run", "secret=1", "set-cookie"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    assert!(text.contains("state = \"{{random.state}}\""), "{text}");
    assert!(text.contains("interval = 7") && text.contains("authorization_pending"), "{text}");
    assert!(text.contains("verification_uri = \"https://auth.eu.example.com/go\""), "{text}");
}

#[test]
fn a_text_that_is_no_json_leaves_only_the_words_that_rules_look_for() {
    let exchange = Exchange::Http(request("device", None), answer(500, &format!("<p>{REAL}</p>")));
    let text = recorded(DEVICE, vec![exchange], Outcome::Failed(denied()));
    assert!(text.contains("replies.device = { status = 500, text = \"\""), "{text}");
    assert_eq!(mismatches(&report(DEVICE, &text)), [""; 0], "{text}");
}

#[test]
fn a_callback_is_recorded_by_the_names_of_its_parameters() {
    let opened = "https://auth.example.com/authorize?state=random-of-the-run";
    let query = CallbackQuery(vec![
        ("code".to_owned(), REAL.to_owned()),
        ("state".to_owned(), "random-of-the-run".to_owned()),
    ]);
    let token = format!(r#"{{"access_token":"{REAL}x","refresh_token":"real-refresh-token"}}"#);
    let mut grant = success();
    if let Outcome::Success(grant) = &mut grant {
        grant.access_token = Secret::new(format!("{REAL}x"));
    }
    let exchanges = vec![
        Exchange::Browser("browser".to_owned(), url::Url::parse(opened).ok(), Visit::CalledBack(query)),
        Exchange::Http(request("exchange", None), answer(200, &token)),
    ];
    let text = recorded(PAGE, exchanges, grant);
    assert!(!text.contains(REAL) && !text.contains("random-of-the-run"), "{text}");
    assert_eq!(mismatches(&report(PAGE, &text)), [""; 0], "{text}");
}

#[test]
fn a_request_without_an_answer_is_recorded_as_such() {
    let failure = Failure { kind: FailureKind::Connect, sent: false, message: REAL.to_owned() };
    let mut exchanges = device_login();
    exchanges.insert(1, Exchange::Failed(request("poll", None), failure));
    let text = recorded(DEVICE, exchanges, success());
    assert!(text.contains("{ fail = \"connect\" }"), "{text}");
    assert_eq!(mismatches(&report(DEVICE, &text)), [""; 0], "{text}");
}

#[test]
fn a_paste_is_recorded_in_the_words_of_its_parameters() {
    let opened =
        "https://auth.example.com/authorize?state=random-of-the-run&redirect_uri=http://127.0.0.1:9/callback";
    let pasted = format!("http://127.0.0.1:9/callback?code={REAL}&state=random-of-the-run");
    let visit =
        Exchange::Browser("browser".to_owned(), url::Url::parse(opened).ok(), Visit::Pasted(pasted.into()));
    let token = format!(r#"{{"access_token":"{REAL}x","refresh_token":"real-refresh-token"}}"#);
    let mut grant = success();
    if let Outcome::Success(grant) = &mut grant {
        grant.access_token = Secret::new(format!("{REAL}x"));
    }
    let exchanges = vec![visit, Exchange::Http(request("exchange", None), answer(200, &token))];
    let text = recorded(PAGE, exchanges, grant);
    assert!(text.contains(r#"paste = "{{redirect_uri}}?code=code&state={{random.state}}""#), "{text}");
    assert_eq!(mismatches(&report(PAGE, &text)), [""; 0], "{text}");
}

#[test]
fn a_paste_that_was_not_taken_is_forgotten() {
    let listen = |again| {
        let (state, show) = ("browser".to_owned(), Prompt::default());
        Effect::Listen { state, show, until: Duration::from_secs(1), paste: false, again }
    };
    let mut exchanges =
        vec![Exchange::Browser("first".into(), None, Visit::Pasted("of another state".into()))];
    Exchange::keep(&mut exchanges, &listen(None), &Event::Pasted("nonsense".into()));
    Exchange::keep(&mut exchanges, &listen(Some("")), &Event::Pasted(" ".into()));
    Exchange::keep(&mut exchanges, &listen(Some("")), &Event::Pasted("code#state".into()));
    let kept = exchanges.iter().map(|exchange| match exchange {
        Exchange::Browser(state, _, Visit::Pasted(text)) => (state.as_str(), text.expose_secret()),
        other => panic!("{other:?}"),
    });
    assert_eq!(kept.collect::<Vec<_>>(), [("first", "of another state"), ("browser", "code#state")]);
}

#[test]
fn nobody_who_comes_back_is_recorded_as_a_timeout() {
    let visit = Exchange::Browser("browser".to_owned(), None, Visit::Nobody);
    let trouble = Trouble { code: Code::Timeout, ..denied() };
    let text = recorded(PAGE, vec![visit], Outcome::Failed(trouble));
    assert_eq!(mismatches(&report(PAGE, &text)), [""; 0], "{text}");
}

#[test]
fn a_signed_token_keeps_the_times_of_its_claims_and_loses_its_texts_and_signature() {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let claims = URL_SAFE_NO_PAD.encode(r#"{"exp":1767229200,"email":"person@example.com"}"#);
    let signed = format!("eyJhbGciOiJFUzI1NiJ9.{claims}.{REAL}{REAL}");
    let mut exchanges = device_login();
    let body = format!(r#"{{"access_token":"{signed}","refresh_token":"real-refresh-token"}}"#);
    exchanges[2] = Exchange::Http(request("poll", None), answer(200, &body));
    let mut grant = success();
    if let Outcome::Success(grant) = &mut grant {
        grant.access_token = Secret::new(signed);
    }
    let text = recorded(DEVICE, exchanges, grant);
    assert!(!text.contains(REAL) && !text.contains(&claims), "{text}");
    let kept = URL_SAFE_NO_PAD.encode(r#"{"exp":1767229200,"email":"email"}"#);
    assert!(text.contains(&format!(".{kept}.x")), "{text}");
    assert_eq!(mismatches(&report(DEVICE, &text)), [""; 0], "{text}");
}

#[test]
fn a_path_and_a_name_that_look_like_tokens_are_not_taken_over() {
    let body =
        format!(r#"{{"{REAL}":1,"verification_uri":"https://auth.eu.example.com/{REAL}","user_code":"A"}}"#);
    let text = recorded(
        DEVICE,
        vec![Exchange::Http(request("device", None), answer(200, &body))],
        Outcome::Failed(denied()),
    );
    assert!(!text.contains(REAL), "{text}");
}

const KEY: &str = r#"
name  = "Acme"
start = { login = "success" }
[inputs.api_key]
secret = true
[inputs.account]
pattern = "[a-z]+"
[states.success]
access_token = "{{api_key}}"
keep.account = "{{account}}"
"#;

#[test]
fn secret_inputs_are_recorded_by_made_up_words_and_others_as_they_are() {
    let (_, provider): (_, Shared) = provider(KEY);
    let inputs =
        [("api_key", REAL), ("account", "acme")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    let started =
        Started { from: Some("success".to_owned()), browser: false, inputs: inputs.into(), ..started(None) };
    let text = test_file(&provider, &Recording { started, exchanges: Vec::new(), outcome: success() });
    assert!(!text.contains(REAL), "{text}");
    assert!(text.contains("inputs.api_key = \"made-up-api-key\"\ninputs.account = \"acme\""), "{text}");
    assert!(text.contains("from = \"success\"\nbrowser = false"), "{text}");
}

#[test]
fn a_token_that_the_file_or_a_public_input_makes_is_recorded_as_it_is() {
    let file = KEY.replace("{{api_key}}", "{{first api_key account 'no-key'}}");
    let (_, provider): (_, Shared) = provider(&file);
    let recorded = |inputs: &[(&str, &str)], token: &str| {
        let inputs = inputs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let started = Started { inputs: inputs.collect(), ..started(None) };
        let Outcome::Success(mut grant) = success() else { panic!() };
        grant.access_token = Secret::new(token);
        test_file(&provider, &Recording { started, exchanges: Vec::new(), outcome: Outcome::Success(grant) })
    };
    assert!(recorded(&[], "no-key").contains("access_token = \"no-key\""));
    assert!(recorded(&[("account", "acme")], "acme").contains("access_token = \"acme\""));
    let text = recorded(&[("account", "acme"), ("api_key", REAL)], REAL);
    assert!(text.contains("access_token = \"made-up-api-key\""), "{text}");
}
