//! Client files: how a program is told its base URL, its key and its model. Built in only, like the protocols.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

/// A program that uses a credential, and how it is configured.
///
/// `{{base_url}}`, `{{key}}`, `{{model}}`, `{{aux_model}}`, `{{provider}}`, `{{host}}`, `{{origin}}`, `{{path}}` and `{{program}}`
/// (this program) are filled in. What names a value that there is none for is left out.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// The name, for people.
    pub name: String,
    /// The names of its programs: `exec` knows the client by them.
    #[serde(default)]
    pub programs: Vec<String>,
    /// The protocols that it speaks; none for a client that asks for credentials by itself.
    #[serde(default)]
    pub modes: Vec<String>,
    /// The ids of the providers whose models it knows by itself: with others it is told one.
    #[serde(default)]
    pub own_providers: Vec<String>,
    /// What is added to the base URL, as clients of a protocol add different parts themselves.
    pub base_url_suffix: Option<String>,
    /// Variables for `exec`, beside those of the protocol.
    #[serde(default)]
    pub env: IndexMap<String, String>,
    /// Variables that `exec` takes away, beside those of all protocols.
    #[serde(default)]
    pub unset: Vec<String>,
    /// Arguments for `exec`, before those of the user: in groups, of which each is left out as a whole.
    #[serde(default)]
    pub args: Vec<Vec<String>>,
    /// What `setup` writes where the client asks this program for tokens.
    #[serde(default)]
    pub helper: Vec<ConfigFile>,
    /// What `setup --proxy` writes where it reaches the proxy with a key.
    #[serde(default)]
    pub proxy: Vec<ConfigFile>,
    /// What the user does next.
    pub next: Option<String>,
}

/// A file of a client's configuration.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfigFile {
    /// Where it is: the first path whose variable is set. `~` is the home folder.
    pub path: Vec<String>,
    /// Its format.
    pub format: Format,
    /// Values to set, by their path in the file: names with dots between them. For `json` and `toml`.
    #[serde(default)]
    pub set: IndexMap<String, Value>,
    /// The text. For `block` and `whole`.
    pub text: Option<String>,
    /// Whether it is a program.
    #[serde(default)]
    pub executable: bool,
}

/// The format of a configuration file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// JSON, with comments where the client allows them.
    Json,
    /// TOML.
    Toml,
    /// Any text in which `#` begins a comment: a block between two marks is written to its end.
    Block,
    /// A file that is nobody's but ours.
    Whole,
}
