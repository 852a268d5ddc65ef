//! Provider files that pass `check` without an allowance, run against a server that answers marked secrets: whatever they
//! are made of, no byte leaves for an origin that was not named, and nothing that is shown holds a secret.
//!
//! The bytes of an input are choices: a file is made of them, and then the answers. What is allowed is known here from the
//! choices themselves, and not from what the engine makes of the file.

use hermes_format::diagnostic::Diagnostic;
use hermes_format::load::load;
use hermes_format::origin::Origins;
use hermes_format::parse::Language;
use hermes_format::provider::{Action, Shared};
use hermes_format::source::Sources;
use hermes_machine::access::{Held, access};
use hermes_machine::check::{Context, check};
use hermes_machine::machine::{
    CallbackQuery, Code, Effect, Event, Failure, FailureKind, Grant, Machine, Outcome, Request, Response,
    Start,
};
use serde_json::{Value, json};
use url::Url;

use super::scene::{self, BEGINNING, at, seed};

/// What every secret is made of: a part of four letters shows which.
pub const MARK: &str = "mQXZ7QXZ7QXZ7QXZ7QXZ7QXZ7";
const AUTH: &str = "https://auth.acme.example";
const API: &str = "https://api.acme.example";
/// The same service in the region that is not chosen.
const ELSEWHERE: &str = "https://auth.acme-eu.example";
/// Origins that nobody named, each nearly one that somebody did.
pub const FOREIGN: [&str; 7] = [
    "https://evil.example",
    "https://auth.acme.example:8443",
    "http://127.0.0.1:9",
    "https://evilacme.example",
    "https://auth.acme.example.evil.example",
    "https://acme.example",
    ELSEWHERE,
];
/// How often a file is run in each way, with other answers.
const TURNS: u64 = 16;
/// How many effects of a run are looked at.
const STEPS: usize = 60;

/// Makes a file of the bytes and runs it in every way.
pub fn holds(data: &[u8]) {
    runs(data);
}

/// The same. Tells how many runs there were: none of a file with an error.
pub fn runs(data: &[u8]) -> usize {
    let mut choices = Choices(data);
    let is_strangers = choices.chance(2);
    let file = File::made_of(&mut choices, is_strangers);
    let Some(provider) = provider(&file) else { return 0 };
    let mut count = 0;
    for turn in 0..TURNS {
        let seed = seed(data).wrapping_add(turn);
        count += 1;
        run(&file, &provider, Kind::Renewal, seed);
        // A file that writes foreign origins names them, where its owner vouches for it.
        if !is_strangers {
            count += 1;
            run(&file, &provider, Kind::Login, seed);
        }
    }
    count
}

/// A file that passes `check`, for runs of the whole program.
pub struct Sound {
    file: File,
    /// Whether it writes origins that its owner would not name.
    pub is_strangers: bool,
}

impl Sound {
    /// The file that the bytes make, if `check` finds no error in it.
    pub fn made_of(data: &[u8]) -> Option<Sound> {
        let mut choices = Choices(data);
        let is_strangers = choices.chance(2);
        let file = File::made_of(&mut choices, is_strangers);
        provider(&file).map(|_| Sound { file, is_strangers })
    }

    /// What it says.
    pub fn text(&self) -> &str {
        &self.file.text
    }

    /// The ending of its name.
    pub fn ending(&self) -> &'static str {
        if self.file.language == Language::Yaml { "yaml" } else { "toml" }
    }

    /// Whether an answer has a say in where it sends.
    pub fn is_open(&self) -> bool {
        self.file.is_open
    }

    /// Whether a run may send to a URL where its owner vouches for it.
    pub fn allows(&self, url: &Url) -> bool {
        self.file.allows(url)
    }
}

/// Bytes as choices; where there are no more, the first of each.
struct Choices<'a>(&'a [u8]);

impl Choices<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn pick<'t, T>(&mut self, of: &'t [T]) -> &'t T {
        &of[usize::from(self.byte()) % of.len()]
    }

    /// One in so many.
    fn chance(&mut self, of: u8) -> bool {
        self.byte() % of == 1
    }
}

