//! A graph as a [Mermaid](https://mermaid.js.org/syntax/flowchart.html) flowchart, which many renderers of Markdown draw.
//!
//! A flowchart and not a state diagram: only a flowchart takes any text on an edge and tells the edge of the refresh apart.

use std::fmt::Write as _;

use super::{Graph, Kind, Node, To};

pub(super) fn draw(graph: &Graph) -> String {
    let mut out = String::from("flowchart TD\n");
    for state in &graph.states {
        let _ = writeln!(out, "  {}{}", id(&state.name), shape(state));
    }
    for (end, class) in [("error", "bad"), ("timeout", "bad")] {
        if has_end(graph, end) {
            let _ = writeln!(out, "  {}([\"{end}\"]):::{class}", id(end));
        }
    }
    begins(graph, &mut out);
    for state in &graph.states {
        for edge in graph.edges(state) {
            let arrow = if edge.is_refresh || edge.untested { "-.->" } else { "-->" };
            let lines: Vec<String> = edge.lines.iter().map(|line| escape(line)).collect();
            let _ = writeln!(
                out,
                "  {} {arrow}|\"{}\"| {}",
                id(&state.name),
                lines.join("<br>"),
                id(&edge.target)
            );
        }
    }
    out.push_str("  classDef good fill:#d9f2dd,stroke:#2f7d3b,color:#10341a\n");
    out.push_str("  classDef bad fill:#fbdcdc,stroke:#a33030,color:#4a1010\n");
    out.push_str("  classDef browser fill:#dfe9fb,stroke:#3a62a8,color:#12284f\n");
    out.push_str("  classDef lost stroke-dasharray:4 3,color:#777777\n");
    out
}

/// The points where actions begin.
fn begins(graph: &Graph, out: &mut String) {
    for state in &graph.states {
        for action in &state.begins {
            let point = format!("begin_{}", action.replace(' ', "_"));
            let _ = writeln!(out, "  {point}(({action})) --> {}", id(&state.name));
        }
    }
}

fn has_end(graph: &Graph, end: &str) -> bool {
    graph.states.iter().flat_map(|state| &state.ways).any(|way| match way.to {
        To::Error(_) => end == "error",
        To::Timeout => end == "timeout",
        To::State(_) | To::Refresh(_) => false,
    })
}

/// A state's name as an identifier: `end` and others are words of the language.
fn id(name: &str) -> String {
    format!("s_{name}")
}

fn shape(state: &Node) -> String {
    let lines: Vec<String> = std::iter::once(format!("<b>{}</b>", escape(&state.name)))
        .chain(state.does.iter().map(|line| escape(line)))
        .collect();
    let text = lines.join("<br>");
    let class = match (state.unreachable, state.kind) {
        (true, _) => ":::lost",
        (false, Kind::Success | Kind::Done) => ":::good",
        (false, Kind::Browser) => ":::browser",
        (false, Kind::Request) => "",
    };
    match state.kind {
        Kind::Success | Kind::Done => format!("([\"{text}\"]){class}"),
        Kind::Request | Kind::Browser => format!("[\"{text}\"]{class}"),
    }
}

/// A text with what the language would read as its own written as entities.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '"' => out.push_str("#quot;"),
            '<' => out.push_str("#lt;"),
            '>' => out.push_str("#gt;"),
            '&' => out.push_str("#amp;"),
            '#' => out.push_str("#35;"),
            '`' => out.push_str("#96;"),
            // A link would be made of it.
            ':' => out.push_str("#58;"),
            c => out.push(c),
        }
    }
    out
}
