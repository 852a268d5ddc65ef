//! A provider or flow file, key by key.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::condition::Condition;
use super::pattern;
use super::time::{DurationText, Every, Expires, Time};
use super::union::{Addresses, ErrorText, OneOrMany, Urls, string_or_table};

/// How a provider logs in, which models it has, and how a client reaches it.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// What a person calls the provider.
    pub name: Option<String>,
    /// One line on what the provider is, without a full stop.
    pub summary: Option<String>,
    /// The address of the provider's own documentation.
    #[schemars(regex(pattern = pattern::WEB))]
    pub docs: Option<String>,
    /// Other ids under which the provider is known; each works in every command.
    #[serde(default)]
    #[schemars(inner(regex(pattern = pattern::ALIAS)))]
    pub aliases: Vec<String>,
    /// `active` (the default), `deprecated`, or `discontinued`: a login is then refused with the note.
    #[serde(default)]
    #[schemars(extend("default" = "active"))]
    pub status: Status,
    /// Why the status is not `active`, and what to use instead.
    pub status_note: Option<String>,
    /// The models to choose from; the first is the default.
    #[serde(default)]
    pub models: Vec<Model>,
    /// The flow that this file is merged over: tables merge by key, arrays and `on` replace. A flow is a file in `flows/` beside this file or in the catalogue.
    #[schemars(regex(pattern = pattern::ID))]
    pub extends: Option<String>,
    /// The state in which each action begins.
    pub start: Option<Start>,
    /// Hosts beyond those of this file's URLs that may be redirected to or receive a credential. `*.acme.example` is any depth below `acme.example`, not `acme.example` itself; `*.{{INPUT}}.acme.example` is below a host that an input names; `{{region.KEY}}` is each region's own host, which receives the credentials of that region alone; `{{NAME}}` over an answer is the host of that URL, once the user agrees.
    #[serde(default)]
    #[schemars(inner(regex(pattern = pattern::HOST)))]
    pub hosts: Vec<String>,
    /// Texts under a name, put in where the name is used; they may use all names that have a value there.
    #[serde(default)]
    #[schemars(extend("propertyNames" = { "pattern": pattern::NAME }))]
    pub vars: IndexMap<String, String>,
    /// The name of the default region; required with two or more.
    #[schemars(regex(pattern = pattern::REGION))]
    pub region: Option<String>,
    /// One table a region, all with the same keys: `{{region.KEY}}` is the chosen one's.
    #[serde(default)]
    #[schemars(extend("propertyNames" = { "pattern": pattern::REGION }))]
    pub regions: IndexMap<String, IndexMap<String, String>>,
    /// What a person or the environment supplies.
    #[serde(default)]
    #[schemars(extend("propertyNames" = { "pattern": pattern::NAME }))]
    pub inputs: IndexMap<String, Input>,
    /// What a client gets once there is a credential.
    pub api: Option<Api>,
    /// The states of the flow.
    #[serde(default)]
    #[schemars(extend("propertyNames" = { "pattern": pattern::NAME }))]
    pub states: IndexMap<String, State>,
    /// The text, and the advice, of an error code.
    #[serde(default)]
    #[schemars(extend("propertyNames" = { "pattern": pattern::NAME }))]
    pub errors: IndexMap<String, ErrorText>,
}

/// Whether a provider can still be logged in to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It works.
    #[default]
    Active,
    /// It works, and will not for long.
    Deprecated,
    /// It is gone; a login is refused.
    Discontinued,
}

/// A model that the provider serves: its id, or a table.
#[derive(Debug, Clone)]
pub enum Model {
    /// The id on the wire, of which nothing more is known.
    Text(String),
    /// What is known of it.
    Table(ModelTable),
}

impl Model {
    /// What is known of the model.
    pub fn table(&self) -> ModelTable {
        match self {
            Model::Text(id) => ModelTable { id: id.clone(), ..ModelTable::default() },
            Model::Table(table) => table.clone(),
        }
    }
}

string_or_table!(Model, ModelTable, "the id of a model, or a table with `id`", ".");

/// What is known of a model.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelTable {
    /// The model's id on the wire.
    pub id: String,
    /// The context window, in tokens.
    #[schemars(range(min = 1))]
    pub context: Option<u64>,
    /// The longest answer, in tokens.
    #[schemars(range(min = 1))]
    pub output: Option<u64>,
    /// What the model is best for, in a few words.
    pub best_for: Option<String>,
    /// Other names of the model.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Whether this is the small model used for auxiliary tasks.
    #[serde(default)]
    pub aux: bool,
    /// The protocol of this model, where it is not the provider's.
    pub mode: Option<String>,
    /// The base URL of this model, where it is not the provider's.
    pub base_url: Option<String>,
}