/// A file, and what is known of it.
struct File {
    language: Language,
    text: String,
    /// Whether an answer has a say in a URL.
    is_open: bool,
    /// Whether `hosts` names all below `acme.example`, and the owner vouches for that.
    is_wide: bool,
    /// What the credential keeps as `blob`, where it is no secret.
    plain_blob: bool,
}

/// Which part of a file is made.
struct Maker<'c, 'd> {
    choices: &'c mut Choices<'d>,
    is_strangers: bool,
    /// Whether the user is asked about hosts that answers name.
    asks: bool,
    is_open: bool,
    plain_blob: bool,
}

impl File {
    fn made_of(choices: &mut Choices<'_>, is_strangers: bool) -> File {
        let language = if choices.chance(3) { Language::Yaml } else { Language::Toml };
        let is_wide = choices.chance(2);
        let mut maker = Maker { choices, is_strangers, asks: false, is_open: false, plain_blob: false };
        let tree = maker.tree(is_wide);
        let (is_open, plain_blob) = (maker.is_open, maker.plain_blob);
        let text = match language {
            Language::Yaml => tree.to_string(),
            Language::Toml => toml(&tree),
        };
        File { language, text, is_open, is_wide: is_wide && !is_strangers, plain_blob }
    }

    /// Where the stored credential may go: where it was made for, and where a file goes that its owner vouches for.
    fn bound(&self) -> Origins {
        let wide = self.is_wide.then(|| "https://*.acme.example".to_owned());
        Origins([AUTH.to_owned(), API.to_owned()].into_iter().chain(wide).collect())
    }

    /// Whether a run may send to a URL.
    fn allows(&self, url: &Url) -> bool {
        let origin = url.origin().ascii_serialization();
        let is_below = url.scheme() == "https"
            && url.port().is_none()
            && url.host_str().is_some_and(|host| host.ends_with(".acme.example"));
        origin == AUTH || origin == API || (self.is_wide && is_below)
    }
}

impl Maker<'_, '_> {
    fn tree(&mut self, is_wide: bool) -> Value {
        let foreign = self.foreign();
        let mut tree = json!({
            "name": "Acme",
            "models": ["a"],
            "aliases": [*self.choices.pick(&["acme-1", "openrouter", "minimax-oauth"])],
            "region": "us",
            "regions": {
                "us": { "api": AUTH, "account": "api.acme.example" },
                "eu": { "api": ELSEWHERE, "account": "auth.acme-eu.example" },
            },
            "vars": { "base": AUTH, "other": foreign, "inner": format!("{{{{first nothing '{foreign}'}}}}") },
            "inputs": {
                "nothing": {},
                "place": { "from": [{ "env": "ACME_PLACE" }] },
                "client_secret": { "secret": true, "prompt": "Client secret" },
            },
        });
        let mut hosts = vec!["{{region.account}}"];
        hosts.extend(is_wide.then_some("*.acme.example"));
        if self.is_strangers && self.choices.chance(3) {
            hosts.push("evil.example");
        }
        tree["hosts"] = hosts.into();
        if self.choices.chance(4) {
            self.extend(&mut tree)
        } else {
            self.whole(&mut tree)
        }
        tree["api"] = self.api();
        let failed = match self.choices.byte() % 16 {
            0 => "no: {{response.device_code}} {{response.client_secret}}",
            1 => "no: {{first response.data.key response.error}}",
            _ => "no: {{first response.error_description response.body 'nothing'}}",
        };
        let unrenewed = match self.choices.byte() % 24 {
            0 => "{{token.refresh_token}}",
            1 => "no: {{match token.access_token '..(.*)'}}",
            2 => "no {{client_secret}}",
            _ => "no: {{response.error}}",
        };
        tree["errors"] = json!({ "authorization_incomplete": failed, "refresh_failed": unrenewed });
        tree
    }

