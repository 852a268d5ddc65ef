//! Where a URL's template can lead, before its last value is known.

use url::Url;

use super::super::{Expression, Name, Scope, Template, collect_names, evaluate, scalar_text};
use super::{OriginShape, Piece, authority, origin_shape, split, whole_url};

/// Where a URL can lead.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Destination {
    /// The origins that are known, each as the URL of its root.
    pub known: Vec<Url>,
    /// Whether a value that is not known yet can lead elsewhere.
    pub is_open: bool,
}

/// Where a URL's template can lead with the values that `scope` has now. A name that `is_later` accepts gets its value
/// later, or never.
pub fn destination(template: &Template, scope: &dyn Scope, is_later: &dyn Fn(&Name) -> bool) -> Destination {
    let mut found = Destination::default();
    let search = Search { scope, is_later };
    search.template(template, &mut found);
    found
}

/// What the origin of a URL depends on, as a file writes it: of `{{well_known issuer 'x'}}` and `{{issuer}}/token` it is
/// `issuer`. `None` where the file writes the origin, or part of it.
pub fn origin_name(template: &Template) -> Option<String> {
    let Ok(OriginShape::Value(expression, _)) = origin_shape(template) else { return None };
    let mut expression = expression;
    while let Expression::Call(helper, arguments) = expression
        && helper.keeps_origin()
    {
        expression = arguments.first()?;
    }
    Some(expression.to_string())
}

impl Destination {
    fn add(&mut self, text: &str) {
        let root = Url::parse(text).and_then(|url| url.join("/"));
        self.known.extend(root.ok().filter(|root| !self.known.contains(root)));
    }
}

struct Search<'a> {
    scope: &'a dyn Scope,
    is_later: &'a dyn Fn(&Name) -> bool,
}

impl Search<'_> {
    /// Adds where a URL leads. Says whether it may lead nowhere.
    fn template(&self, template: &Template, found: &mut Destination) -> bool {
        match origin_shape(template) {
            Ok(OriginShape::Literal(origin)) => {
                found.add(origin.as_str());
                !template.names().is_empty()
            }
            Ok(OriginShape::Value(expression, _)) => self.follow(expression, found),
            Ok(OriginShape::Labels { .. }) => {
                self.labels(template, found);
                true
            }
            // No URL can be made of it, whatever the values.
            Err(_) => true,
        }
    }

    /// Adds where a value leads that is a whole URL. Says whether it may be absent, so that what follows it counts too.
    fn follow(&self, expression: &Expression, found: &mut Destination) -> bool {
        match expression {
            // `all` stops at the first that is sure to have a value.
            Expression::First(choices) => choices.iter().all(|choice| self.follow(choice, found)),
            Expression::Var(_, _, template) => self.template(template, found),
            Expression::Call(helper, arguments) if helper.keeps_origin() => {
                arguments.first().is_none_or(|url| self.follow(url, found))
            }
            other if self.waits(other) => {
                found.is_open = true;
                true
            }
            other => match evaluate(other, self.scope) {
                Some(value) => {
                    if let Some(url) = scalar_text(&value).and_then(|text| whole_url(text, None).ok()) {
                        found.add(&url);
                    }
                    false
                }
                None => true,
            },
        }
    }

    fn labels(&self, template: &Template, found: &mut Destination) {
        let Ok(split) = split(&template.parts) else { return };
        found.is_open = split.head.iter().any(|piece| match piece {
            Piece::Value(expression, _) => self.waits(expression),
            Piece::Text(_) => false,
        });
        if !found.is_open
            && let Ok(text) = authority(&split, self.scope)
        {
            found.add(&text);
        }
    }

    /// Whether a value depends on one that comes later.
    fn waits(&self, expression: &Expression) -> bool {
        let mut names = Vec::new();
        collect_names(expression, &mut names);
        names.iter().any(|(name, _)| (self.is_later)(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::tests::{read, scope};

    #[track_caller]
    fn check(text: &str, known: &[&str], is_open: bool) {
        let is_later = |name: &Name| matches!(name, Name::Answer { .. });
        let found = destination(&read(text), &scope(), &is_later);
        let urls: Vec<&str> = found.known.iter().map(Url::as_str).collect();
        assert_eq!((urls.as_slice(), found.is_open), (known, is_open), "{text}");
    }

    #[test]
    fn an_origin_that_the_file_writes_is_known() {
        check("https://api.example.com/v1/{{poll.x}}", &["https://api.example.com/"], false);
        check("{{region.url}}/{{poll.x}}", &["https://api.example.com/"], false);
        check("https://{{a}}.example.com:8443/x", &["https://a.example.com:8443/"], false);
    }

    #[test]
    fn an_answer_leaves_the_origin_open() {
        check("{{poll.url}}", &[], true);
        check("{{poll.url}}/x", &[], true);
        check("https://{{poll.host}}.example.com/x", &[], true);
        check("{{match poll.url 'x=(.*)'}}", &[], true);
    }

    #[test]
    fn every_choice_that_can_be_taken_is_found() {
        check("{{first poll.url region.url}}", &["https://api.example.com/"], true);
        check("{{first poll.url 'https://a.example' 'https://b.example'}}", &["https://a.example/"], true);
        check("{{first region.url poll.url}}", &["https://api.example.com/"], false);
        check("{{first region.none 'https://a.example/x'}}", &["https://a.example/"], false);
        check("{{first (match poll.url '^(zz)$') 'https://a.example'}}", &["https://a.example/"], true);
        check("{{first (match a 'zz') 'https://a.example'}}", &["https://a.example/"], false);
    }

    #[test]
    fn what_is_no_url_leads_nowhere() {
        check("{{a}}", &[], false);
        check("{{region.none}}", &[], false);
        check("{{region.evil}}", &[], false);
        check("https://{{poll.host}}.com/", &[], false);
    }
}
