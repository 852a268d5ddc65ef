//! Where a name has a value: what the proof knows, for who writes a template.

use super::{name_gap, walk};
use crate::check::subject::{Context, Subject};
use hermes_format::provider::{Provider, StateId};
use hermes_format::template::Name;

/// Whether a name has a value when a state runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// On every way to the state.
    Always,
    /// On some ways, and on others not.
    Sometimes,
    /// On no way.
    Never,
}

/// The presence of each of some names when a state runs; `None` where no way leads to the state, or too many to follow.
///
/// The judgement is that of HE202 and HE203, asked of names that are not written yet.
pub fn presence(
    provider: &Provider,
    context: &Context<'_>,
    at: StateId,
    names: &[Name],
) -> Option<Vec<Presence>> {
    let subject = Subject::new(provider, context).ok()?;
    let mut arrivals = 0;
    let mut having = vec![0; names.len()];
    walk(&subject, &mut |arrival| {
        if arrival.at == at {
            arrivals += 1;
            for (name, having) in names.iter().zip(&mut having) {
                *having += usize::from(name_gap(&subject, arrival, name).is_none());
            }
        }
    });
    let judge = |having| match having {
        0 => Presence::Never,
        all if all == arrivals => Presence::Always,
        _ => Presence::Sometimes,
    };
    (arrivals > 0).then(|| having.into_iter().map(judge).collect())
}
