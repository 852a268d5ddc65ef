use super::*;
use crate::check::RULES;

const TEXT: &str = "a = 1\n# check: allow HE401 HE601 -- the service knows no other way\n# check: allow HE602 -- so it is\nb = 2\n";

static PLAIN: Code = Code::error("HE404", "plain-http");

fn code(id: &str) -> &'static Code {
    RULES.iter().map(|rule| rule.code).find(|code| code.id == id).unwrap_or(&PLAIN)
}

/// What is left of findings of these codes at the words `at`.
fn left(text: &str, at: &str, ids: &[&str]) -> Vec<&'static str> {
    let mut sources = Sources::default();
    let file = sources.add("acme.toml", text);
    let start = u32::try_from(text.find(at).unwrap()).unwrap();
    let span = Span { file, start, end: start + 1 };
    let findings = ids.iter().map(|id| Diagnostic::new(code(id), span, *id)).collect();
    apply_allowances(findings, &sources, &[file], &crate::check::codes())
        .into_iter()
        .map(|finding| finding.code.id)
        .collect()
}

#[test]
fn allowances_silence_their_codes_on_the_next_line_that_is_none() {
    assert!(left(TEXT, "b = 2", &["HE401", "HE601", "HE602"]).is_empty());
    assert_eq!(left(TEXT, "b = 2", &["HE401", "HE601", "HE602", "HE606"]), ["HE606"]);
}

#[test]
fn each_code_of_an_allowance_is_idle_by_itself() {
    assert_eq!(left(TEXT, "b = 2", &["HE401", "HE602"]), ["HE007"]);
    let text = "# check: allow HE999 -- so it is\nb = 2\n";
    let mut sources = Sources::default();
    let file = sources.add("acme.toml", text);
    let found = apply_allowances(Vec::new(), &sources, &[file], &crate::check::codes());
    assert_eq!(found[0].message, "there is no code `HE999`");
}

#[test]
fn an_allowance_for_another_line_is_idle() {
    assert_eq!(left(TEXT, "a = 1", &["HE401"]), ["HE401", "HE007", "HE007"]);
}

#[test]
fn an_allowance_without_a_reason_silences_nothing() {
    assert_eq!(left("# check: allow HE401\nb = 2\n", "b", &["HE401"]), ["HE007", "HE401"]);
    assert_eq!(left("# check: allow HE401 -- \nb = 2\n", "b", &["HE401"]), ["HE007", "HE401"]);
}

#[test]
fn what_keeps_a_file_from_loading_cannot_be_allowed() {
    assert_eq!(left("# check: allow HE404 -- please\nb = 2\n", "b", &["HE404"]), ["HE007", "HE404"]);
}

#[test]
fn an_allowance_above_extends_silences_what_that_brought() {
    let mut sources = Sources::default();
    let flow = sources.add("flow.toml", "b = 2\n");
    let own = sources.add("acme.toml", "# check: allow HE401 -- fine here\nextends = \"flow\"\n");
    let primary = Span { file: flow, start: 0, end: 1 };
    let brought = Span { file: own, start: 34, end: 41 };
    let finding = Diagnostic::new(code("HE401"), primary, "a").also(brought, BROUGHT);
    assert!(apply_allowances(vec![finding], &sources, &[own], &crate::check::codes()).is_empty());
}
