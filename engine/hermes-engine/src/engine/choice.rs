//! The provider and the model that the user has chosen, where a call names none.

use super::Engine;
use super::access::Access;
use super::account::Account;
use super::error::{Error, ErrorKind, Result};
use crate::config::{self, ChooseError, ConfigError, Model};
use crate::store::wait;

impl Engine {
    /// The account that names mean, as a command line writes them: a provider, a model, `PROVIDER:MODEL` in either place,
    /// or what `config.yaml`, `HERMES_INFERENCE_PROVIDER` or the last login chose. Reads files.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Usage`]: nothing is named and nothing is chosen. [`ErrorKind::Store`]: `config.yaml` can't be read.
    pub fn chosen(&self, provider: Option<&str>, model: Option<&str>) -> Result<Account> {
        // Both may be named at once, wherever a provider or a model is.
        let split = |text| self.both(text);
        // A file that nobody vouches for takes no model's name for its own.
        let in_model = model.and_then(split).filter(|(id, _)| self.is_vouched_for(id));
        let (provider, model) = match (provider.and_then(split), provider, in_model) {
            (Some((id, named)), ..) => (id.to_owned(), model.or(Some(named))),
            (None, None, Some((id, named))) => (id.to_owned(), Some(named)),
            (None, Some(name), Some((id, named))) if self.is_same(name, id) => (name.to_owned(), Some(named)),
            (None, Some(name), _) => (name.to_owned(), model),
            (None, None, _) => (self.chosen_provider()?.ok_or_else(unnamed)?, model),
        };
        let account = self.account(&provider)?;
        // Who names the model needs no file of choices, broken or not.
        let model = match model {
            Some(model) => Some(model.to_owned()),
            None => self.chosen_model(&provider)?,
        };
        Ok(match model {
            Some(model) => account.with_model(model),
            None => account,
        })
    }

    /// The provider that is chosen where a call names none: by a setting, or by the last login. Reads files.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`]: `config.yaml` or the store can't be read.
    pub fn chosen_provider(&self) -> Result<Option<String>> {
        let inner = &self.inner;
        let variable = |name: &str| (inner.environment)(name);
        match config::provider(&inner.home, &variable)? {
            Some(name) => Ok(Some(name)),
            None => Ok(wait(inner.store.last_login())?),
        }
    }

    /// Writes the provider, the model and the base URL of an access to `config.yaml`, the rest of which stays as it is.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Usage`]: the access has no model. [`ErrorKind::Store`]: the file can't be changed.
    pub async fn choose(&self, access: &Access) -> Result<()> {
        let id = access.provider().to_owned();
        let Some(default) = access.model().map(str::to_owned) else {
            let error = Error::new(ErrorKind::Usage, "usage", format!("`{id}` names no model"));
            return Err(error.with_help("name one with --model").about(&id));
        };
        let model = Model { default, provider: id, base_url: access.base_url().map(str::to_owned) };
        self.block(move |engine| Ok(config::choose(&engine.inner.home, &model)?)).await
    }

    /// The model that `config.yaml` names for a provider. Reads the file.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`]: `config.yaml` can't be read.
    pub fn chosen_model(&self, provider: &str) -> Result<Option<String>> {
        let choice = config::read(self.inner.home.path())?;
        let own = choice.provider.zip(choice.model).filter(|(of, _)| self.is_same(of, provider));
        Ok(own.map(|(_, model)| model))
    }

    /// What `PROVIDER:MODEL` names.
    fn both<'t>(&self, text: &'t str) -> Option<(&'t str, &'t str)> {
        text.split_once(':').filter(|(id, _)| self.inner.files.catalog().find(id).is_ok())
    }

    /// Whether two names are those of one provider.
    fn is_same(&self, one: &str, other: &str) -> bool {
        let id = |name| self.inner.files.catalog().find(name).map(|entry| entry.id).ok();
        id(one).is_some_and(|one| Some(one) == id(other))
    }

    fn is_vouched_for(&self, name: &str) -> bool {
        self.inner.files.is_vouched_for(name)
    }
}

fn unnamed() -> Error {
    Error::new(ErrorKind::Usage, "usage", "no provider is named")
        .with_help("name one, or set `model.provider` in config.yaml or HERMES_INFERENCE_PROVIDER")
}

impl From<ChooseError> for Error {
    fn from(error: ChooseError) -> Error {
        match error {
            ChooseError::Config { .. } => Error::because(ErrorKind::Store, "config_unwritable", error)
                .with_help("write `model.default`, `model.provider` and `model.base_url` there by hand"),
            ChooseError::Store(error) => error.into(),
        }
    }
}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Error {
        Error::because(ErrorKind::Store, "config_unreadable", error)
            .with_help("mend the file, or name the provider on the command line")
    }
}
