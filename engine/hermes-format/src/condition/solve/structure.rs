//! What paths say about one another: only an object has members, only a list has elements, and nothing is both.

use super::space::{ABSENT, Domains, OTHER, PathVariable, Set, Space};
use crate::query::Step;

const IS_ABSENT: Set = 1 << ABSENT;
const IS_OTHER: Set = 1 << OTHER;

/// How two paths, by their place in the space, depend on each other.
#[derive(Debug, Clone, Copy)]
pub(super) enum Relation {
    /// The second lies below the first.
    Above(usize, usize),
    /// One asks for an object where the other asks for a list.
    Exclusive(usize, usize),
}

/// All relations between paths.
pub(super) fn relations(paths: &[PathVariable]) -> Vec<Relation> {
    let mut relations = Vec::new();
    for (a, first) in paths.iter().enumerate() {
        for (b, second) in paths.iter().enumerate() {
            let (above, below) = (first.path.steps(), second.path.steps());
            let shared = above.iter().zip(below).take_while(|(x, y)| x == y).count();
            match (above.get(shared), below.get(shared)) {
                (None, Some(_)) => relations.push(Relation::Above(a, b)),
                (Some(Step::Key(_)), Some(Step::Index(_))) => relations.push(Relation::Exclusive(a, b)),
                _ => {}
            }
        }
    }
    relations
}

/// Narrows the domains of paths to what they leave each other; `None` where they leave nothing.
///
/// What is left can be met at once by taking every path as absent that may be, and any value for the others.
pub(super) fn settle(space: &Space, domains: &Domains) -> Option<Vec<Set>> {
    // A list that has an item is there, and is none of the values that a path can be compared with.
    let of_path = |at: usize| {
        let has_item = space.items_of(at, domains).next().is_some();
        space.path_domain(domains, at) & if has_item { IS_OTHER } else { Set::MAX }
    };
    let mut paths: Vec<Set> = (0..space.paths.len()).map(of_path).collect();
    loop {
        let before = paths.clone();
        for relation in &space.relations {
            let (Relation::Above(a, b) | Relation::Exclusive(a, b)) = *relation;
            let (Some(first), Some(second)) = (paths.get(a).copied(), paths.get(b).copied()) else {
                continue;
            };
            let (is_first_there, is_second_there) = (first & IS_ABSENT == 0, second & IS_ABSENT == 0);
            let (first, second) = match relation {
                Relation::Above(..) => (
                    if is_second_there { first & IS_OTHER } else { first },
                    if first & IS_OTHER == 0 { second & IS_ABSENT } else { second },
                ),
                Relation::Exclusive(..) => (
                    if is_second_there { first & IS_ABSENT } else { first },
                    if is_first_there { second & IS_ABSENT } else { second },
                ),
            };
            for (at, set) in [(a, first), (b, second)] {
                if let Some(path) = paths.get_mut(at) {
                    *path = set;
                }
            }
        }
        if paths.contains(&0) {
            return None;
        }
        if paths == before {
            return Some(paths);
        }
    }
}
