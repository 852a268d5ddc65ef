//! The proof of the prover: defects are planted in every file of the catalogue and of `tests/flows`, and each must be found.
//!
//! A defect is found by the schema, by `check` (a finding that the file as it ships does not have) or by `test` (a test
//! that fails, or coverage that is no longer whole). What none of them finds must stand in `tests/survivors.toml` with the
//! reason why it changes nothing that the engine could know.
//!
//! A plain run judges one defect in sixteen, in a few seconds; all of them are judged, in a few minutes, by
//!
//! ```console
//! MUTANTS=all cargo test -p hermes-proof --test mutants -- --nocapture
//! ```
//!
//! which prints what was planted, of which kind, and what found it.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout)]

mod catalogue;
mod judge;
mod plant;
mod report;
mod survivor;

use std::fs;
use std::path::{Path, PathBuf};

use self::catalogue::Catalogue;
use self::judge::{Judge, Verdict};
use self::plant::Mutant;

/// A defect, the file that it was planted in, and what found it.
pub(crate) struct Judged {
    pub(crate) file: String,
    pub(crate) mutant: Mutant,
    pub(crate) verdict: Verdict,
}

#[test]
fn every_planted_defect_is_found_or_changes_nothing_for_a_reason() {
    let all = std::env::var_os("MUTANTS").is_some_and(|which| which == "all");
    let judged = judge_each(if all { 1 } else { SAMPLE });
    let report = report::table(&judged);
    println!("{report}");
    let complaints = survivor::complaints(&judged, all);
    assert!(complaints.is_empty(), "{complaints}\n{report}");
    assert!(judged.len() * if all { 1 } else { SAMPLE } >= 300, "only {} defects were judged", judged.len());
}

#[test]
fn the_readme_says_no_more_than_is_so() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let figure =
        readme.split(" defects planted").next().and_then(|before| before.rsplit(' ').next()).unwrap();
    let figure: usize = figure.trim_start_matches('*').replace(',', "").parse().unwrap();
    let planted: usize = Catalogue::read(&root()).files().map(|file| plant::all(&file.json).len()).sum();
    assert!(figure <= planted, "README says {figure}, {planted} are planted");
    assert!(figure >= 300, "README says {figure}: say more");
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A plain run judges one defect in so many.
const SAMPLE: usize = 16;

/// Plants every defect in every file, and judges one in so many; on all processors, in the order of the files.
fn judge_each(nth: usize) -> Vec<Judged> {
    let catalogue = Catalogue::read(&root());
    let judge = Judge::new(&catalogue);
    let mut jobs: Vec<(String, Mutant)> = Vec::new();
    for file in catalogue.files() {
        jobs.extend(plant::all(&file.json).into_iter().map(|mutant| (file.name(), mutant)));
    }
    let jobs: Vec<_> = jobs.into_iter().step_by(nth).collect();
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let mut shares: Vec<Vec<(usize, &(String, Mutant))>> = vec![Vec::new(); workers];
    for (i, job) in jobs.iter().enumerate() {
        shares[i % workers].push((i, job));
    }
    let mut verdicts: Vec<(usize, Verdict)> = std::thread::scope(|scope| {
        let workers: Vec<_> = shares
            .into_iter()
            .map(|share| {
                let judge = &judge;
                scope.spawn(move || {
                    share
                        .into_iter()
                        .map(|(i, (file, mutant))| (i, judge.verdict(file, &mutant.json)))
                        .collect()
                })
            })
            .collect();
        workers.into_iter().flat_map(|worker| -> Vec<(usize, Verdict)> { worker.join().unwrap() }).collect()
    });
    verdicts.sort_by_key(|(i, _)| *i);
    jobs.into_iter()
        .zip(verdicts)
        .map(|((file, mutant), (_, verdict))| Judged { file, mutant, verdict })
        .collect()
}
