//! A JSON value from wishes for its paths.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::query::Step;

/// Longer lists are not made.
const MAX_LIST: i64 = 64;

/// What must be at a path.
pub(super) enum Want {
    Absent,
    Exactly(Value),
    /// Something; this, if nothing is below it.
    Something(Value),
}

impl Want {
    /// Adds the text that any answer of this wish holds: the names on the way, and the value if it is settled.
    pub(super) fn add_forced(&self, steps: &[Step], forced: &mut String) {
        if let Want::Exactly(value) = self {
            forced.push_str(&format!("{value}\u{0}"));
        }
        for step in steps {
            if let (Step::Key(key), Want::Exactly(_) | Want::Something(_)) = (step, self) {
                forced.push_str(&format!("{key}\u{0}"));
            }
        }
    }
}

/// A JSON value that is being put together.
#[derive(Default)]
pub(super) struct Tree {
    want: Option<Want>,
    below: IndexMap<Step, Tree>,
}

/// Why wishes give no value.
pub(super) enum Conflict {
    /// They exclude each other.
    Contradiction,
    /// A list would be too long.
    TooLong,
}

impl Tree {
    pub(super) fn put(&mut self, steps: &[Step], want: Want) {
        match steps.split_first() {
            Some((step, rest)) => self.below.entry(step.clone()).or_default().put(rest, want),
            None => self.want = Some(want),
        }
    }

    pub(super) fn value(self) -> Result<Option<Value>, Conflict> {
        let mut keys = Map::new();
        let mut indices = Vec::new();
        for (step, tree) in self.below {
            match (step, tree.value()?) {
                (Step::Key(key), Some(value)) => drop(keys.insert(key, value)),
                (Step::Key(_), None) => {}
                // One that is absent has its place too: the last of a list can be null and the first not.
                (Step::Index(at), value) => indices.push((at, value)),
            }
        }
        let has_no_elements = indices.iter().all(|(_, value)| value.is_none());
        match (keys.is_empty(), has_no_elements, self.want) {
            (true, true, None | Some(Want::Absent)) => Ok(None),
            (true, true, Some(Want::Exactly(value) | Want::Something(value))) => Ok(Some(value)),
            (_, _, Some(Want::Absent | Want::Exactly(_))) | (false, false, _) => Err(Conflict::Contradiction),
            (false, true, _) => Ok(Some(Value::Object(keys))),
            (true, false, _) => list(indices).map(Some),
        }
    }
}

/// A list with these elements, long enough that those counted from the front and from the back never meet.
fn list(elements: Vec<(i64, Option<Value>)>) -> Result<Value, Conflict> {
    let front = elements.iter().map(|(at, _)| at.saturating_add(1)).max().unwrap_or(0).max(0);
    let back = elements.iter().map(|(at, _)| at.saturating_neg()).max().unwrap_or(0).max(0);
    if front > MAX_LIST || back > MAX_LIST {
        return Err(Conflict::TooLong);
    }
    let length = front + back;
    let mut list = vec![Value::Null; usize::try_from(length).unwrap_or(0)];
    for (at, value) in elements {
        let place = if at < 0 { length + at } else { at };
        if let Some(slot) = usize::try_from(place).ok().and_then(|place| list.get_mut(place)) {
            *slot = value.unwrap_or_default();
        }
    }
    Ok(Value::Array(list))
}
