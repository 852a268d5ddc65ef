//! Text to [`Provider`]: parse, merge over flows, read, lower. Every finding of the file is collected.
//!
//! What a reader would get wrong: a value that an `extends` brought keeps the span of its own file, so the findings of one
//! load can lie in several files.

mod limit;
mod merge;

use std::sync::Arc;

use self::merge::Layer;
use crate::diagnostic::{BROUGHT, Code, Diagnostic, Label, nearest};
use crate::parse::{self, Language, Node};
use crate::provider::Provider;
use crate::provider::lower::{self, code::UNKNOWN_NAME};
use crate::raw::read;
use crate::source::{FileId, Sources, Span};

/// HE003: an `extends` that leads nowhere, or in a circle.
pub static UNKNOWN_FLOW: Code = Code::error("HE003", "unknown-flow");

/// HE004: a state over a flow that has one of nearly that name.
pub static OVERRIDE_NOTHING: Code = Code::warning("HE004", "override-nothing");

/// A file as the runtime found it.
#[derive(Debug, Clone)]
pub struct FileText {
    /// The id: the file's name without its ending.
    pub id: String,
    /// What a person calls the file: its path, or `built-in:NAME`.
    pub name: String,
    /// The language, by its ending.
    pub language: Language,
    /// The text.
    pub text: String,
}

/// What came of a file.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The provider, where no finding is an error.
    pub provider: Option<Arc<Provider>>,
    /// All findings, sorted by place.
    pub diagnostics: Vec<Diagnostic>,
    /// The flow that an `extends` names and that is not there.
    missing_flow: Option<MissingFlow>,
}

/// A flow that is not there, and where its name is written.
#[derive(Debug, Clone)]
struct MissingFlow {
    name: String,
    span: Span,
}

impl Loaded {
    /// Names the flow that was most likely meant where there is none of that name; `known` are those that there are.
    pub fn suggest_flow(&mut self, known: &[String]) {
        let Some(MissingFlow { name, span }) = &self.missing_flow else { return };
        let Some(near) = nearest(name, known.iter().map(String::as_str)) else { return };
        let is_about =
            |finding: &&mut Diagnostic| finding.code == &UNKNOWN_FLOW && finding.primary.span == *span;
        for finding in self.diagnostics.iter_mut().filter(is_about) {
            *finding = finding.clone().meant(near).fix(*span, format!("\"{near}\""));
        }
    }
}

/// How a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Provider,
    Flow,
}

/// Loads a provider file. `flow` finds the flow file that an `extends` names.
///
/// A file that `sources` already holds, by name and text, is not added again.
pub fn load(sources: &mut Sources, file: &FileText, flow: &dyn Fn(&str) -> Option<FileText>) -> Loaded {
    load_as(Kind::Provider, sources, file, flow)
}

/// Loads a flow file by itself: names that its providers supply are no findings.
pub fn load_flow(sources: &mut Sources, file: &FileText, flow: &dyn Fn(&str) -> Option<FileText>) -> Loaded {
    load_as(Kind::Flow, sources, file, flow)
}

fn load_as(
    kind: Kind,
    sources: &mut Sources,
    file: &FileText,
    flow: &dyn Fn(&str) -> Option<FileText>,
) -> Loaded {
    let id = added(sources, file);
    let own = match parse::parse(&file.text, file.language, id) {
        Ok(node) => node,
        Err(findings) => return finished(None, findings, None, sources),
    };
    let extends = own.get("extends").map(|node| node.span);
    let mut findings = Vec::new();
    let (layers, missing) = layers(sources, &own, flow, &mut findings);
    let whole = findings.is_empty();
    findings.extend(merge::overrides_nothing(&own, &layers));
    let names = layers.iter().map(|layer| (layer.name.clone(), layer.node.span.file)).collect();
    let merged = merge::over(own, layers);
    let exceeded = limit::exceeded(&merged);
    if !exceeded.is_empty() {
        findings.extend(exceeded);
        return finished(None, findings, missing, sources);
    }

    let read::Read { value: raw, node: merged, gone, findings: unread } = read::read_mended(&merged);
    findings.extend(unread);
    let exceeded = limit::exceeded(&merged);
    if !exceeded.is_empty() {
        findings.extend(exceeded);
        return finished(None, findings, missing, sources);
    }
    // Without a flow that it needs, a file would seem to lack all that the flow has.
    let provider = raw.filter(|_| whole).map(|raw| {
        let file = lower::File {
            id: &file.id,
            raw: &raw,
            node: &merged,
            gone: &gone,
            extends: names,
            flow: kind == Kind::Flow,
        };
        let (provider, unlowered) = lower::lower(&file);
        findings.extend(unlowered);
        provider
    });
    if let Some(extends) = extends {
        point_at_both(&mut findings, id, extends);
    }
    finished(provider, findings, missing, sources)
}

