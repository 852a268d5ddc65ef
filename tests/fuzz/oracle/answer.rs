//! HTTP answers to a shipped flow: none makes the machine panic, none has it show a secret, and JSON is read strictly.
//!
//! An input is a script: `login` or `refresh`, then the answers, each under a line `=== STATUS NAME: VALUE`. In a body,
//! `{{state}}`, `{{verifier}}` and `{{refresh_token}}` stand for what this run has sent or stored, as a server that echoes
//! would have them.

use std::sync::LazyLock;

use hermes_format::provider::{Action, Shared};
use hermes_format::template::Name;
use hermes_format::text::sanitise;
use hermes_machine::machine::{Effect, Event, Grant, Machine, Outcome, Response, Start, Trouble, parse_json};
use serde_json::{Value, json};

use super::scene::{BEGINNING, at, keeps_its_deadline, provider, start};

static PROVIDER: LazyLock<Shared> =
    LazyLock::new(|| provider(include_str!("../../../providers.d/minimax-oauth.toml")));

/// The stored refresh token.
const REFRESH: &str = "marker-refresh-0123456789";
/// The stored access token.
const ACCESS: &str = "marker-access-0123456789";
/// The names of tokens.
const TOKENS: [&str; 3] = ["access_token", "refresh_token", "id_token"];
/// A shorter text occurs by chance.
const SHORTEST_SECRET: usize = 8;
/// What is longer, and holds no blank, is no part of the engine's own sentences.
const LONGEST_WORD: usize = 24;
/// The most levels of JSON (S6).
const DEEPEST: usize = 16;
/// The longest life of a token, in milliseconds (S7).
const LONGEST_LIFE: i64 = 400 * 24 * 3600 * 1000;

/// Plays any script.
pub fn holds(data: &[u8]) {
    let mut pieces = split(data).into_iter();
    let action = match pieces.next() {
        Some(first) if first.starts_with(b"refresh") => Action::Refresh,
        _ => Action::Login,
    };
    let token =
        (action == Action::Refresh).then(|| json!({ "access_token": ACCESS, "refresh_token": REFRESH }));
    let start = Start { token, ..start(&PROVIDER, action, 0) };
    let (mut machine, mut effect) = Machine::start(start, at(BEGINNING));
    let mut secrets = Secrets::of(&machine, action);
    let mut now = BEGINNING;
    loop {
        keeps_its_deadline(&effect);
        secrets.are_not_in(&format!("{effect:?}"));
        let event = match &effect {
            Effect::Send(_) => {
                let Some(piece) = pieces.next() else { return };
                let response = response(piece, &machine);
                is_read_strictly(&response.body);
                secrets.last = response.body.clone();
                Event::Answered(response)
            }
            Effect::Wait { until, .. } => {
                now = now.max(*until);
                Event::Woke
            }
            Effect::Finish(outcome) => return secrets.judge(outcome),
            Effect::Agree { .. } | Effect::Bind(_) | Effect::Listen { .. } => {
                panic!("this flow has no browser")
            }
        };
        effect = machine.step(event, at(now));
    }
}

/// What no screen may show, whatever a server says.
struct Secrets {
    /// The verifier, and what is stored.
    own: Vec<String>,
    /// The last answer, which can hold tokens that nobody has read yet.
    last: Vec<u8>,
}

impl Secrets {
    fn of(machine: &Machine, action: Action) -> Secrets {
        let stored = if action == Action::Refresh { vec![REFRESH, ACCESS] } else { Vec::new() };
        let own = stored.into_iter().map(str::to_owned).chain([text(machine, &Name::PkceVerifier)]);
        Secrets { own: own.collect(), last: Vec::new() }
    }

    fn are_not_in(&self, text: &str) {
        assert!(!self.own.iter().any(|secret| text.contains(secret)), "a secret is shown: {text}");
    }

    fn judge(&self, outcome: &Outcome) {
        match outcome {
            Outcome::Failed(trouble) => self.judge_trouble(trouble),
            Outcome::Success(grant) => self.judge_grant(grant),
            Outcome::Done { .. } | Outcome::Cancelled => panic!("a login or a refresh has no such end"),
        }
    }

    fn judge_trouble(&self, trouble: &Trouble) {
        for told in [Some(&trouble.message), trouble.help.as_ref()].into_iter().flatten() {
            self.are_not_in(told);
            self.are_not_in(&shown(told));
            self.last_is_not_in(told);
        }
    }

