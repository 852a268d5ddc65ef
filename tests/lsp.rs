//! The language server, driven as an editor drives it: framed JSON on stdin and stdout.

#![allow(clippy::unwrap_used, reason = "a server that breaks the protocol fails the test")]

mod complete;
mod meaning;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::PathBuf;
use std::process::{ChildStdin, ChildStdout, Stdio};

use serde_json::{Value, json};
use url::Url;

use crate::support::{Program, Started};

const ACME: &str = r#"#:schema ../schemas/provider.schema.json
name   = "Acme"
start  = { login = "device" }
models = ["acme-1"]

[vars]
client_id = "acme-cli"

[states.device]
post           = "https://auth.example.com/device"
form.client_id = "{{client_id}}"
on = [
  { unless = { status = 200 }, fail = "authorization_failed" },
  { unless = { exists = ["$.device_code", "$.user_code"] }, fail = "authorization_incomplete" },
  { to = "poll" },
]

[states.poll]
show  = { code = "{{device.user_code}}" }
every = "5s"
until = "10m"
post             = "https://auth.example.com/token"
form.device_code = "{{device.device_code}}"
on = [
  { if = { status = 200, exists = ["$.access_token"] }, to = "success" },
  { if = { "$.error" = "authorization_pending" }, to = "poll" },
  { fail = "token_exchange_failed" },
]

[api]
mode     = "chat_completions"
base_url = "https://auth.example.com/v1"
"#;

/// An editor with the server as its child.
struct Editor {
    // Its folders are gone when it is dropped.
    program: Program,
    server: Started,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
    next: i64,
}

