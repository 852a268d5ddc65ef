//! Proved, then run: a file that `check` finds errors in does not act.
//!
//! Note: it is proved anew at each use, and no verdict is kept. A built-in file is not: the tests of a build prove those.

use hermes_format::diagnostic::Diagnostic;
use hermes_machine::check::{self, Context, apply_allowances};

use super::check::codes;
use super::mode::mode_names;
use super::{Catalog, Opened, Place};

impl Catalog {
    /// The errors of a file and of the flows that it extends; its tests and the rest of the catalogue don't count.
    ///
    /// Allowances of a file of `./providers.d` silence nothing, as who wrote them is not who is protected. What the
    /// built-in file of its id allows itself is allowed there, too.
    pub fn errors(&self, opened: &Opened) -> Vec<Diagnostic> {
        let all = found(opened);
        if !all.iter().any(Diagnostic::is_error) {
            return Vec::new();
        }
        let mut left = if opened.entry.place == Place::Here {
            let built_in = self.built_in(&opened.entry.id).and_then(|entry| self.open(&entry).ok());
            let known = built_in.as_ref().map(found).unwrap_or_default();
            let is_known = |finding: &Diagnostic| {
                known.iter().any(|k| (k.code, &k.message) == (finding.code, &finding.message))
            };
            all.into_iter().filter(|finding| !is_known(finding)).collect()
        } else {
            apply_allowances(all, &opened.sources, &[], &codes())
        };
        left.retain(Diagnostic::is_error);
        left
    }
}

/// All that is found in a file and its flows, whatever they allow.
fn found(opened: &Opened) -> Vec<Diagnostic> {
    let mut found = opened.diagnostics.clone();
    if let Some(provider) = &opened.provider {
        let modes = mode_names();
        let modes: Vec<&str> = modes.iter().map(String::as_str).collect();
        let context = Context { sources: &opened.sources, flow: false, modes: &modes };
        found.extend(check::check(provider, &context));
    }
    found
}
