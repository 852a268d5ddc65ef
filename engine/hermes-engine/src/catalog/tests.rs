use std::fs;
use std::path::Path;

use super::*;

struct Disk {
    root: tempfile::TempDir,
    folders: Folders,
}

impl Disk {
    fn new() -> Disk {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        let folders =
            Folders { home: Some(path("home")), here: Some(path("here")), named: vec![path("named")] };
        Disk { root, folders }
    }

    fn with(self, file: &str, text: &str) -> Disk {
        let path = self.root.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    fn catalog(&self) -> Catalog {
        Catalog::new(&self.folders)
    }

    #[track_caller]
    fn check_found(&self, name: &str, expect: &str) {
        let entry = self.catalog().find(name).unwrap();
        assert_eq!(entry.path.as_deref(), Some(self.root.path().join(expect).as_path()), "{name}");
    }
}

#[test]
fn the_last_folder_that_has_a_file_wins() {
    let disk = Disk::new().with("home/acme.toml", "").with("here/acme.yaml", "");
    disk.check_found("acme", "here/acme.yaml");
    let disk = disk.with("named/acme.toml", "");
    disk.check_found("acme", "named/acme.toml");
    assert_eq!(disk.catalog().entries().iter().filter(|e| e.id == "acme").count(), 1);
}

#[test]
fn of_two_files_of_one_name_in_a_folder_toml_is_taken_in_every_listing() {
    let disk = Disk::new().with("home/acme.yaml", "").with("home/acme.toml", "");
    disk.check_found("acme", "home/acme.toml");
    let listed = disk.catalog().entries().into_iter().find(|e| e.id == "acme").unwrap();
    assert_eq!(listed, disk.catalog().find("acme").unwrap());
    let disk = disk.with("home/flows/own.yaml", "").with("home/flows/own.toml", "");
    let (_, flows) = disk.catalog().files();
    assert_eq!(flows.into_iter().find(|e| e.id == "own").unwrap().file, "flows/own.toml");
}

#[test]
fn an_alias_is_found_whatever_its_case_and_an_id_goes_first() {
    let disk = Disk::new()
        .with("home/acme.toml", "aliases = [\"Ac_Me\", \"other\"]")
        .with("here/other.yaml", "aliases: [second]");
    disk.check_found("ac_me", "home/acme.toml");
    disk.check_found(" ACME ", "home/acme.toml");
    disk.check_found("other", "here/other.yaml");
    disk.check_found("second", "here/other.yaml");
}

#[test]
fn a_broken_file_disables_only_itself() {
    let disk =
        Disk::new().with("home/broken.toml", "aliases = [").with("home/acme.toml", "aliases = [\"x1\"]");
    disk.check_found("x1", "home/acme.toml");
    disk.check_found("broken", "home/broken.toml");
}

#[test]
fn an_unknown_name_tells_the_nearest() {
    let disk = Disk::new().with("home/acme-login.toml", "aliases = [\"acme-portal\"]");
    let nearest = |name: &str| disk.catalog().find(name).unwrap_err().nearest;
    assert_eq!(nearest("acme-logn").as_deref(), Some("acme-login"));
    assert_eq!(nearest("acme-prtal").as_deref(), Some("acme-portal"));
    assert_eq!(nearest("zzzzzzzzzzzzzzzzzzzz"), None);
}

#[test]
fn a_name_with_a_path_in_it_finds_nothing() {
    let disk = Disk::new().with("secret.toml", "").with("home/acme.toml", "");
    for name in ["../secret", "flows/x", "/etc/passwd", "acme.test", "", "."] {
        assert!(disk.catalog().find(name).is_err(), "{name}");
    }
}

#[test]
fn test_and_flow_files_are_no_providers() {
    let disk = Disk::new()
        .with("home/acme.toml", "")
        .with("home/acme.test.toml", "t = 1")
        .with("home/flows/two.toml", "f = 1")
        .with("home/Not An Id.toml", "");
    let catalog = disk.catalog();
    let own: Vec<String> =
        catalog.entries().into_iter().filter(|e| e.place == Place::Home).map(|e| e.id).collect();
    assert_eq!(own, ["acme"]);
    let entry = catalog.find("acme").unwrap();
    assert_eq!(catalog.test_file(&entry).unwrap().unwrap().text, "t = 1");
    let (providers, flows) = catalog.files();
    assert!(providers.iter().any(|e| e.id == "Not An Id"));
    assert!(flows.iter().any(|e| e.id == "two"));
}

#[test]
fn a_flow_beside_the_file_goes_before_the_catalogues() {
    let disk = Disk::new()
        .with("home/acme.toml", "")
        .with("home/flows/two.toml", "near")
        .with("here/flows/two.toml", "high")
        .with("here/other.toml", "");
    let catalog = disk.catalog();
    let flow = |id: &str| catalog.flow(&catalog.find(id).unwrap(), "two").map(|f| f.text);
    assert_eq!(flow("acme").as_deref(), Some("near"));
    assert_eq!(flow("other").as_deref(), Some("high"));
    let named = Catalog::at_path(&disk.root.path().join("home/acme.toml")).unwrap();
    assert_eq!(catalog.flow(&named, "two").unwrap().text, "near");
    assert_eq!(catalog.flow(&named, "../acme").map(|f| f.text), None);
}

#[test]
fn a_persons_own_file_takes_no_flow_from_a_checkout() {
    let disk = Disk::new().with("home/acme.toml", "").with("here/flows/own-flow.toml", "planted");
    let catalog = disk.catalog();
    assert!(catalog.flow(&catalog.find("acme").unwrap(), "own-flow").is_none());
}

#[test]
fn a_persons_own_folder_stays_theirs_when_it_is_the_working_directory_too() {
    let disk = Disk::new().with("home/acme.toml", "");
    let folders = Folders { here: disk.folders.home.clone(), ..disk.folders.clone() };
    assert_eq!(Catalog::new(&folders).find("acme").unwrap().place, Place::Home);
}

#[test]
fn folders_that_are_not_there_hold_nothing() {
    let folders = Folders { here: Some(Path::new("/nowhere/at/all").into()), ..Folders::default() };
    assert!(Catalog::new(&folders).entries().iter().all(|e| e.place == Place::BuiltIn));
}

#[test]
fn every_built_in_protocol_is_read() {
    for name in Layer::BuiltIn.files("modes") {
        let stem = name.trim_end_matches(".toml");
        assert!(api_mode(stem).is_some_and(|mode| mode.variables().count() > 1), "{name}");
    }
    let all = mode_variables();
    for name in ["ANTHROPIC_API_KEY", "ANTHROPIC_UNIX_SOCKET", "OPENAI_API_KEY", "AWS_BEARER_TOKEN_BEDROCK"] {
        assert!(all.contains(name), "{name}");
    }
    assert_eq!(api_mode("no_such_mode"), None);
    assert_eq!(api_mode("../acme"), None);
}

#[test]
fn an_allowance_in_a_file_that_can_not_be_read_is_not_called_idle() {
    let allowed = "# check: allow HE603 -- the account chooses\nstart = { login = \"ask\" }\n";
    let disk = Disk::new().with("here/acme.toml", allowed);
    let catalog = disk.catalog();
    let target = catalog.target("acme").unwrap();
    let found: Vec<&str> = catalog.check(&target).diagnostics.iter().map(|f| f.code.id).collect();
    assert!(found.contains(&"HE101") && !found.contains(&"HE007"), "{found:?}");
}
