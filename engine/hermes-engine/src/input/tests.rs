//! Where values come from, and which of two wins.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::time::{Duration, Instant};

use hermes_format::provider::Shared;

use super::*;

/// Everything that an input may be taken from.
struct World {
    folder: tempfile::TempDir,
    set: IndexMap<String, String>,
    kept: IndexMap<String, String>,
    variables: IndexMap<String, String>,
    trusted: bool,
}

impl World {
    fn new() -> World {
        World {
            folder: tempfile::tempdir().unwrap(),
            set: IndexMap::new(),
            kept: IndexMap::new(),
            variables: IndexMap::new(),
            trusted: true,
        }
    }

    fn with_variable(mut self, name: &str, value: &str) -> World {
        self.variables.insert(name.into(), value.into());
        self
    }

    fn with_set(mut self, name: &str, value: &str) -> World {
        self.set.insert(name.into(), value.into());
        self
    }

    fn with_kept(mut self, name: &str, value: &str) -> World {
        self.kept.insert(name.into(), value.into());
        self
    }

    fn with_file(self, name: &str, text: &str) -> World {
        fs::write(self.folder.path().join(name), text).unwrap();
        self
    }

    fn resolve(&self, provider: &Shared) -> Result<Inputs, InputError> {
        let home = Home::at(self.folder.path());
        let variable = |name: &str| match name {
            "HOME" => Some(self.folder.path().into()),
            _ => self.variables.get(name).map(OsString::from),
        };
        resolve(
            provider,
            &Supply {
                set: &self.set,
                kept: &self.kept,
                home: &home,
                variable: &variable,
                allowed: &|_| self.trusted,
            },
        )
    }
}

/// A provider whose one input `key` has this table.
fn acme(input: &str) -> Shared {
    crate::fake::provider(&format!(
        "name = 'Acme'\nstart = {{ login = 'success' }}\n\
         [inputs.key]\n{input}\n\
         [states.success]\naccess_token = '{{{{key}}}}'\n\
         [api]\nmode = 'chat_completions'\nbase_url = 'https://api.acme.example'\n"
    ))
}

#[track_caller]
fn check(world: &World, input: &str, expect: Option<(&str, InputOrigin)>) {
    let inputs = world.resolve(&acme(input)).unwrap();
    let found = inputs.values.get("key").map(|value| (value.as_str(), inputs.origins["key"].clone()));
    assert_eq!(found, expect);
}

fn variable(name: &str) -> InputOrigin {
    InputOrigin::Variable(name.into())
}

#[test]
fn what_was_set_wins_over_sources_and_those_over_the_kept_value_and_the_default() {
    let input = "from = [{ env = 'ACME_KEY' }]\ndefault = 'default'";
    let world = World::new();
    check(&world, input, Some(("default", InputOrigin::Default)));
    let world = world.with_kept("key", "kept");
    check(&world, input, Some(("kept", InputOrigin::Kept)));
    let world = world.with_variable("ACME_KEY", " from-env\n");
    check(&world, input, Some(("from-env", variable("ACME_KEY"))));
    let world = world.with_set("key", "set");
    check(&world, input, Some(("set", InputOrigin::Set)));
}

