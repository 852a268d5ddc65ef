//! Writes what was got into the tests that wanted something else.

use super::report::Report;
use hermes_format::diagnostic::Fix;

/// The mends that make every failing test say what it got, as far as that can be written.
pub fn fixes(report: &Report) -> Vec<Fix> {
    let mut fixes: Vec<Fix> =
        report.tests.iter().flat_map(|test| &test.mismatches).filter_map(|m| m.fix.clone()).collect();
    fixes.sort();
    fixes.dedup();
    fixes
}

/// The text with all mends in it. Of mends that overlap, the first is made; one outside the text is left out.
pub fn apply(text: &str, fixes: &[Fix]) -> String {
    let mut ordered: Vec<&Fix> = fixes.iter().collect();
    ordered.sort_by_key(|fix| (fix.span.start, fix.span.end));
    let (mut done, mut written) = (0, String::with_capacity(text.len()));
    for fix in ordered {
        let (start, end) = (fix.span.start as usize, fix.span.end as usize);
        let (Some(between), Some(_)) = (text.get(done..start), text.get(start..end)) else { continue };
        written.push_str(between);
        written.push_str(&fix.replacement);
        done = end;
    }
    written.push_str(text.get(done..).unwrap_or_default());
    written
}