impl Editor {
    fn new() -> Editor {
        let program = Program::new();
        let mut command = program.command(&["lsp"]);
        let mut server =
            Started::by(command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit()));
        let (to, from) = (Some(server.stdin()), server.stdout());
        let mut editor = Editor { program, server, to, from, next: 0 };
        let answer = editor.ask("initialize", json!({ "capabilities": {} }));
        assert_eq!(answer["capabilities"]["hoverProvider"], true, "{answer}");
        editor.tell("initialized", json!({}));
        editor
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        let to = self.to.as_mut().expect("an open pipe");
        write!(to, "Content-Length: {}\r\n\r\n{text}", text.len()).unwrap();
        to.flush().unwrap();
    }

    fn read(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert!(self.from.read_line(&mut line).unwrap() > 0, "the server went away");
            match line.trim_end().strip_prefix("Content-Length: ") {
                Some(number) => length = number.parse().unwrap(),
                None if line.trim_end().is_empty() => break,
                None => {}
            }
        }
        let mut text = vec![0; length];
        self.from.read_exact(&mut text).unwrap();
        serde_json::from_slice(&text).unwrap()
    }

    fn tell(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// Asks, and waits for the answer; what is published meanwhile is passed over.
    fn ask(&mut self, method: &str, params: Value) -> Value {
        let answer = self.request(method, params);
        assert!(answer["error"].is_null(), "{answer}");
        answer["result"].clone()
    }

    /// The same, the answer whole: a result or an error.
    fn request(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let id = self.next;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        loop {
            let message = self.read();
            if message["id"] == id {
                return message;
            }
        }
    }

    /// Waits for a notification; what else is said meanwhile is passed over.
    fn hear(&mut self, method: &str) -> Value {
        loop {
            let message = self.read();
            if message["method"] == method {
                return message["params"].clone();
            }
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.program.work().join(name)
    }

    fn uri(&self, name: &str) -> String {
        Url::from_file_path(self.path(name)).unwrap().to_string()
    }

    /// Opens a file, or changes it, and waits for what is found in it: the codes.
    fn write(&mut self, name: &str, text: &str, is_new: bool) -> Vec<Value> {
        let uri = self.uri(name);
        if is_new {
            let document = json!({ "uri": uri, "languageId": "toml", "version": 1, "text": text });
            self.tell("textDocument/didOpen", json!({ "textDocument": document }));
        } else {
            let document = json!({ "uri": uri, "version": 2 });
            let changes = json!([{ "text": text }]);
            self.tell(
                "textDocument/didChange",
                json!({ "textDocument": document, "contentChanges": changes }),
            );
        }
        loop {
            let message = self.read();
            if message["method"] == "textDocument/publishDiagnostics"
                && message["params"]["uri"] == uri.as_str()
            {
                return message["params"]["diagnostics"].as_array().unwrap().clone();
            }
        }
    }

    /// Asks about the place of `|` in a text, which is opened without it.
    fn ask_at(&mut self, method: &str, marked: &str) -> Value {
        let before = marked.split('|').next().unwrap();
        let text = marked.replacen('|', "", 1);
        self.write("providers.d/acme.toml", &text, false);
        let line = before.matches('\n').count();
        let character = before.rsplit('\n').next().unwrap().chars().count();
        let uri = self.uri("providers.d/acme.toml");
        self.ask(
            method,
            json!({ "textDocument": { "uri": uri }, "position": { "line": line, "character": character } }),
        )
    }

    fn complete(&mut self, marked: &str) -> Vec<String> {
        let items = self.ask_at("textDocument/completion", marked);
        let label = |item: &Value| item["label"].as_str().unwrap().to_owned();
        items.as_array().unwrap_or_else(|| panic!("{items}")).iter().map(label).collect()
    }

    fn hover(&mut self, marked: &str) -> String {
        let hover = self.ask_at("textDocument/hover", marked);
        hover["contents"]["value"].as_str().unwrap_or_else(|| panic!("no hover at {marked}")).to_owned()
    }

    /// Says goodbye; the server ends well.
    fn end(mut self) {
        assert_eq!(self.ask("shutdown", Value::Null), Value::Null);
        self.tell("exit", Value::Null);
        self.to = None;
        assert_eq!(self.server.end().code, Some(0));
    }
}

/// An editor in which the file is open and sound.
fn editor() -> Editor {
    let mut editor = Editor::new();
    let found = editor.write("providers.d/acme.toml", ACME, true);
    assert!(codes(&found).iter().all(|code| code == "HE705 no-tests"), "{found:#?}");
    editor
}

/// The file with its first `from` replaced.
fn acme(from: &str, to: &str) -> String {
    assert!(ACME.contains(from), "{from}");
    ACME.replacen(from, to, 1)
}

fn codes(found: &[Value]) -> Vec<String> {
    found.iter().map(|finding| finding["code"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn findings_are_those_of_check_at_the_words_they_are_about() {
    let mut editor = editor();
    let broken = acme("{{device.user_code}}", "{{device.usercode}}");
    let found = editor.write("providers.d/acme.toml", &broken, false);
    let finding = found.iter().find(|finding| finding["code"] == "HE203 unguarded-field").expect("a finding");
    assert_eq!(finding["range"]["start"], json!({ "line": 18, "character": 20 }));
    assert!(
        finding["message"].as_str().unwrap().contains("help: did you mean `device.user_code`?"),
        "{finding}"
    );
    let found = editor.write("providers.d/acme.toml", "name = \"", false);
    assert_eq!(codes(&found), ["HE002 syntax"]);
    let found = editor.write("providers.d/acme.toml", ACME, false);
    assert!(!codes(&found).iter().any(|code| code.starts_with("HE2")), "{found:#?}");
    editor.end();
}

#[test]
fn a_certain_mend_is_offered() {
    let mut editor = editor();
    editor.write("providers.d/acme.toml", &acme("until = \"10m\"", "until = \"10 minutes\""), false);
    let uri = editor.uri("providers.d/acme.toml");
    let place = json!({ "line": 20, "character": 10 });
    let range = json!({ "start": place, "end": place });
    let asked = json!({ "textDocument": { "uri": uri }, "range": range, "context": { "diagnostics": [] } });
    let actions = editor.ask("textDocument/codeAction", asked);
    assert_eq!(actions[0]["edit"]["changes"][&uri][0]["newText"], "\"10m\"", "{actions}");
    editor.end();
}

#[test]
fn a_word_that_was_probably_meant_is_offered_for_a_person_to_take() {
    let mut editor = editor();
    for (right, wrong, mend) in [
        ("{ to = \"poll\" },", "{ to = \"pol\" },", "\"poll\""),
        ("login = \"device\"", "login = \"devise\"", "\"device\""),
        ("{{client_id}}", "{{clientid}}", "client_id"),
        ("{{device.user_code}}", "{{device.usercode}}", "device.user_code"),
    ] {
        let found = editor.write("providers.d/acme.toml", &acme(right, wrong), false);
        let asking = |finding: &&Value| finding["message"].as_str().unwrap().contains("did you mean");
        let range = found.iter().find(asking).unwrap_or_else(|| panic!("{found:#?}"))["range"].clone();
        let uri = editor.uri("providers.d/acme.toml");
        let asked =
            json!({ "textDocument": { "uri": uri }, "range": range, "context": { "diagnostics": [] } });
        let actions = editor.ask("textDocument/codeAction", asked);
        let edit = &actions[0]["edit"]["changes"][&uri][0];
        assert_eq!((&edit["newText"], &edit["range"]), (&json!(mend), &range), "{actions}");
        assert_eq!(actions[0]["isPreferred"], false, "{actions}");
    }
    editor.end();
}

#[test]
fn a_notification_that_cannot_be_read_is_logged_and_ends_nothing() {
    let mut editor = editor();
    let blank = json!({ "uri": "file:///a b/c.toml", "languageId": "toml", "version": 1, "text": "" });
    for (method, params) in [
        ("textDocument/didOpen", json!({ "textDocument": blank })),
        ("textDocument/didChange", json!({ "nonsense": true })),
        ("textDocument/didClose", json!([])),
    ] {
        editor.tell(method, params);
        let said = editor.hear("window/logMessage");
        assert!(said["message"].as_str().unwrap().contains(method), "{said}");
    }
    let states = editor.complete(&acme("{ to = \"poll\" }", "{ to = \"|"));
    assert!(states.contains(&"poll".to_owned()), "{states:?}");
    editor.end();
}

#[test]
fn a_request_that_cannot_be_read_is_answered_with_an_error() {
    let mut editor = editor();
    let blank = json!({ "textDocument": { "uri": "file:///a b/c.toml" }, "position": {} });
    for method in ["hover", "completion", "definition", "codeAction"] {
        let answer = editor.request(&format!("textDocument/{method}"), blank.clone());
        assert_eq!(answer["error"]["code"], -32602, "{answer}");
    }
    assert_eq!(editor.request("textDocument/rename", blank)["error"]["code"], -32601);
    editor.end();
}

#[test]
fn a_file_that_is_no_provider_any_more_has_no_findings() {
    let mut editor = Editor::new();
    let schema = "#:schema ../schemas/provider.schema.json\n";
    let found = editor.write("elsewhere/acme.toml", &format!("{schema}nonsense = 1\n"), true);
    assert!(!found.is_empty());
    let found = editor.write("elsewhere/acme.toml", "nonsense = 1\n", false);
    assert!(found.is_empty(), "{found:?}");
    editor.end();
}

#[test]
fn other_toml_files_are_left_alone() {
    let mut editor = Editor::new();
    let uri = editor.uri("Cargo.toml");
    let document = json!({ "uri": uri, "languageId": "toml", "version": 1, "text": "[package]" });
    editor.tell("textDocument/didOpen", json!({ "textDocument": document }));
    let place = json!({ "line": 0, "character": 2 });
    let hover =
        editor.ask("textDocument/hover", json!({ "textDocument": { "uri": uri }, "position": place }));
    assert_eq!(hover, Value::Null);
    editor.end();
}
