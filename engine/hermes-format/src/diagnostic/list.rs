//! Lists of findings: their order, how many are told, and in whose words.

use super::{BROUGHT, Diagnostic, yaml};
use crate::parse::Language;
use crate::source::{Sources, Span};

/// The most findings of a file that are told at once: more help nobody.
pub const MOST: usize = 100;

/// Sorts findings, leaves out what is said twice, and what goes beyond [`MOST`], and words them in the language of their
/// files. An error among them stays.
pub fn tidy(findings: &mut Vec<Diagnostic>, sources: &Sources) {
    sort(findings);
    findings.dedup();
    if let Some(error) = findings.iter().position(Diagnostic::is_error).filter(|at| *at >= MOST) {
        findings.swap(MOST - 1, error);
    }
    findings.truncate(MOST);
    in_language_of_files(findings, sources);
}

/// Sorts findings by file, place and code.
pub fn sort(findings: &mut [Diagnostic]) {
    findings.sort_by(|a, b| {
        (a.primary.span, a.code.id, &a.message).cmp(&(b.primary.span, b.code.id, &b.message))
    });
}

/// Words the helps and the mends, which are written in TOML, in the language of the files that they are for. Doing so
/// again changes nothing.
pub fn in_language_of_files(findings: &mut [Diagnostic], sources: &Sources) {
    let is_yaml =
        |span: Span| sources.file(span.file).is_some_and(|file| Language::of(&file.name) == Language::Yaml);
    for finding in findings {
        // What a flow lacks is mended in the file that extends it.
        let brought = finding.secondary.iter().find(|label| label.text == BROUGHT);
        if is_yaml(brought.map_or(finding.primary.span, |label| label.span)) {
            finding.help = finding.help.as_deref().map(yaml::help);
        }
        if let Some(fix) = finding.fix.as_mut().filter(|fix| is_yaml(fix.span)) {
            fix.replacement = yaml::snippet(&fix.replacement);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;
    use crate::source::FileId;

    static WARNING: Code = Code::warning("HE998", "a-warning");
    static ERROR: Code = Code::error("HE999", "an-error");

    #[test]
    fn an_error_behind_a_hundred_warnings_is_told() {
        let at = |start: u32, code: &'static Code| {
            Diagnostic::new(code, Span { file: FileId(0), start, end: start }, "")
        };
        let mut findings: Vec<_> = (0..150).map(|start| at(start, &WARNING)).collect();
        findings.push(at(200, &ERROR));
        tidy(&mut findings, &Sources::default());
        assert_eq!(findings.len(), MOST);
        assert!(findings[MOST - 1].is_error());
    }
}
