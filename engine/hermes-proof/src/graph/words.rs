//! Conditions, times and URLs of a file, in words that fit on an edge.

use hermes_format::condition::{Condition, Operand, StatusPattern, Term, Test};
use hermes_format::provider::{Rule, ValueSource};
use hermes_format::template::{Part, Template};
use hermes_format::text::sanitise;
use hermes_format::time::{Time, TimeValue, UNITS, Unit, format_duration};

/// What must be so for a rule to apply.
pub(super) fn rule(rule: &Rule, is_only: bool) -> String {
    let holds = rule.when.as_ref().map(|condition| condition_text(condition, false));
    let fails = rule.unless.as_ref().map(|condition| condition_text(condition, true));
    match (holds, fails) {
        (Some(holds), Some(fails)) => format!("{holds}, and {fails}"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) if is_only => "always".to_owned(),
        (None, None) => "otherwise".to_owned(),
    }
}

fn condition_text(condition: &Condition, negated: bool) -> String {
    let groups = grouped(&condition.terms);
    match (groups.as_slice(), negated) {
        ([one], _) => one.text(negated),
        (all, false) => together(all),
        (all, true) => format!("not ({})", together(all)),
    }
}

/// Terms that are said together: the paths of one `exists`, or any other term.
enum Group<'a> {
    Exists(Vec<String>),
    Other(&'a Test),
}

fn grouped(terms: &[Term]) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for term in terms {
        match (&term.test, groups.last_mut()) {
            (Test::Exists(path), Some(Group::Exists(paths))) => paths.push(path.to_string()),
            (Test::Exists(path), _) => groups.push(Group::Exists(vec![path.to_string()])),
            (other, _) => groups.push(Group::Other(other)),
        }
    }
    groups
}

impl Group<'_> {
    fn text(&self, negated: bool) -> String {
        match self {
            Group::Exists(paths) if negated => format!("lacks {}", listed(paths, "or")),
            Group::Exists(paths) => format!("has {}", listed(paths, "and")),
            Group::Other(Test::Status(patterns)) => {
                let patterns: Vec<String> = patterns.iter().map(status).collect();
                format!("{}HTTP {}", if negated { "not " } else { "" }, listed(&patterns, "or"))
            }
            Group::Other(Test::Body(words)) => {
                let words: Vec<String> = words.iter().map(|word| format!("\"{}\"", sanitise(word))).collect();
                format!("{} {}", if negated { "does not say" } else { "says" }, listed(&words, "or"))
            }
            Group::Other(Test::Equals(path, operands)) => {
                let operands: Vec<String> = operands.iter().map(operand).collect();
                format!("{path} is {}{}", if negated { "not " } else { "" }, listed(&operands, "or"))
            }
            Group::Other(Test::Holds(path, operands)) => {
                let operands: Vec<String> = operands.iter().map(operand).collect();
                format!("{path} {} {}", if negated { "lacks" } else { "holds" }, listed(&operands, "or"))
            }
            Group::Other(Test::Known(known)) => {
                format!("{} {}", template(known), if negated { "is missing" } else { "is known" })
            }
            Group::Other(Test::KnownEquals(known, operands)) => {
                let operands: Vec<String> = operands.iter().map(operand).collect();
                let is = if negated { "is not" } else { "is" };
                format!("{} {is} {}", template(known), listed(&operands, "or"))
            }
            Group::Other(Test::Exists(path)) => format!("{} {path}", if negated { "lacks" } else { "has" }),
        }
    }
}

fn status(pattern: &StatusPattern) -> String {
    match pattern {
        StatusPattern::Exactly(status) => status.to_string(),
        StatusPattern::Class(class) => format!("{class}xx"),
    }
}

fn operand(operand: &Operand) -> String {
    match operand {
        Operand::Literal(value) => sanitise(&value.to_string()),
        Operand::Template(text) => template(text),
    }
}

fn together(groups: &[Group<'_>]) -> String {
    groups.iter().map(|group| group.text(false)).collect::<Vec<_>>().join(" and ")
}

/// `a`, `a or b`, `a, b or c`.
fn listed(all: &[String], last: &str) -> String {
    match all {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., end] => format!("{} {last} {end}", first.join(", ")),
    }
}

/// A text of a file with its names in single braces; a text that is one name is the name alone.
pub(super) fn template(template: &Template) -> String {
    let text = match template.parts.as_slice() {
        [Part::Expression(expression, _)] => expression.to_string(),
        parts => parts.iter().map(part).collect(),
    };
    sanitise(&text)
}

fn part(part: &Part) -> String {
    match part {
        Part::Text(text) => text.clone(),
        Part::Expression(expression, _) => format!("{{{expression}}}"),
    }
}

/// A URL with its names in single braces.
pub(super) fn url(template: &Template) -> String {
    sanitise(&template.parts.iter().map(part).collect::<String>())
}

/// A time with its bounds: `device.interval (s), 5s where absent, at least 1s`.
pub(super) fn time(time: &Time) -> String {
    let mut words = vec![match &time.value {
        TimeValue::Fixed(duration) => format_duration(*duration),
        TimeValue::Path(path, of) => format!("{path} ({})", unit(*of)),
        TimeValue::Template(text, of) => format!("{} ({})", template(text), unit(*of)),
    }];
    words.extend(time.default.map(|default| format!("{} where absent", format_duration(default))));
    words.extend(time.min.map(|min| format!("at least {}", format_duration(min))));
    words.extend(time.max.map(|max| format!("at most {}", format_duration(max))));
    words.join(", ")
}

fn unit(unit: Unit) -> &'static str {
    UNITS.iter().find(|(_, known)| *known == unit).map_or("", |(name, _)| name)
}

/// Where a value of `success` comes from.
pub(super) fn source(source: &ValueSource) -> String {
    match source {
        ValueSource::Path(path) => sanitise(&path.value.to_string()),
        ValueSource::Template(text) => template(text),
    }
}
