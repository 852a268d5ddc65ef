//! Where each action begins.

use super::Lowering;
use super::code::UNKNOWN_STATE;
use super::site::Site;
use crate::diagnostic::Diagnostic;
use crate::provider::{At, Starts, StateId, Status};
use crate::raw::read::WRONG_TYPE;
use crate::raw::union::OneOrMany;

impl Lowering<'_> {
    pub(super) fn starts(&mut self) -> Starts {
        let site = self.site.key("start");
        let Some(start) = &self.file.raw.start else {
            self.no_login();
            return Starts::default();
        };
        if start.login.is_none() {
            self.no_login();
        }
        Starts {
            login: self.start(start.login.as_ref(), site.key("login"), "success"),
            logout: self.start(start.logout.as_ref(), site.key("logout"), "done"),
            verify: self.start(start.verify.as_ref(), site.key("verify"), "done"),
        }
    }

    /// A provider that is gone, and a flow that another completes, need no login.
    fn no_login(&mut self) {
        if self.is_gone(&["start", "login"]) || self.file.flow || self.file.raw.status == Status::Discontinued
        {
            return;
        }
        let span = if self.site.has("start") { self.site.name("start") } else { self.site.span().part(0, 0) };
        self.push(
            Diagnostic::new(&UNKNOWN_STATE, span, "no login begins anywhere")
                .help("write `start = { login = \"STATE\" }`, or `extends` a flow"),
        );
    }

    /// The states of one action; `end` is the one final state in which it may begin.
    fn start(&mut self, raw: Option<&OneOrMany>, site: Site<'_>, end: &str) -> Vec<At<StateId>> {
        let places: Vec<(&String, Site<'_>)> = match raw {
            None => return Vec::new(),
            Some(OneOrMany::One(name)) => vec![(name, site)],
            Some(OneOrMany::Many(names)) => {
                names.iter().enumerate().map(|(i, name)| (name, site.item(i, names.len()))).collect()
            }
        };
        if places.is_empty() {
            self.push(
                Diagnostic::new(&WRONG_TYPE, site.span(), "an empty list of states").help("name a state"),
            );
        }
        let mut states = Vec::with_capacity(places.len());
        for (name, place) in places {
            if super::FINAL.contains(&name.as_str()) && name != end {
                self.push(
                    Diagnostic::new(&UNKNOWN_STATE, place.span(), format!("nothing can begin in `{name}`"))
                        .help("name a state that sends a request or opens a browser"),
                );
            } else {
                states.extend(self.state_id(name, place.span()));
            }
        }
        states
    }
}
