//! Where everything stands on the sheet, in pixels from its upper left corner.

use super::super::{Graph, Node, To, Way};
use super::{CHARACTER, LINE};

/// The free margin.
pub(super) const MARGIN: f64 = 14.0;
/// The height of a card's head.
pub(super) const HEAD: f64 = 28.0;
/// The space between two cards, and above the first.
const BETWEEN: f64 = 26.0;
const ABOVE: f64 = 44.0;
/// The distance of two lanes.
const LANE: f64 = 16.0;
/// Longer texts are broken.
const MOST: usize = 68;

/// All that is drawn, with its place.
pub(super) struct Sheet<'a> {
    pub(super) width: f64,
    pub(super) height: f64,
    /// Where cards begin.
    pub(super) left: f64,
    pub(super) card_width: f64,
    pub(super) cards: Vec<Card<'a>>,
    pub(super) lanes: Vec<Lane>,
}

/// A state.
pub(super) struct Card<'a> {
    pub(super) state: &'a Node,
    pub(super) top: f64,
    pub(super) height: f64,
    pub(super) does: Vec<String>,
    pub(super) rows: Vec<Row<'a>>,
}

/// A way out of a state.
pub(super) struct Row<'a> {
    pub(super) way: &'a Way,
    pub(super) top: f64,
    pub(super) when: Vec<String>,
    pub(super) end: String,
    pub(super) note: Option<String>,
}

/// All lines to one card; those of renewal, which are dashed, run in one of their own.
pub(super) struct Lane {
    pub(super) target: usize,
    pub(super) is_refresh: bool,
    pub(super) x: f64,
    pub(super) exits: Vec<Exit>,
}

/// Where a line leaves a card.
pub(super) struct Exit {
    pub(super) y: f64,
    pub(super) dashed: bool,
}

impl Lane {
    /// Where its lines enter the card; that of renewal below the others.
    pub(super) fn end(&self, cards: &[Card<'_>]) -> f64 {
        let top = cards.get(self.target).map_or(0.0, |card| card.top);
        top + HEAD * if self.is_refresh { 0.75 } else { 0.5 }
    }
}

impl<'a> Sheet<'a> {
    pub(super) fn of(graph: &'a Graph) -> Sheet<'a> {
        let mut top = ABOVE;
        let mut cards = Vec::new();
        for state in &graph.states {
            let card = Card::of(graph, state, top);
            top += card.height + BETWEEN;
            cards.push(card);
        }
        let begins = graph.states.iter().map(begin_width).max().unwrap_or(0);
        let left = MARGIN + if begins == 0 { 0.0 } else { begins as f64 * CHARACTER + 34.0 };
        let card_width = cards.iter().map(Card::width).fold(260.0, f64::max);
        let lanes = lanes(&cards, left + card_width + LANE + 8.0);
        let title = graph.title().chars().count() as f64 * CHARACTER * 1.2;
        let right = left + card_width + LANE * (lanes.len() as f64 + 1.0);
        let width = right.max(MARGIN + title) + MARGIN;
        Sheet { width, height: top - BETWEEN + MARGIN, left, card_width, cards, lanes }
    }
}

fn begin_width(state: &Node) -> usize {
    if state.unreachable { 18 } else { state.begins.join(", ").chars().count() }
}

impl<'a> Card<'a> {
    fn of(graph: &'a Graph, state: &'a Node, top: f64) -> Card<'a> {
        let does: Vec<String> = state.does.iter().flat_map(|line| broken(line)).collect();
        let mut y = top + HEAD + if does.is_empty() { 0.0 } else { LINE * does.len() as f64 + 8.0 };
        let mut rows = Vec::new();
        for way in &state.ways {
            let row = Row::of(graph, way, y);
            y += LINE * row.lines() as f64 + 4.0;
            rows.push(row);
        }
        Card { state, top, height: y - top, does, rows }
    }

    fn width(&self) -> f64 {
        let rows = self.rows.iter().map(Row::characters);
        let does = self.does.iter().map(|line| line.chars().count());
        // The name is set in a larger font.
        let name = self.state.name.chars().count() * 6 / 5;
        (rows.chain(does).chain([name]).max().unwrap_or(0) as f64).mul_add(CHARACTER, 40.0)
    }
}

impl<'a> Row<'a> {
    fn of(graph: &'a Graph, way: &'a Way, top: f64) -> Row<'a> {
        let end = match &way.to {
            To::Error(code) => format!("\u{2715} {code}"),
            To::Timeout => "\u{2715} timeout".to_owned(),
            To::State(_) | To::Refresh(_) => format!("{} \u{2192}", graph.target(&way.to)),
        };
        let untested = way.untested.then(|| "untested".to_owned());
        let notes: Vec<String> = way.note.iter().cloned().chain(untested).collect();
        let note = (!notes.is_empty()).then(|| notes.join(", "));
        Row { way, top, when: broken(&way.when), end, note }
    }

