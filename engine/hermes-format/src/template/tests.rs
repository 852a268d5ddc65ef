use indexmap::IndexMap;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::diagnostic::Advice;
use crate::source::FileId;

mod peer;

/// Knows `a`, `b`, `blank`, `else_x`, `region.*`, and every field of the state `poll`.
struct Known;

impl Names for Known {
    fn resolve(&self, path: &[&str]) -> Result<Name, UnknownName> {
        match path {
            [var @ ("a" | "b" | "blank" | "else_x")] => Ok(Name::Var((*var).to_owned())),
            ["region", key] => Ok(Name::Region((*key).to_owned())),
            ["token", rest @ ..] => Ok(Name::Token(steps(rest))),
            ["poll", rest @ ..] => Ok(Name::Answer { state: "poll".to_owned(), path: steps(rest) }),
            _ => Err(UnknownName { help: Some(Advice::Meant("a".to_owned())) }),
        }
    }
}

/// Has values by the written name; an answer's whole value under its state.
pub(super) struct Values(IndexMap<&'static str, Value>);

impl Scope for Values {
    fn value(&self, name: &Name) -> Option<Value> {
        match name {
            Name::Answer { state, path } => crate::query::walk(self.0.get(state.as_str())?, path).cloned(),
            other => self.0.get(other.to_string().as_str()).cloned(),
        }
    }
}

pub(super) fn scope() -> Values {
    Values(IndexMap::from([
        ("a", json!("A")),
        ("blank", json!("")),
        ("else_x", json!("E")),
        ("region.url", json!("https://api.example.com/v1/")),
        ("region.query", json!("https://api.example.com/v1?x=1")),
        ("region.evil", json!("https://user:pw@api.example.com")),
        ("token", json!("opaque")),
        (
            "poll",
            json!({
                "n": 5, "f": 1.5, "yes": true, "null": null, "empty": "", "list": [{ "id": "first" }], "object": { "k": "v" },
                "path": "x/y z", "dots": "../admin", "syntax": "a&b=c#d?e/f", "host": "acme-1", "badhost": "evil.example/",
                // {"exp":7,"nested":{"id":"n1"}}
                "jwt": "e30.eyJleHAiOjcsIm5lc3RlZCI6eyJpZCI6Im4xIn19.c2ln"
            }),
        ),
    ]))
}

fn quoted(text: &str) -> Span {
    Span { file: FileId(0), start: 10, end: 12 + u32::try_from(text.len()).expect("short") }
}

fn parse(text: &str) -> Result<Template, Vec<TemplateError>> {
    Template::parse(text, quoted(text), &Known)
}

pub(super) fn read(text: &str) -> Template {
    parse(text).unwrap_or_else(|e| panic!("{text}: {e:?}"))
}

fn check(text: &str, expect: Result<&str, &str>) {
    let rendered = read(text).render(&scope());
    let rendered = rendered.as_deref().map_err(ToString::to_string);
    assert_eq!(rendered.as_ref().map(|t| *t).map_err(String::as_str), expect, "{text}");
}

#[test]
fn helpers_of_urls_and_lists_take_values_and_give_one() {
    check("{{origin region.url}}", Ok("https://api.example.com"));
    check("{{well_known region.url 'x'}}", Ok("https://api.example.com/.well-known/x/v1"));
    check("{{pick poll.none 'a' ''}}", Ok(""));
    check("{{pick poll.text 'zz' 'y'}}", Ok("y"));
    check("{{words poll.none 'a'}}", Ok(""));
    check("{{words 'a b' poll.none 'c'}}", Ok("a b c"));
    check("{{first (words poll.none) 'none'}}", Ok("none"));
    check("{{origin poll.none}}", Err("`{{origin poll.none}}` has no value"));
}

#[test]
fn names_stand_among_text() {
    check("plain", Ok("plain"));
    check("", Ok(""));
    check("{{a}}", Ok("A"));
    check("<{{a}}-{{ a }}>", Ok("<A-A>"));
    check("{\"x\":{\"y\":1}} \\ &amp; =", Ok("{\"x\":{\"y\":1}} \\ &amp; ="));
    check("  {{a}}\n  ", Ok("  A\n  "));
    check("{{poll.list.0.id}}", Ok("first"));
    check("{{poll.n}} {{poll.f}} {{poll.yes}}", Ok("5 1.5 true"));
    check("{{else_x}}", Ok("E"));
    check("{{a}}}}", Ok("A}}"));
}

#[test]
fn a_missing_name_is_never_an_empty_text() {
    check("{{b}}", Err("`{{b}}` has no value"));
    check("x{{poll.null}}", Err("`{{poll.null}}` has no value"));
    check("{{poll.empty}}", Err("`{{poll.empty}}` has no value"));
    check("{{poll.n.deeper}}", Err("`{{poll.n.deeper}}` has no value"));
    check("{{poll.object}}", Err("`{{poll.object}}` is an object where a text belongs"));
    check("{{first b poll.list}}", Err("`{{first b poll.list}}` is a list where a text belongs"));
    check("{{first b poll.null}}", Err("`{{first b poll.null}}` has no value"));
}

#[test]
fn what_the_file_itself_leaves_empty_is_empty() {
    check("{{blank}}", Ok(""));
    check("<{{first b ''}}>", Ok("<>"));
    check("{{first b blank}}", Ok(""));
    check("{{first poll.empty poll.null ''}}", Ok(""));
    check("{{first '' a}}", Ok("A"));
    check("{{first poll.empty}}", Err("`{{first poll.empty}}` has no value"));
}

#[test]
fn helpers_do_what_the_format_says() {
    check("{{first b poll.null a 'x'}}", Ok("A"));
    check("{{first b 'last resort'}}", Ok("last resort"));
    check("{{first b \"it's\"}}", Ok("it's"));
    check("{{jwt poll.jwt 'exp'}}", Ok("7"));
    check("{{jwt poll.jwt 'nested' 'id'}}", Ok("n1"));
    check("{{first (jwt token 'exp') 'x'}}", Ok("x"));
    check("{{first (jwt poll.jwt 'none') (jwt poll.jwt 'exp')}}", Ok("7"));
    check("{{match poll.jwt '^[^.]+'}}", Ok("e30"));
    check(r"{{match 'v12.3' 'v(\d+)\.(\d+)'}}", Ok("12"));
    check(r"{{match 'k=v' '^(k)(=)(.)((()))?()()()()$'}}", Ok("k"));
    check("{{match a '}}'}}", Err("`{{match a '}}'}}` has no value"));
    check("{{first (match a '(B)?') 'none'}}", Ok("none"));
    check("{{match (jwt poll.jwt 'exp') '[0-9]'}}", Ok("7"));
}

#[test]
fn a_whole_expression_keeps_its_json_type() {
    let check =
        |text: &str, expect: Value| assert_eq!(read(text).render_json(&scope()), Ok(expect), "{text}");
    check("{{poll.n}}", json!(5));
    check("{{poll.object}}", json!({ "k": "v" }));
    check("{{poll.yes}}", json!(true));
    check("n={{poll.n}}", json!("n=5"));
    check("text", json!("text"));
    check("{{blank}}", json!(""));
    assert!(read("{{poll.null}}").render_json(&scope()).is_err());
}

fn faults(text: &str) -> Vec<(String, String)> {
    let source = format!("{}\"{text}\"", " ".repeat(10));
    let Err(errors) = parse(text) else { return Vec::new() };
    errors
        .into_iter()
        .map(|e| (e.fault.to_string(), source[e.span.start as usize..e.span.end as usize].to_owned()))
        .collect()
}

fn refused(text: &str, fault: &str, words: &str) {
    let found = faults(text);
    assert_eq!(found.len(), 1, "{text}: {found:?}");
    assert!(found[0].0.starts_with(fault), "{text}: {found:?}");
    assert_eq!(found[0].1, words, "{text}");
}

#[test]
fn logic_is_refused_and_its_words_are_known() {
    refused("x{{#if a}}y", "a block", "{{#if a}}");
    refused("{{/if}}", "a block", "{{/if}}");
    refused("{{> part}}", "a partial", "{{> part}}");
    refused("{{* d}}", "a decorator", "{{* d}}");
    refused("{{! it's a note }}", "a comment", "{{! it's a note }}");
    refused("{{!-- a --}}", "a comment", "{{!-- a --}}");
    refused("{{{a}}}", "a third brace", "{{{a}}");
    refused("{{&a}}", "`&`", "{{&a}}");
    refused("{{~a}}", "`~`", "{{~a}}");
    refused("{{a~}}", "`~`", "{{a~}}");
    refused("\\{{a}}", "an escaped", "{{a}}");
    refused("{{upper a}}", "unknown helper `upper`", "upper");
    refused("{{lookup poll 'n'}}", "unknown helper `lookup`", "lookup");
    refused("{{first a x='y'}}", "a named argument", "first a x='y'");
    refused("{{../a}}", "`../a`", "../a");
    refused("{{@root.a}}", "`@root.a`", "@root.a");
    refused("{{first a ../b}}", "`../b`", "../b");
    refused("{{a.[0]}}", "`a.[0]`", "a.[0]");
    refused("{{poll/n}}", "`poll/n`", "poll/n");
    refused("{{first a 12}}", "`12`, neither", "12");
    refused("{{first a true}}", "`true`, neither", "true");
    refused("{{(first a)}}", "parentheses around", "(first a)");
}

#[test]
fn broken_templates_say_how() {
    refused("x {{a", "not a template: `{{` without `}}`", "{{a");
    refused("{{first a 'x}}", "not a template: a quote without its end", "{{first a 'x}}");
    refused("{{}}", "not a template: nothing between", "");
    refused("{{ a b. }}", "not a template: neither a name nor a helper", "a b.");
    refused("{{jwt a}}", "not a template: `jwt` takes", "jwt a");
    refused("{{jwt a b}}", "not a template: `jwt` takes", "jwt a b");
    refused("{{match a 'x' 'y'}}", "not a template: `match` takes", "match a 'x' 'y'");
    refused("{{match a '('}}", "not a regular expression that can be used: unclosed group", "match a '('");
    refused(
        "{{match a '(\\w{100}){100}'}}",
        "not a regular expression that can be used: ",
        "match a '(\\w{100}){100}'",
    );
    refused(
        &format!("{{{{{}a{}}}}}", "(first ".repeat(9), ")".repeat(9)),
        "not a template: parentheses nested",
        &format!("{}a{}", "(first ".repeat(9), ")".repeat(9)),
    );
}

#[test]
fn an_unknown_name_is_found_wherever_it_stands() {
    refused("{{polll.n}}", "unknown name `polll.n`", "polll.n");
    refused("{{first a (jwt tokn 'exp') 'tokn'}}", "unknown name `tokn`", "tokn");
    refused("{{ first a\n nope }}", "unknown name `nope`", "nope");
    refused("{{first 'a b' \"(x\" nope}}", "unknown name `nope`", "nope");
    let errors = parse("{{x}} {{a}} {{#y}} {{z}}").expect_err("three are wrong");
    assert_eq!(errors.len(), 3);
    assert_eq!(errors[0].help, Some(Advice::Meant("a".to_owned())));
}

#[test]
fn names_are_told_with_their_own_places() {
    let text = "x{{ first a (jwt poll.jwt 'exp') }}{{b}}";
    let template = read(text);
    let words: Vec<_> = template
        .names()
        .into_iter()
        .map(|(n, s)| (n.to_string(), (s.start as usize - 11, s.end as usize - 11)))
        .collect();
    let at = |word: &str| text.rfind(word).map(|start| (start, start + word.len())).expect("it is there");
    assert_eq!(words[0].0, "a");
    assert_eq!(words[0].1, (10, 11));
    assert_eq!(words[1], ("poll.jwt".to_owned(), at("poll.jwt")));
    assert_eq!(words[2], ("b".to_owned(), at("b")));
}

#[test]
fn an_escaped_text_is_underlined_whole() {
    let whole = Span { file: FileId(0), start: 3, end: 30 };
    let errors = Template::parse("é {{nope}}", whole, &Known).expect_err("unknown");
    assert_eq!(errors[0].span, whole);
    let plain = Span { file: FileId(0), start: 3, end: 11 };
    let errors = Template::parse("{{nope}}", plain, &Known).expect_err("unknown");
    assert_eq!(errors[0].span, plain.part(2, 6));
}

#[test]
fn a_text_beyond_eight_kib_is_refused() {
    assert!(parse(&"x".repeat(8192)).is_ok());
    assert_eq!(parse(&"x".repeat(8193)).expect_err("too long")[0].fault, TemplateFault::TooLong);
}

/// Gives every name the same value.
pub(super) struct Always(pub(super) Value);

impl Scope for Always {
    fn value(&self, _: &Name) -> Option<Value> {
        Some(self.0.clone())
    }
}

fn words() -> impl Strategy<Value = String> {
    let words = vec![
        "{{", "}}", "{", "}", "a", "poll.n", "first", "jwt", "match", "'", "\"", "(", ")", " ", "\\", "~",
        "#", "/", ">", "else", "=", "x", "|", "as", "[", "]", "@root", "..", ".", "null", "12", "\n", "é",
        "^", "!--", "--", "*", "&",
    ];
    prop::collection::vec(prop::sample::select(words), 0..60).prop_map(|words| words.concat())
}

pub(crate) fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-z]{1,4}", inner), 0..4)
                .prop_map(|o| Value::Object(o.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in prop_oneof!["\\PC{0,60}".boxed(), words().boxed()], end in 0_u32..80) {
        if let Ok(template) = parse(&text) {
            let _ = template.render(&scope());
            let _ = render_url(&template, &scope());
        }
        if let Err(errors) = Template::parse(&text, Span { file: FileId(0), start: 0, end }, &Known) {
            prop_assert!(errors.iter().all(|e| e.span.end <= end));
        }
    }

    #[test]
    fn text_without_braces_is_itself(text in "[^{]{0,60}") {
        let template = parse(&text).map_err(|e| TestCaseError::fail(format!("{e:?}")))?;
        prop_assert_eq!(template.as_literal(), Some(text.as_str()));
        prop_assert_eq!(template.render(&scope()), Ok(text));
    }

    #[test]
    fn a_value_is_rendered_as_it_is(before in "[^{]{0,10}", value in "\\PC{1,30}", after in "[^{}]{0,10}") {
        prop_assume!(!before.ends_with('\\'));
        let template = parse(&format!("{before}{{{{a}}}}{after}")).map_err(|e| TestCaseError::fail(format!("{e:?}")))?;
        prop_assert_eq!(template.render(&Always(json!(value))), Ok(format!("{before}{value}{after}")));
    }

    #[test]
    fn an_expression_is_written_as_it_is_read(text in words()) {
        if let Ok(template) = parse(&format!("{{{{{text}}}}}"))
            && let [Part::Expression(expression, _)] = template.parts.as_slice()
        {
            let written = expression.to_string();
            let again = parse(&format!("{{{{{written}}}}}")).map_err(|e| TestCaseError::fail(format!("{e:?}")))?;
            prop_assert_eq!(again.render(&scope()), template.render(&scope()));
        }
    }

    #[test]
    fn any_json_is_rendered_or_missing(value in any_json(), text in "\\PC{0,20}") {
        for shape in ["{{a}}", "x{{a}}", "{{first a 'x'}}", "{{jwt a 'x'}}", "{{match a '(.)'}}"] {
            let _ = read(shape).render(&Always(value.clone()));
            let _ = read(shape).render_json(&Always(json!(text)));
        }
    }
}
