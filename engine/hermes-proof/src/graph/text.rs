//! A graph as lines for a terminal.

use std::fmt::Write as _;

use super::{Graph, Node, To, Way};

pub(super) fn draw(graph: &Graph) -> String {
    let mut out = graph.title() + "\n";
    for state in &graph.states {
        out.push('\n');
        draw_state(graph, state, &mut out);
    }
    out
}

fn draw_state(graph: &Graph, state: &Node, out: &mut String) {
    let begins = state.begins.iter().map(|action| format!("  <- {action}")).collect::<String>();
    let lost = if state.unreachable { "  (nothing leads here)" } else { "" };
    let _ = writeln!(out, "{}{begins}{lost}", state.name);
    for line in &state.does {
        let _ = writeln!(out, "  {line}");
    }
    let rows: Vec<(String, String)> =
        state.ways.iter().map(|way| (way.when.clone(), end(graph, way))).collect();
    let width =
        rows.iter().map(|(when, _)| when.chars().count()).filter(|width| *width <= MOST).max().unwrap_or(0);
    for (when, end) in rows {
        let _ = writeln!(out, "    {when:width$}  {end}");
    }
}

/// Longer conditions stand out of the column.
const MOST: usize = 70;

fn end(graph: &Graph, way: &Way) -> String {
    let mut end = match &way.to {
        To::Error(code) => format!("-> error {code}"),
        To::Refresh(_) => format!("~> {}", graph.target(&way.to)),
        To::State(_) | To::Timeout => format!("-> {}", graph.target(&way.to)),
    };
    if let Some(note) = &way.note {
        let _ = write!(end, " ({note})");
    }
    if way.untested {
        end.push_str(" [untested]");
    }
    end
}
