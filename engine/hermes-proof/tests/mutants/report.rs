//! What was planted, and what found it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Judged;
use super::judge::Verdict;

/// One line a kind of defect: how many, and what found how many of them first.
pub(crate) fn table(judged: &[Judged]) -> String {
    let mut kinds: BTreeMap<&str, [usize; 5]> = BTreeMap::new();
    for judged in judged {
        for kind in [judged.mutant.kind, "~ all"] {
            let counts = kinds.entry(kind).or_default();
            counts[0] += 1;
            counts[1 + column(&judged.verdict)] += 1;
        }
    }
    let mut table = format!("{:<24}", "defect");
    for head in ["planted", "schema", "check", "test", "nothing"] {
        write!(table, "{head:>9}").unwrap();
    }
    for (kind, counts) in kinds {
        write!(table, "\n{:<24}", kind.trim_start_matches("~ ")).unwrap();
        for count in counts {
            write!(table, "{count:>9}").unwrap();
        }
    }
    table + "\n"
}

fn column(verdict: &Verdict) -> usize {
    match verdict {
        Verdict::Schema => 0,
        Verdict::Check(_) => 1,
        Verdict::Test => 2,
        Verdict::Survived => 3,
    }
}
