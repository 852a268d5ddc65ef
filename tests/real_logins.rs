//! Every shipped login, run for real: on a terminal, without one, and without a browser, against servers that know the
//! services from the outside. The simulator of the engine has no part in it.

use std::collections::BTreeSet;
use std::io::{Read, Write as _};
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use hermes_engine::catalog::{Catalog, Folders};
use hermes_format::provider::{Action, Input, InputSource, Shared, StateKind, Status};
use hermes_proof::simulate::example_input;
use serde_json::Value;

use crate::support::page::root;
use crate::support::service::{Client, Facts, Service, TABLE, Way, browse};
use crate::support::{MinimaxServer, Program, Started};

/// Where a login is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// At a terminal, with a browser at hand.
    Terminal,
    /// With pipes, and a browser at hand.
    Pipes,
    /// With pipes and `--no-browser`.
    NoBrowser,
}

/// Endpoints of one's own, whose login asks for no key.
const WANT_NONE: [&str; 3] = ["custom", "custom-anthropic", "lmstudio"];

const PLACES: [Place; 3] = [Place::Terminal, Place::Pipes, Place::NoBrowser];

/// The end of a run: its exit code, and all that it said.
pub(crate) type Ended = (Option<i32>, String);

fn providers() -> Vec<Shared> {
    let catalog = Catalog::new(&Folders { named: vec![root("providers.d")], ..Folders::default() });
    let open = |entry| catalog.open(&entry).expect("a file").provider.expect("a provider");
    catalog.entries().into_iter().map(open).collect()
}

/// A program with a browser at hand that opens nothing: the test is the browser.
pub(crate) fn program() -> Program {
    let program = Program::new();
    program.write_work("browser", "#!/bin/sh\nexit 0\n");
    let browser = program.work().join("browser");
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&browser, executable).expect("permissions");
    program.env("BROWSER", browser).env("TERM", "xterm")
}

/// Runs a command at a place. What it says is answered: a page is visited where `visits`, and a question that contains the
/// first text gets the second.
fn run(program: &Program, place: Place, args: &[&str], visits: bool, answer: Option<(&str, &str)>) -> Ended {
    let mut args = args.to_vec();
    if place == Place::NoBrowser {
        args.push("--no-browser");
    }
    let command = program.command(&args);
    let (mut command, at_terminal) = match place {
        Place::Terminal => (in_terminal(&command), true),
        Place::Pipes | Place::NoBrowser => (command, false),
    };
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut started = Started::by(&mut command);
    let mut stdin = started.stdin();
    let said = if at_terminal { chunks(started.stdout()) } else { chunks(started.stderr()) };
    let (mut text, mut is_visited, mut is_answered) = (String::new(), false, false);
    while let Ok(chunk) = said.recv_timeout(Duration::from_secs(100)) {
        text.push_str(&chunk);
        let page = text.split_once("Open: ").and_then(|(_, rest)| Some(rest.split_once(['\r', '\n'])?.0));
        if let Some(page) = page.filter(|_| visits && !is_visited) {
            is_visited = true;
            browse(page);
            // Where the page shows a code, it is pasted.
            if let Some(("paste", code)) = answer {
                stdin.write_all(code.as_bytes()).unwrap_or_else(|error| panic!("{page}: {error}"));
            }
        }
        if let Some((question, typed)) =
            answer.filter(|(question, _)| *question != "paste" && !is_answered && text.contains(question))
        {
            is_answered = true;
            stdin.write_all(typed.as_bytes()).unwrap_or_else(|error| panic!("{question}: {error}"));
        }
    }
    drop(stdin);
    (started.end().code, text)
}

/// Runs a login whose page the test visits, with pipes.
pub(crate) fn run_in_pipes(program: &Program, args: &[&str]) -> Ended {
    run(program, Place::Pipes, args, true, None)
}

/// The same command with a terminal of its own, which util-linux's `script` makes.
fn in_terminal(command: &Command) -> Command {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let line: Vec<String> =
        words.map(|word| format!("'{}'", word.to_string_lossy().replace('\'', r"'\''"))).collect();
    let mut script = Command::new("script");
    script.args(["-q", "-e", "-f", "-c", &line.join(" "), "/dev/null"]).env_clear();
    script.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    script.current_dir(command.get_current_dir().expect("a folder"));
    script
}

