//! HE610: a protocol that is called nearly as a known one. One that is like none may be a client's own.

use super::Rule;
use super::subject::Subject;
use hermes_format::diagnostic::{Code, Diagnostic, nearest};

/// HE610.
pub(super) static CODE: Code = Code::warning("HE610", "unknown-mode");

/// The rule.
pub(super) static RULE: Rule = Rule { code: &CODE, run };

fn run(subject: &Subject<'_>) -> Vec<Diagnostic> {
    let known = subject.modes;
    let provider = subject.provider;
    let api = provider.api.mode.iter().zip(provider.api.mode_at);
    let models = provider.models.iter().filter_map(|model| Some((model.mode.as_ref()?, model.span)));
    let all = api.map(|mode| (mode, true)).chain(models.map(|mode| (mode, false)));
    let unknown = all.filter(|((mode, _), _)| !known.contains(&mode.as_str()));
    let near = unknown.filter_map(|((mode, span), is_exact)| {
        let meant = nearest(mode, known.iter().copied())?;
        let finding =
            Diagnostic::new(&CODE, span, format!("no client knows the protocol `{mode}`")).meant(meant);
        Some(if is_exact { finding.fix(span, format!("\"{meant}\"")) } else { finding })
    });
    near.collect()
}
