use proptest::prelude::*;

use super::*;
use crate::template::Name;
use crate::template::tests::{Always, any_json, read, scope};

fn url_check(text: &str, expect: Result<&str, UrlTrouble>) {
    let rendered = render_url(&read(text), &scope()).map(String::from);
    assert_eq!(rendered, expect.map(str::to_owned), "{text}");
}

#[test]
fn a_url_has_a_literal_origin_or_a_whole_value() {
    url_check("https://api.example.com/token", Ok("https://api.example.com/token"));
    url_check("https://api.example.com:8443", Ok("https://api.example.com:8443/"));
    url_check("{{region.url}}", Ok("https://api.example.com/v1/"));
    url_check("{{region.url}}/token", Ok("https://api.example.com/v1/token"));
    url_check("{{region.url}}?a=b", Ok("https://api.example.com/v1/?a=b"));
    url_check("{{region.query}}", Ok("https://api.example.com/v1?x=1"));
    url_check("{{region.query}}/token", Err(UrlTrouble::AfterQuery));
    url_check("{{region.url}}.evil.example/", Err(UrlTrouble::Origin));
    url_check("{{region.url}}{{a}}", Err(UrlTrouble::Origin));
    url_check("{{region.evil}}/x", Err(UrlTrouble::UserInfo));
    url_check("{{a}}/x", Err(UrlTrouble::NotAUrl));
    url_check("ftp://example.com", Err(UrlTrouble::NotAUrl));
    url_check("/path", Err(UrlTrouble::NotAUrl));
    url_check("", Err(UrlTrouble::NotAUrl));
    url_check("https://u:p@example.com/", Err(UrlTrouble::UserInfo));
    url_check("https://example.com/#x", Err(UrlTrouble::Fragment));
    url_check("https://example.com\\@evil.example/", Err(UrlTrouble::NotAUrl));
    url_check("https:///example.com/", Err(UrlTrouble::Origin));
    url_check("https://example.com:{{poll.n}}/", Err(UrlTrouble::Origin));
    url_check("https://{{a}}/", Err(UrlTrouble::Origin));
}

#[test]
fn a_value_in_a_url_never_becomes_syntax() {
    url_check("https://example.com/{{poll.path}}/x", Ok("https://example.com/x/y%20z/x"));
    url_check("https://example.com/{{poll.syntax}}", Ok("https://example.com/a%26b%3Dc%23d%3Fe/f"));
    url_check("https://example.com/?q={{poll.syntax}}", Ok("https://example.com/?q=a%26b%3Dc%23d%3Fe%2Ff"));
    url_check("https://example.com/v/{{poll.dots}}", Err(UrlTrouble::DotSegment));
    url_check("https://example.com/../x", Err(UrlTrouble::DotSegment));
    url_check("https://example.com/%2E%2e/x", Err(UrlTrouble::DotSegment));
    url_check("https://example.com/.{{a}}./x", Ok("https://example.com/.A./x"));
}

#[test]
fn a_value_in_a_var_that_is_a_url_never_becomes_syntax() {
    let check = |text: &str, expect: Option<&str>| {
        assert_eq!(render_var(&read(text), &scope()).as_deref(), expect, "{text}");
    };
    check("https://{{poll.host}}.example.com/x", Some("https://acme-1.example.com/x"));
    check("https://{{poll.badhost}}.example.com/x", None);
    check("https://{{poll.syntax}}.example.com/x", None);
    check("https://example.com/{{poll.syntax}}", Some("https://example.com/a%26b%3Dc%23d%3Fe/f"));
    check("https://example.com/{{poll.dots}}", None);
    check("{{region.url}}/token", Some("https://api.example.com/v1/token"));
    check("{{poll.host}}/token", Some("acme-1/token"));
    check("id {{poll.syntax}}", Some("id a&b=c#d?e/f"));
    check("https://auth.example.com", Some("https://auth.example.com"));
}

#[test]
fn values_may_be_left_hand_labels() {
    url_check("https://{{poll.host}}.example.com/x", Ok("https://acme-1.example.com/x"));
    url_check(
        "https://{{poll.host}}-{{poll.n}}.eu.example.com:8443",
        Ok("https://acme-1-5.eu.example.com:8443/"),
    );
    url_check("https://{{poll.badhost}}.example.com/", Err(UrlTrouble::Label));
    url_check("https://{{poll.host}}..example.com/", Err(UrlTrouble::Origin));
    url_check("https://{{poll.host}}.com/", Err(UrlTrouble::Origin));
    url_check("https://api.{{poll.host}}/", Err(UrlTrouble::Origin));
    url_check(
        "https://api.example.com{{poll.host}}.example.com/",
        Ok("https://api.example.comacme-1.example.com/"),
    );
}

#[test]
fn the_shape_of_an_origin_is_known_without_values() {
    let template = read("https://API.example.com:443/{{a}}");
    assert!(
        matches!(origin_shape(&template), Ok(OriginShape::Literal(o)) if o.as_str() == "https://api.example.com")
    );
    let template = read("{{region.url}}/x");
    assert!(matches!(
        origin_shape(&template),
        Ok(OriginShape::Value(Expression::Name(Name::Region(_), _), _))
    ));
    let template = read("https://{{a}}.Example.com:8443/x");
    let expect = OriginShape::Labels {
        suffix: "example.com".to_owned(),
        pattern: "https://*.example.com:8443".to_owned(),
        values: names_in(&template),
    };
    assert_eq!(origin_shape(&template), Ok(expect));
}

fn names_in(template: &crate::template::Template) -> Vec<&Expression> {
    let values = template.parts.iter().filter_map(|part| match part {
        crate::template::Part::Expression(expression, _) => Some(expression),
        crate::template::Part::Text(_) => None,
    });
    values.collect()
}

proptest! {
    #[test]
    fn any_json_as_a_value_never_leaves_its_place(value in any_json(), shape in prop::sample::select(vec![
        "https://example.com/{{a}}/x?y={{a}}", "https://{{a}}.example.com/x", "https://{{a}}-b.example.com:8443/{{a}}",
    ])) {
        if let Ok(url) = render_url(&read(shape), &Always(value)) {
            let host = url.host_str().unwrap_or_default();
            prop_assert!(host == "example.com" || host.ends_with(".example.com"), "{}", url);
            prop_assert!(url.fragment().is_none() && url.username().is_empty() && url.password().is_none());
            prop_assert!(url.query_pairs().count() <= 1);
            prop_assert!(!url.path().contains("/../"));
        }
    }
}
