//! What `check` promises of a file is true when it runs: whichever rules its answers take, with nothing in them but what
//! those rules ask for, no name that a request, a page or an error needs is without a value.
#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, missing_docs)]

use std::fs;
use std::path::Path;
use std::time::Duration;

use hermes_format::condition::{Wire, Wish, analyse};
use hermes_format::diagnostic::Diagnostic;
use hermes_format::load::{FileText, load};
use hermes_format::parse::Language;
use hermes_format::provider::{Action, Active, Shared, StateKind};
use hermes_format::query::{Query, Step};
use hermes_format::source::Sources;
use hermes_format::template::{Name, Scope};
use hermes_format::time::{Now, UnixMs};
use hermes_machine::check::{Context, Presence, check, presence};
use hermes_machine::machine::{CallbackQuery, Effect, Entropy, Event, Machine, Outcome, Response, Start};
use hermes_proof::simulate::example_input;
use proptest::prelude::*;
use serde_json::{Value, json};

/// More answers than any way through a login has that does not go in a circle.
const ANSWERS: usize = 12;

/// The providers of these folders in which `check` finds no error.
fn proved() -> Vec<Shared> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folders = ["providers.d", "tests/flows", "engine/hermes-proof/tests/flows"];
    let files = folders.iter().flat_map(|folder| fs::read_dir(root.join(folder)).unwrap());
    let paths = files.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let is_provider = |path: &std::path::PathBuf| !path.to_string_lossy().contains(".test.");
    let providers: Vec<Shared> =
        paths.filter(is_provider).filter_map(|path| provider(&path, &root)).collect();
    assert!(providers.len() > 50, "{}", providers.len());
    providers
}

fn provider(path: &Path, root: &Path) -> Option<Shared> {
    let read = |path: &Path| {
        Some(FileText {
            id: path.file_stem()?.to_string_lossy().into_owned(),
            name: path.display().to_string(),
            language: if path.extension()? == "toml" { Language::Toml } else { Language::Yaml },
            text: fs::read_to_string(path).ok()?,
        })
    };
    let mut sources = Sources::default();
    let flow = |name: &str| read(&root.join(format!("providers.d/flows/{name}.toml")));
    let provider = load(&mut sources, &read(path)?, &flow).provider?;
    let findings = check(&provider, &Context { sources: &sources, flow: false, modes: &[] });
    (!findings.iter().any(Diagnostic::is_error)).then_some(provider)
}

struct Counting(u8);

impl Entropy for Counting {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.0 = self.0.wrapping_add(1);
            *byte = self.0;
        }
    }
}

/// Values of the run, for conditions that compare with them.
struct Values<'a>(&'a Machine);

impl Scope for Values<'_> {
    fn value(&self, name: &Name) -> Option<Value> {
        self.0.value(name)
    }
}

fn start(provider: &Shared, action: Action, browser: bool) -> Start {
    let inputs = provider.inputs.iter().map(|(name, input)| {
        let default = input.default.clone();
        (name.clone(), default.unwrap_or_else(|| example_input(provider, name)))
    });
    let mut token = json!({ "access_token": "a", "refresh_token": "r" });
    if let Some(success) = provider.success() {
        success.keep.keys().for_each(|name| token[name] = "kept".into());
    }
    Start {
        provider: provider.clone(),
        action,
        from: None,
        region: None,
        inputs: inputs.collect(),
        token: (action != Action::Login).then_some(token),
        bound_to: None,
        earlier: Default::default(),
        browser,
        entropy: Box::new(Counting(0)),
    }
}

/// Runs a flow in which the nth answer takes the rule that the nth choice means, until it ends or has had enough answers.
fn outcome(provider: &Shared, action: Action, browser: bool, choices: &[u8]) -> Option<Outcome> {
    let mut now = Now { wall: UnixMs(1_767_225_600_000), elapsed: Duration::ZERO };
    let (mut machine, mut effect) = Machine::start(start(provider, action, browser), now);
    let mut choices = choices.iter().take(ANSWERS);
    loop {
        let event = match &effect {
            Effect::Finish(outcome) => return Some(outcome.clone()),
            Effect::Wait { until, .. } => {
                now.elapsed = *until;
                Event::Woke
            }
            Effect::Agree { .. } => Event::Agreed,
            Effect::Bind(listener) => Event::Bound(format!("http://{}:9{}", listener.host, listener.path)),
            Effect::Send(request) => {
                let host = request.url.host_str().unwrap_or_default().to_owned();
                let (status, body) = reply(&machine, provider, *choices.next()?, &host);
                let body = body.to_string().into_bytes();
                Event::Answered(Response { status, headers: Vec::new(), body, truncated: false })
            }
            Effect::Listen { .. } => {
                let (_, body) = reply(&machine, provider, *choices.next()?, "");
                let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let pairs = body.as_object().into_iter().flatten();
                Event::CalledBack(CallbackQuery(
                    pairs.map(|(name, value)| (name.clone(), text(value))).collect(),
                ))
            }
        };
        effect = machine.step(event, now);
    }
}

