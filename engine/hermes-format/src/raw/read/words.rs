//! What is wrong, in a person's words.

use super::fault::{Kind, Step};
use super::mend::Mend;
use super::node::Unknown;
use super::{UNKNOWN_KEY, WRONG_TYPE};
use crate::diagnostic::{Diagnostic, nearest};
use crate::parse::Node;

/// As many keys or words are listed; a longer list helps nobody.
const LISTED: usize = 12;

/// The known key that was most likely meant: one that is not yet there, or a table that more can be written into.
pub(super) fn nearest_free(unknown: &Unknown) -> Option<&'static str> {
    let takes_more = |near: &&str| unknown.tables.contains(near) && unknown.is_table;
    nearest(&unknown.key, unknown.known.iter().copied())
        .filter(|near| !unknown.present.contains(near) || takes_more(near))
}

/// The finding for an unknown key.
pub(super) fn unknown_key(unknown: &Unknown, near: Option<&str>) -> Diagnostic {
    let finding =
        Diagnostic::new(&UNKNOWN_KEY, unknown.span, format!("there is no key `{}` here", unknown.key));
    match near {
        Some(near) => {
            let finding = finding.meant(near);
            // A table with brackets, or of YAML, would stand beside the one that is there, not in it.
            let is_certain = !unknown.present.contains(&near) || unknown.is_header;
            if is_certain { finding.fix(unknown.span, near) } else { finding }
        }
        None if unknown.known.len() <= LISTED => {
            finding.help(format!("the keys are {}", listed(unknown.known)))
        }
        None => finding.help("take it out; docs/provider-format.md has the keys that there are"),
    }
}

/// The finding for anything else that is wrong with a node.
pub(super) fn finding(kind: &Kind, path: &[Step], node: &Node, mend: Option<&Mend>) -> Diagnostic {
    let name = name_of(path);
    let say = |message: String| Diagnostic::new(&WRONG_TYPE, node.span, message);
    let finding = match kind {
        Kind::WrongType { expected } => say(format!("{name} must be {expected}, not {}", node.kind()))
            .label(format!("expected {expected}")),
        Kind::WrongValue { expected } => say(format!("{name} must be {expected}")),
        Kind::WrongLength { expected } => {
            let len = node.as_array().map_or(0, <[Node]>::len);
            say(format!("{name} must be {expected}, and has {len}"))
        }
        Kind::UnknownWord { word, known } => {
            let finding =
                say(format!("{name} can't be `{word}`")).label(format!("expected {}", listed(known)));
            match nearest(word, known.iter().copied()) {
                Some(near) => finding.meant(near).fix(node.span, format!("\"{near}\"")),
                None => finding.help(format!("write one of {}", listed(known))),
            }
        }
        Kind::MissingKey(key) => say(format!("{name} lacks the key `{key}`")),
        Kind::UnknownKey { key, .. } => say(format!("there is no key `{key}` here")),
        Kind::Other(message) => say(format!("{name}: {message}")),
    };
    let Some(mend) = mend else { return finding };
    let finding = finding.help(mend.help.clone());
    match &mend.replacement {
        Some(replacement) => finding.fix(node.span, replacement.clone()),
        None => finding,
    }
}

/// What a person calls the value at the end of a path.
fn name_of(path: &[Step]) -> String {
    match path {
        [] => "the file".to_owned(),
        [.., Step::Key(key)] => format!("`{key}`"),
        [outer @ .., Step::Item(index)] => match outer {
            [.., Step::Key(key)] => format!("item {} of `{key}`", index + 1),
            _ => format!("item {} of a list", index + 1),
        },
    }
}

fn listed(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
