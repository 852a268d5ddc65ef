//! `{{…}}`: no text is too much for the parser, what it prints it reads again, and no value becomes syntax of a URL.

use hermes_format::origin::Origin;
use hermes_format::source::{FileId, Span};
use hermes_format::template::{Expression, Name, Names, OriginShape, Part, Scope, Template, UnknownName};
use hermes_format::template::{origin_shape, render_url, render_var, steps};
use serde_json::{Value, json};

/// Values that are syntax somewhere: of a URL, of a template, of JSON; and those that can't stand in a text.
const VALUES: [&str; 10] = [
    r#""plain""#,
    r#""""#,
    r#""../..?a=b#c@evil.example\\/:1""#,
    r#""https://evil.example/x?y""#,
    r#""{{token}}'\"""#,
    // {"exp":7,"nested":{"id":"n1"}}
    r#""e30.eyJleHAiOjcsIm5lc3RlZCI6eyJpZCI6Im4xIn19.c2ln""#,
    "7",
    "null",
    r#"["a"]"#,
    r#"{"a": "b"}"#,
];

/// Takes any text as a template.
pub fn holds(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let span = whole(text);
    let template = match Template::parse(text, span, &Any) {
        Ok(template) => template,
        Err(errors) => {
            assert!(!errors.is_empty(), "refused without a reason");
            assert!(errors.iter().all(|error| is_inside(error.span, span)), "{errors:?}");
            return;
        }
    };
    assert_eq!(template.text, text);
    assert!(template.names().iter().all(|(_, place)| is_inside(*place, span)));
    for start in 0..VALUES.len() {
        renders(&template, &Values(start));
    }
    is_read_again(&template);
}

/// Rendering ends, in every slot.
fn renders(template: &Template, values: &Values) {
    let text = template.render(values);
    let json = template.render_json(values);
    assert!(text.is_err() || json.is_ok(), "a text can be made, but no value");
    let _ = render_var(template, values);
    let Ok(url) = render_url(template, values) else { return };
    assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none(), "{url}");
    match origin_shape(template) {
        Ok(OriginShape::Literal(origin)) => assert_eq!(Origin::of(&url), Some(origin)),
        Ok(OriginShape::Labels { suffix, .. }) => {
            assert!(url.host_str().is_some_and(|host| host.ends_with(&format!(".{suffix}"))), "{url}")
        }
        Ok(OriginShape::Value(..)) => {}
        Err(trouble) => panic!("a URL of what can be none: {trouble}"),
    }
}

/// What an expression is printed as means the same expression.
fn is_read_again(template: &Template) {
    for part in &template.parts {
        let Part::Expression(expression, _) = part else { continue };
        let printed = format!("{{{{{expression}}}}}");
        let again = Template::parse(&printed, whole(&printed), &Any);
        let again = again.unwrap_or_else(|errors| panic!("{printed}: {errors:?}"));
        assert!(
            matches!(&again.parts[..], [Part::Expression(read, _)] if same(read, expression)),
            "{printed}"
        );
    }
}

/// Whether two expressions differ in their places at most.
fn same(a: &Expression, b: &Expression) -> bool {
    match (a, b) {
        (Expression::Name(a, _), Expression::Name(b, _)) => a == b,
        (Expression::First(a), Expression::First(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Expression::Jwt(a, path), Expression::Jwt(b, other)) => same(a, b) && path == other,
        (Expression::Match(a, pattern), Expression::Match(b, other)) => same(a, b) && pattern == other,
        (a, b) => a == b,
    }
}

/// The place of a text between quotes.
fn whole(text: &str) -> Span {
    Span { file: FileId(0), start: 10, end: 12 + u32::try_from(text.len()).unwrap_or(u32::MAX - 12) }
}

fn is_inside(inner: Span, outer: Span) -> bool {
    outer.start <= inner.start && inner.start <= inner.end && inner.end <= outer.end
}

/// Knows every name but those that begin with `no`.
struct Any;

impl Names for Any {
    fn resolve(&self, path: &[&str]) -> Result<Name, UnknownName> {
        let owned = |text: &str| text.to_owned();
        Ok(match path {
            [first, ..] if first.starts_with("no") => return Err(UnknownName::default()),
            ["token", rest @ ..] => Name::Token(steps(rest)),
            ["region", key] => Name::Region(owned(key)),
            ["pkce", "verifier"] => Name::PkceVerifier,
            ["pkce", "challenge"] => Name::PkceChallenge,
            ["random", name] => Name::Random(owned(name)),
            ["response", "body"] => Name::ResponseBody,
            ["response", rest @ ..] => Name::Response(steps(rest)),
            ["uuid"] => Name::Uuid,
            ["redirect_uri"] => Name::RedirectUri,
            [var] => Name::Var(owned(var)),
            [state, rest @ ..] => Name::Answer { state: owned(state), path: steps(rest) },
            [] => return Err(UnknownName::default()),
        })
    }
}

/// Gives each name one of [`VALUES`], another for each start.
struct Values(usize);

impl Scope for Values {
    fn value(&self, name: &Name) -> Option<Value> {
        let at = self.0 + name.to_string().len();
        VALUES.get(at % (VALUES.len() + 1)).map(|text| serde_json::from_str(text).unwrap_or(json!(text)))
    }
}