/// Where each action begins: a state, or a list of which the first that can run is taken, else the last.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// Where a login begins. It ends in `success`.
    pub login: Option<OneOrMany>,
    /// Where a logout begins. It ends in `done`.
    pub logout: Option<OneOrMany>,
    /// Where a cheap request that proves the credential begins. It ends in `done`.
    pub verify: Option<OneOrMany>,
}

/// A value that a person or the environment supplies.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// What a person is asked; without it the input is optional.
    pub prompt: Option<String>,
    /// Whether the value must never be seen.
    #[serde(default)]
    pub secret: bool,
    /// A regular expression that the whole value must match.
    pub pattern: Option<String>,
    /// The values that are allowed.
    #[serde(default)]
    pub choices: Vec<String>,
    /// The value where nothing else supplies one.
    pub default: Option<String>,
    /// Where the value may come from, in this order.
    #[serde(default)]
    pub from: Vec<InputSource>,
}

/// One place that a value may come from: an environment variable, a file, or a command.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InputSource {
    /// The name of an environment variable.
    #[schemars(regex(pattern = pattern::ENVIRONMENT))]
    pub env: Option<String>,
    /// The path of a file; `~` is the person's home.
    pub file: Option<String>,
    /// Where in the file's JSON the value is, as a JSONPath; without it, the file's text is the value.
    #[schemars(regex(pattern = pattern::JSONPATH))]
    pub at: Option<String>,
    /// A program and its arguments; what it prints is the value.
    #[schemars(length(min = 1))]
    pub command: Option<Vec<String>>,
}

/// What a client gets.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Api {
    /// The protocol that the endpoint speaks: `anthropic_messages`, `chat_completions`, `codex_responses`, …
    pub mode: Option<String>,
    /// The URL that a client sends its requests to.
    pub base_url: Option<String>,
    /// How the client proves itself; `{ bearer = "{{token.access_token}}" }` by default. A bearer token of `""` is not sent.
    pub auth: Option<Auth>,
    /// Headers beside `Authorization`; `""` removes one.
    #[serde(default)]
    pub headers: IndexMap<String, String>,
    /// Where the provider lists its models: the URL of a GET request that is sent as a client would send it, or a table.
    pub models: Option<Listing>,
}

/// Where a provider lists its models: a URL, or a table that says where in the answer they are too.
#[derive(Debug, Clone)]
pub enum Listing {
    /// The URL.
    Text(String),
    /// The URL, and where in the answer the models are.
    Table(ListingTable),
}

impl Listing {
    /// The URL, and where in the answer the models are.
    pub fn table(&self) -> ListingTable {
        match self {
            Listing::Text(get) => ListingTable { get: get.clone(), ..ListingTable::default() },
            Listing::Table(table) => table.clone(),
        }
    }
}

string_or_table!(Listing, ListingTable, "a URL, or a table with `get`", ".");

/// Where a provider lists its models, and where in the answer they are.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListingTable {
    /// The URL of a GET request.
    pub get: String,
    /// Where in the answer the list is; `$.data` by default.
    #[schemars(regex(pattern = pattern::JSONPATH), extend("default" = "$.data"))]
    pub list: Option<String>,
    /// Where in an item its id is; `$.id` by default. An item that is a text is its own id.
    #[schemars(regex(pattern = pattern::JSONPATH), extend("default" = "$.id"))]
    pub id: Option<String>,
}

