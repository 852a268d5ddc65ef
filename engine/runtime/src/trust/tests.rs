use std::fs;
use std::path::PathBuf;

use hermes_engine_core::diagnostic::Diagnostic;

use super::*;
use crate::catalog::Folders;
use crate::home::Home;

const OWN: &str = r#"
name   = "Acme"
start  = { login = "success" }
models = [{ id = "m" }]

[inputs.api_key]
from   = [{ env = "ACME_API_KEY" }]
secret = true

[states.success]
access_token = "{{api_key}}"

[api]
mode     = "chat_completions"
base_url = "https://api.acme.example/v1"
"#;

struct Checkout {
    root: tempfile::TempDir,
    home: Home,
    catalog: Catalog,
}

impl Checkout {
    fn new() -> Checkout {
        let root = tempfile::tempdir().unwrap();
        let home = Home::at(root.path().join("home"));
        let here = Some(root.path().join("providers.d"));
        let catalog = Catalog::new(&Folders { home: Some(home.providers_dir()), here, named: Vec::new() });
        Checkout { root, home, catalog }
    }

    fn write(&self, file: &str, text: &str) -> PathBuf {
        let path = self.root.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    #[track_caller]
    fn open(&self) -> Opened {
        let opened = self.catalog.open(&self.catalog.find("acme").unwrap()).unwrap();
        let messages = |all: &[Diagnostic]| all.iter().map(|d| d.message.clone()).collect::<Vec<_>>();
        assert!(opened.provider.is_some(), "{:?}", messages(&opened.diagnostics));
        opened
    }

    fn judge(&self) -> Judged {
        judge(&self.catalog, &self.open(), || Trust::read(&self.home)).unwrap().unwrap()
    }
}

fn key() -> Want {
    Want::Variable("ACME_API_KEY".to_owned())
}

#[test]
fn s28_a_file_of_a_checkout_reads_nothing_until_it_is_trusted() {
    let checkout = Checkout::new();
    checkout.write("providers.d/acme.toml", OWN);
    let judged = checkout.judge();
    assert_eq!(judged.withheld, [key()]);
    assert_eq!(judged.new_hosts, ["https://api.acme.example"]);
    assert!(judged.vouched.is_none());
    assert!(judged.provider.inputs["api_key"].from.is_empty());
    Trust::add(&checkout.home, &checkout.open()).unwrap();
    let judged = checkout.judge();
    assert!(judged.withheld.is_empty() && judged.vouched.is_some());
    assert_eq!(judged.provider.inputs["api_key"].from.len(), 1);
}

#[test]
fn s28_trust_ends_when_a_byte_of_the_file_changes() {
    let checkout = Checkout::new();
    checkout.write("providers.d/acme.toml", OWN);
    Trust::add(&checkout.home, &checkout.open()).unwrap();
    checkout.write("providers.d/acme.toml", &OWN.replace("api.acme.example", "evil.example"));
    assert_eq!(checkout.judge().withheld, [key()]);
}

#[test]
fn s28_a_persons_own_file_is_trusted() {
    let checkout = Checkout::new();
    checkout.write("home/providers.d/acme.toml", OWN);
    assert!(checkout.judge().withheld.is_empty());
}

/// Judges a changed copy by the original, as a file of a checkout is judged by the built-in one.
#[track_caller]
fn check_copy(change: impl Fn(&str) -> String, withheld: &[Want]) {
    let checkout = Checkout::new();
    checkout.write("providers.d/acme.toml", OWN);
    let original = checkout.open().provider;
    checkout.write("providers.d/acme.toml", &change(OWN));
    let copy = checkout.open().provider.unwrap();
    assert_eq!(against(copy, original).withheld, withheld);
}

#[test]
fn s28_a_copy_of_the_built_in_file_reads_what_that_reads() {
    check_copy(|own| own.replace("Acme", "Acme, edited"), &[]);
}

#[test]
fn s28_a_copy_that_sends_elsewhere_reads_nothing() {
    check_copy(|own| own.replace("https://api.acme.example/v1", "https://evil.example"), &[key()]);
    check_copy(|own| own.replace("name ", "hosts = [\"evil.example\"]\nname "), &[key()]);
    check_copy(|own| own.replace("https://api.acme", "https://{{api_key}}.acme"), &[key()]);
}

#[test]
fn s28_a_copy_that_reads_more_does_not_get_it() {
    let other = || Want::Variable("OTHER_KEY".to_owned());
    check_copy(|own| own.replace("{ env = \"ACME", "{ env = \"OTHER_KEY\" }, { env = \"ACME"), &[other()]);
}

#[test]
fn a_damaged_trust_file_is_an_error_and_stays_as_it_is() {
    let checkout = Checkout::new();
    checkout.write("providers.d/acme.toml", OWN);
    let path = checkout.write("home/trust.json", "{ not json");
    let error = judge(&checkout.catalog, &checkout.open(), || Trust::read(&checkout.home)).unwrap_err();
    assert!(error.to_string().contains("trust.json"), "{error}");
    assert_eq!(fs::read_to_string(path).unwrap(), "{ not json");
}

#[test]
fn a_file_of_trust_that_somebody_else_owns_is_not_believed() {
    let checkout = Checkout::new();
    checkout.write("providers.d/acme.toml", OWN);
    Trust::add(&checkout.home, &checkout.open()).unwrap();
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(checkout.home.trust_json(), Some(12_345), None).unwrap();
        let error = Trust::read(&checkout.home).unwrap_err().to_string();
        assert!(error.contains("trust.json") && error.contains("another user (uid 12345)"), "{error}");
        assert!(Trust::add(&checkout.home, &checkout.open()).is_err());
    }
}

#[test]
fn a_link_to_a_file_of_trust_stays_one() {
    let checkout = Checkout::new();
    checkout.write("providers.d/acme.toml", OWN);
    let shared = checkout.write("shared/trust.json", r#"{"version": 1, "files": {"/other.toml": "00"}}"#);
    checkout.home.create().unwrap();
    std::os::unix::fs::symlink(&shared, checkout.home.trust_json()).unwrap();
    Trust::add(&checkout.home, &checkout.open()).unwrap();
    assert!(checkout.home.trust_json().is_symlink());
    let text = fs::read_to_string(shared).unwrap();
    assert!(text.contains("/other.toml") && text.contains("acme.toml"), "{text}");
    assert!(checkout.judge().withheld.is_empty());
}