/// The file's id; a file that was read before is not added again.
fn added(sources: &mut Sources, file: &FileText) -> FileId {
    let known = sources.iter().find(|(_, source)| source.name == file.name && source.text == file.text);
    match known.map(|(id, _)| id) {
        Some(id) => id,
        None => sources.add(&file.name, &file.text),
    }
}

/// The flows that a file extends, nearest first, and the one that is not there.
fn layers(
    sources: &mut Sources,
    own: &Node,
    flow: &dyn Fn(&str) -> Option<FileText>,
    findings: &mut Vec<Diagnostic>,
) -> (Vec<Layer>, Option<MissingFlow>) {
    let mut layers: Vec<Layer> = Vec::new();
    let mut next = extended(own);
    while let Some((name, span)) = next {
        if layers.iter().any(|layer| layer.name == name) {
            findings.push(
                Diagnostic::new(&UNKNOWN_FLOW, span, format!("`{name}` extends itself"))
                    .help("a flow may extend another, but not in a circle"),
            );
            break;
        }
        let Some(file) = flow(&name) else {
            let message = format!("there is no flow `{name}`");
            findings.push(Diagnostic::new(&UNKNOWN_FLOW, span, message).help(format!(
                "a flow is a file: `flows/{name}.toml` beside this one, or one of the catalogue's"
            )));
            return (layers, Some(MissingFlow { name, span }));
        };
        let id = added(sources, &file);
        match parse::parse(&file.text, file.language, id) {
            Ok(node) => {
                next = extended(&node);
                layers.push(Layer { name, node });
            }
            Err(broken) => {
                findings.extend(broken);
                break;
            }
        }
    }
    (layers, None)
}

fn extended(node: &Node) -> Option<(String, Span)> {
    let extends = node.get("extends")?;
    extends.as_str().map(|name| (name.to_owned(), extends.span))
}

/// A finding in a flow points at the file that brought it, too. A name that the file lacks is said once.
fn point_at_both(findings: &mut Vec<Diagnostic>, own: FileId, extends: Span) {
    let mut said: Vec<(String, Option<Span>)> = Vec::new();
    findings.retain_mut(|finding| {
        let is_own = finding.primary.span.file == own;
        if !is_own {
            finding.secondary.push(brought_by(extends));
        }
        if finding.code != &UNKNOWN_NAME {
            return true;
        }
        let what = (finding.message.clone(), is_own.then_some(finding.primary.span));
        let repeated = said.contains(&what);
        said.push(what);
        !repeated
    });
}

/// Points at the `extends` that brought the words of a finding.
pub fn brought_by(extends: Span) -> Label {
    Label { span: extends, text: BROUGHT.to_owned() }
}

fn finished(
    provider: Option<Provider>,
    mut findings: Vec<Diagnostic>,
    missing_flow: Option<MissingFlow>,
    sources: &Sources,
) -> Loaded {
    crate::diagnostic::tidy(&mut findings, sources);
    let usable = !findings.iter().any(Diagnostic::is_error);
    Loaded { provider: provider.filter(|_| usable).map(Arc::new), diagnostics: findings, missing_flow }
}

#[cfg(test)]
mod tests;
