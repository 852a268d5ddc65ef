//! The defects that nothing finds, and why each is none.

use std::fmt::Write as _;
use std::fs;

use hermes_format::parse::{Language, parse};
use hermes_format::source::FileId;

use super::judge::Verdict;
use super::{Judged, root};

/// What a line of `tests/survivors.toml` is about; `*` in `file` and `at` stands for anything.
struct Reason {
    kind: String,
    file: String,
    at: String,
}

/// Survivors without a reason, and, where all defects were judged, reasons without a survivor.
pub(crate) fn complaints(judged: &[Judged], all: bool) -> String {
    let reasons = reasons();
    let mut used = vec![false; reasons.len()];
    let mut complaints = String::new();
    for survivor in judged.iter().filter(|judged| judged.verdict == Verdict::Survived) {
        let reason = reasons.iter().position(|reason| reason.is_about(survivor));
        match reason {
            Some(at) => used[at] = true,
            None => {
                let Judged { file, mutant, .. } = survivor;
                writeln!(complaints, "nothing finds: {file}: {}: {} {}", mutant.kind, mutant.at, mutant.what)
                    .unwrap();
            }
        }
    }
    for (reason, _) in reasons.iter().zip(used).filter(|(_, used)| all && !used) {
        writeln!(complaints, "no such survivor: {}: {}: {}", reason.file, reason.kind, reason.at).unwrap();
    }
    complaints
}

fn reasons() -> Vec<Reason> {
    let text = fs::read_to_string(root().join("tests/survivors.toml")).unwrap();
    let node = parse(&text, Language::Toml, FileId(0)).unwrap().to_json();
    let entries = node["survivor"].as_array().cloned().unwrap_or_default();
    let reason = |entry: &serde_json::Value| {
        let word = |key: &str| entry[key].as_str().unwrap_or_else(|| panic!("{entry}: no {key}")).to_owned();
        assert!(word("reason").len() > 20, "{entry}: a reason is a sentence");
        Reason { kind: word("kind"), file: word("file"), at: word("at") }
    };
    entries.iter().map(reason).collect()
}

impl Reason {
    fn is_about(&self, survivor: &Judged) -> bool {
        matches(&self.kind, survivor.mutant.kind)
            && matches(&self.file, &survivor.file)
            && matches(&self.at, &format!("{} {}", survivor.mutant.at, survivor.mutant.what))
    }
}

/// Whether a text is a pattern's, in which `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            (0..=text.len()).filter(|at| text.is_char_boundary(*at)).any(|at| matches(rest, &text[at..]))
        }),
    }
}
