//! Static verification of provider and flow files: one rule a file, registered in [`RULES`].
//!
//! [`hermes_format::load`] says what makes a file unreadable; the rules here say whether a readable one is *sensible*: every field
//! guaranteed, every loop bounded, no secret where it does not belong. Rules read the checked model and never a file's
//! text, so TOML and YAML are one.

mod allowance;
mod challenge_without_verifier;
mod clashing_name;
mod contradiction;
mod csrf;
mod cycle;
mod dead_rule;
mod endless_loop;
mod error_quotes_secret;
mod foreign_base_url;
mod host;
mod idle_relogin;
mod implausible_time;
mod literal_name;
mod literal_path;
mod literal_secret;
mod misspelt_code;
mod nameless;
mod never_ends;
mod no_models;
mod no_pkce;
mod no_refresh;
mod no_relogin;
mod no_state;
mod no_url;
mod not_exhaustive;
mod not_marked_secret;
mod open_host;
mod optional_input;
mod proof;
mod refresh_asks;
mod repeated_condition;
mod repeated_model;
mod same;
mod secret_in_url;
mod secret_on_screen;
mod secret_to_foreign_host;
mod shared_source;
mod spinning_state;
mod state_not_compared;
mod subject;
mod unbounded_interval;
mod unguarded_field;
mod unknown_error_code;
mod unknown_mode;
mod unreachable_state;
mod unused;
mod used_before_run;
mod verifier_without_challenge;
mod weak_pkce;
mod wrong_end;

use hermes_format::diagnostic::{Code, Diagnostic, in_language_of_files, sort, tidy};
use hermes_format::provider::Provider;
use hermes_format::{load, parse, provider::lower, raw};

pub use self::allowance::{IDLE_ALLOWANCE, allowances, apply_allowances, hides_more};
pub use self::proof::{Presence, presence};
pub use self::subject::{Context, Subject};

/// A rule over one provider.
pub struct Rule {
    /// What it finds.
    pub code: &'static Code,
    run: fn(&Subject<'_>) -> Vec<Diagnostic>,
}

/// A rule over the providers of one catalogue.
pub struct CatalogueRule {
    /// What it finds.
    pub code: &'static Code,
    run: fn(&[&Provider]) -> Vec<Diagnostic>,
}

/// All rules over one provider. A new rule is one file, its name in the list of modules, and one line here.
pub static RULES: &[&Rule] = &[
    &not_exhaustive::RULE,
    &dead_rule::RULE,
    &repeated_condition::RULE,
    &unknown_error_code::RULE,
    &misspelt_code::RULE,
    &spinning_state::RULE,
    &unreachable_state::RULE,
    &never_ends::RULE,
    &endless_loop::RULE,
    &wrong_end::RULE,
    &refresh_asks::RULE,
    &used_before_run::RULE,
    &unguarded_field::RULE,
    &unused::RULE,
    &no_url::RULE,
    &optional_input::RULE,
    &literal_name::RULE,
    &literal_path::RULE,
    &contradiction::RULE,
    &secret_in_url::RULE,
    &secret_on_screen::RULE,
    &open_host::RULE,
    &no_state::RULE,
    &state_not_compared::RULE,
    &no_pkce::RULE,
    &challenge_without_verifier::RULE,
    &verifier_without_challenge::RULE,
    &weak_pkce::RULE,
    &literal_secret::RULE,
    &secret_to_foreign_host::RULE,
    &error_quotes_secret::RULE,
    &not_marked_secret::RULE,
    &unbounded_interval::RULE,
    &implausible_time::RULE,
    &no_refresh::RULE,
    &no_relogin::RULE,
    &no_models::RULE,
    &foreign_base_url::RULE,
    &nameless::RULE,
    &repeated_model::RULE,
    &idle_relogin::RULE,
    &unknown_mode::RULE,
];

/// All rules over a catalogue.
pub static CATALOGUE_RULES: &[&CatalogueRule] = &[&clashing_name::RULE, &shared_source::RULE];

/// All findings of a provider, sorted by place.
pub fn check(provider: &Provider, context: &Context<'_>) -> Vec<Diagnostic> {
    let subject = match Subject::new(provider, context) {
        Ok(subject) => subject,
        Err(tangled) => return vec![*tangled],
    };
    let mut findings: Vec<Diagnostic> = RULES.iter().flat_map(|rule| (rule.run)(&subject)).collect();
    for finding in findings.iter_mut().filter(|finding| !subject.is_own(finding.primary.span)) {
        finding.secondary.extend(provider.extends_at.map(load::brought_by));
    }
    tidy(&mut findings, context.sources);
    findings
}

/// The findings about providers of one catalogue that get in each other's way, sorted by place. Give it those in force
/// only: a file that replaces the built-in one of its id does not clash with it.
pub fn check_catalogue(providers: &[&Provider], context: &Context<'_>) -> Vec<Diagnostic> {
    let mut findings: Vec<Diagnostic> =
        CATALOGUE_RULES.iter().flat_map(|rule| (rule.run)(providers)).collect();
    sort(&mut findings);
    in_language_of_files(&mut findings, context.sources);
    findings
}

/// The codes of all findings about provider and flow files, each once, by their ids.
pub fn codes() -> Vec<&'static Code> {
    let mut codes = vec![
        &raw::read::UNKNOWN_KEY,
        &raw::read::WRONG_TYPE,
        &parse::SYNTAX,
        &load::UNKNOWN_FLOW,
        &load::OVERRIDE_NOTHING,
        &IDLE_ALLOWANCE,
    ];
    codes.extend(lower::code::ALL);
    codes.extend(RULES.iter().map(|rule| rule.code));
    codes.extend(CATALOGUE_RULES.iter().map(|rule| rule.code));
    codes.sort_unstable();
    codes.dedup();
    codes
}
