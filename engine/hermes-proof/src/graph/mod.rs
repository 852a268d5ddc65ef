//! A flow as a picture: a small model of its states and rules, and the forms it is drawn in.
//!
//! The model says what a person wants to see, in words; the forms only draw it. What a reader would get wrong: an edge is a
//! *list* of rules. A state that fails in five ways has one edge to `error` and not five.

mod build;
mod dot;
mod mermaid;
mod svg;
mod text;
mod words;

#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use crate::replay::Coverage;
use hermes_format::provider::Provider;

/// What is drawn of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graph {
    /// The provider's id.
    pub id: String,
    /// What a person calls it.
    pub name: String,
    /// The states that act or obtain something, in the order in which a run meets them.
    pub states: Vec<Node>,
}

/// A state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// What it does, a line each: the request, what is shown, the pause.
    pub does: Vec<String>,
    /// The actions that begin in it; several starts of one action are numbered.
    pub begins: Vec<String>,
    /// Whether no action reaches it.
    pub unreachable: bool,
    /// The ways out of it, in the order in which they are tried.
    pub ways: Vec<Way>,
}

/// What a state is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It asks a server.
    Request,
    /// It asks a person's browser.
    Browser,
    /// The end of a login or a refresh.
    Success,
    /// The end of any other action.
    Done,
}

/// A way out of a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// What must be so, in words.
    pub when: String,
    /// Where it leads.
    pub to: To,
    /// What else happens on the way: `5s slower`, `asks for a new login`.
    pub note: Option<String>,
    /// Whether it is known that no test takes it.
    pub untested: bool,
}

/// Where a way leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum To {
    /// Another state, or the same: its place in [`Graph::states`].
    State(usize),
    /// The state in which the credential is renewed.
    Refresh(usize),
    /// The end, with this code.
    Error(String),
    /// The end, because time is up.
    Timeout,
}

/// A form that a graph is drawn in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A flowchart of Mermaid, which many renderers of Markdown draw.
    Mermaid,
    /// The language of Graphviz.
    Dot,
    /// A picture.
    Svg,
    /// Lines for a terminal.
    Text,
}

impl Graph {
    /// The graph of a provider. With a coverage, what no test takes is marked.
    pub fn of(provider: &Provider, coverage: Option<&Coverage>) -> Graph {
        build::build(provider, coverage)
    }

    /// The graph in a form, with a line end after the last line.
    pub fn draw(&self, form: Form) -> String {
        match form {
            Form::Mermaid => mermaid::draw(self),
            Form::Dot => dot::draw(self),
            Form::Svg => svg::draw(self),
            Form::Text => text::draw(self),
        }
    }

    /// The heading: what a person calls the provider, and its id where that is another.
    fn title(&self) -> String {
        if self.name == self.id { self.id.clone() } else { format!("{} ({})", self.name, self.id) }
    }

    /// The name of what a way leads to.
    fn target<'a>(&'a self, to: &'a To) -> &'a str {
        match to {
            To::State(at) | To::Refresh(at) => self.states.get(*at).map_or("", |state| &state.name),
            To::Error(_) => "error",
            To::Timeout => "timeout",
        }
    }

    /// The edges of a state: its ways, those with one target together, in the order of the first of each.
    fn edges(&self, state: &Node) -> Vec<Edge> {
        let mut edges: Vec<Edge> = Vec::new();
        for way in &state.ways {
            let target = self.target(&way.to).to_owned();
            let is_refresh = matches!(way.to, To::Refresh(_));
            let line = label(way);
            match edges.iter_mut().find(|edge| edge.target == target && edge.is_refresh == is_refresh) {
                Some(edge) => {
                    edge.lines.push(line);
                    edge.untested &= way.untested;
                }
                None => edges.push(Edge { target, lines: vec![line], is_refresh, untested: way.untested }),
            }
        }
        edges
    }
}

/// All ways from one state to another.
struct Edge {
    target: String,
    lines: Vec<String>,
    is_refresh: bool,
    untested: bool,
}

/// A way in one line, without its target.
fn label(way: &Way) -> String {
    let mut line = way.when.clone();
    if let To::Error(code) = &way.to {
        let _ = write!(line, ": {code}");
    }
    if let Some(note) = &way.note {
        let _ = write!(line, " ({note})");
    }
    if way.untested {
        line.push_str(" [untested]");
    }
    line
}
