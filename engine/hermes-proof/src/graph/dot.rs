//! A graph in the language of [Graphviz](https://graphviz.org/doc/info/lang.html).

use std::fmt::Write as _;

use super::{Graph, Kind, Node, To};

pub(super) fn draw(graph: &Graph) -> String {
    let mut out = format!("digraph {} {{\n", quote(&graph.id));
    out.push_str("  rankdir=TB; node [shape=box, style=\"rounded,filled\", fillcolor=white, fontname=\"Helvetica\"];\n");
    out.push_str("  edge [fontname=\"Helvetica\", fontsize=10];\n");
    for state in &graph.states {
        let _ = writeln!(out, "  {} [{}];", quote(&state.name), attributes(state));
        for action in &state.begins {
            let point = format!("begin {action}");
            let _ =
                writeln!(out, "  {} [shape=plaintext, style=\"\", label={}];", quote(&point), quote(action));
            let _ = writeln!(out, "  {} -> {};", quote(&point), quote(&state.name));
        }
    }
    let ways = || graph.states.iter().flat_map(|state| &state.ways);
    if ways().any(|way| matches!(way.to, To::Error(_))) {
        out.push_str("  \"error\" [shape=oval, fillcolor=\"#fbdcdc\"];\n");
    }
    if ways().any(|way| way.to == To::Timeout) {
        out.push_str("  \"timeout\" [shape=oval, fillcolor=\"#fbdcdc\"];\n");
    }
    for state in &graph.states {
        for edge in graph.edges(state) {
            let style = match (edge.is_refresh, edge.untested) {
                (true, _) => ", style=dashed, constraint=false",
                (_, true) => ", style=dotted",
                _ => "",
            };
            let label = left(&edge.lines);
            let _ =
                writeln!(out, "  {} -> {} [label={label}{style}];", quote(&state.name), quote(&edge.target));
        }
    }
    out.push_str("}\n");
    out
}

fn attributes(state: &Node) -> String {
    let lines: Vec<String> = std::iter::once(state.name.clone()).chain(state.does.iter().cloned()).collect();
    let look = match (state.unreachable, state.kind) {
        (true, _) => ", style=\"rounded,dashed\"",
        (_, Kind::Success | Kind::Done) => ", shape=oval, fillcolor=\"#d9f2dd\"",
        (_, Kind::Browser) => ", fillcolor=\"#dfe9fb\"",
        (_, Kind::Request) => "",
    };
    let label: Vec<String> = lines.iter().map(|line| escape(line)).collect();
    format!("label=\"{}\"{look}", label.join("\\n"))
}

/// Lines that begin below each other.
fn left(lines: &[String]) -> String {
    let lines: String = lines.iter().map(|line| escape(line) + "\\l").collect();
    format!("\"{lines}\"")
}

fn quote(text: &str) -> String {
    format!("\"{}\"", escape(text))
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