    /// A file over a shipped flow, with a state of its own behind it.
    fn extend(&mut self, tree: &mut Value) {
        tree["extends"] = "device-code".into();
        tree["vars"]["client_id"] = "acme-cli".into();
        tree["vars"]["scope"] = "a".into();
        tree["vars"]["device_url"] = format!("{AUTH}/device").into();
        tree["vars"]["token_url"] = format!("{}/token", self.own_or_foreign()).into();
        let last = self.state("poll", "success", true);
        tree["states"] = json!({
            "success": self.success(&[]),
            "refresh": { "on": [
                { "if": { "status": 200, "exists": ["$.access_token"] }, "to": "leak" },
                { "fail": "refresh_failed" },
            ] },
            "leak": renamed(last, "poll", "refresh"),
        });
    }

    /// A login and a refresh, each of a few states, one after the other.
    fn whole(&mut self, tree: &mut Value) {
        let mut states = serde_json::Map::new();
        self.asks = self.choices.chance(3);
        if self.asks {
            // The user may decline after the first answer.
            self.is_open = true;
            tree["vars"]["found"] = "{{first ask.next base}}".into();
            let entry = *self.choices.pick(&["{{found}}", "{{ask.next}}", "{{confirm.next}}"]);
            if let Some(hosts) = tree["hosts"].as_array_mut() {
                hosts.push(entry.into());
            }
        }
        let login = ["ask", "confirm", "mint"];
        let count = 1 + usize::from(self.choices.byte()) % login.len();
        let is_visited = count > 1 && self.choices.chance(4);
        for (i, name) in login.iter().take(count).enumerate() {
            let before = i.checked_sub(1).and_then(|before| login.get(before)).copied().unwrap_or_default();
            let next = if i + 1 < count { login[i + 1] } else { "success" };
            let mut state =
                if i == 0 && is_visited { self.visit(next) } else { self.state(before, next, false) };
            if i == 1 && is_visited {
                state["headers"]["x-verifier"] = "{{pkce.verifier}}".into();
            }
            self.show(&mut state, before);
            states.insert((*name).to_owned(), state);
        }
        let renewal = ["refresh", "refine", "finish"];
        let count = 1 + usize::from(self.choices.byte()) % renewal.len();
        for (i, name) in renewal.iter().take(count).enumerate() {
            let before = i.checked_sub(1).and_then(|before| renewal.get(before)).copied().unwrap_or_default();
            let next = if i + 1 < count { renewal[i + 1] } else { "success" };
            states.insert((*name).to_owned(), self.state(before, next, true));
        }
        let success = self.success(&login);
        states.insert("success".to_owned(), success);
        tree["states"] = states.into();
        tree["start"] = json!({ "login": "ask" });
    }

    /// A state that sends a request; `before` is the one that led to it.
    fn state(&mut self, before: &str, next: &str, renews: bool) -> Value {
        let method = *self.choices.pick(&["post", "get", "put", "delete"]);
        let url = self.url(before, renews);
        let is_list = self.choices.chance(6);
        let mut state = match is_list {
            true => json!({ method: [url, self.url(before, renews)] }),
            false => json!({ method: url }),
        };
        for (slot, name) in [("form", "a"), ("headers", "x-a"), ("query", "q"), ("json", "b")] {
            let is_body = matches!(slot, "form" | "json");
            if self.choices.chance(3) && !(is_body && (method == "get" || state["form"].is_object())) {
                let value = self.value(before, renews);
                state[slot] = if slot == "json" {
                    json!({ name: [{ "deep": value }] })
                } else {
                    json!({ name: value })
                };
            }
        }
        match self.choices.byte() % 4 {
            0 => state["auth"] = json!({ "bearer": self.value(before, renews) }),
            1 => state["auth"] = json!({ "basic": ["acme", self.value(before, renews)] }),
            2 if state["form"].is_object() => {
                let methods = *self.choices.pick(&[
                    "none",
                    "client_secret_post",
                    "client_secret_basic",
                    "private_key_jwt",
                ]);
                let proof = self.value(before, renews);
                state["auth"] = json!({ "client": { "id": "acme", "secret": proof, "assertion": proof, "methods": methods } });
            }
            _ => {}
        }
        let code = if renews { "refresh_failed" } else { "authorization_incomplete" };
        let mut unless = json!({ "unless": { "exists": FIELDS }, "fail": code });
        if is_list {
            unless["next"] = true.into();
        }
        state["on"] = json!([unless, { "if": { "$.kind": "odd" }, "fail": code }, { "to": next }]);
        state
    }

