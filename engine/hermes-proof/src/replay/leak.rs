//! HE704: what looks like a real token. A test file is published with the provider; a token in it is a token lost.

use std::collections::BTreeMap;

use super::SECRET_IN_REPLY;
use hermes_format::diagnostic::Diagnostic;
use hermes_format::parse::{Node, Value};

/// How well-known kinds of tokens begin. Each is a token only if enough follows.
const PREFIXES: [&str; 13] = [
    "sk-",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "xox",
    "AIza",
    "ya29.",
    "AKIA",
    "hf_",
];

/// A made-up token in a test is shorter than this after its prefix.
const SHORTEST_SECRET: usize = 16;

/// A text of random letters and digits from this length on is no word.
const SHORTEST_RANDOM: usize = 32;

/// The signature of a JSON Web Token that somebody signed is longer than this.
const LONGEST_MADE_UP_SIGNATURE: usize = 24;

/// All texts of the tree that look like real tokens.
pub(super) fn find(root: &Node) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    walk(root, &mut findings);
    findings
}

fn walk(node: &Node, findings: &mut Vec<Diagnostic>) {
    match &node.value {
        Value::String(text) if looks_real(text) => findings.push(
            Diagnostic::new(&SECRET_IN_REPLY, node.span, "this looks like a real token")
                .help("write a short made-up word in its place, such as \"a\"; if it was real, revoke it"),
        ),
        Value::Array(items) => items.iter().for_each(|item| walk(item, findings)),
        Value::Table(entries) => entries.values().for_each(|entry| walk(&entry.node, findings)),
        _ => {}
    }
}

/// Whether one of the words of a text looks like a token that a server gave out.
pub(super) fn looks_real(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+' | '~');
    text.split(|c| !is_part(c)).any(|word| is_signed(word) || has_prefix(word) || is_random(word))
}

fn is_signed(word: &str) -> bool {
    let mut parts = word.split('.');
    let starts = parts.next().is_some_and(|header| header.starts_with("eyJ")) && parts.next().is_some();
    starts && parts.next().is_some_and(|signature| signature.len() > LONGEST_MADE_UP_SIGNATURE)
}

fn has_prefix(word: &str) -> bool {
    let rest = PREFIXES.iter().find_map(|prefix| word.strip_prefix(prefix));
    rest.is_some_and(|rest| rest.len() >= SHORTEST_SECRET && rest.contains(|c: char| c.is_ascii_digit()))
}

/// Letters of both cases and digits, in no order: at least four bits a character.
fn is_random(word: &str) -> bool {
    // The header and the claims of a token that is not signed are long, and no secret.
    if word.len() < SHORTEST_RANDOM || word.starts_with("eyJ") {
        return false;
    }
    let has = |test: fn(&char) -> bool| word.chars().any(|c| test(&c));
    let is_mixed =
        has(char::is_ascii_lowercase) && has(char::is_ascii_uppercase) && has(char::is_ascii_digit);
    is_mixed && bits_a_character(word) >= 4.0
}

#[allow(clippy::cast_precision_loss, reason = "a word of a test file is short")]
fn bits_a_character(word: &str) -> f64 {
    let mut counts: BTreeMap<char, usize> = BTreeMap::new();
    word.chars().for_each(|c| *counts.entry(c).or_default() += 1);
    let length = word.chars().count() as f64;
    counts.values().map(|count| *count as f64 / length).map(|share| -share * share.log2()).sum()
}
