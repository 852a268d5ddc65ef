//! The processor time of child processes, compared pair by pair.

use std::fmt;
use std::process::Command;

/// The processor time of one run of each, in milliseconds, and their ratio, as medians over the rounds.
pub(crate) struct Ratio {
    ours: f64,
    theirs: f64,
    ratio: f64,
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ratio { ours, theirs, ratio } = self;
        write!(f, "{ours:.2} ms of processor time a run, {theirs:.2} ms of the other: {ratio:.2} times")
    }
}

/// Runs `runs` of each in every round, one kind after the other.
pub(crate) fn compare(
    rounds: usize,
    runs: usize,
    ours: &dyn Fn() -> Command,
    theirs: &dyn Fn() -> Command,
) -> Ratio {
    let rounds: Vec<(f64, f64)> = (0..rounds).map(|_| (cost(runs, ours), cost(runs, theirs))).collect();
    Ratio {
        ours: median(rounds.iter().map(|(a, _)| *a)),
        theirs: median(rounds.iter().map(|(_, b)| *b)),
        ratio: median(rounds.iter().map(|(a, b)| a / b)),
    }
}

fn cost(runs: usize, command: &dyn Fn() -> Command) -> f64 {
    let before = children_ms();
    for _ in 0..runs {
        let status = command().status().unwrap();
        assert!(status.success(), "a run failed: {status}");
    }
    (children_ms() - before) / f64::from(u32::try_from(runs).unwrap())
}

/// The processor time of all children that were waited for, in milliseconds: fields 16 and 17 of `/proc/self/stat`, in
/// hundredths of a second.
fn children_ms() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let after_name = stat.rsplit_once(") ").unwrap().1;
    let ticks: Vec<f64> =
        after_name.split(' ').skip(13).take(2).map(|field| field.parse().unwrap()).collect();
    ticks.iter().sum::<f64>() * 10.0
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
