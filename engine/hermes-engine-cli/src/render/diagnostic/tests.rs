use hermes_format::diagnostic::Code;
use hermes_format::source::FileId;
use proptest::prelude::*;
use serde_json::json;
use snapbox::{assert_data_eq, str};

use super::*;

static UNGUARDED: Code = Code::error("HE203", "unguarded-field");
static NO_MODELS: Code = Code::warning("HE603", "no-models");

fn span_of(sources: &Sources, file: FileId, words: &str) -> Span {
    let text = &sources.file(file).expect("a file").text;
    let start = text.find(words).expect("the words");
    let offset = |at: usize| u32::try_from(at).expect("a short file");
    Span { file, start: offset(start), end: offset(start + words.len()) }
}

/// Two files and three findings, out of order and one of them twice.
fn sample() -> (Sources, Vec<Diagnostic>) {
    let mut sources = Sources::default();
    let flow = sources.add("providers.d/flows/b flow.toml", "[states.é]\npost = \"https://a.example\"\n");
    let file = sources
        .add("providers.d/acme.toml", "name = \"Acme\"\n\nform.code = \"{{start.cod}}\"\r\nmodels = [\n]\n");
    let field =
        Diagnostic::new(&UNGUARDED, span_of(&sources, file, "start.cod"), "no rule guarantees `start.cod`")
            .label("`start` checks `$.code`")
            .also(span_of(&sources, flow, "states.é"), "declared here")
            .also(span_of(&sources, file, "name"), "of this provider")
            .help("did you mean `start.code`?")
            .fix(span_of(&sources, file, "start.cod"), "start.code");
    let models =
        Diagnostic::new(&NO_MODELS, span_of(&sources, file, "[\n]"), "nothing to choose, 100%: none\nat all");
    let state = Diagnostic::new(&UNGUARDED, span_of(&sources, flow, "é"), "a \u{1b}[31mred\u{1b}[0m name");
    (sources, vec![state, models, field.clone(), field])
}