    /// Neither a token of the last answer is told, nor an answer that is no JSON and may hold one (S25).
    fn last_is_not_in(&self, told: &str) {
        let Some(json) = parse_json(&self.last) else {
            let body = String::from_utf8_lossy(&self.last);
            let body = body.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
            let may_hold = body.starts_with(['{', '[']) || TOKENS.iter().any(|name| is_given(body, name));
            let is_own = body.len() <= LONGEST_WORD;
            return assert!(
                is_own || !may_hold || !told.contains(body),
                "it quotes what may hold a token: {told}"
            );
        };
        let is_token = |text: &&str| text.len() > LONGEST_WORD && text.bytes().all(|b| b.is_ascii_graphic());
        let token = |name| json.get(name).and_then(Value::as_str).filter(is_token);
        let told = [told.to_owned(), shown(told)];
        for token in TOKENS.into_iter().filter_map(token) {
            assert!(!told.iter().any(|told| told.contains(token)), "it quotes a token: {told:?}");
        }
    }

    fn judge_grant(&self, grant: &Grant) {
        let tokens = [Some(&grant.access_token), grant.refresh_token.as_ref()];
        for token in tokens.into_iter().flatten() {
            let token = token.expose_secret();
            assert!(!token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic()), "no token: {token:?}");
            let notice = grant.notice.as_deref().map(shown).unwrap_or_default();
            assert!(token.len() < SHORTEST_SECRET || !notice.contains(token), "the notice shows a token");
            self.are_not_in(&notice);
        }
        let life = grant.expires_at.map(|at| at.0 - grant.obtained_at.0);
        assert!(life.is_none_or(|life| (0..=LONGEST_LIFE).contains(&life)), "a life of {life:?} ms");
    }
}

/// What a screen shows of a text from outside (S26).
fn shown(text: &str) -> String {
    let shown = sanitise(text);
    assert!(!shown.chars().any(char::is_control), "{shown:?}");
    assert!(shown.chars().count() <= 200, "{shown:?}");
    shown
}

/// The pieces between the lines that begin an answer.
fn split(data: &[u8]) -> Vec<&[u8]> {
    const MARK: &[u8] = b"\n=== ";
    let mut pieces = Vec::new();
    let mut rest = data;
    while let Some(at) = rest.windows(MARK.len()).position(|window| window == MARK) {
        pieces.push(&rest[..at]);
        rest = &rest[at + MARK.len()..];
    }
    pieces.push(rest);
    pieces
}

fn response(piece: &[u8], machine: &Machine) -> Response {
    let end = piece.iter().position(|byte| *byte == b'\n').unwrap_or(piece.len());
    let head = String::from_utf8_lossy(&piece[..end]).into_owned();
    let (status, header) = head.split_once(' ').unwrap_or((&head, ""));
    let headers = header.split_once(": ").map(|(name, value)| (name.to_owned(), value.to_owned()));
    Response {
        status: status.parse().unwrap_or(200),
        headers: headers.into_iter().collect(),
        body: filled(piece.get(end + 1..).unwrap_or_default(), machine),
        truncated: header == "truncated",
    }
}

/// A body with the values of this run; bytes that are no text are left as they are.
fn filled(body: &[u8], machine: &Machine) -> Vec<u8> {
    let Ok(body) = std::str::from_utf8(body) else { return body.to_vec() };
    body.replace("{{state}}", &text(machine, &Name::Random("state".to_owned())))
        .replace("{{verifier}}", &text(machine, &Name::PkceVerifier))
        .replace("{{refresh_token}}", REFRESH)
        .into_bytes()
}

fn text(machine: &Machine, name: &Name) -> String {
    machine.value(name).and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// Whether a text writes a value behind a name that is a word of its own: `id_token=…`, `"id_token" : …`. An error is called
/// `refresh_token_reused` as well.
fn is_given(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let is_whole = !text[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
        let behind = text[at + name.len()..].trim_start_matches(['"', '\'', ' ']);
        is_whole && behind.starts_with(['=', ':'])
    })
}

/// What is read is what `serde_json` reads, unless a key stands twice or it is nested too deep; then it is nothing (S6).
fn is_read_strictly(body: &[u8]) {
    let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let lenient: Option<Value> = serde_json::from_slice(text).ok();
    let expected = lenient.filter(|value| {
        let (deepest, members) = shape(text);
        deepest <= DEEPEST && members == count_members(value)
    });
    assert_eq!(parse_json(body), expected);
}

/// How deep a JSON text nests, and how many members its objects have, counting one that stands twice twice.
fn shape(text: &[u8]) -> (usize, usize) {
    let (mut depth, mut deepest, mut members) = (0_usize, 0, 0);
    let (mut in_text, mut escaped) = (false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            b':' => members += 1,
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    (deepest, members)
}

fn count_members(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(count_members).sum(),
        Value::Object(members) => members.len() + members.values().map(count_members).sum::<usize>(),
        _ => 0,
    }
}