    /// A state in a browser.
    fn visit(&mut self, next: &str) -> Value {
        let url = self.url("", false);
        json!({
            "open": url,
            "listen": "http://127.0.0.1:0/callback",
            "until": "10m",
            "query": {
                "redirect_uri": "{{redirect_uri}}", "state": "{{random.state}}", "code_challenge": "{{pkce.challenge}}",
                "code_challenge_method": "S256",
                "x": if self.choices.chance(8) { "{{client_secret}}" } else { "x" },
            },
            "on": [
                { "unless": { "$.state": "{{random.state}}" }, "fail": "state_mismatch" },
                { "unless": { "exists": FIELDS[1..] }, "fail": "authorization_incomplete" },
                { "to": next },
            ],
        })
    }

    fn show(&mut self, state: &mut Value, before: &str) {
        if before.is_empty() || self.choices.chance(2) {
            return;
        }
        let code = match self.choices.byte() % 16 {
            0 => "data.blob",
            1 => "code",
            2 => "access_token",
            3..=5 => "kind",
            _ => "user_code",
        };
        let code = match self.choices.byte() % 3 {
            0 => format!("{{{{match {before}.{code} '(.*)'}}}}"),
            _ => format!("{{{{{before}.{code}}}}}"),
        };
        state["show"] = json!({ "url": format!("{{{{{before}.verification_uri}}}}"), "code": code });
        state["until"] = "10m".into();
    }

    fn success(&mut self, login: &[&str]) -> Value {
        let mut success = json!({ "refresh": { "to": "refresh" } });
        let blob = *self.choices.pick(&["$.data.blob", "$.kind", "{{client_secret}}"]);
        self.plain_blob = blob == "$.kind";
        success["keep"] = json!({
            "endpoint": *self.choices.pick(&["$.endpoint", "{{base}}", "$.next"]),
            "blob": blob,
        });
        let shown = login.first().filter(|_| self.choices.chance(2));
        success["notice"] = match (shown, self.choices.byte() % 12) {
            (Some(state), 0..4) => format!("{{{{{state}.user_code}}}}").into(),
            (_, 4) => "$.data.blob".into(),
            _ => "$.message".into(),
        };
        success
    }

    fn api(&mut self) -> Value {
        let other = self.own_or_foreign();
        let base_url = match self.choices.byte() % 5 {
            0 => "{{token.endpoint}}".to_owned(),
            1 => format!("{{{{first token.endpoint '{other}'}}}}"),
            2 => format!("{{{{first nothing '{other}/v1'}}}}"),
            _ => format!("{API}/v1"),
        };
        json!({ "mode": "chat_completions", "base_url": base_url, "headers": { "X-Blob": "{{first token.blob ''}}" } })
    }

    /// A URL, of all forms that one may have.
    fn url(&mut self, before: &str, renews: bool) -> String {
        let other = self.own_or_foreign();
        let is_first = before.is_empty();
        if self.asks && !is_first && !renews && self.choices.chance(2) {
            return match self.choices.byte() % 5 {
                0 => format!("{{{{{before}.next}}}}/a"),
                1 => format!("{{{{well_known {before}.next 'a'}}}}"),
                2 => "{{well_known found 'a'}}".to_owned(),
                3 => format!("{{{{origin {before}.next}}}}/a"),
                _ => "{{found}}/a".to_owned(),
            };
        }
        let form = self.choices.byte() % 14;
        self.is_open |= matches!(form, 5..=9) && !is_first;
        match form {
            0 | 1 => format!("{AUTH}/a"),
            2 => "{{base}}/a".to_owned(),
            3 => "{{region.api}}/a/{{uuid}}".to_owned(),
            4 => format!("{other}/a"),
            5 if !is_first => format!("{{{{{before}.next}}}}/a"),
            6 if !is_first => format!("https://{{{{{before}.tenant}}}}.acme.example/a"),
            7 if !is_first => format!("{{{{first (match {before}.next '^(zz)$') '{other}/a'}}}}"),
            8 if !is_first => format!("{{{{first {before}.next base}}}}/a"),
            9 if !is_first && renews => format!("{{{{first token.endpoint {before}.next}}}}/a"),
            10 if self.is_strangers => format!("{{{{first nothing '{other}/a'}}}}"),
            11 if self.is_strangers => "{{other}}/a".to_owned(),
            12 if self.is_strangers => "{{inner}}/a".to_owned(),
            13 if self.is_strangers => "{{first place base}}/a".to_owned(),
            _ if renews => "{{first token.endpoint base}}/a".to_owned(),
            _ => format!("{API}/a"),
        }
    }

