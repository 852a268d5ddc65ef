//! Rules as questions to the variables of a [`Space`], and the decision tree that they make.

use serde_json::Value;

use super::space::{Domains, LITERALS, Set, Space, THERE, known_name, set_of};
use super::{Values, Wire};
use crate::condition::eval::equal;
use crate::condition::{Condition, Test};
use crate::provider::Rule;
use crate::query::Query;

/// The most leaves, times the variables that each has a domain of. The largest state that ships has 119; beyond the most
/// nothing is claimed.
const MOST_DOMAINS: usize = 4096;

/// The variable is in the set.
#[derive(Debug, Clone, Copy)]
struct Atom {
    variable: usize,
    set: Set,
}

/// Any of its atoms holds.
type Clause = Vec<Atom>;

/// A rule as questions: every clause of `when` holds, not every one of `unless`.
#[derive(Debug)]
pub(super) struct Questions {
    when: Vec<Clause>,
    unless: Option<Vec<Clause>>,
}

/// The answers that take one rule, or none of them (`rule` is then their count).
#[derive(Debug)]
pub(super) struct Leaf {
    pub(super) rule: usize,
    pub(super) domains: Domains,
}

impl Space {
    /// A rule as questions to these variables.
    pub(super) fn questions(&self, rule: &Rule, values: Values<'_>) -> Questions {
        let clauses = |condition: &Condition| -> Vec<Clause> {
            condition.terms.iter().map(|term| self.clause(&term.test, values)).collect()
        };
        Questions {
            when: rule.when.as_ref().map(clauses).unwrap_or_default(),
            unless: rule.unless.as_ref().map(clauses),
        }
    }

    fn clause(&self, test: &Test, values: Values<'_>) -> Clause {
        let path =
            |path: &Query| self.paths.iter().enumerate().find(|(_, own)| own.path.steps() == path.steps());
        match test {
            // A callback has only paths.
            Test::Status(_) | Test::Body(_) if self.wire == Wire::Callback => Vec::new(),
            Test::Status(patterns) => {
                let meant = |status: &u16| patterns.iter().any(|pattern| pattern.matches(*status));
                vec![Atom { variable: 0, set: set_of(&self.statuses, meant) }]
            }
            Test::Body(words) => {
                let is_asked = |own: &String| words.iter().any(|word| word.to_lowercase() == *own);
                let asked = self.words.iter().enumerate().filter(|(_, own)| is_asked(own));
                asked.map(|(at, _)| Atom { variable: 1 + self.paths.len() + at, set: THERE }).collect()
            }
            Test::Exists(asked) => path(asked)
                .map(|(at, own)| Atom { variable: 1 + at, set: !own.not_present() })
                .into_iter()
                .collect(),
            Test::Equals(asked, operands) => {
                let values = values.of(operands);
                let meant = |own: &Value| values.iter().any(|value| equal(own, value));
                path(asked)
                    .map(|(at, own)| Atom { variable: 1 + at, set: set_of(&own.literals, meant) << LITERALS })
                    .into_iter()
                    .collect()
            }
            Test::Holds(asked, operands) => {
                let values = values.of(operands);
                let list = path(asked).map(|(at, _)| at);
                let items = self.items.iter().enumerate().filter(|(_, item)| {
                    Some(item.list) == list && values.iter().any(|value| equal(&item.value, value))
                });
                items.map(|(at, _)| Atom { variable: self.first_item() + at, set: THERE }).collect()
            }
            Test::Known(template) => self
                .known_place(template)
                .map(|at| Atom { variable: self.first_known() + at, set: !self.known[at].not_present() })
                .into_iter()
                .collect(),
            Test::KnownEquals(template, operands) => {
                let values = values.of(operands);
                let meant = |own: &Value| values.iter().any(|value| equal(own, value));
                let atom = |at: usize| {
                    let set = set_of(&self.known[at].literals, meant) << LITERALS;
                    // What is compared is a present value.
                    Atom { variable: self.first_known() + at, set: set & !self.known[at].not_present() }
                };
                self.known_place(template).map(atom).into_iter().collect()
            }
        }
    }

    fn known_place(&self, template: &crate::template::Template) -> Option<usize> {
        let name = known_name(template);
        self.known.iter().position(|own| own.name == name)
    }

    /// All leaves of the decision tree of a list of rules; `None` where there are too many.
    pub(super) fn leaves(&self, rules: &[&Questions]) -> Option<Vec<Leaf>> {
        let mut leaves = Vec::new();
        let mut open = vec![(0, self.domains())];
        let variables = self.domains().len();
        while let Some((rule, domains)) = open.pop() {
            let Some(questions) = rules.get(rule) else {
                leaves.push(Leaf { rule, domains });
                continue;
            };
            match questions.taken(&domains) {
                Known::Yes => leaves.push(Leaf { rule, domains }),
                Known::No => open.push((rule + 1, domains)),
                Known::Depends(atom) => {
                    for set in [!atom.set, atom.set] {
                        let mut part = domains.clone();
                        if let Some(domain) = part.get_mut(atom.variable) {
                            *domain &= set;
                        }
                        open.push((rule, part));
                    }
                }
            }
            if (leaves.len() + open.len()).saturating_mul(variables) > MOST_DOMAINS {
                return None;
            }
        }
        Some(leaves)
    }
}

/// Whether something holds, as far as the domains tell; if not, the first question that would tell more.
enum Known {
    Yes,
    No,
    Depends(Atom),
}

impl Questions {
    fn taken(&self, domains: &Domains) -> Known {
        match (all(&self.when, domains), &self.unless) {
            (Known::Yes, Some(unless)) => match all(unless, domains) {
                Known::Yes => Known::No,
                Known::No => Known::Yes,
                depends => depends,
            },
            (known, _) => known,
        }
    }
}

fn all(clauses: &[Clause], domains: &Domains) -> Known {
    let mut first = None;
    for clause in clauses {
        match any(clause, domains) {
            Known::Yes => {}
            Known::No => return Known::No,
            Known::Depends(atom) => first = first.or(Some(atom)),
        }
    }
    first.map_or(Known::Yes, Known::Depends)
}

fn any(clause: &Clause, domains: &Domains) -> Known {
    let mut first = None;
    for atom in clause {
        let domain = domains.get(atom.variable).copied().unwrap_or_default();
        match (domain & atom.set, domain & !atom.set) {
            (_, 0) => return Known::Yes,
            (0, _) => {}
            _ => first = first.or(Some(*atom)),
        }
    }
    first.map_or(Known::No, Known::Depends)
}
