//! What a simulated server does: the good end, the bad ends, and the odd things real servers do.

use std::str::FromStr;

use hermes_format::diagnostic::nearest;

/// What a simulated server does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Scenario {
    /// Approves itself, after one answer that says to wait.
    #[default]
    Approve,
    /// Waits for a person to press a button on the approval page.
    Ask,
    /// Is never approved.
    Pending,
    /// Is denied.
    Deny,
    /// Says that the code is too old.
    Expire,
    /// Sends back another `state` than it was given.
    BadState,
    /// Redirects each request to another host of the file, and answers there.
    Redirect,
    /// Redirects each request to a host that the file does not name.
    RedirectAway,
    /// Asks for a slower pace once.
    SlowDown,
    /// Fails while it is polled, with an error page, a 429 and a broken connection, and then recovers.
    Hiccup,
    /// Takes every refresh token for one that was used before.
    SpentRefresh,
    /// Answers with a page where the token belongs.
    Garbage,
    /// Answers with more than a client should read.
    Huge,
    /// Leaves the access token out.
    MissingField,
    /// Sends times that are no times, or a token that is no text.
    WrongType,
}

/// A name that no scenario has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no scenario is called `{name}`{}; there are {}", near.map(|n| format!(", did you mean `{n}`?")).unwrap_or_default(), Scenario::names())]
pub struct UnknownScenario {
    /// The name as it was given.
    pub name: String,
    /// The scenario with the nearest name.
    pub near: Option<&'static str>,
}

/// All scenarios, with their names and one line on each.
const TABLE: [(Scenario, &str, &str); 15] = [
    (Scenario::Approve, "approve", "approves by itself after one answer that says to wait"),
    (Scenario::Ask, "ask", "waits for Approve or Deny on its page"),
    (Scenario::Pending, "pending", "is never approved"),
    (Scenario::Deny, "deny", "is denied"),
    (Scenario::Expire, "expire", "reports an expired code"),
    (Scenario::BadState, "bad-state", "returns a wrong `state`"),
    (Scenario::Redirect, "redirect", "redirects (307) to another host of the file, and answers there"),
    (Scenario::RedirectAway, "redirect-away", "redirects (307) to a host that the file does not name"),
    (Scenario::SlowDown, "slow-down", "asks for slower polling once"),
    (Scenario::Hiccup, "hiccup", "fails while polled (500, 429, broken connection), then recovers"),
    (Scenario::SpentRefresh, "spent-refresh", "rejects every refresh token as already used"),
    (Scenario::Garbage, "garbage", "answers with an HTML page instead of a token"),
    (Scenario::Huge, "huge", "answers with an oversized body"),
    (Scenario::MissingField, "missing-field", "leaves the access token out"),
    (Scenario::WrongType, "wrong-type", "sends invalid times, or a token that is not a string"),
];

impl Scenario {
    /// All scenarios, in the order of the help.
    pub fn all() -> impl Iterator<Item = Scenario> {
        TABLE.iter().map(|(scenario, _, _)| *scenario)
    }

    /// The name, as the command line takes it.
    pub fn name(self) -> &'static str {
        self.row().0
    }

    /// One line on what it does, without a full stop.
    pub fn description(self) -> &'static str {
        self.row().1
    }

    /// Whether a flow may poll until its code is too old, so that the code had better be short-lived.
    pub(super) fn may_poll_to_the_end(self) -> bool {
        matches!(self, Scenario::Pending | Scenario::Expire | Scenario::Garbage | Scenario::Huge)
    }

    fn row(self) -> (&'static str, &'static str) {
        TABLE.iter().find(|(s, _, _)| *s == self).map_or(("approve", ""), |(_, name, text)| (name, text))
    }

    fn names() -> String {
        TABLE.iter().map(|(_, name, _)| *name).collect::<Vec<_>>().join(", ")
    }
}

impl FromStr for Scenario {
    type Err = UnknownScenario;

    fn from_str(name: &str) -> Result<Scenario, UnknownScenario> {
        let row = TABLE.iter().find(|(_, known, _)| *known == name);
        row.map(|(scenario, _, _)| *scenario).ok_or_else(|| UnknownScenario {
            name: name.to_owned(),
            near: nearest(name, TABLE.iter().map(|(_, known, _)| *known))
                .and_then(|n| TABLE.iter().find(|(_, known, _)| *known == n))
                .map(|(_, known, _)| *known),
        })
    }
}

impl std::fmt::Display for Scenario {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
