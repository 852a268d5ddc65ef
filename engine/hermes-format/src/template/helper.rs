//! The helpers on URLs and lists. Each is pure, and none can fail: without a value there is none.

use serde_json::Value;
use url::Url;

use super::scalar_text;
use crate::origin::Origin;

/// A helper on URLs or lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Helper {
    /// `origin url`: scheme, host and port, without a final `/`.
    Origin,
    /// `parents url`: the URL and each URL above it, with and without a final `/`.
    Parents,
    /// `well_known url 'name'`: the place of a document about the URL
    /// ([RFC 8615](https://www.rfc-editor.org/rfc/rfc8615)), the URL's own path behind it.
    WellKnown,
    /// `pick list 'a' … 'z'`: the first of the texts that the list holds, else the last.
    Pick,
    /// `words a b …`: the words of `a`, then those of the others that are new; nothing where `a` has none.
    Words,
}

impl Helper {
    /// All of them, with the names that a file writes.
    pub const ALL: [(&'static str, Helper); 5] = [
        ("origin", Helper::Origin),
        ("parents", Helper::Parents),
        ("well_known", Helper::WellKnown),
        ("pick", Helper::Pick),
        ("words", Helper::Words),
    ];

    /// The name that a file writes.
    pub fn name(self) -> &'static str {
        Helper::ALL.iter().find(|(_, helper)| *helper == self).map_or("", |(name, _)| name)
    }

    /// Whether it has a value for any arguments: `""` at the least.
    pub fn is_total(self) -> bool {
        matches!(self, Helper::Pick | Helper::Words)
    }

    /// Whether what it gives has the origin of its first argument.
    pub(crate) fn keeps_origin(self) -> bool {
        matches!(self, Helper::Origin | Helper::Parents | Helper::WellKnown)
    }

    /// What is wrong with the number or the kind of arguments; `is_text` tells which of them are texts in quotes.
    pub(super) fn problem(self, is_text: &[bool]) -> Option<&'static str> {
        match (self, is_text) {
            (Helper::Origin | Helper::Parents, [false])
            | (Helper::WellKnown, [false, true])
            | (Helper::Words, [_, ..]) => None,
            (Helper::Pick, [false, texts @ ..]) if texts.len() > 1 && texts.iter().all(|text| *text) => None,
            (Helper::Origin, _) => Some("`origin` takes a URL"),
            (Helper::Parents, _) => Some("`parents` takes a URL"),
            (Helper::WellKnown, _) => Some("`well_known` takes a URL and a name in quotes"),
            (Helper::Pick, _) => Some("`pick` takes a list and at least two texts in quotes"),
            (Helper::Words, _) => Some("`words` takes texts or lists"),
        }
    }

    /// Its value; `None` is an argument without one.
    pub(super) fn call(self, arguments: &[Option<Value>]) -> Option<Value> {
        let first = arguments.first().and_then(Option::as_ref);
        let url = || Url::parse(first?.as_str()?).ok().filter(|url| url.has_host());
        match self {
            Helper::Origin => Origin::of(&url()?).map(|origin| Value::from(origin.as_str())),
            Helper::Parents => parents(first?.as_str()?),
            Helper::WellKnown => {
                let name = arguments.get(1)?.as_ref()?.as_str()?;
                let url = url()?;
                let origin = Origin::of(&url)?;
                let path = url.path().trim_end_matches('/');
                Some(Value::from(format!("{}/.well-known/{name}{path}", origin.as_str())))
            }
            Helper::Pick => {
                let held = first.map(items).unwrap_or_default();
                let texts = arguments.get(1..)?.iter().flatten();
                let picked =
                    texts.clone().find(|text| held.iter().any(|item| Some(item.as_str()) == text.as_str()));
                picked.or(texts.last()).cloned()
            }
            Helper::Words => {
                let mut words = first.map(items).unwrap_or_default();
                if !words.is_empty() {
                    for word in arguments.iter().skip(1).flatten().flat_map(items) {
                        if !words.contains(&word) {
                            words.push(word);
                        }
                    }
                }
                Some(Value::from(words.join(" ")))
            }
        }
    }
}

