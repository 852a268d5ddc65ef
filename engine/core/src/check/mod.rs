//! Static verification of provider and flow files: one rule a file, registered in [`RULES`].
//!
//! [`crate::load`] says what makes a file unreadable; the rules here say whether a readable one is *sensible*: every field
//! guaranteed, every loop bounded, no secret where it does not belong. Rules read the checked model and never a file's
//! text, so TOML and YAML are one.

mod allowance;

use crate::diagnostic::Diagnostic;
use crate::provider::Provider;
use crate::source::Sources;

pub use self::allowance::apply_allowances;

/// What rules may know beside the provider.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The texts that were read.
    pub sources: &'a Sources,
    /// Whether the file is a flow, checked by itself: what its providers supply is then no finding.
    pub flow: bool,
}

/// A rule over one provider.
pub type Rule = fn(&Provider, &Context<'_>) -> Vec<Diagnostic>;

/// All rules over one provider. A new rule is one file and one line here.
pub const RULES: &[Rule] = &[];

/// All findings of a provider, sorted by place.
pub fn check(provider: &Provider, context: &Context<'_>) -> Vec<Diagnostic> {
    let mut findings: Vec<Diagnostic> = RULES.iter().flat_map(|rule| rule(provider, context)).collect();
    sort(&mut findings);
    findings
}

/// The findings about providers of one catalogue that get in each other's way, sorted by place.
pub fn check_catalogue(providers: &[&Provider], context: &Context<'_>) -> Vec<Diagnostic> {
    let _ = (providers, context);
    Vec::new()
}

/// Sorts findings by file, place and code.
pub fn sort(findings: &mut [Diagnostic]) {
    findings.sort_by(|a, b| {
        (a.primary.span, a.code.id, &a.message).cmp(&(b.primary.span, b.code.id, &b.message))
    });
}
