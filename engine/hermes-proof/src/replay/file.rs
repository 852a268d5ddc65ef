//! A test file, read against its provider: states by index, texts parsed, durations in units.

use std::time::Duration;

use indexmap::IndexMap;
use jiff::Timestamp;
use serde_json::Value;

use super::fill::Texts;
use super::{STALE_TEST, leak, stale};
use hermes_format::diagnostic::tidy;
use hermes_format::diagnostic::{Diagnostic, nearest};
use hermes_format::load::FileText;
use hermes_format::parse::{Language, Node, parse};
use hermes_format::provider::{Action, InputSource, JsonTemplate, Provider, StateId};
use hermes_format::raw::read::{WRONG_TYPE, read};
use hermes_format::raw::test as raw;
use hermes_format::raw::test_union::{OneOrList, Wanted};
use hermes_format::source::{FileId, Sources, Span};
use hermes_format::template::Template;
use hermes_format::time::{UnixMs, parse_duration};

/// The moment at which a test begins where its file names none: 2026-01-01T00:00:00Z.
const DEFAULT_NOW: UnixMs = UnixMs(1_767_225_600_000);

/// The tests of one provider.
#[derive(Debug, Clone)]
pub struct TestFile {
    /// The language of the file, in which mends are written.
    pub language: Language,
    /// The moment at which every test begins.
    pub now: UnixMs,
    /// The tests, in the order of the file.
    pub tests: Vec<Test>,
    /// The tree of the file, for the places of what failed.
    pub root: Node,
}

/// One test.
#[derive(Debug, Clone)]
pub struct Test {
    /// What it shows.
    pub name: String,
    /// Where its name is written.
    pub span: Span,
    /// Where the test stands in the file's tree: `/test/3`.
    pub pointer: String,
    /// What the run is for.
    pub action: Action,
    /// The state to begin in, where it is not the file's choice.
    pub from: Option<StateId>,
    /// The region; `None` is the file's default.
    pub region: Option<String>,
    /// The values of inputs, those from the environment among them.
    pub inputs: IndexMap<String, String>,
    /// The variables of the environment that an input was read from.
    pub variables: Vec<String>,
    /// Whether a browser is at hand.
    pub browser: bool,
    /// The stored credential.
    pub token: Option<Value>,
    /// What `{{last.*}}` reads.
    pub last: Option<Value>,
    /// Whether the user agrees to hosts that answers name.
    pub agrees: bool,
    /// What each state is answered, by its name; the last reply of a list repeats.
    pub replies: IndexMap<String, Vec<Reply>>,
    /// What must come of the run.
    pub expect: raw::Expect,
    /// What each state must have sent.
    pub sent: IndexMap<String, OneOrList<raw::Sent>>,
}

/// What a state is answered.
#[derive(Debug, Clone)]
pub struct Reply {
    /// How long it takes.
    pub delay: Duration,
    /// What comes.
    pub what: What,
}

/// What comes of a request or of a visit of the browser.
#[derive(Debug, Clone)]
pub enum What {
    /// An HTTP answer.
    Answer {
        /// The status.
        status: u16,
        /// The headers.
        headers: IndexMap<String, Template>,
        /// The body.
        body: Body,
    },
    /// No answer.
    Nothing(raw::Fail),
    /// The browser comes back with this query.
    Callback(IndexMap<String, Template>),
    /// The person pastes this.
    Paste(Template),
}

/// The body of an answer.
#[derive(Debug, Clone)]
pub enum Body {
    /// JSON.
    Json(JsonTemplate),
    /// Text, often none.
    Text(Template),
}

/// Reads a test file. It is `None` where nothing of it can be run; the findings are those of the whole file.
pub fn load(
    sources: &mut Sources,
    file: &FileText,
    provider: &Provider,
) -> (Option<TestFile>, Vec<Diagnostic>) {
    let id = sources.add(file.name.clone(), file.text.clone());
    let (tests, mut findings) = read_file(id, file, provider);
    tidy(&mut findings, sources);
    (tests, findings)
}