    /// A value, of all that a state can send.
    fn value(&mut self, before: &str, renews: bool) -> String {
        let of_answer = ["access_token", "data.blob", "code", "user_code", "kind", "refresh_token"];
        let of_token = ["refresh_token", "access_token", "blob"];
        let field = *self.choices.pick(&of_answer);
        let stored = *self.choices.pick(&of_token);
        match self.choices.byte() % 8 {
            0 | 1 if renews => format!("{{{{token.{stored}}}}}"),
            2 if renews => format!("{{{{match token.{stored} '..(.*)'}}}}"),
            3 | 4 if !before.is_empty() => format!("{{{{{before}.{field}}}}}"),
            5 if !before.is_empty() => format!("x {{{{match {before}.{field} 'X(.*)'}}}}"),
            6 => "{{client_secret}}".to_owned(),
            7 if self.choices.chance(8) => "{{pkce.verifier}}".to_owned(),
            _ => "{{uuid}}".to_owned(),
        }
    }

    fn foreign(&mut self) -> &'static str {
        if self.is_strangers { self.choices.pick::<&str>(&FOREIGN) } else { AUTH }
    }

    fn own_or_foreign(&mut self) -> &'static str {
        let foreign = self.foreign();
        self.choices.pick::<&str>(&[foreign, API, AUTH])
    }
}

/// What every answer must have; a callback has no more than texts.
const FIELDS: [&str; 9] = [
    "$.data.blob",
    "$.access_token",
    "$.refresh_token",
    "$.code",
    "$.kind",
    "$.next",
    "$.tenant",
    "$.user_code",
    "$.verification_uri",
];

