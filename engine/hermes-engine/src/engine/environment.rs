//! A credential as environment variables, under the names that programs of the provider's protocol read.

use hermes_format::secret::Secret;
use indexmap::IndexMap;

use super::access::Access;
use super::error::{Error, ErrorKind, Result};
use crate::catalog::{api_mode, mode_variables};

impl Access {
    /// The environment of a program that uses this credential, as far as it is about credentials: variables to set, and,
    /// where the value is `None`, variables of any protocol to take away, so that no other credential is found beside it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Usage`]: no program is known that takes a credential of this protocol from its environment.
    pub fn environment(&self) -> Result<Vec<(String, Option<Secret>)>> {
        let id = self.provider();
        let unknown = |what: String| {
            Error::new(ErrorKind::Usage, "usage", what)
                .with_help("use `hermes-engine resolve` and its JSON")
                .about(id)
        };
        let name = self.mode().ok_or_else(|| unknown(format!("`{id}` names no protocol")))?;
        let mode = api_mode(name).ok_or_else(|| {
            unknown(format!("no program is known to take a `{name}` credential from its environment"))
        })?;
        let mut variables = IndexMap::new();
        if let (Some(variable), Some(url)) = (&mode.base_url, self.base_url()) {
            let added = mode.added.as_deref().unwrap_or_default();
            variables.insert(variable.clone(), Secret::new(url.strip_suffix(added).unwrap_or(url)));
        }
        // A program's own default model is one of its maker's, which this provider need not have.
        if let Some(model) = self.model().filter(|_| self.is_model_chosen()) {
            let aux = self.aux_model().unwrap_or(model);
            let models = mode.model.iter().map(|name| (name, model));
            let all = models.chain(mode.aux_model.iter().map(|name| (name, aux)));
            variables.extend(all.map(|(name, model)| (name.clone(), Secret::new(model))));
        }
        let mut others = Vec::new();
        for (header, value) in self.named_headers() {
            match mode.token.get(&header.to_ascii_lowercase()) {
                Some(variable) => {
                    variables.insert(variable.clone(), bare(header, value));
                }
                None => others.push(format!("{header}: {}", value.expose_secret())),
            }
        }
        if let Some(variable) = mode.headers.as_ref().filter(|_| !others.is_empty()) {
            variables.insert(variable.clone(), Secret::new(others.join("\n")));
        }
        let unset = mode_variables().into_iter().filter(|name| !variables.contains_key(name));
        let unset: Vec<(String, Option<Secret>)> = unset.map(|name| (name, None)).collect();
        let set = variables.into_iter().map(|(name, value)| (name, Some(value)));
        Ok(unset.into_iter().chain(set).collect())
    }
}

/// The credential of a header: of `Authorization`, what follows the scheme.
fn bare(header: &str, value: &Secret) -> Secret {
    let text = value.expose_secret();
    let scheme = header.eq_ignore_ascii_case("authorization").then(|| text.split_once(' ')).flatten();
    Secret::new(scheme.map_or(text, |(_, credential)| credential))
}
