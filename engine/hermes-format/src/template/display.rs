//! Names and expressions as a file writes them, for messages.

use std::fmt;

use super::{Expression, Name};
use crate::query::Step;

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Name::Var(name) | Name::Input(name) => f.write_str(name),
            Name::Region(key) => write!(f, "region.{key}"),
            Name::Answer { state, path } => dotted(f, state, path),
            Name::Token(path) => dotted(f, "token", path),
            Name::Last(path) => dotted(f, "last", path),
            Name::PkceVerifier => f.write_str("pkce.verifier"),
            Name::PkceChallenge => f.write_str("pkce.challenge"),
            Name::Random(name) => write!(f, "random.{name}"),
            Name::Uuid => f.write_str("uuid"),
            Name::RedirectUri => f.write_str("redirect_uri"),
            Name::Response(path) => dotted(f, "response", path),
            Name::ResponseBody => f.write_str("response.body"),
        }
    }
}

fn dotted(f: &mut fmt::Formatter<'_>, root: &str, path: &[Step]) -> fmt::Result {
    f.write_str(root)?;
    path.iter().try_for_each(|step| match step {
        Step::Key(key) => write!(f, ".{key}"),
        Step::Index(at) => write!(f, ".{at}"),
    })
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expression::Name(name, _) => name.fmt(f),
            Expression::Literal(text) => quoted(f, text),
            Expression::First(list) => {
                f.write_str("first")?;
                list.iter().try_for_each(|inner| argument(f, inner))
            }
            Expression::Jwt(token, path) => {
                f.write_str("jwt")?;
                argument(f, token)?;
                path.iter().try_for_each(|name| {
                    f.write_str(" ")?;
                    quoted(f, name)
                })
            }
            Expression::Match(text, pattern) => {
                f.write_str("match")?;
                argument(f, text)?;
                f.write_str(" ")?;
                quoted(f, pattern.0.as_str())
            }
            Expression::Call(helper, arguments) => {
                f.write_str(helper.name())?;
                arguments.iter().try_for_each(|inner| argument(f, inner))
            }
            Expression::Var(name, ..) => name.fmt(f),
        }
    }
}

fn argument(f: &mut fmt::Formatter<'_>, expression: &Expression) -> fmt::Result {
    match expression {
        Expression::Name(..) | Expression::Literal(_) | Expression::Var(..) => write!(f, " {expression}"),
        Expression::First(_) | Expression::Jwt(..) | Expression::Match(..) | Expression::Call(..) => {
            write!(f, " ({expression})")
        }
    }
}

/// In the quotes that the text does not hold itself; it can't hold both.
fn quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    if text.contains('\'') { write!(f, "\"{text}\"") } else { write!(f, "'{text}'") }
}
