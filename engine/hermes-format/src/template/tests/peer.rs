//! Our rendering beside that of handlebars itself: its registry, strict, without escapes, our helpers registered.

use handlebars::{Context, Handlebars, Helper, HelperDef, RenderContext, RenderError, ScopedJson};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Values, read};
use crate::query::present;
use crate::template::claim;

/// A helper as handlebars calls one: the values of its arguments, `None` where one is missing.
struct Call(fn(&[Option<Value>]) -> Option<Value>);

impl HelperDef for Call {
    fn call_inner<'reg: 'rc, 'rc>(
        &self,
        helper: &Helper<'rc>,
        _: &'reg Handlebars<'reg>,
        _: &'rc Context,
        _: &mut RenderContext<'reg, 'rc>,
    ) -> Result<ScopedJson<'rc>, RenderError> {
        let arguments: Vec<Option<Value>> = helper
            .params()
            .iter()
            .map(|argument| (!argument.is_value_missing()).then(|| argument.value().clone()))
            .collect();
        Ok((self.0)(&arguments).map_or(ScopedJson::Missing, ScopedJson::Derived))
    }
}

fn first(arguments: &[Option<Value>]) -> Option<Value> {
    let found = arguments.iter().flatten().find(|value| present(Some(value)).is_some());
    found.or(arguments.last()?.as_ref()).cloned()
}

fn jwt(arguments: &[Option<Value>]) -> Option<Value> {
    let [Some(Value::String(token)), path @ ..] = arguments else { return None };
    let path: Vec<&str> = path.iter().flatten().filter_map(Value::as_str).collect();
    claim(token, &path)
}

fn matched(arguments: &[Option<Value>]) -> Option<Value> {
    let [Some(text), Some(Value::String(pattern))] = arguments else { return None };
    let text = text.as_str().map_or_else(|| text.to_string(), str::to_owned);
    let captures = regex::Regex::new(pattern).expect("a pattern").captures(&text)?;
    captures.get(usize::from(captures.len() > 1)).map(|found| Value::from(found.as_str()))
}

fn registry() -> Handlebars<'static> {
    let mut registry = Handlebars::new();
    registry.set_strict_mode(true);
    registry.register_escape_fn(handlebars::no_escape);
    registry.register_helper("first", Box::new(Call(first)));
    registry.register_helper("jwt", Box::new(Call(jwt)));
    registry.register_helper("match", Box::new(Call(matched)));
    registry
}

/// The tree that handlebars looks names up in, and the same as a scope of ours.
fn values(a: &Value, poll: &Value) -> (Value, Values) {
    let tree = json!({ "a": a, "b": "B", "poll": poll });
    let scope = Values([("a", a.clone()), ("b", json!("B")), ("poll", poll.clone())].into_iter().collect());
    (tree, scope)
}

/// What a template may hold, but for backslashes: handlebars reads escapes in a text in quotes, a file means them as they are.
fn expression() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "a",
        "b",
        "poll.n",
        "poll.text",
        "poll.object.k",
        "poll.list.0.id",
        "poll.jwt",
    ]);
    let text = prop_oneof!["'[ -&(-Z^-z~é]{0,6}'", "\"[ !#-Z^-z~é]{0,6}\""];
    let argument = prop_oneof![name.clone().prop_map(str::to_owned), text];
    argument.prop_recursive(2, 8, 3, |inner| {
        let helper = prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(|list| format!("first {}", list.join(" "))),
            inner.clone().prop_map(|token| format!("jwt {token} 'nested' 'id'")),
            inner.prop_map(|text| format!("match {text} '(?:.)(.*)'")),
        ];
        helper.prop_map(|call| format!("({call})"))
    })
}