fn read_file(id: FileId, file: &FileText, provider: &Provider) -> (Option<TestFile>, Vec<Diagnostic>) {
    let root = match parse(&file.text, file.language, id) {
        Ok(root) => root,
        Err(findings) => return (None, findings),
    };
    let (raw, mut findings) = read::<raw::Tests>(&root);
    findings.extend(leak::find(&root));
    let Some(raw) = raw.filter(|_| !findings.iter().any(Diagnostic::is_error)) else {
        return (None, findings);
    };
    let mut reader = Reader { provider, root: &root, findings };
    let now = reader.now(raw.now.as_deref());
    let common = reader.replies("/replies", &raw.replies);
    let tests = raw.test.into_iter().enumerate().map(|(i, test)| reader.test(i, test, &common)).collect();
    let mut findings = reader.findings;
    let file = TestFile { language: file.language, now, tests, root };
    findings.extend(stale::find(provider, &file));
    (Some(file), findings)
}

struct Reader<'a> {
    provider: &'a Provider,
    root: &'a Node,
    findings: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn now(&mut self, text: Option<&str>) -> UnixMs {
        let Some(text) = text else { return DEFAULT_NOW };
        if let Ok(moment) = text.parse::<Timestamp>() {
            return UnixMs(moment.as_millisecond());
        }
        self.wrong("/now", "not a moment: write it as RFC 3339 does, such as \"2026-01-01T00:00:00Z\"");
        DEFAULT_NOW
    }

    fn test(&mut self, index: usize, raw: raw::Test, common: &IndexMap<String, Vec<Reply>>) -> Test {
        let pointer = format!("/test/{index}");
        let mut replies = common.clone();
        replies.extend(self.replies(&format!("{pointer}/replies"), &raw.replies));
        self.durations(&pointer, &raw.expect);
        self.counts(&pointer, &raw.sent);
        let from = raw.from.as_deref().and_then(|name| self.from(&pointer, name));
        let (inputs, variables) = supplied(self.provider, raw.inputs, &raw.env);
        Test {
            span: place(self.root, &format!("{pointer}/name")),
            action: match raw.run {
                raw::Run::Login => Action::Login,
                raw::Run::Refresh => Action::Refresh,
                raw::Run::Logout => Action::Logout,
                raw::Run::Verify => Action::Verify,
            },
            from,
            region: raw.region,
            inputs,
            variables,
            browser: raw.browser.unwrap_or(true),
            token: raw.token.map(|members| Value::Object(members.into_iter().collect())),
            last: raw.last.map(|members| Value::Object(members.into_iter().collect())),
            agrees: raw.agree.unwrap_or(true),
            replies,
            expect: raw.expect,
            sent: raw.sent,
            name: raw.name,
            pointer,
        }
    }

    fn from(&mut self, pointer: &str, name: &str) -> Option<StateId> {
        let state = self.provider.state_id(name);
        if state.is_none() {
            let span = place(self.root, &format!("{pointer}/from"));
            let near = nearest(name, self.provider.states.iter().map(|s| s.name.as_str()));
            let finding = Diagnostic::new(&STALE_TEST, span, format!("there is no state `{name}`"));
            self.findings.push(match near {
                Some(near) => finding.meant(near),
                None => finding,
            });
        }
        state
    }

    fn durations(&mut self, pointer: &str, expect: &raw::Expect) {
        if let Some(text) = &expect.waited {
            self.duration(&format!("{pointer}/expect/waited"), text);
        }
        if let Some(Wanted::Text(text)) = expect.token.as_ref().and_then(|t| t.expires_in.as_ref()) {
            self.duration(&format!("{pointer}/expect/token/expires_in"), text);
        }
    }

    fn counts(&mut self, pointer: &str, sent: &IndexMap<String, OneOrList<raw::Sent>>) {
        for (state, sent) in sent {
            let OneOrList::List(list) = sent else { continue };
            for (i, _) in list.iter().enumerate().filter(|(_, sent)| sent.times.is_some()) {
                let pointer = format!("{pointer}/sent/{}/{i}/times", escaped(state));
                self.wrong(&pointer, "a list says by its length how many requests there are");
            }
        }
    }

    fn duration(&mut self, pointer: &str, text: &str) -> Duration {
        parse_duration(text).unwrap_or_else(|error| {
            self.wrong(pointer, &error.to_string());
            Duration::ZERO
        })
    }

    fn replies(
        &mut self,
        pointer: &str,
        raw: &IndexMap<String, OneOrList<raw::Reply>>,
    ) -> IndexMap<String, Vec<Reply>> {
        let mut all = IndexMap::new();
        for (state, replies) in raw {
            let pointer = format!("{pointer}/{}", escaped(state));
            let list = match replies {
                OneOrList::One(reply) => vec![self.reply(&pointer, reply)],
                OneOrList::List(list) => {
                    let each = list.iter().enumerate();
                    each.map(|(i, reply)| self.reply(&format!("{pointer}/{i}"), reply)).collect()
                }
            };
            all.insert(state.clone(), list);
        }
        all
    }

    fn reply(&mut self, pointer: &str, raw: &raw::Reply) -> Reply {
        let kinds = [raw.json.is_some(), raw.text.is_some(), raw.fail.is_some()];
        let kinds = kinds.into_iter().chain([raw.callback.is_some(), raw.paste.is_some()]);
        if kinds.filter(|there| *there).count() > 1 {
            self.wrong(pointer, "a reply has one of `json`, `text`, `fail`, `callback` and `paste`");
        }
        let delay = raw.delay.as_deref().map(|text| self.duration(&format!("{pointer}/delay"), text));
        let what = self.what(pointer, raw);
        Reply { delay: delay.unwrap_or_default(), what }
    }

    fn what(&mut self, pointer: &str, raw: &raw::Reply) -> What {
        let mut texts = Texts { provider: self.provider, root: self.root, findings: &mut self.findings };
        if let Some(fail) = raw.fail {
            return What::Nothing(fail);
        }
        if let Some(query) = &raw.callback {
            return What::Callback(texts.map(&format!("{pointer}/callback"), query));
        }
        if let Some(text) = &raw.paste {
            return What::Paste(texts.text(&format!("{pointer}/paste"), text));
        }
        let body = match (&raw.json, &raw.text) {
            (Some(json), _) => Body::Json(texts.json(&format!("{pointer}/json"), json)),
            (None, text) => {
                Body::Text(texts.text(&format!("{pointer}/text"), text.as_deref().unwrap_or_default()))
            }
        };
        let headers = texts.map(&format!("{pointer}/headers"), &raw.headers);
        What::Answer { status: raw.status.unwrap_or(200), headers, body }
    }

    fn wrong(&mut self, pointer: &str, message: &str) {
        self.findings.push(Diagnostic::new(&WRONG_TYPE, place(self.root, pointer), message));
    }
}

