//! A graph as a picture: one card a state, one row a rule, and lines from rows to cards in a margin on the right.
//!
//! Cards stand below each other, so no line crosses a card and no text lies on a line, whatever the flow. All lines to one
//! state run in one lane, but for that of renewal, which is dashed and has its own. A rule that fails says so in its row: a
//! line to a common `error` would say less.

mod layout;

use std::fmt::Write as _;

use self::layout::{Card, Lane, Row, Sheet};
use super::{Graph, Kind, To};

/// The width of a character of the font, in pixels: fonts of one width differ little.
const CHARACTER: f64 = 7.3;
/// The height of a line of text.
const LINE: f64 = 18.0;

const STYLE: &str = "text{font:12px ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;fill:#1f2430}\
.name{font-weight:bold;font-size:14px}.does{fill:#4d5566}.bad{fill:#a32626}.go{fill:#1d4f9c;font-weight:bold}\
.note{fill:#7a5b00}.line{fill:none;stroke:#1d4f9c;stroke-width:1.4}.dashed{stroke-dasharray:5 4}\
.card{stroke:#8b93a5;fill:#fff}.lost{stroke-dasharray:5 4}.rule{stroke:#dfe3ea}.sheet{fill:#fff}.tip{fill:#1d4f9c}\
.end{fill:#d9f2dd}.browser{fill:#dfe9fb}.request{fill:#eef0f4}\
@media (prefers-color-scheme:dark){text{fill:#d7dce5}.does{fill:#a5adbb}.bad{fill:#ff9b94}.go{fill:#8ab4f8}\
.note{fill:#e5c07b}.line{stroke:#8ab4f8}.card{stroke:#5a6375;fill:#1c212b}.rule{stroke:#2f3643}.sheet{fill:#161a22}\
.tip{fill:#8ab4f8}.end{fill:#1f3d2b}.browser{fill:#22324f}.request{fill:#2a303c}}";

pub(super) fn draw(graph: &Graph) -> String {
    let sheet = Sheet::of(graph);
    let (width, height) = (sheet.width, sheet.height);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
         height=\"{height:.0}\" role=\"img\">\n<title>{}</title>\n<style>{STYLE}</style>\n",
        escape(&graph.title())
    );
    out.push_str(
        "<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" \
         orient=\"auto\"><path d=\"M0 0 8 4 0 8z\" class=\"tip\"/></marker></defs>\n",
    );
    let _ = writeln!(out, "<rect width=\"{width:.0}\" height=\"{height:.0}\" class=\"sheet\"/>");
    text(&mut out, (layout::MARGIN, 24.0), "name", &graph.title());
    for lane in &sheet.lanes {
        draw_lane(lane, &sheet, &mut out);
    }
    for card in &sheet.cards {
        draw_card(card, &sheet, &mut out);
    }
    out.push_str("</svg>\n");
    out
}

fn draw_card(card: &Card<'_>, sheet: &Sheet<'_>, out: &mut String) {
    let (x, y, width) = (sheet.left, card.top, sheet.card_width);
    let lost = if card.state.unreachable { " lost" } else { "" };
    let class = match card.state.kind {
        Kind::Success | Kind::Done => "end",
        Kind::Browser => "browser",
        Kind::Request => "request",
    };
    let _ = writeln!(
        out,
        "<rect class=\"card{lost}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{:.1}\" rx=\"6\"/>",
        card.height
    );
    let head = layout::HEAD;
    let _ = writeln!(
        out,
        "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"5\" class=\"{class}\"/>",
        x + 1.0,
        y + 1.0,
        width - 2.0,
        head - 2.0
    );
    text(out, (x + 10.0, y + head / 2.0 + 5.0), "name", &card.state.name);
    begins(card, sheet, out);
    for (at, line) in card.does.iter().enumerate() {
        text(out, (x + 10.0, y + head + LINE * (at as f64 + 0.9)), "does", line);
    }
    for row in &card.rows {
        draw_row(row, sheet, out);
    }
}

/// The actions that begin here, with arrows from the left.
fn begins(card: &Card<'_>, sheet: &Sheet<'_>, out: &mut String) {
    if card.state.begins.is_empty() && !card.state.unreachable {
        return;
    }
    let y = card.top + layout::HEAD / 2.0;
    if card.state.unreachable {
        text(out, (layout::MARGIN, y + 4.0), "note", "nothing leads here");
        return;
    }
    text(out, (layout::MARGIN, y + 4.0), "go", &card.state.begins.join(", "));
    let start = layout::MARGIN + card.state.begins.join(", ").chars().count() as f64 * CHARACTER + 6.0;
    let _ = writeln!(
        out,
        "<path class=\"line\" d=\"M{start:.1} {y:.1}H{:.1}\" marker-end=\"url(#tip)\"/>",
        sheet.left - 1.0
    );
}

fn draw_row(row: &Row<'_>, sheet: &Sheet<'_>, out: &mut String) {
    let (left, right) = (sheet.left, sheet.left + sheet.card_width);
    let _ = writeln!(
        out,
        "<path class=\"rule\" d=\"M{:.1} {y:.1}H{:.1}\"/>",
        left + 1.0,
        right - 1.0,
        y = row.top
    );
    for (at, line) in row.when.iter().enumerate() {
        text(out, (left + 18.0, row.top + LINE * (at as f64 + 0.75) + 2.0), "when", line);
    }
    let class = match row.way.to {
        To::Error(_) | To::Timeout => "bad",
        To::State(_) | To::Refresh(_) => "go",
    };
    let y = row.top + LINE * 0.75 + 2.0;
    let _ = writeln!(
        out,
        "<text x=\"{:.1}\" y=\"{y:.1}\" text-anchor=\"end\" class=\"{class}\">{}</text>",
        right - 10.0,
        escape(&row.end)
    );
    if let Some(note) = &row.note {
        let _ = writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" class=\"note\">{}</text>",
            right - 10.0,
            y + LINE,
            escape(note)
        );
    }
}

/// The lines to one card: from each row out, along the lane, and in at the card's head.
fn draw_lane(lane: &Lane, sheet: &Sheet<'_>, out: &mut String) {
    let right = sheet.left + sheet.card_width;
    let end = lane.end(&sheet.cards);
    for exit in &lane.exits {
        let bend = if exit.y > end { -6.0 } else { 6.0 };
        let dashed = if exit.dashed { " dashed" } else { "" };
        let (x, y) = (lane.x, exit.y);
        let _ = writeln!(
            out,
            "<path class=\"line{dashed}\" d=\"M{right:.1} {y:.1}H{:.1}Q{x:.1} {y:.1} {x:.1} {:.1}V{:.1}Q{x:.1} {end:.1} \
             {:.1} {end:.1}H{:.1}\" marker-end=\"url(#tip)\"/>",
            x - 6.0,
            y + bend,
            end - bend,
            x - 6.0,
            right + 1.0
        );
    }
}

fn text(out: &mut String, (x, y): (f64, f64), class: &str, text: &str) {
    let _ = writeln!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"{class}\">{}</text>", escape(text));
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