/// One request, or one visit of the browser, and the rules that read its answer; or the final state `success`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// The URL of a GET request, or a list of URLs that are asked in order; one without its values is passed over.
    pub get: Option<Urls>,
    /// The same of a POST request.
    pub post: Option<Urls>,
    /// The same of a PUT request.
    pub put: Option<Urls>,
    /// The same of a DELETE request.
    pub delete: Option<Urls>,
    /// The URL that the person's browser opens.
    pub open: Option<String>,
    /// The loopback URL that the browser comes back to; port 0 is any free one. Of a list, the first whose port is free. The result is `{{redirect_uri}}`.
    pub listen: Option<Addresses>,
    /// Whether the person pastes the code, or the URL of the page they came to.
    #[schemars(extend("default" = false))]
    pub paste: Option<bool>,
    /// Parameters of the URL.
    #[serde(default)]
    pub query: IndexMap<String, String>,
    /// Headers of the request.
    #[serde(default)]
    pub headers: IndexMap<String, String>,
    /// The body as a form.
    pub form: Option<IndexMap<String, String>>,
    /// The body as JSON; strings are templates, and one that is a whole `{{…}}` keeps its type.
    pub json: Option<IndexMap<String, Value>>,
    /// How the client proves itself.
    pub auth: Option<Auth>,
    /// What of the answer `$` is: `json` (the default), `form`, `headers` (by their names in small letters), or `challenge`: the parameters of the first challenge of `WWW-Authenticate`, and `scheme`.
    #[schemars(extend("default" = "json"))]
    pub read: Option<Read>,
    /// What the person needs while the state waits.
    pub show: Option<Show>,
    /// The pause before the state is entered again.
    pub every: Option<Every>,
    /// When to give up, counted from the first entry.
    pub until: Option<Time>,
    /// The rules that read the answer: the first that applies wins.
    pub on: Option<Vec<Rule>>,
    /// In `success`: the access token; `$.access_token` by default.
    #[schemars(extend("default" = "$.access_token"))]
    pub access_token: Option<String>,
    /// In `success`: the refresh token; `$.refresh_token` by default.
    #[schemars(extend("default" = "$.refresh_token"))]
    pub refresh_token: Option<String>,
    /// In `success`: the type of the token, Bearer by default; another is a warning, and an error where either needs a proof (DPoP, MAC).
    pub token_type: Option<String>,
    /// In `success`: when the access token expires; a time, or a list of which the first counts that can be used.
    pub expires: Option<Expires>,
    /// In `success`: what else is kept with the credential.
    #[serde(default)]
    #[schemars(extend("propertyNames" = { "pattern": pattern::NAME }))]
    pub keep: IndexMap<String, String>,
    /// In `success`: a message of the provider's for the person.
    pub notice: Option<String>,
    /// In `success`: how the credential is renewed.
    pub refresh: Option<Refresh>,
    /// In `success`: where in the stored record the tokens are, for a record that another program shares and nests.
    #[schemars(regex(pattern = pattern::JSONPATH))]
    pub stored_at: Option<String>,
}

/// What of an answer `$` is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Read {
    /// The body as JSON.
    #[default]
    Json,
    /// The body as a form.
    Form,
    /// The headers.
    Headers,
    /// The first challenge of `WWW-Authenticate`.
    Challenge,
}

/// How the client proves itself: exactly one of the keys.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// HTTP Basic: the client id and its secret ([RFC 7617](https://www.rfc-editor.org/rfc/rfc7617)).
    pub basic: Option<[String; 2]>,
    /// A bearer token ([RFC 6750](https://www.rfc-editor.org/rfc/rfc6750)).
    pub bearer: Option<String>,
    /// A client that proves itself by what the server takes, beside a form: the first of `private_key_jwt`, `client_secret_basic`, `client_secret_post` and `none` that `methods` holds and for which there is a value. Without `methods` Basic where there is a secret, else `none`.
    pub client: Option<Client>,
}

/// A client that proves itself by what the server takes ([RFC 6749 §2.3](https://www.rfc-editor.org/rfc/rfc6749#section-2.3)).
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// The client's id.
    pub id: String,
    /// Its secret.
    pub secret: Option<String>,
    /// A signed assertion ([RFC 7523](https://www.rfc-editor.org/rfc/rfc7523)).
    pub assertion: Option<String>,
    /// The ways that the server takes: a text, or a list of an answer.
    pub methods: Option<String>,
}

/// What the person needs while a state waits.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Show {
    /// The page to open.
    pub url: Option<String>,
    /// The code to enter there.
    pub code: Option<String>,
    /// Hosts to put in the place of others, for a URL that the service still sends with a dead one.
    #[serde(default, rename = "move")]
    pub moves: IndexMap<String, String>,
}

/// What follows if an answer is of this kind. Both conditions must hold; exactly one of `to` and `fail` is written.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The rule applies only where every key of this table holds.
    #[serde(rename = "if")]
    pub when: Option<Condition>,
    /// The rule applies only where a key of this table does not hold.
    pub unless: Option<Condition>,
    /// The state that follows.
    #[schemars(regex(pattern = pattern::NAME))]
    pub to: Option<String>,
    /// The error code that the flow ends with.
    #[schemars(regex(pattern = pattern::NAME))]
    pub fail: Option<String>,
    /// On a repeat: what is added to the pace, for good.
    pub slower: Option<DurationText>,
    /// In a state with a list of URLs: whether the next of them is asked. After the last, the rule goes on as its `to` or `fail` says, and the answer has no fields.
    #[serde(default)]
    pub next: bool,
    /// On a fail: whether only a new login helps.
    #[serde(default)]
    pub relogin: bool,
}

/// How a credential is renewed.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// The state in which the refresh begins. It ends in `success`.
    #[schemars(regex(pattern = pattern::NAME))]
    pub to: String,
    /// How long before its end the access token is renewed; capped at a quarter of the token's life.
    pub early: Option<DurationText>,
}
