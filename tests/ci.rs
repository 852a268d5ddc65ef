//! What a repository with provider files of its own runs: the commands of `docs/validate-in-ci.md`, the action, the hooks, SARIF.

use std::fs;
use std::path::Path;

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::support::Program;
use crate::support::page::root;

/// A repository with one provider and its tests.
fn repository(sample: &str) -> Program {
    let program = Program::new();
    for entry in fs::read_dir(root("tests/samples").join(sample)).expect("a sample") {
        let path = entry.expect("a file").path();
        let name = path.file_name().expect("a name");
        program.write_work(Path::new("providers.d").join(name), &fs::read_to_string(&path).expect("a file"));
    }
    program
}

/// The lines of a text that run the program, as arguments.
fn commands(text: &str) -> Vec<Vec<String>> {
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect();
    let lines = text.lines().map(|line| line.trim_start_matches("exec ").trim());
    lines.filter_map(|line| line.strip_prefix("hermes-engine ")).map(words).collect()
}

#[test]
fn the_commands_of_the_page_pass_what_is_right_and_refuse_what_is_not() {
    let page = fs::read_to_string(root("docs/validate-in-ci.md")).expect("the page");
    let commands = commands(&page);
    assert_eq!(commands.len(), 3, "{commands:?}");
    for command in &commands {
        let arguments: Vec<&str> = command.iter().map(String::as_str).collect();
        repository("HE702/good").run(&arguments).expect_code(0);
        repository("HE702/bad").run(&arguments).expect_code(9);
    }
}

#[test]
fn the_hooks_run_commands_that_there_are() {
    let read = |path: &str| -> Value {
        serde_yaml::from_str(&fs::read_to_string(root(path)).expect("a file")).expect("YAML")
    };
    let hooks = read(".pre-commit-hooks.yaml");
    for hook in hooks.as_array().expect("hooks") {
        let line = format!(
            "{} providers.d/acme.toml providers.d/acme.test.toml",
            hook["entry"].as_str().expect("a line")
        );
        let arguments: Vec<String> = commands(&line).remove(0);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        repository("HE702/good").run(&arguments).expect_code(0);
    }
}

/// Runs the steps of the action as its runner does, but for the one that installs the program: by bash, with the variables
/// of the step. Gives the first exit code that is not 0.
fn run_action(program: &Program, checked: &str) -> i32 {
    let action = fs::read_to_string(root("action.yml")).expect("the action");
    let action: Value = serde_yaml::from_str(&action).expect("YAML");
    let bin =
        Path::new(env!("CARGO_BIN_EXE_hermes-engine")).parent().expect("a folder").display().to_string();
    let path = format!("{bin}:{}", std::env::var("PATH").unwrap_or_default());
    let values = [("inputs.path", checked), ("inputs.sarif", "out.sarif"), ("inputs.min-coverage", "100")];
    let steps = action["runs"]["steps"].as_array().expect("steps");
    let scripts = steps.iter().filter(|step| step["env"].is_object());
    assert_eq!(scripts.clone().count(), 3);
    for step in scripts {
        let mut command = std::process::Command::new("bash");
        command.args(["-eo", "pipefail", "-c", step["run"].as_str().expect("a script")]);
        command.env("PATH", &path).env("HOME", program.root()).env("HERMES_HOME", program.home());
        for (name, value) in step["env"].as_object().expect("variables") {
            let mut value = value.as_str().expect("a text").to_owned();
            for (input, given) in values {
                value = value.replace(&format!("${{{{ {input} }}}}"), given);
            }
            command.env(name, value);
        }
        let done = command.current_dir(program.work()).output().expect("bash starts");
        if !done.status.success() {
            return done.status.code().unwrap_or(-1);
        }
    }
    0
}

#[test]
fn the_action_passes_what_is_right_and_refuses_what_is_not() {
    assert_eq!(run_action(&repository("HE702/good"), "providers.d"), 0);
    assert_eq!(run_action(&repository("HE702/bad"), "providers.d"), 9);
    assert_eq!(run_action(&repository("HE702/good"), "providers.d\nproviders.d\n"), 0);
}

/// The provider of docs/add-a-provider.md that extends a standard flow, with one test that records itself.
#[test]
fn a_standard_device_flow_with_one_recorded_test_passes_the_action() {
    let page = fs::read_to_string(root("docs/add-a-provider.md")).expect("the page");
    let blocks = page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let file = blocks.into_iter().find(|block| block.contains("extends = \"device-code\"")).expect("a file");
    let program = Program::new();
    program.write_work("providers.d/acme.toml", file);
    let record = ["--providers-dir", "providers.d", "test", "acme", "--record", "--simulate"];
    let recorded = program.run(&record).expect_code(0).stdout;
    program.write_work("providers.d/acme.test.toml", &recorded);
    assert_eq!(run_action(&program, "providers.d"), 0);
    // A rule of its own is its author's to test.
    let rule = "\n[states.poll]\non = [{ if = { status = 200 }, to = \"success\" }, { fail = \"denied\" }]\n";
    program.write_work("providers.d/acme.toml", &format!("{file}{rule}"));
    assert_eq!(run_action(&program, "providers.d"), 9);
}

