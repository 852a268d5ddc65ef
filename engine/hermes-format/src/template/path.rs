//! The path of a URL as a file writes it: what a log may show where the path itself may hold a secret.

use super::{Expression, Name, Part, Template};
use crate::provider::Constants;

/// Vars stand in vars at most as deep as there are vars.
const DEEPEST: usize = 16;

/// The path of a URL's template, from its `/`, without its query: `/bot{{api_key}}/getMe`. Vars and keys of the region, which
/// the file writes out, are put in place; where the URL begins with any other value, that value's path is `…`.
pub fn path_text(template: &Template, constants: &Constants<'_>) -> String {
    let mut text = String::new();
    write(template, constants, DEEPEST, &mut text);
    let path = match text.split_once("://") {
        Some((_, rest)) if !text.starts_with("{{") => {
            rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/")
        }
        // The whole beginning is a value, and may have a path of its own.
        _ => return format!("/…{}", text.split_once("}}").map_or("", |(_, rest)| without_query(rest))),
    };
    without_query(path).to_owned()
}

fn without_query(text: &str) -> &str {
    // A query is written in `query`; where it stands in the URL it may hold a value.
    text.split(['?', '#']).next().unwrap_or_default()
}

fn write(template: &Template, constants: &Constants<'_>, deepest: usize, text: &mut String) {
    for part in &template.parts {
        let expression = match part {
            Part::Text(literal) => {
                text.push_str(literal);
                continue;
            }
            Part::Expression(expression, _) => expression,
        };
        match expression {
            Expression::Name(Name::Var(name), _) if deepest > 0 => match constants.provider.vars.get(name) {
                Some(var) => write(var, constants, deepest - 1, text),
                None => text.push_str(&format!("{{{{{expression}}}}}")),
            },
            Expression::Var(_, _, var) if deepest > 0 => write(var, constants, deepest - 1, text),
            Expression::Name(Name::Region(key), _) => match constants.region_key(key) {
                Some(value) => text.push_str(value),
                None => text.push_str(&format!("{{{{{expression}}}}}")),
            },
            _ => text.push_str(&format!("{{{{{expression}}}}}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::Provider;

    #[track_caller]
    fn check(url: &str, expect: &str) {
        let text = format!(
            r#"
            name = "Acme"
            region = "eu"
            start = {{ login = "go" }}
            [vars]
            auth = "https://auth.acme.example/v1"
            deep = "{{{{auth}}}}/deep"
            keyed = "https://auth.acme.example/{{{{key}}}}"
            [regions.eu]
            api = "https://eu.acme.example/r"
            name = "eu-1"
            [inputs.key]
            secret = true
            [inputs.base]
            [states.go]
            get = "{url}"
            on = [{{ to = "success" }}]
            [states.success]
            access_token = "$.t"
            "#
        );
        let file = crate::load::FileText {
            id: "acme".into(),
            name: "acme.toml".into(),
            language: crate::parse::Language::Toml,
            text,
        };
        let loaded = crate::load::load(&mut crate::source::Sources::default(), &file, &|_| None);
        let provider = loaded.provider.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics));
        let inputs = [("key".to_owned(), "SECRET".to_owned())].into_iter().collect();
        let constants = Constants { provider: &provider, region: None, inputs: &inputs };
        assert_eq!(path_text(url_of(&provider), &constants), expect, "{url}");
    }

    fn url_of(provider: &Provider) -> &Template {
        let request = provider.states.iter().find_map(|state| match &state.kind {
            crate::provider::StateKind::Active(active) => match &active.act {
                crate::provider::Act::Request(request) => Some(&request.url),
                crate::provider::Act::Browser(_) => None,
            },
            _ => None,
        });
        request.expect("a request")
    }

    #[test]
    fn a_literal_path_is_shown_and_a_value_is_its_name() {
        check("https://auth.acme.example/oauth/token", "/oauth/token");
        check("https://auth.acme.example/bot{{key}}/getMe", "/bot{{key}}/getMe");
        check("https://auth.acme.example/a?k={{key}}", "/a");
    }

    #[test]
    fn vars_are_put_in_place_and_their_values_are_not() {
        check("{{auth}}/token", "/v1/token");
        check("{{deep}}/token", "/v1/deep/token");
        check("{{keyed}}/token", "/{{key}}/token");
        check("{{base}}/token", "/…/token");
    }

    #[test]
    fn keys_of_the_region_are_put_in_place() {
        check("{{region.api}}/token", "/r/token");
        check("https://auth.acme.example/{{region.name}}/{{key}}", "/eu-1/{{key}}");
    }
}
