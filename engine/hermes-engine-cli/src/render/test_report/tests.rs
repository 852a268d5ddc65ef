use hermes_format::source::{Sources, Span};
use hermes_proof::replay::coverage::{Coverage, Item, ItemKind};
use hermes_proof::replay::{Mismatch, Report, TestResult};

use super::*;

fn example() -> (Vec<Report>, Sources) {
    let mut sources = Sources::default();
    let tests = sources.add("acme.test.toml", "a\nb <c>\n");
    let flow = sources.add("acme.toml", "x\n");
    let span = |file, start| Span { file, start, end: start + 1 };
    let mismatch = Mismatch {
        field: "expect.end".into(),
        span: span(tests, 4),
        expected: "\"success\"".into(),
        got: "\"error\"".into(),
        fix: None,
    };
    let result = |name: &str, mismatches| TestResult { name: name.into(), span: span(tests, 2), mismatches };
    let item = |name: &str, kind, covered| Item { name: name.into(), kind, span: span(flow, 0), covered };
    let report = Report {
        provider: "acme".into(),
        tests: vec![result("it works", vec![]), result("a < b", vec![mismatch])],
        coverage: Coverage {
            items: vec![
                item("poll.on[0]", ItemKind::Rule, true),
                item("poll.on[1]", ItemKind::Rule, false),
                item("code.interval", ItemKind::Absent, false),
            ],
        },
    };
    (vec![report], sources)
}

#[test]
fn a_person_reads_what_failed_and_what_is_not_covered() {
    let (reports, sources) = example();
    let expect = "\
acme: 1 FAILED, 2 tests; covered: rules 1/2, values 0/1
  FAILED: a < b (acme.test.toml:2:1)
    expect.end (acme.test.toml:2:3)
      expected: \"success\"
           got: \"error\"
  not covered: no test takes `poll.on[1]` (acme.toml:1:1)
  not covered: no reply leaves out `code.interval` (acme.toml:1:1)
2 tests of 1 provider: 1 failed
";
    assert_eq!(text(&reports, &sources, false), expect);
    assert!(text(&reports, &sources, true).contains("  ok: it works (acme.test.toml:2:1)\n"));
}

#[test]
fn a_program_reads_places_counts_and_complaints() {
    let (reports, sources) = example();
    let json = json(&reports, &sources);
    assert_eq!(json["version"], 1);
    assert_eq!(json["passed"], false);
    assert_eq!(json["providers"][0]["tests"][1]["mismatches"][0]["at"]["column"], 3);
    assert_eq!(json["providers"][0]["coverage"]["rules"]["covered"], 1);
    assert_eq!(json["providers"][0]["coverage"]["missing"][0]["name"], "poll.on[1]");
}

#[test]
fn junit_is_escaped() {
    let (reports, sources) = example();
    let broken = [Broken { place: "a.toml:1:2".to_owned(), message: "a <b".to_owned() }];
    let xml = junit(&reports, &broken, &sources);
    assert!(xml.contains("<failure message=\"a &lt;b\">a.toml:1:2: a &lt;b</failure>"), "{xml}");
    assert!(
        xml.contains("<testcase name=\"a &lt; b\" classname=\"acme\" file=\"acme.test.toml\" line=\"2\">")
    );
    assert!(xml.contains("expected: &quot;success&quot;"));
    assert!(xml.contains("<testsuites tests=\"3\" failures=\"2\">"));
}