#[test]
fn the_first_source_that_has_a_value_wins() {
    let input =
        "from = [{ env = 'A' }, { file = '~/creds.json', at = '$.a.b' }, { command = ['echo', 'said'] }]";
    let world = World::new();
    check(&world, input, Some(("said", InputOrigin::Command("echo".into()))));
    let world = world.with_file("creds.json", r#"{"a": {"b": 17}}"#);
    check(&world, input, Some(("17", InputOrigin::File("~/creds.json".into()))));
    let world = world.with_variable("A", "");
    check(&world, input, Some(("17", InputOrigin::File("~/creds.json".into()))));
    check(&world.with_variable("A", "env"), input, Some(("env", variable("A"))));
}

#[test]
fn the_environment_wins_over_the_env_file() {
    let input = "from = [{ env = 'A' }, { env = 'B' }]";
    let world = World::new().with_file(".env", "export A='file a'\nB=file-b\n");
    check(&world, input, Some(("file a", InputOrigin::EnvFile("A".into()))));
    check(&world.with_variable("A", "env"), input, Some(("env", variable("A"))));
}

#[test]
fn a_variable_that_the_file_does_not_name_can_t_matter() {
    let world = World::new().with_variable("OTHER_TOKEN", "x1x2").with_file(".env", "OTHER_KEY=x1x2");
    check(&world, "from = [{ env = 'ACME_KEY' }]", None);
}

#[test]
fn a_failing_source_is_an_absent_one() {
    for source in [
        "{ file = '~/none' }",
        "{ file = '~/bad.json', at = '$.a' }",
        "{ file = '~/good.json', at = '$.b' }",
        "{ file = '~/good.json', at = '$.list' }",
        "{ file = '/dev/zero' }",
        "{ file = '~/' }",
        "{ file = 'good.json' }",
        "{ command = ['false'] }",
        "{ command = ['no-such-program-at-all'] }",
        "{ command = ['sh', '-c', 'echo half; exit 3'] }",
        "{ command = ['head', '-c', '70000', '/dev/zero'] }",
    ] {
        let world =
            World::new().with_file("bad.json", "{").with_file("good.json", r#"{"a": "1", "list": []}"#);
        check(&world, &format!("from = [{source}, {{ env = 'LAST' }}]"), None);
        check(
            &world.with_variable("LAST", "last"),
            &format!("from = [{source}, {{ env = 'LAST' }}]"),
            Some(("last", variable("LAST"))),
        );
    }
}

#[test]
fn a_whole_file_is_its_text_without_the_end_of_line() {
    let world = World::new().with_file("token", "t0ken\n");
    check(&world, "from = [{ file = '~/token' }]", Some(("t0ken", InputOrigin::File("~/token".into()))));
}

#[test]
fn a_pipe_is_not_waited_for() {
    let world = World::new();
    let made = Command::new("mkfifo").arg(world.folder.path().join("pipe")).status().unwrap();
    assert!(made.success());
    check(&world, "from = [{ file = '~/pipe' }]", None);
}

#[test]
fn no_shell_reads_a_command() {
    let world = World::new().with_variable("A", "x");
    let origin = InputOrigin::Command("echo".into());
    check(
        &world,
        "from = [{ command = ['echo', '$(id) ; `id` | $A'] }]",
        Some(("$(id) ; `id` | $A", origin)),
    );
}

/// What a script comes to within so long.
fn run(script: &str, timeout: Duration) -> Result<String, String> {
    program::output(Command::new("sh").args(["-c", script]), timeout, &|name| std::env::var_os(name))
}

const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(200);

#[test]
fn a_command_can_t_ask_and_can_t_hang() {
    assert_eq!(run("cat", LONG).unwrap_err(), "it printed nothing");
    let began = Instant::now();
    for script in ["sleep 30", "exec >&-; sleep 30"] {
        let reason = run(script, SHORT).unwrap_err();
        assert_eq!(reason, "it took longer than 200ms (HERMES_COMMAND_TIMEOUT sets the limit)", "{script}");
    }
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[test]
fn what_a_command_printed_counts_when_it_ends_though_its_child_lives_on() {
    let began = Instant::now();
    assert_eq!(run("echo key-1; sleep 30 & exit 0", LONG).unwrap(), "key-1");
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_command_that_fails_says_how() {
    let reason = |script: &str| run(script, LONG).unwrap_err();
    assert_eq!(
        reason("echo 'line 1' >&2; printf 'run \\033[31mlogin\\n\\n' >&2; exit 3"),
        "it ended with exit code 3: run login"
    );
    assert_eq!(reason("kill -9 $$"), "it was ended by signal 9");
    assert_eq!(reason("echo oh >&2"), "it printed nothing: oh");
    assert_eq!(reason("head -c 70000 /dev/zero"), "it printed more than 64 KiB");
    assert_eq!(reason("printf '\\377'"), "what it printed is not UTF-8");
    assert_eq!(reason("echo s3cr3t-1; echo s3cr3t-1 >&2; exit 1"), "it ended with exit code 1");
    // No more is read than is kept, and the program is not held up by it.
    assert!(reason("yes words | head -c 300000 >&2; exit 4").ends_with("exit code 4: words"));
}

#[test]
fn a_command_that_can_t_be_started_says_why() {
    let world = World::new().with_file("script", "#!/no/such/interpreter\n");
    let script = world.folder.path().join("script");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let reason = |program: &std::ffi::OsStr| {
        program::output(&mut Command::new(program), LONG, &|name| std::env::var_os(name)).unwrap_err()
    };
    assert_eq!(reason(script.as_os_str()), "its interpreter is missing");
    assert_eq!(reason("no-such-program-at-all".as_ref()), "there is no such program");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(reason(script.as_os_str()).starts_with("it can't be started: "));
}

#[test]
fn the_limit_of_a_command_is_set_by_a_variable() {
    let input = "from = [{ command = ['sh', '-c', 'sleep 30'] }]";
    let failed = |limit: &str| {
        let inputs =
            World::new().with_variable(program::TIMEOUT_VARIABLE, limit).resolve(&acme(input)).unwrap();
        inputs.failed[0].to_string()
    };
    assert!(
        failed("100ms").starts_with("the program sh gave no `key`: it took longer than 100ms"),
        "{}",
        failed("100ms")
    );
    assert!(failed("soon").contains("HERMES_COMMAND_TIMEOUT is not a duration"), "{}", failed("soon"));
}

#[test]
fn a_source_that_fails_is_remembered_and_one_that_is_absent_is_not() {
    let failed = |world: World, source: &str| {
        let inputs = world.resolve(&acme(&format!("from = [{source}, {{ env = 'LAST' }}]"))).unwrap();
        inputs.failed.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let world = || World::new().with_file("bad.json", "{").with_file("good.json", "{}");
    assert!(failed(world(), "{ env = 'UNSET' }").is_empty());
    assert!(failed(world(), "{ file = '~/none' }").is_empty());
    assert!(failed(world(), "{ file = '~/good.json', at = '$.a' }").is_empty());
    assert_eq!(
        failed(world(), "{ file = '~/bad.json', at = '$.a' }"),
        ["~/bad.json gave no `key`: it is not JSON"]
    );
    let command = "{ command = ['sh', '-c', 'echo no >&2; exit 2'] }";
    let expect = "the program sh gave no `key`: it ended with exit code 2: no";
    assert_eq!(failed(world(), command), [expect]);
    assert_eq!(failed(world().with_variable("LAST", "last"), command), [expect]);
}

#[test]
fn a_secret_in_quotes_is_an_error_that_names_its_source() {
    let provider = acme("secret = true\nfrom = [{ env = 'A' }]");
    let error = |world: World| world.resolve(&provider).unwrap_err().to_string();
    let quoted = "is in quotes, or begins with one that is not closed";
    let expect = format!("the value of `key` from A in the environment {quoted}");
    assert_eq!(error(World::new().with_variable("A", "\"sk-real-1\"")), expect);
    assert_eq!(error(World::new().with_variable("A", "'sk-real-1'")), expect);
    let expect = format!("the value of `key` from A in the home's .env {quoted}");
    assert_eq!(error(World::new().with_file(".env", "A=\"sk-real-1\n")), expect);
}

#[test]
fn a_value_that_is_not_utf_8_is_a_failed_source() {
    use std::os::unix::ffi::OsStringExt as _;
    let provider = acme("secret = true\nfrom = [{ env = 'A' }]");
    let world = World::new();
    let home = Home::at(world.folder.path());
    let inputs = resolve(
        &provider,
        &Supply {
            set: &IndexMap::new(),
            kept: &IndexMap::new(),
            home: &home,
            variable: &|name| (name == "A").then(|| OsString::from_vec(b"sk-\xff-1".to_vec())),
            allowed: &|_| true,
        },
    );
    let failed = inputs.unwrap().failed;
    assert_eq!(failed[0].to_string(), "A in the environment gave no `key`: it is not UTF-8");
}

#[test]
fn a_key_that_is_none_names_the_one_source_that_was_read() {
    let error = World::new()
        .with_variable("B", "sk real 1")
        .resolve(&acme("secret = true\nfrom = [{ env = 'A' }, { env = 'B' }]"));
    let expect = "the key from B in the environment has a blank or another character that no key has";
    assert_eq!(error.unwrap_err().to_string(), expect);
}

#[test]
fn a_placeholder_of_a_secret_counts_as_unset() {
    let world = World::new().with_variable("A", "changeme").with_variable("B", "sk-real-1");
    check(&world, "secret = true\nfrom = [{ env = 'A' }, { env = 'B' }]", Some(("sk-real-1", variable("B"))));
    check(&world, "from = [{ env = 'A' }, { env = 'B' }]", Some(("changeme", variable("A"))));
}

#[test]
fn a_placeholder_in_the_environment_hides_no_key_of_the_env_file() {
    let world = World::new().with_variable("A", "changeme").with_file(".env", "A=sk-real-1\n");
    check(
        &world,
        "secret = true\nfrom = [{ env = 'A' }]",
        Some(("sk-real-1", InputOrigin::EnvFile("A".into()))),
    );
    let world = World::new().with_variable("A", "sk-real-1").with_file(".env", "A=changeme\n");
    check(&world, "secret = true\nfrom = [{ env = 'A' }]", Some(("sk-real-1", variable("A"))));
    let world = World::new().with_variable("A", "  ").with_file(".env", "A=changeme\nB=sk-real-2\n");
    check(
        &world,
        "secret = true\nfrom = [{ env = 'A' }, { env = 'B' }]",
        Some(("sk-real-2", InputOrigin::EnvFile("B".into()))),
    );
}

#[test]
fn a_secret_with_a_control_character_is_an_error_that_says_so_and_where_it_came_from() {
    let provider = acme("secret = true\nfrom = [{ env = 'A' }]");
    let world = World::new().with_file(".env", r#"A="sk-real\n-1""#);
    let error = world.resolve(&provider).unwrap_err().to_string();
    let expect =
        "the value of `key` from A in the home's .env has a control character in it, such as a line break";
    assert_eq!(error, expect);
    // A line break at the end is no part of it.
    let world = World::new().with_variable("A", "sk-real-1\r\n");
    check(&world, "secret = true\nfrom = [{ env = 'A' }]", Some(("sk-real-1", variable("A"))));
}

#[test]
fn the_variables_of_the_env_file_are_told_by_their_names() {
    let world = World::new().with_file(".env", "A=1\nexport B='2'\nC=\n# D=4\n");
    let names = env_file_variables(&Home::at(world.folder.path()));
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["A", "B"]);
}

#[test]
fn s28_a_source_that_is_not_trusted_is_not_read() {
    let mut world = World::new().with_variable("A", "value");
    world.trusted = false;
    let file = world.folder.path().join("ran");
    let command = format!("{{ command = ['touch', '{}'] }}", file.display());
    check(&world, &format!("from = [{{ env = 'A' }}, {command}]"), None);
    assert!(!file.exists());
}

#[test]
fn a_value_that_the_file_does_not_allow_is_an_error_that_names_its_source() {
    let choices = acme("choices = ['eu', 'us']\nfrom = [{ env = 'A' }]");
    let error = World::new().with_variable("A", "mars").resolve(&choices).unwrap_err();
    assert_eq!(error.to_string(), "the value of `key` from A in the environment is not one of eu, us");
    let pattern = acme("pattern = '[a-z]+'\nfrom = [{ env = 'A' }]\ndefault = 'ok'");
    let error = World::new().with_set("key", "s3cr3t").resolve(&pattern).unwrap_err().to_string();
    let words =
        "the value of `key` from what was given for this run is not valid: it should look like `acme`";
    assert_eq!(error, words);
    assert!(!error.contains("s3cr3t"), "{error}");
}

#[test]
fn a_kept_value_that_is_allowed_no_more_counts_as_unset() {
    let world = World::new().with_kept("key", "mars");
    check(&world, "choices = ['eu', 'us']\ndefault = 'eu'", Some(("eu", InputOrigin::Default)));
}

#[test]
fn an_input_that_is_not_there_can_t_be_set() {
    let error = World::new().with_set("kei", "1").resolve(&acme("prompt = 'Key'")).unwrap_err();
    assert_eq!(error.to_string(), "`kei` is no input of `acme`; it has key");
}

#[test]
fn what_has_no_value_and_a_prompt_is_missing() {
    let missing = |world: World, input: &str| world.resolve(&acme(input)).unwrap().missing;
    assert_eq!(missing(World::new(), "prompt = 'Key'"), ["key"]);
    assert!(missing(World::new(), "from = [{ env = 'A' }]").is_empty());
    assert!(missing(World::new().with_set("key", "1"), "prompt = 'Key'").is_empty());
    assert_eq!(missing(World::new().with_set("key", ""), "prompt = 'Key'"), ["key"]);
}

#[test]
fn the_variables_of_a_file_are_told() {
    let provider = acme("from = [{ env = 'A' }, { file = '~/x' }, { env = 'B' }]");
    assert_eq!(variables(&provider), ["A", "B"]);
}

#[test]
fn values_of_sources_are_told_apart_and_no_value_is_printed() {
    let world = World::new().with_variable("A", "s3cr3t");
    let inputs = world.resolve(&acme("from = [{ env = 'A' }]")).unwrap();
    assert!(inputs.is_from_source("key"));
    assert!(!format!("{inputs:?}").contains("s3cr3t"));
    let kept = World::new().with_kept("key", "k").resolve(&acme("from = [{ env = 'A' }]")).unwrap();
    assert!(!kept.origins.keys().any(|name| kept.is_from_source(name)));
}

#[test]
fn a_file_that_can_t_be_read_is_absent() {
    let world = World::new().with_file("locked", "t0ken");
    let locked = world.folder.path().join("locked");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
    // Who may read everything, reads it.
    let readable = fs::read(&locked).is_ok();
    let expect = readable.then(|| ("t0ken", InputOrigin::File("~/locked".into())));
    check(&world, "from = [{ file = '~/locked' }]", expect);
}

#[test]
fn a_token_of_another_program_that_has_expired_is_not_handed_out() {
    let input =
        "secret = true\nfrom = [{ file = '~/creds.json', at = '$.oauth.accessToken' }, { env = 'LAST' }]";
    let with = |expiry: &str| {
        let text = format!("{{\"oauth\": {{\"accessToken\": \"token-1\"{expiry}}}}}");
        World::new().with_file("creds.json", &text).resolve(&acme(input)).unwrap()
    };
    for expiry in [
        ", \"expiresAt\": 1600000000000",
        ", \"expires_at\": 1600000000",
        ", \"expiry_date\": 1600000000000.5",
    ] {
        let inputs = with(expiry);
        assert!(inputs.values.is_empty(), "{expiry}");
        let expect = "~/creds.json gave no `key`: what it holds expired on 2020-09-13; the program that wrote it renews it";
        assert_eq!(inputs.failed[0].to_string(), expect, "{expiry}");
    }
    for expiry in [
        "",
        ", \"expiresAt\": 4100000000000",
        ", \"expires_in\": 1",
        ", \"expires\": 3600",
        ", \"expiresAt\": \"soon\"",
    ] {
        assert_eq!(with(expiry).values["key"], "token-1", "{expiry}");
    }
}
