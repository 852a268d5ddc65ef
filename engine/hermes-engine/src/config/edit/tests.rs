use std::os::unix::fs::PermissionsExt as _;

use proptest::prelude::*;

use std::fs;

use super::super::*;
use super::scalar;

fn model() -> Model {
    Model {
        default: "m-1".into(),
        provider: "acme".into(),
        base_url: Some("https://api.acme.example/v1".into()),
    }
}

const BLOCK: &str = "model:\n  default: m-1\n  provider: acme\n  base_url: https://api.acme.example/v1\n";

#[track_caller]
fn check(before: &str, expect: &str) {
    assert_eq!(edit::set_model(before, &model()).as_deref(), Ok(expect));
    assert_eq!(edit::set_model(expect, &model()).as_deref(), Ok(expect), "once is enough");
}

#[test]
fn a_file_without_a_model_gets_one_at_its_end() {
    check("", BLOCK);
    check("# mine\n", &format!("# mine\n{BLOCK}"));
    check("a: 1 # one\nb:\n  model: x\n", &format!("a: 1 # one\nb:\n  model: x\n{BLOCK}"));
    check("a: 1", &format!("a: 1\n{BLOCK}"));
}

#[test]
fn a_block_keeps_its_comments_its_order_and_its_other_members() {
    check(
        "a: 1\n# the model\nmodel: # chosen\n  # nested\n  provider: old  # why\n    # deeper\n  temperature: 0.5\n  default: \"x # y\" # best\n\n# next\nz: [1,  2]\n",
        "a: 1\n# the model\nmodel: # chosen\n  # nested\n  provider: acme # why\n  base_url: https://api.acme.example/v1\n    # deeper\n  temperature: 0.5\n  default: m-1 # best\n\n# next\nz: [1,  2]\n",
    );
    check(
        "model:\n    provider: old\nz: 1\n",
        "model:\n    default: m-1\n    provider: acme\n    base_url: https://api.acme.example/v1\nz: 1\n",
    );
    check("model:\nz: 1\n", &format!("{BLOCK}z: 1\n"));
    check(
        "'model':\n  default: >\n    long\n    name\n  provider: a\nz: 1\n",
        &format!("'{}", BLOCK.replacen("model", "model'", 1) + "z: 1\n"),
    );
}

#[test]
fn a_flow_mapping_is_changed_in_place() {
    check(
        "model: {provider: old, t: {x: [1, 2]}, default: 'it''s'} # mine\nz: 1\n",
        "model: {provider: acme, t: {x: [1, 2]}, default: m-1, base_url: https://api.acme.example/v1} # mine\nz: 1\n",
    );
    check("model: {}\n", "model: {default: m-1, provider: acme, base_url: https://api.acme.example/v1}\n");
    check(
        "model: {\n  \"default\": a, # big, {one}\n  provider: \"b\",\n}\n",
        "model: {\n  \"default\": m-1, # big, {one}\n  provider: acme, base_url: https://api.acme.example/v1\n}\n",
    );
}

#[test]
fn one_value_becomes_a_table() {
    check(
        "model: big-one # mine\nz: 1\n",
        &format!("{}z: 1\n", BLOCK.replacen("model:", "model: # mine", 1)),
    );
    check("model: ~\n", BLOCK);
}

#[test]
fn lines_end_as_the_file_s_do() {
    check("a: 1\r\nmodel:\r\n  default: x\r\n", &format!("a: 1\n{BLOCK}").replace('\n', "\r\n"));
    check("\u{feff}a: 1\n", &format!("\u{feff}a: 1\n{BLOCK}"));
}

#[test]
fn a_base_url_of_another_provider_does_not_stay() {
    let without = Model { base_url: None, ..model() };
    let text = edit::set_model("model:\n  base_url: https://old.example\n  provider: x\n", &without).unwrap();
    assert_eq!(text, "model:\n  default: m-1\n  provider: acme\n");
    let text = edit::set_model("model: {base_url: https://old.example}\n", &without).unwrap();
    assert_eq!(text, "model: {base_url: null, default: m-1, provider: acme}\n");
}

#[test]
fn what_is_no_plain_text_is_quoted() {
    for name in ["", "true", "1.5", "a: b", "# x", "a\nb", "ö", "null", "a:", "- x", "{x}", "2026-01-01"] {
        let model = Model { default: name.into(), ..model() };
        for before in ["", "model: {default: x}\n"] {
            let text = edit::set_model(before, &model).unwrap();
            let file: serde_json::Value = serde_yaml::from_str(&text).unwrap();
            assert_eq!(file["model"]["default"], name, "{text}");
        }
    }
}

#[test]
fn a_shape_that_is_not_known_is_an_error_and_never_a_wrong_file() {
    for text in [
        "{a: 1}",
        "- a\n",
        "a: [\n",
        "model: *other\n",
        "model:\n- a\n",
        "model: |\n  text\n",
        "a: 1\n---\nb: 2\n",
        "a: 1\n...\n",
        "base: &b {default: x}\nmodel:\n  <<: *b\n  default: [\n",
    ] {
        assert!(edit::set_model(text, &model()).is_err(), "{text}: {:?}", edit::set_model(text, &model()));
    }
}

#[test]
fn the_file_is_the_owner_s_alone_and_is_left_alone_where_it_can_t_be_changed() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::at(folder.path().join("new"));
    choose(&home, &model()).unwrap();
    let path = home.config_yaml();
    assert_eq!(fs::read_to_string(&path).unwrap(), BLOCK);
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(read(home.path()).unwrap().provider.as_deref(), Some("acme"));
    fs::write(&path, "model: [\n").unwrap();
    assert!(choose(&home, &model()).unwrap_err().to_string().contains("config.yaml"));
    assert_eq!(fs::read_to_string(&path).unwrap(), "model: [\n");
}

proptest! {
    #[test]
    fn no_text_makes_a_wrong_file(text in "(model|a|b|  default|  provider|    x|: |:|\\n|\\r\\n|#| |\\{|\\}|,|\"|'|\\[|\\]|&a|\\*a|- |1|\\|){0,24}") {
        if let Ok(edited) = edit::set_model(&text, &model()) {
            let file: serde_json::Value = serde_yaml::from_str(edited.trim_start_matches('\u{feff}')).unwrap();
            prop_assert_eq!(&file["model"]["provider"], "acme");
        }
    }
}

#[test]
fn what_yaml_1_1_would_not_read_as_a_text_is_quoted() {
    for text in [
        "2026-01-01",
        "2026-01-01t10:00:00z",
        "yes",
        "No",
        "ON",
        "off",
        "y",
        "N",
        "true",
        "False",
        "null",
        "NULL",
        "~",
        "123",
        "1_000",
        "0o17",
        "017",
        "0x1F",
        "0b11",
        "1:30",
        "1.5",
        "1e3",
        "12e03",
        ".5",
        ".inf",
        ".NaN",
        "-1",
        "+1",
        "<<",
        "=",
        "4.1",
        "3.5-turbo",
        "",
        " a",
        "a: b",
        "a #b",
        "nan",
        "Inf",
    ] {
        let written = scalar(text);
        assert!(written.starts_with('"') && written.ends_with('"'), "{text} is written {written}");
        assert_eq!(serde_yaml::from_str::<Value>(&written).unwrap(), text);
    }
    for text in ["gpt-5", "acme/large:free", "yesterday", "nova", "https://api.example/v1", "e3"] {
        assert_eq!(scalar(text), text);
    }
}
