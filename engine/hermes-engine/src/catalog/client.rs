//! Programs that use credentials, and how they are configured: data, one file a client, built in.
//!
//! These files come from the program alone: a folder of a checkout must not be able to say which variables a child gets,
//! or which files of the user's are written.

use std::path::Path;

use hermes_format::raw::client::Client;

use super::layer::Layer;
use crate::own_file::Owner;

/// The clients that the program knows.
pub fn client_names() -> Vec<String> {
    let files = Layer::BuiltIn.files("clients").into_iter();
    files.filter_map(|file| file.strip_suffix(".toml").map(str::to_owned)).collect()
}

/// A client by its name.
pub fn client(name: &str) -> Option<Client> {
    let text = Layer::BuiltIn.read(&format!("clients/{name}.toml"), Owner::Any)?.ok()?;
    toml::from_str(&text).ok()
}

/// The client that a program is, by the last part of its path.
pub fn client_of_program(program: &Path) -> Option<(String, Client)> {
    let own = program.file_name()?.to_str()?;
    let all = client_names().into_iter().filter_map(|name| Some((name.clone(), client(&name)?)));
    all.into_iter().find(|(_, client)| client.programs.iter().any(|name| name == own))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use hermes_format::raw::client::{ConfigFile, Format};

    use super::*;
    use crate::catalog::mode_names;

    fn all() -> Vec<(String, Client)> {
        let read = |name: String| {
            let text = Layer::BuiltIn
                .read(&format!("clients/{name}.toml"), Owner::Any)
                .expect("a file")
                .expect("text");
            let client = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            (name, client)
        };
        client_names().into_iter().map(read).collect()
    }

    /// All templates of a client.
    fn templates(client: &Client) -> Vec<String> {
        fn of_value(value: &serde_json::Value, into: &mut Vec<String>) {
            match value {
                serde_json::Value::String(text) => into.push(text.clone()),
                serde_json::Value::Array(all) => all.iter().for_each(|one| of_value(one, into)),
                serde_json::Value::Object(all) => all.values().for_each(|one| of_value(one, into)),
                _ => {}
            }
        }
        let mut found: Vec<String> =
            client.env.values().chain(client.args.iter().flatten()).cloned().collect();
        for file in client.helper.iter().chain(&client.proxy) {
            file.set.iter().for_each(|(path, value)| {
                found.push(path.clone());
                of_value(value, &mut found);
            });
            found.extend(file.text.clone());
            found.extend(file.path.iter().cloned());
        }
        found.extend(client.next.clone());
        found
    }

    #[test]
    fn every_client_file_is_right() {
        let known =
            ["base_url", "key", "model", "aux_model", "provider", "host", "origin", "path", "program"];
        let modes: BTreeSet<String> = mode_names().into_iter().collect();
        let mut programs = BTreeSet::new();
        assert!(!all().is_empty());
        for (name, client) in all() {
            for mode in &client.modes {
                assert!(modes.contains(mode), "{name}: no protocol is called {mode}");
            }
            for program in &client.programs {
                assert!(programs.insert(program.clone()), "{name}: two clients have the program {program}");
            }
            for text in templates(&client) {
                let mut rest = text.as_str();
                while let Some((_, after)) = rest.split_once("{{") {
                    let (word, after) = after.split_once("}}").unwrap_or_else(|| panic!("{name}: {text}"));
                    assert!(known.contains(&word), "{name}: {{{{{word}}}}} is no value");
                    rest = after;
                }
            }
            for file in client.helper.iter().chain(&client.proxy) {
                let ConfigFile { format, set, text, path, .. } = file;
                let is_text = matches!(format, Format::Block | Format::Whole);
                assert!(text.is_some() == is_text && set.is_empty() == is_text, "{name}: {path:?}");
                assert!(path.last().is_some_and(|path| path.starts_with("~/")), "{name}: {path:?}");
            }
        }
    }

    #[test]
    fn a_client_is_known_by_its_program_wherever_that_is() {
        for (name, client) in all() {
            for program in &client.programs {
                let found = client_of_program(&Path::new("/usr/local/bin").join(program));
                assert_eq!(found.map(|(name, _)| name).as_deref(), Some(name.as_str()));
            }
        }
        assert_eq!(client_of_program(Path::new("no-such-program")), None);
    }
}