/// The name of a file or folder is the repository's to choose, and is no option, pattern or list of names.
#[test]
fn a_path_that_looks_like_an_option_is_checked_as_a_path() {
    for folder in [
        "--home=x/providers.d",
        "-h/providers.d",
        "a b/providers.d",
        "*/providers.d",
        "$(touch PWNED)/providers.d",
    ] {
        for (sample, code) in [("HE702/good", 0), ("HE702/bad", 9)] {
            let program = Program::new();
            let mut files = Vec::new();
            for entry in fs::read_dir(root("tests/samples").join(sample)).expect("a sample") {
                let path = entry.expect("a file").path();
                let name = Path::new(folder).join(path.file_name().expect("a name"));
                program.write_work(&name, &fs::read_to_string(&path).expect("a file"));
                files.push(name.display().to_string());
            }
            assert_eq!(run_action(&program, folder), code, "the action, {folder}, {sample}");
            assert!(!program.work().join("PWNED").exists());
            let hooks = fs::read_to_string(root(".pre-commit-hooks.yaml")).expect("the hooks");
            let hooks: Value = serde_yaml::from_str(&hooks).expect("YAML");
            let runs = hooks.as_array().expect("hooks").iter().map(|hook| {
                let mut arguments = commands(hook["entry"].as_str().expect("a line")).remove(0);
                arguments.extend(files.iter().cloned());
                let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
                program.run(&arguments).code
            });
            let worst = runs.max().flatten();
            assert_eq!(worst, Some(code), "the hooks, {folder}, {sample}");
        }
    }
}

/// The part of SARIF 2.1.0 that is used here, written after the standard
/// (<https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>): what is required is, and nothing else may be there.
fn sarif() -> Validator {
    let text = json!({ "type": "object", "required": ["text"], "additionalProperties": false, "properties": { "text": { "type": "string", "minLength": 1 } } });
    let count = json!({ "type": "integer", "minimum": 1 });
    let object = |required: Value, properties: Value| json!({ "type": "object", "required": required, "additionalProperties": false, "properties": properties });
    let region = object(
        json!(["startLine"]),
        json!({ "startLine": count, "startColumn": count, "endLine": count, "endColumn": count }),
    );
    let artifact =
        object(json!(["uri"]), json!({ "uri": { "type": "string", "pattern": "^[A-Za-z0-9/:._~%-]+$" } }));
    let physical =
        object(json!(["artifactLocation"]), json!({ "artifactLocation": artifact, "region": region }));
    let location =
        object(json!(["physicalLocation"]), json!({ "physicalLocation": physical, "message": text }));
    let replacement = object(
        json!(["deletedRegion"]),
        json!({ "deletedRegion": region, "insertedContent": {
        "type": "object", "required": ["text"], "additionalProperties": false, "properties": { "text": { "type": "string" } } } }),
    );
    let change = object(
        json!(["artifactLocation", "replacements"]),
        json!({ "artifactLocation": artifact, "replacements": { "type": "array", "minItems": 1, "items": replacement } }),
    );
    let fix = object(
        json!(["artifactChanges"]),
        json!({ "description": text, "artifactChanges": { "type": "array", "minItems": 1, "items": change } }),
    );
    let level = json!({ "enum": ["none", "note", "warning", "error"] });
    let locations = json!({ "type": "array", "items": location });
    let result = object(
        json!(["message", "ruleId", "ruleIndex", "level", "locations"]),
        json!({ "message": text, "ruleId": { "type": "string" }, "ruleIndex": { "type": "integer", "minimum": 0 }, "level": level,
            "locations": locations, "relatedLocations": locations, "fixes": { "type": "array", "items": fix } }),
    );
    let rule = object(
        json!(["id", "help"]),
        json!({ "id": { "type": "string" }, "name": { "type": "string" }, "shortDescription": text, "help": text,
            "defaultConfiguration": object(json!(["level"]), json!({ "level": level })) }),
    );
    let driver = object(
        json!(["name", "rules"]),
        json!({ "name": { "const": "hermes-engine" }, "semanticVersion": { "type": "string" }, "rules": { "type": "array", "uniqueItems": true, "items": rule } }),
    );
    let run = object(
        json!(["tool", "results"]),
        json!({ "tool": object(json!(["driver"]), json!({ "driver": driver })), "columnKind": { "const": "unicodeCodePoints" },
            "results": { "type": "array", "items": result } }),
    );
    let log = object(
        json!(["version", "runs"]),
        json!({ "$schema": { "type": "string", "format": "uri" }, "version": { "const": "2.1.0" }, "runs": { "type": "array", "items": run } }),
    );
    jsonschema::validator_for(&log).expect("a schema")
}

#[test]
fn sarif_is_what_the_standard_says() {
    let program = Program::new();
    let samples = ["HE001", "HE203", "HE404", "HE503"];
    for code in samples {
        let text = fs::read_to_string(root("engine/hermes-proof/tests/checks").join(code).join("bad.toml"))
            .expect("a sample");
        program.write_work(format!("providers.d/{}.toml", code.to_lowercase()), &text);
    }
    let log = program.run(&["check", "providers.d", "--format", "sarif"]).expect_code(9).json();
    let schema = sarif();
    let errors: Vec<String> =
        schema.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{log:#}");
    let run = &log["runs"][0];
    let results = run["results"].as_array().expect("results");
    for result in results {
        let at = usize::try_from(result["ruleIndex"].as_u64().expect("a number")).expect("an index");
        assert_eq!(run["tool"]["driver"]["rules"][at]["id"], result["ruleId"]);
    }
    for code in samples {
        assert!(results.iter().any(|result| result["ruleId"] == code), "{code} is missing");
    }
    assert!(results.iter().any(|result| result["fixes"].is_array()), "no mend");
    assert!(results.iter().any(|result| result["relatedLocations"].is_array()), "no related place");
}
