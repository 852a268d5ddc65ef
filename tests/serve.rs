//! `serve` and `exec --proxy` from outside: the binary, a client of plain bytes, a server of plain bytes.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use crate::support::{MinimaxServer, Program, Started};

/// A server that answers everything with `{}` and keeps the heads of its requests.
fn api() -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let heads = Arc::<Mutex<Vec<String>>>::default();
    let kept = heads.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(&stream);
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                if reader.read_line(&mut head).unwrap_or(0) == 0 {
                    break;
                }
            }
            kept.lock().unwrap().push(head);
            let _ =
                (&stream).write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}");
        }
    });
    (address, heads)
}

fn keyed(api: SocketAddr) -> String {
    format!(
        r#"
name  = "Acme"
start = {{ login = "success" }}

[inputs.api_key]
from   = [{{ env = "ACME_API_KEY" }}]
secret = true

[states.success]
access_token = "{{{{api_key}}}}"

[api]
mode     = "chat_completions"
base_url = "http://{api}/v1"
"#
    )
}

fn program(api: SocketAddr) -> Program {
    let program = Program::new().env("ACME_API_KEY", "acme-key-0001");
    program.write_home("providers.d/acme.toml", &keyed(api));
    program
}

/// A proxy that runs, and where.
fn start(program: &Program, more: &[&str]) -> (Started, String) {
    let mut command = program.command(&[&["serve", "--listen", "127.0.0.1:0"], more].concat());
    let mut started = Started::by(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()));
    let mut lines = started.stderr().lines().map(Result::unwrap);
    let line = lines.find(|line| line.starts_with("Listening on http://")).expect("it listens");
    // What it says later must not meet a closed pipe.
    std::thread::spawn(move || lines.for_each(drop));
    (started, line.split(['/', ' ']).nth(4).expect("an address").to_owned())
}

fn call(address: &str, path: &str, key: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).expect("it listens");
    let head = format!("POST {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {key}\r\n");
    stream.write_all(format!("{head}Connection: close\r\nContent-Length: 2\r\n\r\n{{}}").as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    (text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default(), text)
}

#[test]
fn a_client_with_a_key_reaches_the_provider_until_the_key_is_revoked() {
    let (api, heads) = api();
    let program = program(api);
    let run = program.run(&["serve", "key", "add", "laptop", "--provider", "acme"]).expect_code(0);
    let key = run.stdout.trim().to_owned();
    assert!(key.starts_with("hek_") && !run.stderr.contains(&key), "{run:?}");
    let (mut proxy, address) = start(&program, &[]);
    assert_eq!(call(&address, "/acme/chat/completions", &key).0, 200);
    let head = heads.lock().unwrap().pop().expect("it came");
    assert!(head.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("authorization: Bearer acme-key-0001\r\n") && !head.contains(&key), "{head}");
    assert_eq!(call(&address, "/openrouter/chat/completions", &key).0, 403, "the key is not for it");
    program.run(&["serve", "key", "revoke", "laptop"]).expect_code(0);
    assert_eq!(call(&address, "/acme/chat/completions", &key).0, 403);
    assert_eq!(heads.lock().unwrap().len(), 0);
    proxy.signal("TERM");
    let run = proxy.end().expect_code(0);
    let lines: Vec<serde_json::Value> =
        run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3, "{}", run.stdout);
    assert_eq!((&lines[0]["client"], &lines[0]["status"]), (&"laptop".into(), &200.into()));
    assert!(!run.stdout.contains(&key) && !run.stdout.contains("acme-key"), "{}", run.stdout);
}

