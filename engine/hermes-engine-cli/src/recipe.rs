//! Client files, filled in: what a program is told of its base URL, its key and its model.

use std::path::Path;

use hermes_engine::Access;
use hermes_engine::catalog::client_of_program;
use hermes_format::raw::client::Client;
use url::Url;

use crate::failure::Failure;

/// What templates of client files name.
#[derive(Debug, Default, Clone)]
pub(crate) struct Values {
    pub(crate) base_url: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) aux_model: Option<String>,
    pub(crate) provider: String,
    pub(crate) program: String,
}

impl Values {
    /// For a resolved credential.
    ///
    /// Note: a client's own default model is one of its maker's. So where no model was chosen it is given the provider's
    /// first one, unless the provider is the maker.
    pub(crate) fn of(access: &Access, client: &Client) -> Values {
        let is_told =
            access.is_model_chosen() || !client.own_providers.iter().any(|own| own == access.provider());
        let model = access.model().filter(|_| is_told).map(str::to_owned);
        let suffix = client.base_url_suffix.as_deref().unwrap_or_default();
        Values {
            base_url: access.base_url().map(|url| format!("{url}{suffix}")),
            key: None,
            aux_model: model
                .is_some()
                .then(|| access.aux_model().map(str::to_owned))
                .flatten()
                .or_else(|| model.clone()),
            model,
            provider: access.provider().to_owned(),
            program: own_program(),
        }
    }

    fn value(&self, name: &str) -> Option<String> {
        let url = || Url::parse(self.base_url.as_deref()?).ok();
        match name {
            "base_url" => self.base_url.clone(),
            "key" => self.key.clone(),
            "model" => self.model.clone(),
            "aux_model" => self.aux_model.clone(),
            "provider" => Some(self.provider.clone()),
            "program" => Some(self.program.clone()),
            "host" => Some(url()?.host_str()?.to_owned()),
            "origin" => Some(url()?.origin().ascii_serialization()),
            "path" => Some(url()?.path().trim_matches('/').to_owned()),
            _ => None,
        }
    }

    /// A template with its values; `None` where one of them is missing.
    pub(crate) fn fill(&self, template: &str) -> Option<String> {
        let mut text = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once("{{") {
            let (name, after) = after.split_once("}}")?;
            text.push_str(before);
            text.push_str(&self.value(name)?);
            rest = after;
        }
        text.push_str(rest);
        Some(text)
    }
}

/// The client that a program is, where it is known and speaks the protocol of the provider.
pub(crate) fn client_for(program: &Path, access: &Access) -> Result<Option<Client>, Failure> {
    let Some((_, client)) = client_of_program(program) else { return Ok(None) };
    refuse_other_protocol(&client, access)?;
    Ok(Some(client))
}

/// Refuses a client that would not use the credential but its maker's service.
pub(crate) fn refuse_other_protocol(client: &Client, access: &Access) -> Result<(), Failure> {
    let mode = access.mode();
    if client.modes.is_empty() || mode.is_some_and(|mode| client.modes.iter().any(|own| own == mode)) {
        return Ok(());
    }
    let message = format!(
        "{} speaks {}, and `{}` speaks {}: it would not use this credential",
        client.name,
        client.modes.join(" or "),
        access.provider(),
        mode.unwrap_or("none that is known"),
    );
    let failure =
        Failure::usage(message).help("choose another provider; `hermes-engine providers` lists them");
    Err(failure.about(access.provider()))
}

/// How this program is started again: by its name where the PATH leads here, else by its path.
fn own_program() -> String {
    const NAME: &str = "hermes-engine";
    let Ok(own) = std::env::current_exe() else { return NAME.to_owned() };
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&paths).filter(|path| path.is_absolute()).map(|path| path.join(NAME));
    let first = found.into_iter().find(|path| path.is_file());
    let is_own = first.is_some_and(|first| first.canonicalize().ok() == own.canonicalize().ok());
    if is_own { NAME.to_owned() } else { own.display().to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_without_a_value_is_left_out() {
        let values = Values {
            base_url: Some("https://api.acme.example/v1/x".to_owned()),
            provider: "acme".to_owned(),
            ..Values::default()
        };
        let fill = |text: &str| values.fill(text);
        assert_eq!(fill("a={{base_url}}").as_deref(), Some("a=https://api.acme.example/v1/x"));
        assert_eq!(
            fill("{{origin}} {{host}} {{path}}").as_deref(),
            Some("https://api.acme.example api.acme.example v1/x")
        );
        assert_eq!(fill("model={{model}}"), None);
        assert_eq!(fill("plain").as_deref(), Some("plain"));
    }
}
