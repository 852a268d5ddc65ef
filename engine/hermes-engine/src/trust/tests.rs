use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;

use super::*;
use crate::catalog::Folders;

const OWN: &str = r#"
name   = "Acme"
start  = { login = "success" }
models = [{ id = "m", context = 1000 }, "n"]

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
}

impl Checkout {
    fn new() -> Checkout {
        let root = tempfile::tempdir().unwrap();
        let home = Home::at(root.path().join("home"));
        Checkout { root, home }
    }

    fn with(file: &str, text: &str) -> Checkout {
        let checkout = Checkout::new();
        checkout.write(file, text);
        checkout
    }

    fn path(&self, file: &str) -> PathBuf {
        self.root.path().join(file)
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.path(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
    }

    fn catalog(&self, here: &str) -> Catalog {
        let here = Some(self.path(here));
        Catalog::new(&Folders {
            home: Some(self.home.providers_dir()),
            here,
            named: vec![self.path("named")],
        })
    }

    fn open_in(&self, here: &str, id: &str) -> Result<Vouched, Refused> {
        let catalog = self.catalog(here);
        open(&catalog, &catalog.find(id).unwrap(), &self.home)
    }

    fn open(&self, id: &str) -> Result<Vouched, Refused> {
        self.open_in("providers.d", id)
    }

    fn opened(&self, here: &str, id: &str) -> Opened {
        let catalog = self.catalog(here);
        catalog.open(&catalog.find(id).unwrap()).unwrap()
    }

    fn content(&self, here: &str) -> Content {
        Content::of(&self.opened(here, "acme")).unwrap()
    }

    fn facts(&self, here: &str, id: &str) -> Facts {
        let opened = self.opened(here, id);
        Facts::of(&self.catalog(here), &opened).unwrap_or_else(|| panic!("{:?}", opened.diagnostics))
    }

    fn trust(&self) {
        let content = self.content("providers.d");
        Trust::add(&self.home, &content, self.facts("providers.d", "acme"), "acme.toml").unwrap();
    }

    fn trust_folder(&self, here: &str, ids: &[&str]) {
        let files = ids.iter().map(|id| ((*id).to_owned(), self.facts(here, id))).collect();
        let key = folder_key(&self.path(here)).unwrap();
        Trust::add_folder(&self.home, &key, here, files).unwrap();
    }

    #[track_caller]
    fn check(&self, is_vouched: bool) {
        match self.open("acme") {
            Ok(_) => assert!(is_vouched, "it is vouched for"),
            Err(Refused::Untrusted | Refused::NotOwn(_)) => assert!(!is_vouched, "it is refused"),
            Err(other) => panic!("{other}"),
        }
    }
}

/// Every built-in file.
fn built_in() -> Vec<(Entry, String)> {
    let catalog = Catalog::new(&Folders::default());
    let text = |entry: &Entry| catalog.read(entry).unwrap().text;
    catalog.entries().into_iter().map(|entry| (entry.clone(), text(&entry))).collect()
}

/// Whether each built-in file is vouched for in a checkout with a change, where that changes anything.
#[track_caller]
fn check_copies(is_vouched: bool, change: impl Fn(&str) -> String) {
    let mut changed = 0;
    for (entry, text) in built_in() {
        let copy = change(&text);
        if copy == text {
            continue;
        }
        changed += 1;
        let checkout = Checkout::with(&format!("providers.d/{}.toml", entry.id), &copy);
        assert_eq!(checkout.open(&entry.id).is_ok(), is_vouched, "{}: {copy}", entry.id);
    }
    assert!(changed > 3, "the change is one");
}

/// The text with another value in the place of that of each line that begins with a key.
fn with(text: &str, key: &str, value: &str) -> String {
    let lines = text.lines().map(|line| match line.split_once('=') {
        Some((own, _)) if own.trim() == key => format!("{key} = {value}\n"),
        _ => format!("{line}\n"),
    });
    lines.collect()
}

#[test]
fn s28_a_file_of_a_checkout_does_not_act_until_it_is_trusted() {
    let checkout = Checkout::with("providers.d/acme.toml", OWN);
    checkout.check(false);
    checkout.trust();
    checkout.check(true);
}

#[test]
fn s28_a_file_that_can_not_be_read_is_not_told_from_one_that_is_untrusted() {
    for text in ["name = ", "\u{0}", "name = 1", ""] {
        Checkout::with("providers.d/acme.toml", text).check(false);
    }
    let checkout = Checkout::with("outside.toml", OWN);
    fs::create_dir(checkout.path("providers.d")).unwrap();
    symlink(checkout.path("outside.toml"), checkout.path("providers.d/acme.toml")).unwrap();
    checkout.check(false);
}

#[test]
fn s28_a_built_in_file_is_vouched_for_wherever_it_lies_but_under_no_other_id() {
    for (entry, text) in built_in() {
        let checkout = Checkout::with(&format!("providers.d/{}.toml", entry.id), &text);
        assert!(checkout.open(&entry.id).is_ok_and(|vouched| vouched.is_built_in), "{}", entry.id);
        Checkout::with("providers.d/acme.toml", &text).check(false);
    }
}

#[test]
fn s28_a_name_a_summary_and_the_limits_of_models_need_no_trust() {
    check_copies(true, |text| format!("# a comment\n{text}"));
    check_copies(true, |text| with(text, "name", "\"Another\""));
    check_copies(true, |text| with(text, "summary", "\"Another\""));
    check_copies(true, |text| text.replace(" context = ", " context = 1"));
}

#[test]
fn s28_nothing_else_of_a_built_in_file_changes_without_trust() {
    check_copies(false, |text| text.replace("https://", "https://evil."));
    check_copies(false, |text| with(text, "docs", "\"https://evil.example\""));
    check_copies(false, |text| with(text, "base_url", "\"https://evil.example\""));
    check_copies(false, |text| format!("{text}\n[inputs.extra]\n"));
    check_copies(false, |text| format!("aliases2 = 1\n{text}"));
}

#[test]
fn s28_a_model_s_id_protocol_address_and_order_need_trust() {
    let models = |models: &str| {
        let checkout = Checkout::with("named/acme.toml", OWN);
        let known = checkout.content("providers.d");
        checkout.write("named/acme.toml", &OWN.replace("[{ id = \"m\", context = 1000 }, \"n\"]", models));
        checkout.content("providers.d").is_as(&known)
    };
    assert!(models("[\"m\", { id = \"n\", best_for = \"talk\", output = 7 }]"));
    for changed in [
        "[{ id = \"evil/m\" }, \"n\"]",
        "[\"n\", \"m\"]",
        "[{ id = \"m\", base_url = \"https://evil.example\" }, \"n\"]",
        "[{ id = \"m\", mode = \"anthropic_messages\" }, \"n\"]",
        "[{ id = \"m\", aliases = [\"x\"] }, \"n\"]",
        "[\"m\"]",
    ] {
        assert!(!models(changed), "{changed}");
    }
}

#[test]
fn s28_trust_of_a_content_ends_when_what_it_says_changes_and_not_with_its_comments() {
    let checkout = Checkout::with("providers.d/acme.toml", OWN);
    checkout.trust();
    checkout.write("providers.d/acme.toml", &format!("# a comment\n{OWN}"));
    checkout.check(true);
    for (from, to) in [
        ("api.acme.example", "evil.example"),
        ("{{api_key}}", "sk-another"),
        ("Acme", "Acme!"),
        ("name ", "# check: allow HE412 -- why not\nname "),
    ] {
        checkout.write("providers.d/acme.toml", &OWN.replacen(from, to, 1));
        checkout.check(false);
    }
}

#[test]
fn s28_trust_of_a_content_is_for_its_id_whatever_its_place_and_language() {
    const YAML: &str = "start: { login: success }\nname: Acme\nmodels: [{ id: m, context: 1000 }, n]\n\
        states: { success: { access_token: '{{api_key}}' } }\n\
        inputs: { api_key: { secret: true, from: [{ env: ACME_API_KEY }] } }\n\
        api: { base_url: 'https://api.acme.example/v1', mode: chat_completions }\n";
    let checkout = Checkout::with("providers.d/acme.toml", OWN);
    checkout.trust();
    checkout.write("elsewhere/acme.yaml", YAML);
    assert!(checkout.open_in("elsewhere", "acme").is_ok());
    checkout.write("providers.d/other.toml", OWN);
    assert!(matches!(checkout.open("other"), Err(Refused::Untrusted)), "trust is for an id");
}

#[test]
fn s28_a_link_carries_no_trust_to_another_id() {
    let checkout = Checkout::with("providers.d/acme.toml", OWN);
    checkout.trust();
    checkout.trust_folder("providers.d", &["acme"]);
    symlink("acme.toml", checkout.path("providers.d/other.toml")).unwrap();
    assert!(matches!(checkout.open("other"), Err(Refused::Untrusted)));
}

#[test]
fn s28_trust_of_a_content_ends_when_a_flow_changes_that_it_extends() {
    const FLOW: &str = "[states.success]\naccess_token = \"{{api_key}}\"\n";
    let own = OWN.replace("[states.success]\naccess_token = \"{{api_key}}\"\n", "");
    let checkout = Checkout::with("providers.d/acme.toml", &format!("extends = \"mine\"\n{own}"));
    checkout.write("providers.d/flows/mine.toml", FLOW);
    checkout.trust();
    checkout.check(true);
    checkout.write("providers.d/flows/mine.toml", &FLOW.replace("{{api_key}}", "sk-another"));
    checkout.check(false);
}

#[test]
fn s28_a_trusted_folder_is_trusted_for_what_was_shown() {
    let checkout = Checkout::with("providers.d/acme.toml", OWN);
    checkout.trust_folder("providers.d", &["acme"]);
    checkout.check(true);
    for (from, to) in [("name ", "summary = \"x\"\nname "), ("/v1", "/v2"), ("Acme", "Acme!")] {
        checkout.write("providers.d/acme.toml", &OWN.replacen(from, to, 1));
        checkout.check(true);
    }
    for (from, to) in [
        ("api.acme.example", "evil.example"),
        ("ACME_API_KEY", "OTHER_KEY"),
        ("{ env = \"ACME_API_KEY\" }", "{ command = [\"gh\"] }"),
        ("name ", "hosts = [\"evil.example\"]\nname "),
        ("name ", "aliases = [\"other\"]\nname "),
        ("name ", "# check: allow HE412 -- why not\nname "),
        ("\"https://api.acme.example/v1\"", "\"{{first api_key 'https://evil.example'}}\""),
    ] {
        checkout.write("providers.d/acme.toml", &OWN.replacen(from, to, 1));
        checkout.check(false);
    }
}

#[test]
fn the_errors_of_a_file_in_a_trusted_folder_are_told() {
    let checkout = Checkout::with("providers.d/acme.toml", OWN);
    checkout.trust_folder("providers.d", &["acme"]);
    for text in ["name = ", "start = { login = \"none\" }"] {
        checkout.write("providers.d/acme.toml", text);
        let opened = checkout.open("acme").unwrap().opened;
        assert!(opened.provider.is_none() && !opened.diagnostics.is_empty());
    }
}

#[test]
fn s28_a_new_id_in_a_trusted_folder_is_asked_for() {
    let checkout = Checkout::with("providers.d/acme.toml", OWN);
    checkout.trust_folder("providers.d", &["acme"]);
    checkout.write("providers.d/other.toml", OWN);
    assert!(matches!(checkout.open("other"), Err(Refused::Untrusted)));
}

#[test]
fn s28_a_trusted_folder_that_others_can_write_to_is_trusted_no_more() {
    let checkout = Checkout::with("providers.d/acme.toml", OWN);
    checkout.trust_folder("providers.d", &["acme"]);
    fs::set_permissions(checkout.path("providers.d"), fs::Permissions::from_mode(0o777)).unwrap();
    checkout.check(false);
}

#[test]
fn s28_a_trusted_folder_is_the_same_in_every_worktree_and_in_nothing_else() {
    let checkout = Checkout::with("one/providers.d/acme.toml", OWN);
    checkout.write("one/.git/worktrees/two/commondir", "../..\n");
    checkout.write("one/.git/worktrees/two/gitdir", &format!("{}/.git\n", checkout.path("two").display()));
    let pointer = format!("gitdir: {}\n", checkout.path("one/.git/worktrees/two").display());
    for worktree in ["two", "copy"] {
        checkout.write(&format!("{worktree}/.git"), &pointer);
        checkout.write(&format!("{worktree}/providers.d/acme.toml"), OWN);
    }
    checkout.write("one/sub/providers.d/acme.toml", OWN);
    checkout.write("linked/providers.d/acme.toml", OWN);
    symlink(checkout.path("one/.git"), checkout.path("linked/.git")).unwrap();
    checkout.trust_folder("one/providers.d", &["acme"]);
    for (folder, is_vouched) in
        [("one", true), ("two", true), ("copy", false), ("linked", false), ("one/sub", false)]
    {
        let opened = checkout.open_in(&format!("{folder}/providers.d"), "acme");
        assert_eq!(opened.is_ok(), is_vouched, "{folder}: {opened:?}");
    }
}

#[test]
fn s28_the_user_s_own_file_and_a_named_one_are_vouched_for() {
    for folder in ["home/providers.d", "named"] {
        let checkout = Checkout::with(&format!("{folder}/acme.toml"), OWN);
        checkout.check(true);
    }
}

#[test]
fn s20_a_file_of_the_home_that_others_can_write_to_is_refused() {
    for folder in ["home/providers.d", "named"] {
        for (path, mode) in [("acme.toml", 0o666), ("", 0o777)] {
            let checkout = Checkout::with(&format!("{folder}/acme.toml"), OWN);
            let path = checkout.path(folder).join(path);
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert!(matches!(checkout.open("acme"), Err(Refused::NotOwn(_))), "{path:?}");
        }
    }
}

#[test]
fn s20_a_flow_of_the_home_that_others_can_write_to_is_refused() {
    let checkout = Checkout::with("home/providers.d/acme.toml", &format!("extends = \"mine\"\n{OWN}"));
    checkout.write("home/providers.d/flows/mine.toml", "");
    checkout.check(true);
    let flow = checkout.path("home/providers.d/flows/mine.toml");
    fs::set_permissions(flow, fs::Permissions::from_mode(0o666)).unwrap();
    checkout.check(false);
}

#[test]
fn s20_a_file_of_another_user_in_the_home_is_refused() {
    if rustix::process::geteuid().is_root() {
        let checkout = Checkout::with("home/providers.d/acme.toml", OWN);
        let path = checkout.path("home/providers.d/acme.toml");
        std::os::unix::fs::chown(path, Some(12_345), None).unwrap();
        assert!(matches!(checkout.open("acme"), Err(Refused::NotOwn(NotOwn::Foreign(12_345)))));
    }
}

#[test]
fn s28_a_linked_file_or_folder_of_the_home_is_refused() {
    let checkout = Checkout::with("outside/acme.toml", OWN);
    fs::create_dir_all(checkout.path("home/providers.d")).unwrap();
    symlink(checkout.path("outside/acme.toml"), checkout.path("home/providers.d/acme.toml")).unwrap();
    assert!(matches!(checkout.open("acme"), Err(Refused::NotOwn(NotOwn::Link))));
    let checkout = Checkout::with("outside/acme.toml", OWN);
    fs::create_dir_all(checkout.home.path()).unwrap();
    symlink(checkout.path("outside"), checkout.home.providers_dir()).unwrap();
    assert!(matches!(checkout.open("acme"), Err(Refused::NotOwn(NotOwn::Link))));
}

/// What is shown of the places that a file with this URL can send to.
#[track_caller]
fn check_sends(rest: &str, base_url: &str, sends: &[&str], anywhere: bool) {
    let own = OWN.replace("https://api.acme.example/v1", base_url);
    let text = format!("{rest}\n{own}\n[inputs.absent]\n");
    let checkout = Checkout::with("providers.d/acme.toml", &text);
    let facts = checkout.facts("providers.d", "acme");
    assert_eq!(facts.sends.iter().map(String::as_str).collect::<Vec<_>>(), sends, "{base_url}");
    assert_eq!(!facts.anywhere.is_empty(), anywhere, "{base_url}: {facts:?}");
}

#[test]
fn s28_every_place_is_shown_that_a_url_can_lead_to() {
    check_sends("", "https://a.example/x", &["https://a.example"], false);
    check_sends(
        "",
        "{{first absent 'https://evil.example/v1'}}",
        &["https://evil.example", "the address given as `absent`"],
        false,
    );
    check_sends("", "{{absent}}", &["the address given as `absent`"], false);
    check_sends(
        "vars.a = \"https://a.example\"\nvars.b = \"{{a}}/b\"",
        "{{b}}/c",
        &["https://a.example"],
        false,
    );
    check_sends("", "https://{{api_key}}.acme.example", &["https://*.acme.example"], false);
    check_sends("", "{{match absent '(.*)'}}", &[], true);
    check_sends("", "{{token.access_token}}", &[], true);
    check_sends("hosts = [\"*.a.example\"]", "{{token.access_token}}", &["https://*.a.example"], false);
}

#[test]
fn s28_a_program_is_shown_with_each_argument_in_quotes_and_whole() {
    let long = "x".repeat(5_000);
    let command = format!("{{ command = [\"sh\", \"-c\", \": {long}; touch PWNED\"] }}");
    let checkout =
        Checkout::with("providers.d/acme.toml", &OWN.replace("{ env = \"ACME_API_KEY\" }", &command));
    let runs = checkout.facts("providers.d", "acme").runs;
    assert_eq!(runs.into_iter().collect::<Vec<_>>(), [format!("\"sh\" \"-c\" \": {long}; touch PWNED\"")]);
}

#[test]
fn a_damaged_trust_file_is_an_error_and_stays_as_it_is() {
    let checkout = Checkout::with("providers.d/acme.toml", OWN);
    checkout.write("home/trust.json", "{ not json");
    let Err(Refused::Trust(error)) = checkout.open("acme") else { panic!("an error") };
    assert!(error.to_string().contains("trust.json"), "{error}");
    assert_eq!(fs::read_to_string(checkout.path("home/trust.json")).unwrap(), "{ not json");
}

#[test]
fn a_file_of_trust_that_somebody_else_owns_is_not_believed() {
    let checkout = Checkout::with("providers.d/acme.toml", OWN);
    checkout.trust();
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(checkout.home.trust_json(), Some(12_345), None).unwrap();
        let error = Trust::read(&checkout.home).unwrap_err().to_string();
        assert!(error.contains("trust.json") && error.contains("another user (uid 12345)"), "{error}");
        let content = checkout.content("providers.d");
        assert!(Trust::add(&checkout.home, &content, Facts::default(), "").is_err());
    }
}

#[test]
fn a_link_to_a_file_of_trust_stays_one_and_what_an_earlier_version_trusted_is_asked_for() {
    let checkout = Checkout::with("providers.d/acme.toml", OWN);
    checkout.write("shared/trust.json", r#"{"version": 1, "files": {"/other.toml": "00"}}"#);
    checkout.home.create().unwrap();
    symlink(checkout.path("shared/trust.json"), checkout.home.trust_json()).unwrap();
    checkout.check(false);
    checkout.trust();
    assert!(checkout.home.trust_json().is_symlink());
    checkout.check(true);
}

#[test]
fn what_is_trusted_is_forgotten_by_its_hash() {
    let checkout = Checkout::with("providers.d/acme.toml", OWN);
    checkout.trust();
    let hash = checkout.content("providers.d").sha256();
    assert_eq!(Trust::remove(&checkout.home, std::slice::from_ref(&hash)).unwrap(), 1);
    assert_eq!(Trust::remove(&checkout.home, &[hash]).unwrap(), 0);
    checkout.check(false);
}
