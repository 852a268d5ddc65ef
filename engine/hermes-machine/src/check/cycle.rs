//! Circles of states.

use std::collections::BTreeSet;

use super::subject::Subject;
use hermes_format::provider::{Active, StateId};

/// One circle for each group of states that lead back to themselves, without the states that `left_out` takes away. Each
/// circle begins with the group's first state in the file.
pub(super) fn circles(subject: &Subject<'_>, left_out: &dyn Fn(&Active) -> bool) -> Vec<BTreeSet<StateId>> {
    let kept: BTreeSet<StateId> =
        subject.active().filter(|(_, _, active)| !left_out(active)).map(|(id, ..)| id).collect();
    let mut done: BTreeSet<StateId> = BTreeSet::new();
    let mut circles = Vec::new();
    for id in &kept {
        if done.contains(id) {
            continue;
        }
        let after = reach(subject, *id, &kept);
        if after.contains(id) {
            let circle: BTreeSet<StateId> =
                after.into_iter().filter(|other| reach(subject, *other, &kept).contains(id)).collect();
            done.extend(&circle);
            circles.push(circle);
        }
    }
    circles
}

/// What is reached from a state by one step or more.
fn reach(subject: &Subject<'_>, from: StateId, kept: &BTreeSet<StateId>) -> BTreeSet<StateId> {
    let mut open: Vec<StateId> = subject.provider.successors(from).collect();
    let mut reached = BTreeSet::new();
    while let Some(id) = open.pop() {
        if kept.contains(&id) && reached.insert(id) {
            open.extend(subject.provider.successors(id));
        }
    }
    reached
}
