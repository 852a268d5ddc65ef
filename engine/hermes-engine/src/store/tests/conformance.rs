//! Both stores of this crate go through the suite.

use serde_json::{Value, json};

use super::super::conformance::{Subject, run};
use super::super::*;

/// A home, and the folder that holds it until it is dropped.
struct Files(FileStore, #[expect(dead_code)] tempfile::TempDir);

impl Files {
    fn new() -> Files {
        let folder = tempfile::tempdir().unwrap();
        let store = FileStore::open(Home::at(folder.path().join("home")));
        Files(store, folder)
    }
}

impl Subject for Files {
    fn store(&self) -> &dyn AnyStore {
        &self.0
    }

    fn elsewhere(&self) -> Box<dyn AnyStore> {
        Box::new(FileStore::open(self.0.home().clone()))
    }

    fn write_elsewhere(&self, provider: &str, tokens: Option<(&str, &str)>) -> bool {
        let path = self.0.path();
        std::fs::create_dir_all(self.0.home().path()).unwrap();
        let text = std::fs::read_to_string(&path).unwrap_or_else(|_| "{}".to_owned());
        let mut file: Value = serde_json::from_str(&text).unwrap();
        let record = &mut file["providers"][provider];
        match tokens {
            Some((access, refresh)) => {
                record["access_token"] = json!(access);
                record["refresh_token"] = json!(refresh);
            }
            None => ["access_token", "refresh_token"].iter().for_each(|name| record[*name] = Value::Null),
        }
        replace_file(&path, &serde_json::to_string_pretty(&file).unwrap()).unwrap();
        true
    }
}

struct Memory(MemoryStore);

impl Subject for Memory {
    fn store(&self) -> &dyn AnyStore {
        &self.0
    }

    fn elsewhere(&self) -> Box<dyn AnyStore> {
        Box::new(self.0.clone())
    }

    fn write_elsewhere(&self, provider: &str, tokens: Option<(&str, &str)>) -> bool {
        let (access, refresh) = tokens.unzip();
        self.0.write_elsewhere(provider, access, refresh);
        true
    }
}

#[test]
fn the_file_store_conforms() {
    run(&|| Box::new(Files::new()));
}

#[test]
fn the_memory_store_conforms() {
    run(&|| Box::new(Memory(MemoryStore::new())));
}