#[test]
fn text_shows_lines_carets_labels_and_help() {
    let (sources, findings) = sample();
    assert_data_eq!(
        text(&findings, &sources, false),
        str![[r#"
error[HE203] unguarded-field: no rule guarantees `start.cod`
 --> providers.d/acme.toml:3:16
  |
1 | name = "Acme"
  | ---- of this provider
2 |
3 | form.code = "{{start.cod}}"
  |                ^^^^^^^^^ `start` checks `$.code`
  |
 ::: providers.d/flows/b flow.toml:1:2
  |
1 | [states.é]
  |  -------- declared here
  |
  = help: did you mean `start.code`?
  = more: hermes-engine explain HE203

warning[HE603] no-models: nothing to choose, 100%: none at all
 --> providers.d/acme.toml:4:10
  |
4 | models = [
  |          ^
  |
  = more: hermes-engine explain HE603

error[HE203] unguarded-field: a red name
 --> providers.d/flows/b flow.toml:1:9
  |
1 | [states.é]
  |         ^
  |
  = more: hermes-engine explain HE203
"#]]
    );
}

#[test]
fn text_has_the_look_of_the_compiler() {
    let mut sources = Sources::default();
    let text_of_file = "\n".repeat(51) + "form.user_code     = \"{{request_code.usercode}}\"\n";
    let file = sources.add("providers.d/acme.toml", text_of_file);
    let finding = Diagnostic::new(
        &UNGUARDED,
        span_of(&sources, file, "request_code.usercode"),
        "no rule guarantees `request_code.usercode`",
    )
    .label("`request_code` checks `$.user_code`, `$.verification_uri`, `$.expired_in`")
    .help("did you mean `request_code.user_code`?");
    assert_data_eq!(
        text(&[finding], &sources, false),
        str![[r#"
error[HE203] unguarded-field: no rule guarantees `request_code.usercode`
  --> providers.d/acme.toml:52:25
   |
52 | form.user_code     = "{{request_code.usercode}}"
   |                         ^^^^^^^^^^^^^^^^^^^^^ `request_code` checks `$.user_code`, `$.verification_uri`, `$.expired_in`
   |
   = help: did you mean `request_code.user_code`?
   = more: hermes-engine explain HE203
"#]]
    );
}

#[test]
fn colour_adds_nothing_but_colour() {
    let (sources, findings) = sample();
    let colored = text(&findings, &sources, true);
    assert!(colored.contains("\u{1b}["));
    assert_eq!(anstream::adapter::strip_str(&colored).to_string(), text(&findings, &sources, false));
}

#[test]
fn a_place_at_the_end_of_a_file_or_outside_it_is_shown() {
    let mut sources = Sources::default();
    let file = sources.add("a.toml", "a = [1,\n");
    let at = |start, end| Diagnostic::new(&UNGUARDED, Span { file, start, end }, "m");
    let nowhere = Diagnostic::new(&UNGUARDED, Span { file: FileId(9), start: 0, end: 1 }, "m");
    for finding in [at(8, 8), at(7, 8), at(90, 95), at(5, 2), nowhere] {
        let findings = [finding];
        assert!(text(&findings, &sources, false).starts_with("error[HE203] unguarded-field: m"));
        assert_eq!(json(&findings, &sources)["diagnostics"][0]["message"], "m");
        assert_eq!(sarif(&findings, &sources)["runs"][0]["results"][0]["message"]["text"], "m");
        assert!(github(&findings, &sources).ends_with("::m"));
    }
}

#[test]
fn nothing_found_is_nothing_said() {
    let sources = Sources::default();
    assert_eq!(text(&[], &sources, false), "");
    assert_eq!(github(&[], &sources), "");
    assert_eq!(json(&[], &sources), json!({ "version": 1, "diagnostics": [] }));
}

#[test]
fn json_has_places_labels_and_mends() {
    let (sources, findings) = sample();
    let found = json(&findings, &sources);
    assert_eq!(
        found["diagnostics"][0],
        json!({
            "code": "HE203", "name": "unguarded-field", "severity": "error",
            "message": "no rule guarantees `start.cod`", "page": "docs/checks/HE203.md",
            "file": "providers.d/acme.toml", "line": 3, "column": 16, "end_line": 3, "end_column": 25,
            "label": "`start` checks `$.code`", "help": "did you mean `start.code`?",
            "related": [
                { "file": "providers.d/flows/b flow.toml", "line": 1, "column": 2, "end_line": 1, "end_column": 10, "label": "declared here" },
                { "file": "providers.d/acme.toml", "line": 1, "column": 1, "end_line": 1, "end_column": 5, "label": "of this provider" },
            ],
            "fix": { "file": "providers.d/acme.toml", "line": 3, "column": 16, "end_line": 3, "end_column": 25, "replacement": "start.code" },
        })
    );
    let codes: Vec<_> = found["diagnostics"].as_array().expect("a list").iter().map(|d| &d["code"]).collect();
    assert_eq!(codes, ["HE203", "HE603", "HE203"]);
}

#[test]
fn a_workflow_command_is_one_line() {
    let (sources, findings) = sample();
    let lines = github(&findings, &sources);
    let lines: Vec<_> = lines.lines().collect();
    assert_eq!(
        lines[..2],
        [
            "::error file=providers.d/acme.toml,line=3,col=16,endLine=3,endColumn=25,title=HE203 unguarded-field::no rule guarantees `start.cod`%0Ahelp: did you mean `start.code`?",
            "::warning file=providers.d/acme.toml,line=4,col=10,endLine=5,endColumn=2,title=HE603 no-models::nothing to choose, 100%25: none%0Aat all",
        ]
    );
    assert_eq!(lines.len(), 3);
}

#[test]
fn sarif_names_rules_places_and_mends() {
    let (sources, findings) = sample();
    let run = &sarif(&findings, &sources)["runs"][0];
    let rules: Vec<_> =
        run["tool"]["driver"]["rules"].as_array().expect("rules").iter().map(|r| &r["id"]).collect();
    assert_eq!(rules, ["HE203", "HE603"]);
    assert_eq!(run["results"].as_array().map(Vec::len), Some(3));
    let help = &run["tool"]["driver"]["rules"][0]["help"]["text"];
    assert_eq!(help, "What, why and how to fix it: docs/checks/HE203.md");
    let result = &run["results"][0];
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "providers.d/acme.toml");
    assert_eq!(place["region"], json!({ "startLine": 3, "startColumn": 16, "endLine": 3, "endColumn": 25 }));
    assert_eq!(result["ruleIndex"], 0);
    let related = &result["relatedLocations"][0];
    assert_eq!(related["physicalLocation"]["artifactLocation"]["uri"], "providers.d/flows/b%20flow.toml");
    let change = &result["fixes"][0]["artifactChanges"][0];
    assert_eq!(change["replacements"][0]["insertedContent"]["text"], "start.code");
}

#[test]
fn a_line_of_a_file_can_give_the_terminal_no_orders() {
    let mut sources = Sources::default();
    let file = sources.add("a\u{1b}[2J.toml", "a = '\u{1b}]0;x\u{7}\u{9b}1m\u{202e}' # \u{8}\u{7f}\n");
    let finding = Diagnostic::new(&UNGUARDED, Span { file, start: 5, end: 6 }, "m");
    let shown = text(&[finding], &sources, false);
    assert!(shown.chars().all(|c| c == '\n' || !c.is_control()), "{shown:?}");
    assert!(!shown.contains('\u{202e}'), "{shown:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_place_of_any_text_can_be_shown(
        text_of_file in "([a-z\té\u{1f600}]{0,5}(\n|\r\n|\r| )){0,4}",
        places in prop::collection::vec((0u32..40, 0u32..40), 1..4),
    ) {
        let mut sources = Sources::default();
        let file = sources.add("a.toml", text_of_file);
        let span = |(start, end)| Span { file, start, end };
        let first = Diagnostic::new(&UNGUARDED, span(places[0]), "m").label("l").fix(span(places[0]), "x");
        let finding = places.iter().skip(1).fold(first, |finding, place| finding.also(span(*place), "s"));
        let findings = [finding];
        prop_assert!(text(&findings, &sources, false).starts_with("error[HE203] unguarded-field: m\n"));
        prop_assert_eq!(github(&findings, &sources).lines().count(), 1);
        prop_assert_eq!(json(&findings, &sources)["diagnostics"].as_array().map(Vec::len), Some(1));
        prop_assert_eq!(sarif(&findings, &sources)["runs"][0]["results"].as_array().map(Vec::len), Some(1));
    }
}