/// The words of a text, or the texts of a list.
fn items(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().filter_map(scalar_text).filter(|text| !text.is_empty()).collect(),
        other => {
            let text = scalar_text(other).unwrap_or_default();
            text.split_whitespace().map(str::to_owned).collect()
        }
    }
}

/// A URL and each above it, as they are written: what is compared with them is not made another way either.
fn parents(url: &str) -> Option<Value> {
    let parsed = Url::parse(url).ok().filter(|parsed| parsed.has_host())?;
    let origin = Origin::of(&parsed)?;
    let mut all = vec![url.to_owned()];
    let mut path = parsed.path().trim_end_matches('/').to_owned();
    loop {
        all.extend([format!("{}{path}", origin.as_str()), format!("{}{path}/", origin.as_str())]);
        match path.rfind('/') {
            Some(at) => path.truncate(at),
            None => break,
        }
    }
    let mut seen = indexmap::IndexSet::new();
    seen.extend(all);
    Some(Value::from(seen.into_iter().collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(helper: Helper, arguments: &[Value], expect: Value) {
        let arguments: Vec<_> =
            arguments.iter().map(|value| Some(value.clone()).filter(|v| !v.is_null())).collect();
        assert_eq!(helper.call(&arguments).unwrap_or_default(), expect);
    }

    #[test]
    fn an_origin_has_no_path_and_no_port_of_its_scheme() {
        check(Helper::Origin, &[json!("https://A.example:443/x?y")], json!("https://a.example"));
        check(Helper::Origin, &[json!("http://127.0.0.1:8080/x")], json!("http://127.0.0.1:8080"));
        check(Helper::Origin, &[json!("no url")], Value::Null);
        check(Helper::Origin, &[Value::Null], Value::Null);
    }

    #[test]
    fn a_document_about_a_url_has_its_path_behind() {
        let check =
            |url: &str, expect: &str| check(Helper::WellKnown, &[json!(url), json!("x")], json!(expect));
        check("https://a.example", "https://a.example/.well-known/x");
        check("https://a.example/", "https://a.example/.well-known/x");
        check("https://a.example/t/1/?q", "https://a.example/.well-known/x/t/1");
    }

    #[test]
    fn the_urls_above_one_are_its_parents_and_no_others() {
        let parents = json!([
            "https://a.example/t/mcp",
            "https://a.example/t/mcp/",
            "https://a.example/t",
            "https://a.example/t/",
            "https://a.example",
            "https://a.example/"
        ]);
        check(Helper::Parents, &[json!("https://a.example/t/mcp")], parents);
        check(
            Helper::Parents,
            &[json!("https://a.example")],
            json!(["https://a.example", "https://a.example/"]),
        );
    }

    #[test]
    fn the_first_text_that_a_list_holds_is_picked_and_else_the_last() {
        let pick = |list: Value, expect: &str| {
            check(Helper::Pick, &[list, json!("a"), json!("b"), json!("")], json!(expect))
        };
        pick(json!(["b", "a"]), "a");
        pick(json!(["c", "b"]), "b");
        pick(json!("b c"), "b");
        pick(json!(["c"]), "");
        pick(Value::Null, "");
    }

    #[test]
    fn words_are_joined_once_each_and_only_where_there_is_a_first() {
        check(Helper::Words, &[json!("a b"), json!(["b", "c"]), Value::Null, json!("d a")], json!("a b c d"));
        check(Helper::Words, &[json!(["a"])], json!("a"));
        check(Helper::Words, &[json!(""), json!("b")], json!(""));
        check(Helper::Words, &[Value::Null, json!("b")], json!(""));
    }
}
