//! Rules: exactly one of `to` and `fail`.

use super::Lowering;
use super::code::{NO_SINGLE_OUTCOME, UNKNOWN_STATE};
use super::site::Site;
use crate::diagnostic::{Diagnostic, nearest};
use crate::provider::{At, Rule, Then};
use crate::raw;

impl Lowering<'_> {
    /// The rules of a state.
    pub(super) fn rules(&mut self, state: &str, raw: &[raw::provider::Rule], site: Site<'_>) -> Vec<Rule> {
        let sites = (0..raw.len()).map(|i| site.item(i, raw.len()));
        raw.iter().zip(sites).filter_map(|(rule, site)| self.rule(state, rule, site)).collect()
    }

    fn rule(&mut self, state: &str, raw: &raw::provider::Rule, site: Site<'_>) -> Option<Rule> {
        let when = raw.when.as_ref().map(|condition| self.condition(condition, site.key("if")));
        let unless = raw.unless.as_ref().map(|condition| self.condition(condition, site.key("unless")));
        let slower = raw.slower.as_ref().and_then(|text| self.duration(text, site.key("slower")));
        if raw.slower.is_some() && raw.to.as_deref() != Some(state) {
            self.push(
                Diagnostic::new(
                    &NO_SINGLE_OUTCOME,
                    site.name("slower"),
                    "`slower` on a rule that does not repeat its state",
                )
                .help(format!("it belongs beside `to = \"{state}\"`")),
            );
        }
        let then = self.then(raw, site)?;
        Some(Rule { when, unless, then, slower, next: raw.next, span: site.span() })
    }

    fn then(&mut self, raw: &raw::provider::Rule, site: Site<'_>) -> Option<Then> {
        match (&raw.to, &raw.fail) {
            (Some(to), None) => {
                if raw.relogin {
                    self.push(
                        Diagnostic::new(
                            &NO_SINGLE_OUTCOME,
                            site.name("relogin"),
                            "`relogin` on a rule that does not fail",
                        )
                        .help("it belongs beside `fail`"),
                    );
                }
                self.go(to, site.key("to"))
            }
            (None, Some(code)) => {
                let span = site.key("fail").span();
                self.code_is_a_name(code, span);
                Some(Then::Fail { code: At { value: code.clone(), span }, relogin: raw.relogin })
            }
            (None, None) if self.is_gone(&["to", "fail"]) => None,
            (both, _) => {
                let message = if both.is_some() {
                    "a rule with both `to` and `fail`"
                } else {
                    "a rule with neither `to` nor `fail`"
                };
                let mut finding = Diagnostic::new(&NO_SINGLE_OUTCOME, site.span(), message)
                    .help("write `to = \"STATE\"` or `fail = \"code\"`");
                if both.is_none() {
                    let typo =
                        site.keys().find_map(|key| nearest(key, ["to", "fail"]).map(|meant| (key, meant)));
                    if let Some((key, meant)) = typo {
                        finding = finding.help(format!("did you mean `{meant}` by `{key}`?"));
                    }
                }
                self.push(finding);
                None
            }
        }
    }

    fn go(&mut self, to: &str, site: Site<'_>) -> Option<Then> {
        if matches!(to, "error" | "timeout") {
            let help = if to == "error" {
                "write `fail = \"code\"`: the code says what went wrong"
            } else {
                "it is reached when `until` passes; to give up by a rule write `fail = \"expired\"`"
            };
            self.push(
                Diagnostic::new(&UNKNOWN_STATE, site.span(), format!("no rule leads to `{to}`")).help(help),
            );
            return None;
        }
        self.state_id(to, site.span()).map(Then::Go)
    }
}