/// A tree with the names of one state in the place of another's.
fn renamed(tree: Value, from: &str, to: &str) -> Value {
    match tree {
        Value::String(text) => text.replace(&format!("{from}."), &format!("{to}.")).into(),
        Value::Array(items) => items.into_iter().map(|item| renamed(item, from, to)).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| (name, renamed(value, from, to)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => other,
    }
}

/// A tree as TOML: a line for each key at the top, inline tables below.
fn toml(tree: &Value) -> String {
    fn inline(value: &Value) -> String {
        match value {
            Value::Object(members) => {
                let members =
                    members.iter().map(|(name, value)| format!("{} = {}", json!(name), inline(value)));
                format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
            }
            Value::Array(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
            other => other.to_string(),
        }
    }
    let lines = tree.as_object().into_iter().flatten();
    lines.map(|(name, value)| format!("{name} = {}\n", inline(value))).collect()
}

/// The provider of a file in which `check` finds no error.
fn provider(file: &File) -> Option<Shared> {
    let mut sources = Sources::default();
    let loaded = load(&mut sources, &scene::file(file.language, &file.text), &scene::flow);
    let provider = loaded.provider?;
    let findings =
        check(&provider, &Context { sources: &sources, flow: false, modes: &["chat_completions"] });
    (!findings.iter().any(Diagnostic::is_error)).then_some(provider)
}

/// What a run is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A stored credential is renewed, which was made for [`AUTH`] and [`API`].
    Renewal,
    /// A login by a file that its owner vouches for.
    Login,
}

fn start(file: &File, provider: &Shared, kind: Kind, turns: &mut Choices<'_>) -> Start {
    let (action, entropy) = match kind {
        Kind::Renewal => (Action::Refresh, u64::from(turns.byte())),
        Kind::Login => (Action::Login, u64::from(turns.byte())),
    };
    let mut start = scene::start(provider, action, entropy);
    start.inputs.insert("client_secret".to_owned(), format!("{MARK}-input"));
    if kind == Kind::Renewal {
        let foreign = *turns.pick(&FOREIGN);
        start.inputs.insert("place".to_owned(), foreign.to_owned());
        let endpoint = *turns.pick(&[AUTH, API, foreign]);
        let blob = if file.plain_blob { "plain".to_owned() } else { format!("{MARK}-blob") };
        start.token = Some(json!({
            "access_token": format!("{MARK}-access"), "refresh_token": format!("{MARK}-refresh"),
            "endpoint": endpoint, "blob": blob,
        }));
        start.bound_to = Some(file.bound());
    }
    start
}

fn run(file: &File, provider: &Shared, kind: Kind, seed: u64) {
    let bytes: Vec<u8> = {
        use hermes_machine::machine::Entropy as _;
        let mut bytes = vec![0; 64];
        scene::Seeded(seed).fill(&mut bytes);
        bytes
    };
    let mut turns = Choices(&bytes);
    let begin = start(file, provider, kind, &mut turns);
    let (inputs, region) = (begin.inputs.clone(), begin.region.clone());
    let mut now = BEGINNING;
    let (mut machine, mut effect) = Machine::start(begin, at(now));
    let mut sent = 0;
    let mut agreed: Vec<String> = Vec::new();
    for _ in 0..STEPS {
        let event = match &effect {
            Effect::Send(request) => {
                sent += 1;
                let is_allowed = file.allows(&request.url) || is_one(&agreed, &request.url);
                assert!(is_allowed, "it sends to {}\n{}", request.url, file.text);
                answer(request, &mut turns)
            }
            Effect::Wait { until, show, .. } => {
                now = now.max(*until);
                let show = show.as_ref();
                unseen(file, "a prompt", show.and_then(|show| show.url.as_ref()).map_or("", Url::as_str));
                unseen(file, "a prompt", show.and_then(|show| show.code.as_deref()).unwrap_or_default());
                Event::Woke
            }
            Effect::Agree { origins, .. } => {
                assert!(kind == Kind::Login, "a renewal asks\n{}", file.text);
                let named = origins.iter().map(|origin| origin.as_str().to_owned());
                agreed.extend(named);
                if turns.chance(3) {
                    // Nothing is sent to what was not agreed to.
                    agreed.clear();
                    Event::Declined
                } else {
                    Event::Agreed
                }
            }
            Effect::Bind(listener) => Event::Bound(format!("http://{}:7{}", listener.host, listener.path)),
            Effect::Listen { show, .. } => {
                let page = show.url.as_ref().map_or("", Url::as_str);
                unseen(file, "a page", page);
                if let Some(url) = &show.url {
                    assert!(file.allows(url) || is_one(&agreed, url), "it opens {url}\n{}", file.text);
                }
                called_back(page)
            }
            Effect::Finish(Outcome::Failed(trouble)) => {
                unseen(file, "a failure", &format!("{trouble:?}"));
                let is_refusal = trouble.code == Code::OriginRefused;
                assert!(
                    !is_refusal || sent == 0 || file.is_open,
                    "it refuses after {sent} requests\n{}",
                    file.text
                );
                return;
            }
            Effect::Finish(Outcome::Success(grant)) => {
                unseen(file, "a notice", grant.notice.as_deref().unwrap_or_default());
                hands_out(file, provider, kind, (grant, &inputs, region.as_deref(), &agreed));
                return;
            }
            Effect::Finish(_) => return,
        };
        effect = machine.step(event, at(now));
    }
}

/// Whether a URL has one of these origins.
fn is_one(origins: &[String], url: &Url) -> bool {
    origins.contains(&url.origin().ascii_serialization())
}

/// What a client gets of a credential leads nowhere else.
fn hands_out(
    file: &File,
    provider: &Shared,
    kind: Kind,
    (grant, inputs, region, agreed): (&Grant, &indexmap::IndexMap<String, String>, Option<&str>, &[String]),
) {
    let bound = file.bound();
    let origins = if kind == Kind::Renewal { &bound } else { &grant.origins };
    let mut token = Value::Object(grant.keep.clone());
    token["access_token"] = grant.access_token.expose_secret().into();
    let held = Held { region, inputs, token: &token, origins };
    match access(provider, &held, None) {
        Ok(access) => {
            let url = access.base_url.and_then(|url| Url::parse(&url).ok());
            let is_allowed = |url: &Url| file.allows(url) || is_one(agreed, url);
            assert!(url.is_none_or(|url| is_allowed(&url)), "a client gets another host\n{}", file.text);
        }
        Err(trouble) => unseen(file, "a failure of `[api]`", &format!("{trouble:?}")),
    }
}

/// Fails where a text that somebody sees holds four letters of a secret.
#[track_caller]
fn unseen(file: &File, what: &str, text: &str) {
    assert!(!holds_mark(text), "{what} shows a secret: {text}\n{}", file.text);
}

/// An answer of a server that gives marked secrets, and leads where it likes.
fn answer(request: &Request, turns: &mut Choices<'_>) -> Event {
    let foreign = *turns.pick(&FOREIGN);
    let turn = turns.byte();
    let reply = |status, headers: Vec<(String, String)>, body: Value| {
        let body = body.to_string().into_bytes();
        Event::Answered(Response { status, headers, body, truncated: false })
    };
    match turn % 12 {
        0 => return reply(307, vec![("location".to_owned(), format!("{foreign}/moved"))], json!({})),
        1 => {
            let failed = json!({
                "error": "nope", "error_description": "no such thing", "access_token": format!("{MARK}-a"),
                "device_code": format!("{MARK}-d"), "client_secret": format!("{MARK}-c"), "data": { "key": "k" },
            });
            return reply(400, Vec::new(), failed);
        }
        2 => {
            let message = "it broke".to_owned();
            return Event::Failed(Failure { kind: FailureKind::Broken, sent: true, message });
        }
        3 => return reply(503, Vec::new(), json!(format!("access_token={MARK}"))),
        _ => {}
    }
    let next = *turns.pick(&[AUTH, API, "https://eu.acme.example", foreign, "https://eu.acme.example:8443"]);
    reply(200, Vec::new(), fields(next, is_marked(request)))
}

/// Whether a text holds four letters of a secret.
pub fn holds_mark(text: &str) -> bool {
    ["QXZ7", "XZ7Q", "Z7QX", "7QXZ"].iter().any(|part| text.contains(part))
}

/// Whether a request carries a secret, so that what is answered in a name of the service's own is one too.
fn is_marked(request: &Request) -> bool {
    let headers = request.headers.iter().map(|(_, value)| value.value.expose_secret().to_owned());
    let body = match &request.body {
        Some(hermes_machine::machine::Body::Form(fields)) => {
            fields.iter().map(|(_, value)| value.clone()).collect::<String>()
        }
        Some(hermes_machine::machine::Body::Json(value)) => value.to_string(),
        None => String::new(),
    };
    holds_mark(&headers.chain([request.url.to_string(), body]).collect::<String>())
}

/// The fields of an answer that leads to `next`.
pub fn fields(next: &str, is_marked: bool) -> Value {
    let blob = if is_marked { format!("{MARK}-blob") } else { "blob".to_owned() };
    json!({
        "access_token": format!("{MARK}-at"), "refresh_token": format!("{MARK}-rt"), "code": format!("{MARK}-code"),
        "data": { "blob": blob }, "kind": "plain", "next": next, "endpoint": next, "tenant": "eu",
        "user_code": "WDJB-MJHT", "verification_uri": format!("{AUTH}/activate"), "message": "welcome",
        "device_code": format!("{MARK}-device"), "expires_in": 60,
    })
}

/// The browser comes back with the state that the page has.
fn called_back(page: &str) -> Event {
    let state = Url::parse(page).ok().and_then(|page| {
        let state = page.query_pairs().find(|(name, _)| name == "state");
        state.map(|(_, state)| state.into_owned())
    });
    let fields = fields(AUTH, false);
    let mut query: Vec<(String, String)> = fields
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
        .collect();
    query.extend(state.map(|state| ("state".to_owned(), state)));
    Event::CalledBack(CallbackQuery(query))
}