/// The values of inputs: those given, and for each other one the first of its variables that is set. Says which were read.
fn supplied(
    provider: &Provider,
    given: IndexMap<String, String>,
    env: &IndexMap<String, String>,
) -> (IndexMap<String, String>, Vec<String>) {
    let (mut inputs, mut read) = (given, Vec::new());
    for (name, input) in &provider.inputs {
        let variables = input.from.iter().filter_map(|source| match source {
            InputSource::Env(variable) => Some(variable.value.as_str()),
            InputSource::File { .. } | InputSource::Command(_) => None,
        });
        let mut set = variables.filter_map(|variable| {
            let value = env.get(variable).map(|value| value.trim()).filter(|value| !value.is_empty())?;
            Some((variable, value))
        });
        if inputs.contains_key(name) {
            continue;
        }
        if let Some((variable, value)) = set.next() {
            inputs.insert(name.clone(), value.to_owned());
            read.push(variable.to_owned());
        }
    }
    (inputs, read)
}

/// Where the value at a pointer is written, or the nearest table around it that is.
pub(super) fn place(root: &Node, pointer: &str) -> Span {
    let mut pointer = pointer;
    loop {
        match (root.at(pointer), pointer.rsplit_once('/')) {
            (Some(node), _) => return node.span,
            (None, Some((parent, _))) => pointer = parent,
            (None, None) => return root.span,
        }
    }
}

/// A key as a step of a JSON pointer ([RFC 6901](https://www.rfc-editor.org/rfc/rfc6901)).
pub(super) fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
