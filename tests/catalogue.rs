//! The shipped files as a whole: they are right, they are tested, every alias works, and no line of the engine knows one.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use hermes_engine::catalog::{Catalog, Folders};
use hermes_format::provider::{Act, InputSource, Provider, Shared, State, StateId, StateKind, Status};
use indexmap::IndexMap;
use regex::Regex;

use crate::support::page::{compare, root, with_parts};
use crate::support::{Program, Run};

/// Ids that are also words of the language, so that a line may have them without naming a provider.
const ORDINARY_WORDS: [&str; 3] = ["custom", "meta", "together"];

fn catalog() -> Catalog {
    Catalog::new(&Folders { named: vec![root("providers.d")], ..Folders::default() })
}

fn providers() -> Vec<Shared> {
    let catalog = catalog();
    let open = |entry| catalog.open(&entry).expect("a file").provider.expect("a provider");
    catalog.entries().into_iter().map(open).collect()
}

#[test]
fn every_file_is_right_and_every_rule_and_field_of_it_is_tested() {
    let program = Program::new();
    for folder in ["providers.d", "tests/flows"] {
        let path = root(folder).display().to_string();
        program.run(&["check", "--deny-warnings", &path]).expect_code(0);
        program.run(&["test", "--min-coverage", "100", &path]).expect_code(0);
    }
}

#[test]
fn every_alias_of_every_provider_names_it_and_it_alone() {
    let catalog = catalog();
    let mut seen = BTreeSet::new();
    for provider in providers() {
        for alias in &provider.aliases {
            assert!(seen.insert(alias.value.clone()), "{} is an alias twice", alias.value);
            assert_eq!(catalog.find(&alias.value).expect("an alias").id, provider.id);
        }
    }
    assert!(seen.len() > 100);
}

#[test]
fn a_provider_with_a_key_is_short_and_so_is_one_with_a_standard_device_flow() {
    let lines = |flow: &str| {
        let all = providers();
        let own = all.iter().filter(|provider| provider.extends.iter().any(|name| name == flow));
        let mut lengths: Vec<usize> =
            own.map(|provider| length(&format!("providers.d/{}.toml", provider.id))).collect();
        lengths.sort_unstable();
        lengths
    };
    let keys = lines("api-key");
    assert!(keys.len() > 25 && keys[keys.len() / 2] <= 12, "{keys:?}");
    // None of the shipped ones is standard in all.
    assert!(length("tests/flows/microsoft.toml") <= 27);
}

/// The lines of a provider file that say something, its list of models counted as one: that is as long as the service's.
fn length(path: &str) -> usize {
    let text = std::fs::read_to_string(root(path)).expect("a file");
    let is_model = |line: &&str| line.starts_with("  \"") || line.starts_with("  { id = ");
    let own = text.lines().filter(|line| !is_model(line));
    own.filter(|line| !line.trim().is_empty() && !line.trim().starts_with('#')).count()
}

#[test]
fn no_line_of_the_engine_names_a_provider() {
    let names = names();
    let words: Vec<String> = names.iter().map(|name| regex::escape(name)).collect();
    let pattern = Regex::new(&format!(r"(?i)(?:^|[^a-z0-9._-])({})(?:$|[^a-z0-9_-])", words.join("|")))
        .expect("a pattern");
    let mut found = String::new();
    for path in sources(&root("engine")) {
        let text = std::fs::read_to_string(&path).expect("a file");
        for (number, line) in text.lines().enumerate() {
            if let Some(name) = pattern.captures(line).and_then(|found| found.get(1)) {
                let _ = writeln!(found, "{}:{}: {}", path.display(), number + 1, name.as_str());
            }
        }
    }
    assert!(found.is_empty(), "the engine names providers:\n{found}");
}

/// Every id, but for ordinary words, and every host of the catalogue.
fn names() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let url = Regex::new(r"https://([a-z0-9.-]+[.][a-z]+)").expect("a pattern");
    for path in sources(&root("providers.d")) {
        let text = std::fs::read_to_string(&path).expect("a file");
        let own = text.lines().filter(|line| !line.trim_start().starts_with('#'));
        let hosts = own.flat_map(|line| url.captures_iter(line)).map(|found| found[1].to_owned());
        names.extend(hosts.filter(|host| !is_example(host)));
    }
    names.extend(providers().iter().map(|provider| provider.id.clone()));
    assert!(names.len() > 80, "{names:?}");
    names.retain(|name| !ORDINARY_WORDS.contains(&name.as_str()));
    names
}

fn is_example(host: &str) -> bool {
    ["example", "example.com"].iter().any(|end| host == *end || host.ends_with(&format!(".{end}")))
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            all.extend(sources(&entry));
        } else if entry
            .extension()
            .is_some_and(|ending| ["rs", "toml", "md", "txt"].iter().any(|e| ending == *e))
        {
            all.push(entry);
        }
    }
    all
}

#[test]
fn the_list_of_providers_is_whole_and_the_readme_shows_rows_of_it() {
    let path = root("docs/providers/README.md");
    let page = std::fs::read_to_string(&path).expect("a page");
    let table = table();
    compare(&path, &with_parts(&page, &|words| (words == "providers").then(|| table.clone())));
    let readme = std::fs::read_to_string(root("README.md")).expect("the README");
    let (_, section) = readme.split_once("\n## Providers\n").expect("a heading");
    let (section, _) = section.split_once("\n## ").expect("the next heading");
    let rows: Vec<&str> = section.lines().filter(|line| line.starts_with("| `")).collect();
    assert!(rows.len() >= 10, "{rows:?}");
    for row in rows {
        assert!(table.lines().any(|line| line == row), "README.md: {row}");
    }
}