#[test]
fn keys_are_listed_without_themselves_and_expire() {
    let (api, _) = api();
    let program = program(api);
    let add = ["serve", "key", "add", "ci", "--provider", "acme", "--model", "m-1", "--ttl", "8h"];
    let key = program.run(&add).expect_code(0).stdout.trim().to_owned();
    program.run(&["serve", "key", "add", "ci", "--provider", "acme"]).expect_code(2);
    program.run(&["serve", "key", "add", "other"]).expect_code(2);
    program.run(&["serve", "key", "add", "other", "--provider", "nobody"]).expect_code(9);
    program.run(&["serve", "key", "add", "gone", "--provider", "acme", "--ttl", "0s"]).expect_code(0);
    let text = program.run(&["serve", "key", "list"]).expect_code(0).stdout;
    assert!(text.contains("ci") && text.contains("expires in") && text.contains("m-1"), "{text}");
    let json = program.run(&["serve", "key", "list", "--format", "json"]).expect_code(0).stdout;
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&value["keys"][0]["name"], &value["keys"][0]["expired"]), (&"ci".into(), &false.into()));
    assert_eq!(value["keys"][1]["expired"], true);
    assert!(!text.contains(&key) && !json.contains(&key) && !json.contains("sha256"), "{json}");
    let mode = fs::metadata(program.home().join("serve-keys.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    program.run(&["serve", "key", "revoke", "nobody"]).expect_code(2);
}

#[test]
fn an_address_that_other_computers_reach_is_refused() {
    let program = Program::new();
    let run = program.run(&["serve", "--listen", "0.0.0.0:4180"]).expect_code(2);
    assert!(run.stderr.contains("other computers"), "{}", run.stderr);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let run = program.run(&["serve", "--listen", &address]).expect_code(6);
    assert!(run.stderr.contains("--listen"), "{}", run.stderr);
}

/// A child that prints its environment and then asks the proxy for something, by bash alone.
const CHILD: &str = r#"env
rest=${OPENAI_BASE_URL#http://}; host=${rest%%/*}; path=/${rest#*/}
exec 3<>"/dev/tcp/${host%:*}/${host#*:}"
printf 'POST %s/chat/completions HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}' "$path" "$host" "$OPENAI_API_KEY" >&3
head -n 1 <&3
exit 7"#;

#[test]
fn a_child_behind_a_proxy_works_and_never_holds_the_credential() {
    let (api, heads) = api();
    let run = program(api).run(&["exec", "acme", "--proxy", "--", "bash", "-c", CHILD]).expect_code(7);
    assert!(run.stdout.contains("HTTP/1.1 200 OK"), "{run:?}");
    assert!(!run.stdout.contains("acme-key-0001") && !run.stdout.contains("ACME_API_KEY"), "{}", run.stdout);
    assert!(run.stdout.contains("OPENAI_API_KEY=hek_") && run.stdout.contains("/acme\n"), "{}", run.stdout);
    let head = heads.lock().unwrap().pop().expect("it came");
    assert!(head.contains("authorization: Bearer acme-key-0001\r\n"), "{head}");
}

#[test]
fn a_child_behind_a_proxy_of_a_login_holds_no_token() {
    let server = MinimaxServer::new().start();
    let program = Program::new();
    let connect: Vec<String> = server.connect_to().into_iter().map(|word| word.to_string()).collect();
    let connect: Vec<&str> = connect.iter().map(String::as_str).collect();
    program.run(&[&["auth", "add", "minimax-oauth"], connect.as_slice()].concat()).expect_code(0);
    let run =
        program.run(&[&["exec", "minimax-oauth", "--proxy"], connect.as_slice(), &["--", "env"]].concat());
    let run = run.expect_code(0);
    assert!(run.stdout.contains("ANTHROPIC_AUTH_TOKEN=hek_"), "{}", run.stdout);
    assert!(run.stdout.contains("ANTHROPIC_BASE_URL=http://127.0.0.1:"), "{}", run.stdout);
    for token in server.access_tokens() {
        assert!(!run.stdout.contains(&token), "{}", run.stdout);
    }
}

#[test]
fn a_signal_is_passed_on_to_the_child_and_its_end_is_the_answer() {
    let (api, _) = api();
    let program = program(api);
    let script = "trap 'echo caught; exit 9' TERM; echo ready; while :; do sleep 0.05; done";
    let mut command = program.command(&["exec", "acme", "--proxy", "--", "bash", "-c", script]);
    let mut started = Started::by(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()));
    let mut lines = started.stdout().lines().map(Result::unwrap);
    assert_eq!(lines.next().as_deref(), Some("ready"));
    started.signal("TERM");
    assert_eq!(lines.next().as_deref(), Some("caught"));
    started.end().expect_code(9);
    program.run(&["exec", "acme", "--proxy", "--", "no-such-program-here"]).expect_code(127);
}

/// A program under the name of a client, which prints what it gets.
fn pretend(program: &Program, name: &str) -> String {
    let path = program.root().join("bin").join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, "#!/bin/sh\nfor word in \"$@\"; do echo \"arg:$word\"; done\nenv\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

#[test]
fn a_known_client_is_told_a_model_of_the_provider_and_not_its_makers() {
    let program =
        Program::new().env("ACME_API_KEY", "acme-key-0001").env("ANTHROPIC_MODEL", "claude-of-the-shell");
    let file = keyed(TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let file = file.replace("chat_completions", "anthropic_messages");
    program.write_home(
        "providers.d/acme.toml",
        &file.replace("name  =", "models = [\"acme-1\", \"acme-2\"]\nname  ="),
    );
    let claude = pretend(&program, "claude");
    let run = program.run(&["exec", "acme", "--", &claude, "-p", "hi"]).expect_code(0);
    for line in [
        "arg:-p",
        "arg:hi",
        "ANTHROPIC_MODEL=acme-1",
        "ANTHROPIC_DEFAULT_OPUS_MODEL=acme-1",
        "ANTHROPIC_DEFAULT_FABLE_MODEL=acme-1",
        "CLAUDE_CODE_SUBAGENT_MODEL=acme-1",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1",
    ] {
        assert!(run.stdout.lines().any(|own| own == line), "{line}: {}", run.stdout);
    }
    let run = program.run(&["exec", "acme", "--model", "acme-2", "--", &claude]).expect_code(0);
    assert!(run.stdout.contains("ANTHROPIC_MODEL=acme-2\n"), "{}", run.stdout);
    // A program that is not known keeps what it had.
    let other = pretend(&program, "another");
    let run = program.run(&["exec", "acme", "--", &other]).expect_code(0);
    assert!(run.stdout.contains("ANTHROPIC_MODEL=claude-of-the-shell\n"), "{}", run.stdout);
}

#[test]
fn codex_is_told_where_to_go_by_its_arguments() {
    let (api, _) = api();
    let program = program(api);
    let codex = pretend(&program, "codex");
    let run = program.run(&["exec", "acme", "--model", "acme-1", "--", &codex, "exec", "hi"]).expect_code(0);
    let words: Vec<&str> = run.stdout.lines().filter_map(|line| line.strip_prefix("arg:")).collect();
    assert!(
        words.contains(&format!("model_providers.hermes.base_url=http://{api}/v1").as_str()),
        "{words:?}"
    );
    assert!(words.contains(&"model=acme-1") && words.ends_with(&["exec", "hi"]), "{words:?}");
    assert!(
        !run.stdout.lines().any(|line| line.starts_with("arg:") && line.contains("acme-key")),
        "{}",
        run.stdout
    );
    let run = program.run(&["exec", "acme", "--proxy", "--", &codex]).expect_code(0);
    assert!(run.stdout.contains("arg:model_providers.hermes.base_url=http://127.0.0.1:"), "{}", run.stdout);
    assert!(!run.stdout.contains("arg:model=") && !run.stdout.contains("acme-key-0001"), "{}", run.stdout);
}

#[test]
fn a_client_of_another_protocol_is_not_started() {
    let (api, _) = api();
    let program = program(api);
    program
        .write_home("providers.d/acme.toml", &keyed(api).replace("chat_completions", "anthropic_messages"));
    let codex = pretend(&program, "codex");
    for proxy in [&["exec", "acme"][..], &["exec", "acme", "--proxy"]] {
        let run = program.run(&[proxy, &["--", &codex]].concat()).expect_code(2);
        assert!(run.stdout.is_empty() && run.stderr.contains("anthropic_messages"), "{run:?}");
    }
}

fn set_up(program: &Program, args: &[&str]) -> crate::support::Run {
    program.run(&[&["setup"], args].concat())
}

#[test]
fn a_client_is_set_up_in_its_own_file_and_taken_back_to_the_byte() {
    let (api, _) = api();
    let program = program(api);
    let file = keyed(api).replace("chat_completions", "anthropic_messages");
    program.write_home("providers.d/acme.toml", &file.replace("name  =", "models = [\"acme-1\"]\nname  ="));
    let settings = program.root().join("home/.claude/settings.json");
    fs::create_dir_all(settings.parent().unwrap()).unwrap();
    let own = "{\n  // mine\n  \"theme\": \"dark\",\n  \"env\": { \"MINE\": \"1\" }\n}\n";
    fs::write(&settings, own).unwrap();
    let dry = set_up(&program, &["claude", "--provider", "acme", "--dry-run"]).expect_code(0);
    assert!(dry.stdout.contains("+ ") && dry.stdout.contains("ANTHROPIC_BASE_URL"), "{}", dry.stdout);
    assert_eq!(fs::read_to_string(&settings).unwrap(), own, "nothing is written");
    set_up(&program, &["claude", "--provider", "acme"]).expect_code(0);
    let text = fs::read_to_string(&settings).unwrap();
    assert!(text.contains("// mine") && text.contains("\"MINE\": \"1\""), "{text}");
    assert!(text.contains("token acme\"") && text.contains(&format!("http://{api}/v1")), "{text}");
    assert!(text.contains("\"ANTHROPIC_MODEL\": \"acme-1\"") && !text.contains("acme-key"), "{text}");
    // Once more, through the proxy: the first one is taken back.
    set_up(&program, &["claude", "--provider", "acme", "--proxy"]).expect_code(0);
    let text = fs::read_to_string(&settings).unwrap();
    assert!(text.contains("http://127.0.0.1:4180/acme") && !text.contains("apiKeyHelper"), "{text}");
    assert!(program.run(&["serve", "key", "list"]).stdout.contains("setup-claude"));
    set_up(&program, &["claude", "--undo"]).expect_code(0);
    assert_eq!(fs::read_to_string(&settings).unwrap(), own);
    assert!(!program.run(&["serve", "key", "list"]).stdout.contains("setup-claude"));
    set_up(&program, &["claude", "--undo"]).expect_code(2);
}

#[test]
fn what_a_user_changed_since_a_setup_survives_its_undo() {
    let (api, _) = api();
    let program = program(api);
    let config = program.root().join("home/.codex/config.toml");
    set_up(&program, &["codex", "--provider", "acme", "--model", "m-1"]).expect_code(0);
    let text = fs::read_to_string(&config).unwrap();
    assert!(text.contains("model = \"m-1\"") && text.contains("args = [\"token\", \"acme\"]"), "{text}");
    assert_eq!(fs::metadata(&config).unwrap().permissions().mode() & 0o777, 0o600);
    fs::write(&config, format!("{text}\n[mine]\nx = 1 # why\n")).unwrap();
    set_up(&program, &["codex", "--undo"]).expect_code(0);
    let text = fs::read_to_string(&config).unwrap();
    assert!(text.contains("x = 1 # why") && !text.contains("hermes") && !text.contains("m-1"), "{text}");
}

#[test]
fn every_client_is_set_up_and_taken_back_or_says_how_else() {
    let (api, _) = api();
    for mode in ["chat_completions", "anthropic_messages"] {
        for name in hermes_engine::catalog::client_names() {
            let program = program(api);
            program.write_home("providers.d/acme.toml", &keyed(api).replace("chat_completions", mode));
            for proxy in [&["--model", "m.1"][..], &["--model", "m.1", "--proxy"]] {
                let run = set_up(&program, &[&[&name, "--provider", "acme"], proxy].concat());
                match run.code {
                    Some(0) => {
                        set_up(&program, &[&name, "--undo"]).expect_code(0);
                    }
                    code => assert!(code == Some(2) && !run.stderr.is_empty(), "{name}: {run:?}"),
                }
            }
            let home = program.root().join("home");
            let left: Vec<_> =
                walk(&home).into_iter().filter(|path| !path.starts_with(program.home())).collect();
            assert!(left.is_empty(), "{name}: {left:?}");
        }
    }
    let run = set_up(&Program::new(), &[]).expect_code(0);
    assert!(run.stdout.contains("codex") && run.stdout.contains("kubectl"), "{}", run.stdout);
    let run = set_up(&Program::new(), &["no-such-client"]).expect_code(2);
    assert!(run.stderr.contains("claude"), "{}", run.stderr);
}

/// All files below a folder.
fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}