fn chunks(mut from: impl Read + Send + 'static) -> Receiver<String> {
    let (tell, told) = channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            if tell.send(String::from_utf8_lossy(&buffer[..read]).into_owned()).is_err() {
                return;
            }
        }
    });
    told
}

/// Puts the end of every stored token into the past.
fn expire(program: &Program) {
    fn walk(value: &mut Value) {
        match value {
            Value::Object(members) => {
                for (name, member) in members.iter_mut() {
                    match member {
                        Value::Number(number) if name.starts_with("expires_at") => {
                            let is_ms = number.as_f64().is_some_and(|number| number > 1e11);
                            *member = if is_ms { 1_600_000_000_000_u64.into() } else { 1_600_000_000.into() };
                        }
                        Value::String(text) if name.starts_with("expires_at") => {
                            *text = "2020-09-13T12:26:40+00:00".to_owned();
                        }
                        member => walk(member),
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(walk),
            _ => {}
        }
    }
    let mut auth = program.auth().expect("auth.json");
    walk(&mut auth);
    std::fs::write(program.home().join("auth.json"), auth.to_string()).expect("written");
}

#[test]
fn every_login_of_the_catalogue_has_its_facts() {
    let known: BTreeSet<(String, String, Option<String>)> = TABLE
        .iter()
        .map(|facts| (facts.login.0.to_owned(), facts.login.1.to_owned(), facts.region.map(str::to_owned)))
        .collect();
    let mut shipped = BTreeSet::new();
    for provider in providers().iter().filter(|provider| provider.status != Status::Discontinued) {
        for id in provider.starts(Action::Login) {
            let state = provider.state(id);
            if matches!(state.kind, StateKind::Success(_)) {
                continue;
            }
            let regions: Vec<Option<String>> = match &provider.regions {
                Some(regions) => regions.tables.keys().cloned().map(Some).collect(),
                None => vec![None],
            };
            shipped
                .extend(regions.into_iter().map(|region| (provider.id.clone(), state.name.clone(), region)));
        }
    }
    let unknown: Vec<_> = shipped.difference(&known).collect();
    assert!(unknown.is_empty(), "tests/support/service/facts.rs needs a row for {unknown:?}");
}

#[test]
fn every_login_of_the_catalogue_works_for_real() {
    // Each waits for its polls: side by side they take as long as the longest.
    let shipped: BTreeSet<String> = providers().iter().map(|provider| provider.id.clone()).collect();
    let table = TABLE.iter().filter(|facts| shipped.contains(facts.login.0));
    let runs = table.map(|facts| std::thread::spawn(move || PLACES.map(|place| log_in(facts, place))));
    let failed: Vec<_> = runs.collect::<Vec<_>>().into_iter().filter_map(|run| run.join().err()).collect();
    assert!(failed.is_empty(), "{} logins failed; their panics are above", failed.len());
}

fn log_in(facts: &'static Facts, place: Place) {
    let (provider, start) = facts.login;
    match &facts.way {
        Way::Minimax => minimax(facts, place),
        way => {
            let service = Service::start(facts);
            let mut program = program().always(service.connect_to());
            let visits = matches!(way, Way::Browser(_));
            let mut args = vec!["run-flow", provider, "--from", start];
            args.extend(facts.set.iter().flat_map(|set| ["--set", set]));
            args.extend(facts.region.iter().flat_map(|region| ["--region", region]));
            if let Way::Client(Client { secret: (variable, secret), .. }) = way {
                program = program.env(variable, *secret);
            }
            let (code, text) = if start == "mint" {
                service.book().known_token = "gho_that-was-typed".to_owned();
                with_token(&program, place, args, "gho_that-was-typed")
            } else {
                let is_pasted = matches!(way, Way::Browser(browser) if browser.pasted);
                run(&program, place, &args, visits, is_pasted.then_some(("paste", "code-1\n")))
            };
            let what = format!("{provider} from {start}, {place:?}");
            assert_eq!(code, Some(0), "{what}:\n{text}\n{:?}", service.book().wrong);
            assert!(text.contains("login successful"), "{what}:\n{text}");
            let user_code = service.book().user_code.clone();
            assert!(text.contains(&user_code), "{what}: no {user_code} in\n{text}");
            uses(&program, &service, provider, &what);
        }
    }
}

/// Runs a login that begins with a token of another service: typed at a terminal, else read from stdin.
fn with_token(program: &Program, place: Place, mut args: Vec<&str>, token: &str) -> Ended {
    if place == Place::Terminal {
        return run(program, place, &args, false, Some(("github token:", &format!("{token}\r"))));
    }
    args.extend(["--stdin", "github_token"]);
    let run = program.run_with(&args, token);
    (run.code, run.stderr)
}

/// The credential serves, is renewed once when it has expired, and serves again.
fn uses(program: &Program, service: &Service, provider: &str, what: &str) {
    let token = || program.run(&["token", provider]).expect_code(0).stdout.trim().to_owned();
    assert_eq!(token(), service.book().access_token(), "{what}");
    let does_expire = match &service.book().facts().way {
        Way::Browser(browser) => browser.key.is_none(),
        Way::Device(device) => !device.account_serves,
        _ => true,
    };
    if does_expire {
        assert_eq!(service.book().refreshes(), 0, "{what}: it is fresh");
        expire(program);
        let renewed = token();
        assert_eq!(renewed, service.book().access_token(), "{what}");
        assert_eq!(token(), renewed, "{what}");
        assert_eq!(service.book().refreshes(), 1, "{what}");
    }
    program.run(&["resolve", provider]).expect_code(0);
    assert_eq!(service.book().wrong, Vec::<String>::new(), "{what}");
}

fn minimax(facts: &Facts, place: Place) {
    let (provider, start) = facts.login;
    let region = facts.region.expect("a region");
    let server = MinimaxServer::new().start();
    let program = program().always(server.connect_to());
    let args = ["run-flow", provider, "--from", start, "--region", region];
    let (code, text) = run(&program, place, &args, false, None);
    assert_eq!(code, Some(0), "{provider} {region} {place:?}:\n{text}\n{:?}", server.violations());
    let token = || program.run(&["token", provider]).expect_code(0).stdout.trim().to_owned();
    let first = token();
    assert!(server.knows_access_token(&first));
    expire(&program);
    let second = token();
    assert!(second != first && server.knows_access_token(&second));
    assert_eq!((server.counts().refresh, server.violations()), (1, Vec::new()), "{provider} {region}");
}

#[test]
fn a_key_or_a_login_is_what_was_chosen() {
    let facts = TABLE.iter().find(|facts| facts.login == ("nous", "device")).expect("a row");
    // Nobody can be asked: the login that needs nothing.
    let service = Service::start(facts);
    let plain = program().always(service.connect_to());
    let (code, text) = run(&plain, Place::Pipes, &["run-flow", "nous"], false, None);
    assert_eq!(code, Some(0), "{text}");
    uses(&plain, &service, "nous", "nous");
    // What is recorded is the login that runs.
    let service = Service::start(facts);
    let recorded = program().always(service.connect_to()).run(&["test", "nous", "--record"]).expect_code(0);
    assert!(recorded.stdout.contains("replies.poll"), "{}", recorded.stdout);
    // A login that was asked for is no key, though one is set.
    let service = Service::start(facts);
    let keyed = program().always(service.connect_to()).env("NOUS_API_KEY", "key-of-the-environment");
    let (code, text) = run(&keyed, Place::Pipes, &["run-flow", "nous", "--from", "device"], false, None);
    assert_eq!(code, Some(0), "{text}");
    let token = service.book().access_token();
    assert_eq!(keyed.record("nous")["access_token"], token.as_str());
    // A key that was asked for is named by its own variable.
    let run_bare = program().run(&["auth", "add", "nous", "--from", "success"]).expect_code(3);
    let help = "set NOUS_API_KEY, or use `--stdin api_key`, or log in with `--from device`";
    assert!(run_bare.stderr.contains(help), "{}", run_bare.stderr);
    let stored = program();
    stored
        .run_with(&["auth", "add", "nous", "--no-verify", "--stdin", "api_key"], "typed-key-0001")
        .expect_code(0);
    assert_eq!(stored.run(&["token", "nous"]).expect_code(0).stdout, "typed-key-0001\n");
}

#[test]
fn at_a_terminal_the_way_to_log_in_is_chosen() {
    let facts = TABLE.iter().find(|facts| facts.login == ("nous", "device")).expect("a row");
    let service = Service::start(facts);
    let first = program().always(service.connect_to());
    let question = "how do you log in?";
    let (code, text) = run(&first, Place::Terminal, &["auth", "add", "nous"], false, Some((question, "\r")));
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(first.record("nous")["access_token"], service.book().access_token().as_str());
    // The arrow goes to the key, which is asked for then; here nobody types it.
    let second = program();
    let answer = Some((question, "\u{1b}[B\rtyped-key-0001\r"));
    let (code, text) = run(&second, Place::Terminal, &["auth", "add", "nous", "--no-verify"], false, answer);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(second.run(&["token", "nous"]).expect_code(0).stdout, "typed-key-0001\n");
}

/// The one key of a provider, the state that takes it, and options for what else it needs.
fn key_of(provider: &Shared) -> Option<(String, Input, Vec<String>)> {
    let is_key = |name: &str| provider.key_inputs().contains(name);
    let (name, input) = provider.inputs.iter().find(|(name, input)| is_key(name) && input.secret)?;
    let others = provider.inputs.iter().filter(|(other, input)| {
        *other != name && input.default.is_none() && input.prompt.is_some() && !input.secret
    });
    let set = others.flat_map(|(other, _)| {
        let value = example_input(provider, other);
        ["--set".to_owned(), format!("{other}={value}")]
    });
    Some((name.clone(), input.clone(), set.collect()))
}

#[test]
fn every_key_of_the_catalogue_is_stored_or_read_where_it_is() {
    for provider in providers().iter().filter(|provider| provider.status != Status::Discontinued) {
        let Some((name, input, set)) = key_of(provider) else { continue };
        let id = provider.id.as_str();
        let set: Vec<&str> = set.iter().map(String::as_str).collect();
        let given = program();
        let args = [&["run-flow", id, "--no-verify", "--stdin", &name][..], &set].concat();
        given.run_with(&args, "typed-key-0001").expect_code(0);
        assert_eq!(given.run(&["token", id]).expect_code(0).stdout, "typed-key-0001\n", "{id}");
        // At a terminal it is typed, unless the server may want none.
        if !WANT_NONE.contains(&id) {
            let typed = program();
            let label = input.prompt.clone().unwrap_or_else(|| name.replace('_', " "));
            let question = format!("{}: {label}:", provider.name);
            let args = [&["run-flow", id, "--no-verify", "--from", "success"][..], &set].concat();
            let (code, text) =
                run(&typed, Place::Terminal, &args, false, Some((&question, "typed-key-0002\r")));
            assert_eq!(code, Some(0), "{id}: {text}");
            assert!(!text.contains("typed-key"), "{id}: {text}");
            assert_eq!(typed.run(&["token", id]).expect_code(0).stdout, "typed-key-0002\n", "{id}");
        }
        // In the environment it is read at each use, and not stored.
        let variable = input.from.iter().find_map(|source| match source {
            InputSource::Env(variable) => Some(variable.value.clone()),
            InputSource::File { .. } | InputSource::Command(_) => None,
        });
        // What is typed beside a key of the environment is not stored either.
        let Some(variable) = variable.filter(|_| set.is_empty()) else { continue };
        let set_there = program().env(&variable, "key-of-the-environment");
        set_there.run(&["run-flow", id]).expect_code(0);
        assert_eq!(set_there.run(&["token", id]).expect_code(0).stdout, "key-of-the-environment\n", "{id}");
        let stored = set_there.auth().map(|auth| auth.to_string()).unwrap_or_default();
        assert!(!stored.contains("key-of-the-environment"), "{id}: {stored}");
    }
}
