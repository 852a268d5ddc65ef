//! A test file, key by key: what a provider's service answers, and what must come of it.
//!
//! In `replies` strings are templates over the values of the run (`{{random.state}}`, `{{pkce.challenge}}`,
//! `{{redirect_uri}}`, vars, regions, inputs, earlier answers). In `expect` and `sent` only what is written is
//! compared; `true` stands for any value, `false` says that there must be none.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::test_union::{OneOrList, Wanted};
use super::time::DurationText;

/// Tests of one provider's flow: no network, a virtual clock.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tests {
    /// The moment at which every test begins, as RFC 3339 writes it; `2026-01-01T00:00:00Z` by default.
    pub now: Option<String>,
    /// What each state is answered in every test that gives no reply of its own for it.
    #[serde(default)]
    pub replies: IndexMap<String, OneOrList<Reply>>,
    /// The tests. Each is a run of its own; their order means nothing.
    #[serde(default)]
    pub test: Vec<Test>,
}

/// One run of the flow: how it starts, what it is answered, and what must come of it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Test {
    /// What the test shows, as a sentence on behaviour.
    pub name: String,
    /// What the run is for; `login` by default.
    #[serde(default)]
    pub run: Run,
    /// The state to begin in, where `start` lists more than one.
    pub from: Option<String>,
    /// The region; the file's default where nothing is written.
    pub region: Option<String>,
    /// The values of inputs, as a person gives them; they go before every source.
    #[serde(default)]
    pub inputs: IndexMap<String, String>,
    /// The environment: inputs read from it what the file says. Nothing of the real one is seen.
    #[serde(default)]
    pub env: IndexMap<String, String>,
    /// Whether a browser is at hand; `true` by default.
    pub browser: Option<bool>,
    /// The stored credential, as `{{token.*}}` reads it.
    pub token: Option<IndexMap<String, Value>>,
    /// What `{{last.*}}` reads, where a refusal asked for the login.
    pub last: Option<IndexMap<String, Value>>,
    /// Whether the user agrees to hosts that answers name; `true` by default.
    pub agree: Option<bool>,
    /// What each state is answered: a reply, or a list of which the last repeats.
    #[serde(default)]
    pub replies: IndexMap<String, OneOrList<Reply>>,
    /// What must come of the run.
    pub expect: Expect,
    /// What a state must have sent: a table for its first request, or a list for all of its requests in order.
    #[serde(default)]
    pub sent: IndexMap<String, OneOrList<Sent>>,
}

/// What a run is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Run {
    /// To get a credential.
    #[default]
    Login,
    /// To renew the one in `token`.
    Refresh,
    /// To revoke the one in `token`.
    Logout,
    /// To prove the one in `token`.
    Verify,
}

/// What a request or a visit of the browser is answered.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    /// The HTTP status; 200 by default.
    #[schemars(range(min = 100, max = 599))]
    pub status: Option<u16>,
    /// The body as JSON; a string that is one whole `{{…}}` keeps the type of its value.
    pub json: Option<Value>,
    /// The body as text.
    pub text: Option<String>,
    /// The headers of the answer.
    #[serde(default)]
    pub headers: IndexMap<String, String>,
    /// How long the answer takes; at once by default.
    pub delay: Option<String>,
    /// No answer comes. In a browser state only `timeout` is possible: nobody comes back.
    pub fail: Option<Fail>,
    /// In a browser state: the query with which the browser comes back.
    pub callback: Option<IndexMap<String, String>>,
    /// In a browser state: what the person pastes.
    pub paste: Option<String>,
}

/// Why no answer comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Fail {
    /// Nothing accepts the connection: the request never reached the server.
    Connect,
    /// No answer within the limit: the request may have reached the server.
    Timeout,
    /// The connection breaks: the request may have reached the server.
    Reset,
}

/// What must come of a run. Only what is written is compared; `true` stands for any value, `false` for none.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// How the run ends.
    pub end: End,
    /// The code that it fails with.
    pub code: Option<Wanted>,
    /// Whether only a new login helps.
    pub relogin: Option<bool>,
    /// The state in which it fails.
    pub state: Option<Wanted>,
    /// The text of the failure, whole.
    pub message: Option<Wanted>,
    /// The advice of the failure, whole.
    pub help: Option<Wanted>,
    /// The credential as it is stored afterwards: on a refresh, what is not renewed is what was stored.
    pub token: Option<ExpectToken>,
    /// How much time passes, as a duration.
    pub waited: Option<DurationText>,
    /// What a client gets from the credential.
    pub api: Option<ExpectApi>,
    /// The message of the provider's.
    pub notice: Option<Wanted>,
    /// What the person was shown last.
    pub shown: Option<ExpectShown>,
}

/// How a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// A credential was obtained or renewed.
    Success,
    /// An action without a credential is finished.
    Done,
    /// The flow failed with a code.
    Error,
    /// Nobody approved in time.
    Timeout,
}

/// The credential that must be stored afterwards.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpectToken {
    /// The access token.
    pub access_token: Option<Wanted>,
    /// The refresh token.
    pub refresh_token: Option<Wanted>,
    /// The type of the token, as the answer wrote it.
    pub token_type: Option<Wanted>,
    /// The life of the access token from the arrival of its answer, as a duration; `false` where it is unknown.
    pub expires_in: Option<Wanted>,
    /// What else is kept, by the names of `keep.*`.
    #[serde(default)]
    pub keep: IndexMap<String, Value>,
}

/// What a client must get.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpectApi {
    /// The protocol.
    pub mode: Option<Wanted>,
    /// The URL that requests go to.
    pub base_url: Option<Wanted>,
    /// The headers to send; names in any case.
    #[serde(default)]
    pub headers: IndexMap<String, Wanted>,
    /// What it must get for a model, by the model's id.
    #[serde(default)]
    pub models: IndexMap<String, ExpectModel>,
}

/// What a client must get for one model.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpectModel {
    /// The protocol.
    pub mode: Option<Wanted>,
    /// The URL that requests go to.
    pub base_url: Option<Wanted>,
}

/// What the person must be shown.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpectShown {
    /// The page to open.
    pub url: Option<Wanted>,
    /// The code to enter there.
    pub code: Option<Wanted>,
}

/// What a state must send, or open in the browser. Only what is written is compared; `true` stands for any value, `false` for none.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sent {
    /// The URL. Its query is compared only if one is written here.
    pub url: Option<String>,
    /// The method, in capitals.
    pub method: Option<String>,
    /// The parameters of the URL.
    #[serde(default)]
    pub query: IndexMap<String, Wanted>,
    /// The fields of a form.
    #[serde(default)]
    pub form: IndexMap<String, Wanted>,
    /// The body as JSON: of an object only the members that are written here, all else exactly.
    pub json: Option<Value>,
    /// The headers; names in any case.
    #[serde(default)]
    pub headers: IndexMap<String, Wanted>,
    /// How many requests the state sends in all, redirects and repeats among them; not in a list, which says it itself.
    pub times: Option<usize>,
}