fn template() -> impl Strategy<Value = String> {
    // A text alone is no template of ours; a helper that is all of an expression goes without its parentheses.
    let inside = expression().prop_filter("a text alone", |text| !text.starts_with(['\'', '"']));
    let bare = inside.prop_map(|text| {
        text.strip_prefix('(').and_then(|t| t.strip_suffix(')')).unwrap_or(&text).to_owned()
    });
    let part = prop_oneof![bare.prop_map(|inside| format!("{{{{{inside}}}}}")), "[ -\\[\\]-z|~é\n]{0,8}"];
    prop::collection::vec(part, 0..5).prop_map(|parts| parts.concat())
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        "\\PC{1,12}".prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        (-1e9_f64..1e9).prop_map(Value::from),
    ]
}

const JWT: &str = "e30.eyJleHAiOjcsIm5lc3RlZCI6eyJpZCI6Im4xIn19.c2ln";

proptest! {
    /// Where a template of ours has a text, handlebars' own rendering has the same.
    #[test]
    fn a_template_is_rendered_as_handlebars_renders_it(text in template(), a in scalar(), n in scalar(), inner in "\\PC{1,8}") {
        let poll = json!({ "n": n, "text": inner, "object": { "k": a }, "list": [{ "id": inner }], "jwt": JWT });
        let (tree, scope) = values(&a, &poll);
        let ours = read(&text).render(&scope);
        let theirs = registry().render_template(&text, &tree);
        match (ours, theirs) {
            (Ok(ours), Ok(theirs)) => prop_assert_eq!(ours, theirs, "{}", text),
            (Ok(ours), Err(error)) => prop_assert!(false, "{text}: {ours:?} here, {error} there"),
            (Err(_), _) => {}
        }
    }
}

#[test]
fn a_name_without_a_value_is_an_error_in_both() {
    let (tree, scope) = values(&json!("A"), &json!({ "n": 1 }));
    for text in [
        "{{poll.absent}}",
        "x{{poll.n.deeper}}",
        "{{poll.absent}}{{a}}",
        "{{match a '^(z)'}}",
        "{{jwt a 'exp'}}",
    ] {
        assert!(read(text).render(&scope).is_err(), "{text}");
        assert!(registry().render_template(text, &tree).is_err(), "{text}");
    }
}

#[test]
fn first_passes_over_what_is_absent_in_both() {
    let (tree, scope) = values(&json!("A"), &json!({ "null": null, "empty": "" }));
    for text in
        ["{{first poll.absent a}}", "{{first poll.null poll.empty a}}", "{{first (jwt a 'exp') a 'x'}}"]
    {
        assert_eq!(read(text).render(&scope).as_deref(), Ok("A"), "{text}");
        assert_eq!(registry().render_template(text, &tree).expect(text), "A");
    }
}

/// `cargo test -p hermes-format --lib -- --ignored --nocapture peer`: the numbers of docs/architecture.md.
#[test]
#[ignore = "a measurement, for a quiet machine and an optimised build"]
#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "it measures, and says what it measured")]
fn how_long_each_takes() {
    const TIMES: u32 = 20_000;
    let time = |what: &str, run: &dyn Fn()| {
        let start = std::time::Instant::now();
        (0..TIMES).for_each(|_| run());
        println!("{what}: {:.2} µs", start.elapsed().as_secs_f64() * 1e6 / f64::from(TIMES));
    };
    let (tree, scope) = values(&json!("A"), &json!({ "n": 5, "jwt": JWT, "text": "x".repeat(4096) }));
    let registry = registry();
    for text in ["{{a}}", "https://{{a}}.example.com/{{poll.n}}", "{{first poll.n 'x'}}"] {
        let (own, theirs) = (read(text), handlebars::Template::compile(text).expect("a template"));
        time(&format!("{text}: read"), &|| drop(read(text)));
        time(&format!("{text}: compiled by handlebars"), &|| drop(handlebars::Template::compile(text)));
        time(&format!("{text}: rendered"), &|| drop(own.render(&scope)));
        let mut registry = registry.clone();
        registry.register_template("it", theirs);
        time(&format!("{text}: rendered by handlebars"), &|| drop(registry.render("it", &tree)));
    }
}