/// An answer that takes a rule of the state that the machine is in, with no more in it than that; else an empty one.
fn reply(machine: &Machine, provider: &Shared, choice: u8, host: &str) -> (u16, Value) {
    let empty = (200, json!({}));
    let Some(active) = active(machine, provider) else { return empty };
    let wire = if host.is_empty() { Wire::Callback } else { Wire::Http };
    let analysis = analyse(&active.on, wire, Some(&Values(machine)));
    let fill = |path: &Query| {
        let is_url = matches!(path.steps().last(), Some(Step::Key(key)) if key.contains("ur"));
        Some(if is_url { Value::from(format!("https://{host}/page")) } else { json!("9") })
    };
    let reply =
        analysis.reply(usize::from(choice) % active.on.len().max(1), &Wish { fill: &fill, also: &[] });
    reply.map_or(empty, |reply| (reply.status.unwrap_or(200), reply.json.unwrap_or_else(|| json!({}))))
}

fn active<'p>(machine: &Machine, provider: &'p Shared) -> Option<&'p Active> {
    match &provider.state(machine.state()?).kind {
        StateKind::Active(active) => Some(active),
        _ => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_file_without_errors_never_lacks_a_value(choices in prop::collection::vec(any::<u8>(), ANSWERS), browser: bool) {
        thread_local!(static PROVED: Vec<Shared> = proved());
        PROVED.with(|providers| {
            for provider in providers {
                for action in [Action::Login, Action::Refresh, Action::Logout, Action::Verify] {
                    if provider.starts(action).is_empty() {
                        continue;
                    }
                    let Some(Outcome::Failed(trouble)) = outcome(provider, action, browser, &choices) else { continue };
                    let told = format!("{} {action:?}: {} {}", provider.id, trouble.code, trouble.message);
                    prop_assert!(!trouble.message.contains("has no value") && trouble.code.as_str() != "bad_flow", "{}", told);
                }
            }
            Ok(())
        })?;
    }
}

/// The test above can fail: of this file `check` says that no rule guarantees the field.
#[test]
fn a_file_with_an_unguarded_field_lacks_its_value() {
    let text = r#"
start = { login = "ask" }
[states.ask]
post = "https://auth.example.com/code"
on = [{ unless = { status = 200 }, fail = "authorization_failed" }, { to = "exchange" }]
[states.exchange]
post = "https://auth.example.com/token"
form.code = "{{ask.code}}"
on = [{ if = { exists = ["$.access_token"] }, to = "success" }, { fail = "token_incomplete" }]
"#;
    let (provider, sources) = of_text(text);
    let findings = check(&provider, &Context { sources: &sources, flow: false, modes: &[] });
    assert!(findings.iter().any(|finding| finding.code.id == "HE203"), "{findings:?}");
    let Some(Outcome::Failed(trouble)) = outcome(&provider, Action::Login, false, &[1, 0]) else { panic!() };
    assert!(trouble.message.contains("has no value"), "{}", trouble.message);
}

fn of_text(text: &str) -> (Shared, Sources) {
    let (id, name) = ("acme".to_owned(), "acme.toml".to_owned());
    let file = FileText { id, name, language: Language::Toml, text: text.to_owned() };
    let mut sources = Sources::default();
    let loaded = load(&mut sources, &file, &|_| None);
    let provider = loaded.provider.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics));
    (provider, sources)
}

/// A name is present on every way, on some, or on none: each way counts with what its own rules guarantee.
#[test]
fn a_name_is_present_where_the_ways_to_its_state_bring_it() {
    let (provider, sources) = of_text(
        r#"
start = { login = "choose" }
[states.choose]
post = "https://auth.example.com/choose"
on = [{ if = { "$.way" = "short" }, to = "short" }, { to = "long" }]
[states.short]
post = "https://auth.example.com/short"
on = [
  { if = { exists = ["$.a", "$.b"] }, to = "use" },
  { if = { exists = ["$.a"] }, to = "use" },
  { fail = "authorization_failed" },
]
[states.long]
post = "https://auth.example.com/long"
on = [{ if = { exists = ["$.a"] }, to = "use" }, { fail = "authorization_failed" }]
[states.use]
post = "https://auth.example.com/token"
on = [{ if = { exists = ["$.access_token"] }, to = "success" }, { fail = "token_incomplete" }]
[states.success]
refresh = { to = "use" }
[states.alone]
post = "https://auth.example.com/alone"
on = [{ fail = "authorization_failed" }]
"#,
    );
    let answer = |state: &str, field: &str| Name::Answer {
        state: state.to_owned(),
        path: vec![Step::Key(field.to_owned())],
    };
    let context = Context { sources: &sources, flow: false, modes: &[] };
    let of =
        |state: &str, names: &[Name]| presence(&provider, &context, provider.state_id(state).unwrap(), names);
    let token = || Name::Token(vec![Step::Key("refresh_token".to_owned())]);
    let names = [
        answer("short", "a"),
        answer("short", "b"),
        answer("short", "c"),
        answer("use", "access_token"),
        answer("long", "a"),
        token(),
        Name::Uuid,
    ];
    use Presence::{Always, Never, Sometimes};
    assert_eq!(
        of("use", &names),
        Some(vec![Sometimes, Sometimes, Never, Never, Sometimes, Sometimes, Always])
    );
    assert_eq!(
        of("success", &[answer("use", "access_token"), answer("use", "b")]),
        Some(vec![Always, Never])
    );
    assert_eq!(of("short", &[token(), answer("long", "a")]), Some(vec![Never, Never]));
    assert_eq!(of("alone", &names), None, "nothing leads there");
}