    fn lines(&self) -> usize {
        self.when.len().max(1 + usize::from(self.note.is_some()))
    }

    fn characters(&self) -> usize {
        let when = self.when.iter().map(|line| line.chars().count()).max().unwrap_or(0);
        let note = self.note.as_ref().map_or(0, |note| note.chars().count());
        when + 4 + self.end.chars().count().max(note)
    }
}

/// A lane a target, and one more where it is renewed in: a dashed line under a solid one is not seen. The shorter its
/// lines, the nearer to the cards, so that fewer lines cross.
fn lanes(cards: &[Card<'_>], first: f64) -> Vec<Lane> {
    let mut lanes: Vec<Lane> = Vec::new();
    for row in cards.iter().flat_map(|card| &card.rows) {
        let (target, is_refresh) = match row.way.to {
            To::State(target) => (target, false),
            To::Refresh(target) => (target, true),
            To::Error(_) | To::Timeout => continue,
        };
        let exit = Exit { y: row.top + LINE * 0.5 + 2.0, dashed: is_refresh || row.way.untested };
        match lanes.iter_mut().find(|lane| lane.target == target && lane.is_refresh == is_refresh) {
            Some(lane) => lane.exits.push(exit),
            None => lanes.push(Lane { target, is_refresh, x: 0.0, exits: vec![exit] }),
        }
    }
    let length = |lane: &Lane| {
        let end = lane.end(cards);
        lane.exits.iter().map(|exit| (exit.y - end).abs()).fold(0.0, f64::max)
    };
    lanes.sort_by(|a, b| length(a).total_cmp(&length(b)));
    for (at, lane) in lanes.iter_mut().enumerate() {
        lane.x = first + LANE * at as f64;
    }
    lanes
}

/// A text in lines of some length, broken at blanks.
fn broken(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let Some(last) = lines.last_mut() else { break };
        let length = last.chars().count();
        if length > 0 && length + 1 + word.chars().count() > MOST {
            lines.push(format!("  {word}"));
            continue;
        }
        if length > 0 {
            last.push(' ');
        }
        last.push_str(word);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::tests::{ACME, graph, graph_of};

    #[test]
    fn every_row_lies_in_its_card_and_every_lane_beside_the_cards() {
        let graph = graph();
        let sheet = Sheet::of(&graph);
        for card in &sheet.cards {
            assert!(card.top + card.height <= sheet.height);
            assert!(card.rows.iter().all(|row| row.top >= card.top && row.top < card.top + card.height));
            assert!(card.rows.iter().all(|row| row.characters() as f64 * CHARACTER < sheet.card_width));
        }
        assert!(!sheet.lanes.is_empty());
        assert!(
            sheet.lanes.iter().all(|lane| lane.x < sheet.width && lane.x > sheet.left + sheet.card_width)
        );
    }

    #[test]
    fn the_line_of_renewal_shares_no_lane_with_a_solid_one() {
        let fails = "{ fail = \"refresh_failed\"";
        let shared =
            ACME.replace(fails, &format!("{{ if = {{ status = 503 }}, to = \"again\" }},\n  {fails}"));
        let again = "[states.again]\npost = \"https://auth.example/wait\"\non = [{ to = \"refresh\" }]\n\n[states.revoke]";
        let graph = graph_of(&shared.replace("[states.revoke]", again));
        let sheet = Sheet::of(&graph);
        let refresh = graph.states.iter().position(|state| state.name == "refresh").unwrap();
        let lanes: Vec<&Lane> = sheet.lanes.iter().filter(|lane| lane.target == refresh).collect();
        assert_eq!(lanes.len(), 2);
        assert!((lanes[0].x - lanes[1].x).abs() >= LANE);
        assert!((lanes[0].end(&sheet.cards) - lanes[1].end(&sheet.cards)).abs() > 4.0);
        for lane in lanes {
            assert!(lane.exits.iter().all(|exit| exit.dashed == lane.is_refresh));
        }
    }
}
