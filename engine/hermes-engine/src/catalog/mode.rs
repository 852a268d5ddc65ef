//! The environment variables by which clients of a protocol take a credential: data, one file a protocol, built in.
//!
//! These files come from the program alone: a folder of a checkout must not be able to say which variables a child gets.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde::Deserialize;

use super::layer::Layer;
use crate::own_file::Owner;

/// How programs that speak a protocol take their credential from the environment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiMode {
    /// The variable of the base URL.
    pub base_url: Option<String>,
    /// What the same programs add to that URL themselves, so that a URL that ends with it is given without.
    pub added: Option<String>,
    /// The variable of the token, by the header that carries it, in lower case.
    #[serde(default)]
    pub token: IndexMap<String, String>,
    /// The variable of the other headers, as lines of `Name: value`.
    pub headers: Option<String>,
    /// The variables of the model.
    #[serde(default)]
    pub model: Vec<String>,
    /// The variables of the small model, for auxiliary tasks.
    #[serde(default)]
    pub aux_model: Vec<String>,
    /// Variables that the same programs read, and that would win over or mix with those above.
    #[serde(default)]
    pub remove: Vec<String>,
    /// Secrets of another service with which the same programs reach a model on a way of their own. A child gets none of
    /// them; a shell that evaluates an answer keeps them, for they serve its user for more than that.
    #[serde(default)]
    pub withheld: Vec<String>,
    /// How the same programs read an error.
    pub error: Option<ErrorShape>,
}

/// How programs of a protocol read an error.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorShape {
    /// How the paths end that only this protocol has.
    #[serde(default)]
    pub paths: Vec<String>,
    /// The status with which they show an error at once, where it is not 403.
    pub user_status: Option<u16>,
    /// The body; `{{message}}`, `{{code}}` and `{{status}}` are filled in.
    pub body: serde_json::Value,
}

impl ApiMode {
    /// Every variable that belongs to the protocol.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        let own = self.base_url.iter().chain(self.token.values()).chain(&self.headers);
        own.chain(&self.remove).map(String::as_str)
    }

    /// Those of them that hold a credential, or lead to one.
    pub fn credentials(&self) -> impl Iterator<Item = &str> {
        self.token.values().chain(&self.remove).map(String::as_str)
    }
}

/// Every variable that belongs to any protocol: none of them may reach a child from the outer environment, for a program
/// that is given one credential must not find another's, whichever protocol it speaks beside.
pub fn mode_variables() -> BTreeSet<String> {
    api_modes().flat_map(|mode| mode.variables().map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// Those of them that hold a credential, or lead to one.
pub fn mode_credentials() -> BTreeSet<String> {
    api_modes().flat_map(|mode| mode.credentials().map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// Secrets of other services that a child must not get, whichever protocol it speaks.
pub fn mode_withheld() -> BTreeSet<String> {
    api_modes().flat_map(|mode| mode.withheld).collect()
}

/// The protocols whose conventions the program knows.
pub fn mode_names() -> Vec<String> {
    let files = Layer::BuiltIn.files("modes").into_iter();
    files.filter_map(|file| file.strip_suffix(".toml").map(str::to_owned)).collect()
}

fn api_modes() -> impl Iterator<Item = ApiMode> {
    mode_names().into_iter().filter_map(|name| api_mode(&name))
}

/// The conventions of a protocol, by `api.mode`; `None` where the program knows none.
pub fn api_mode(name: &str) -> Option<ApiMode> {
    let text = Layer::BuiltIn.read(&format!("modes/{name}.toml"), Owner::Any)?.ok()?;
    toml::from_str(&text).ok()
}