fn table() -> String {
    let mut table = String::from("| Provider | What it is | Login |\n|---|---|---|\n");
    for provider in providers() {
        let summary = provider.summary.clone().unwrap_or_default().replace('|', "\\|");
        let _ = writeln!(table, "| `{}` | {summary} | {} |", provider.id, login(&provider));
    }
    table
}

fn login(provider: &Provider) -> String {
    if provider.status == Status::Discontinued {
        return "ended".to_owned();
    }
    // A start that leads to no page asks only for a key, or for a client's secret.
    let has_page = |state: &State| match &state.kind {
        StateKind::Active(active) => matches!(active.act, Act::Browser(_)) || active.show.is_some(),
        _ => false,
    };
    let asks = |start: StateId| provider.reachable(&[start]).iter().any(|id| has_page(provider.state(*id)));
    let (flows, keys): (Vec<_>, Vec<_>) =
        provider.start.login.iter().map(|start| start.value).partition(|start| asks(*start));
    let variable = provider.inputs.values().filter(|input| input.secret).flat_map(|input| &input.from);
    let variable = variable.into_iter().find_map(|source| match source {
        InputSource::Env(name) => Some(format!("`{}`", name.value)),
        _ => None,
    });
    let key = variable.unwrap_or_else(|| "key or program".to_owned());
    match (keys.is_empty(), flows.is_empty()) {
        (false, false) => format!("browser, or {key}"),
        (true, _) => "browser".to_owned(),
        (false, true) => key,
    }
}

#[test]
fn every_other_login_runs_against_its_simulation() {
    let folder = root("tests/flows");
    let catalog = Catalog::new(&Folders { named: vec![folder.clone()], ..Folders::default() });
    let own = catalog
        .entries()
        .into_iter()
        .filter(|entry| entry.path.as_ref().is_some_and(|p| p.starts_with(&folder)));
    let ids: Vec<String> = own.map(|entry| entry.id).collect();
    assert!(ids.len() > 14, "{ids:?}");
    let path = folder.display().to_string();
    let program = Program::new();
    std::thread::scope(|scope| {
        for id in &ids {
            let (program, path) = (&program, &path);
            scope.spawn(move || {
                let run = || program.run(&["run-flow", id, "--simulate", "--providers-dir", path]);
                // A fixed port can be taken by any connection of this computer.
                let mut runs = (0..5).map(|_| run());
                let is_free = |run: &Run| !run.stderr.contains("`listener_unavailable`");
                let run = runs.find(is_free).expect("a free port");
                assert_eq!(run.code, Some(0), "{id}:\n{}", run.stderr);
            });
        }
    });
    assert_eq!(program.auth(), None);
}

/// A server that answers every request with this body, and what it was asked.
fn serve(body: &'static str) -> (std::net::SocketAddr, std::sync::mpsc::Receiver<String>) {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = listener.local_addr().expect("an address");
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut seen = vec![0; 4096];
            let size = stream.read(&mut seen).unwrap_or(0);
            let _ = tell.send(String::from_utf8_lossy(&seen[..size]).into_owned());
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
            let _ = write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len());
        }
    });
    (addr, told)
}

#[test]
fn models_live_asks_as_a_client_would_and_keeps_what_the_file_knows() {
    let (addr, asked) = serve(r#"{"data":[{"id":"deepseek-flash"},{"id":"brand-new"},{"id":"brand-new"}]}"#);
    let program = Program::new()
        .env("DEEPSEEK_API_KEY", "a-key")
        .always(["--connect-to".to_owned(), format!("api.deepseek.com={addr}")]);
    let answer = program.run(&["models", "deepseek", "--live", "--format", "json"]).expect_code(0).json();
    let models: IndexMap<String, bool> = answer["models"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|model| (model["id"].as_str().expect("an id").to_owned(), model["aux"] == true))
        .collect();
    assert_eq!(
        models,
        IndexMap::from([("deepseek-flash".to_owned(), true), ("brand-new".to_owned(), false)])
    );
    let request = asked.recv().expect("a request").to_lowercase();
    assert!(request.starts_with("get /models http/1.1\r\n"), "{request}");
    assert!(
        request.contains("authorization: bearer a-key\r\n") && request.contains("host: api.deepseek.com"),
        "{request}"
    );
}

#[test]
fn models_live_says_where_a_provider_lists_none() {
    let program = Program::new().env("ARCEEAI_API_KEY", "a-key");
    let run = program.run(&["models", "arcee", "--live"]).expect_code(2);
    assert!(run.stderr.contains("names no place that lists models"), "{}", run.stderr);
}

#[test]
fn models_live_refuses_an_answer_that_is_no_list() {
    let (addr, _asked) = serve(r#"{"object":"error"}"#);
    let program = Program::new()
        .env("DEEPSEEK_API_KEY", "a-key")
        .always(["--connect-to".to_owned(), format!("api.deepseek.com={addr}")]);
    program.run(&["models", "deepseek", "--live"]).expect_code(4);
}
