//! Files that are made to cost: deep, long, tangled, or growing when they are read.

use std::fmt::Write as _;

/// A hostile file: what it does, the ending that says its language, and its text. One that ends in `.test` stands beside
/// [`TESTED`].
pub(crate) type File = (&'static str, &'static str, String);

/// What a file begins with whose harm is in its states.
const HEAD: &str = r#"
name   = "Acme"
start  = { login = "s0" }
models = ["m"]
[api]
mode     = "chat_completions"
base_url = "https://a.example.com"
"#;

/// A provider that asks every ten milliseconds, for the tests of hostile test files.
pub(crate) const TESTED: &str = r#"
name   = "Acme"
start  = { login = "s0" }
models = ["m"]
[states.s0]
post  = "https://a.example.com/"
every = "10ms"
until = "1d"
on    = [{ if = { exists = ["$.access_token"] }, to = "success" }, { to = "s0" }]
"#;

/// The most bytes of a file, short of the limit.
const FULL: usize = 255 * 1024;

/// All of them.
pub(crate) fn files() -> Vec<File> {
    let mut files = shapes();
    files.extend(flows());
    files.extend(templates());
    files.extend(conditions());
    files
}

/// Harm in the text itself, whatever it means.
fn shapes() -> Vec<File> {
    let nest = |open: &str, close: &str| format!("a = {}1{}", open.repeat(20_000), close.repeat(20_000));
    let yaml_nest = format!("a: {}", "[".repeat(100_000));
    let keys = |equals: &str| fill(|i| format!("k{i}{equals}1\n"));
    let aliases = (1..40).fold("a0: &a0 [x, x, x, x, x, x]\n".to_owned(), |text, i| {
        text + &format!("a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 6].join(", "))
    });
    vec![
        ("lists in lists", "toml", nest("[", "]")),
        ("tables in tables", "toml", nest("{a=", "}")),
        ("lists in lists", "yaml", yaml_nest),
        ("many keys", "toml", keys(" = ")),
        ("many keys", "yaml", keys(": ")),
        ("too long", "toml", format!("a = \"{}\"", "x".repeat(300_000))),
        ("no language at all", "toml", "= [[ ]] \" '\n".repeat(FULL / 12)),
        ("no language at all", "yaml", ": - [ { & * ! | >\n".repeat(FULL / 18)),
        ("aliases of aliases", "yaml", aliases),
        (
            "unknown keys",
            "toml",
            states(14, |_| (0..900).fold(String::new(), |t, i| t + &format!("f{i}.h = 1\n"))),
        ),
        (
            "wrong types",
            "toml",
            states(14, |_| (0..900).fold(String::new(), |t, i| t + &format!("headers.h{i} = 1\n"))),
        ),
        ("many tests", "test.toml", tests(990)),
    ]
}

/// Ways through states that multiply.
fn flows() -> Vec<File> {
    let all_to_all = |count: usize| {
        let rule = |to: usize| format!("{{ if = {{ \"$.k{to}\" = \"v\" }}, to = \"s{to}\" }}, ");
        let rules: String = (0..count - 1).map(rule).collect();
        (0..count).fold(HEAD.to_owned(), |text, i| {
            text + &state(i, &format!("form.x = \"{{{{s{}.f}}}}\"\n", (i + 1) % count), &rules, "success")
        })
    };
    let diamonds = (0..21).fold(HEAD.to_owned(), |mut text, i| {
        let _ = write!(text, "[states.s{i}]\npost = \"https://a.example.com/\"\non = [{{ if = {{ exists = [\"$.a\"] }}, to = \"l{i}\" }}, {{ to = \"r{i}\" }}]\n");
        for side in ["l", "r"] {
            let next = if i < 20 { format!("s{}", i + 1) } else { "success".to_owned() };
            let _ = write!(text, "[states.{side}{i}]\npost = \"https://a.example.com/\"\nform.a = \"{{{{s0.a}}}}\"\non = [{{ to = \"{next}\" }}]\n");
        }
        text
    });
    let chain = |count: usize| {
        (0..count).fold(HEAD.to_owned(), |text, i| text + &state(i, "", "", &format!("s{}", i + 1)))
    };
    vec![
        ("every state leads to every other", "toml", all_to_all(40)),
        ("every state leads to every other, as many as may be", "toml", all_to_all(64)),
        ("two ways, twenty times", "toml", diamonds),
        ("a chain of states", "toml", chain(900)),
        (
            "many inputs",
            "toml",
            (0..900).fold(HEAD.to_owned(), |t, i| t + &format!("[inputs.i{i}]\nprompt = \"?\"\n")),
        ),
    ]
}

/// Texts that grow.
fn templates() -> Vec<File> {
    let doubled = |first: &str, of: &str| {
        let vars = (1..60).fold(format!("a0 = \"{first}\"\n"), |text, i| {
            text + &format!("a{i} = \"{{{{{of}a{0}}}}}{{{{{of}a{0}}}}}\"\n", i - 1)
        });
        format!("{HEAD}\n[vars]\n{vars}\n{}", state(0, "form.a = \"{{a59}}\"\n", "", "success"))
    };
    let fields = |count: usize, value: &str| {
        let fields = (0..count).fold(String::new(), |text, i| text + &format!("form.f{i} = \"{value}\"\n"));
        format!("{HEAD}{}", state(0, &fields, "", "success"))
    };
    vec![
        ("vars that double", "toml", doubled("xxxxxxxx", "")),
        ("vars that double a URL", "toml", doubled("https://a.example.com", "")),
        ("blocks and partials", "toml", fields(200, "{{#*inline 'a'}}{{> a}}{{/inline}}{{#if x}}{{> a}}")),
        ("open braces", "toml", fields(30, &"{{".repeat(4_000))),
        (
            "parentheses",
            "toml",
            fields(20, &format!("{{{{first {}uuid{}}}}}", "(first uuid ".repeat(500), ")".repeat(500))),
        ),
        ("many alternatives", "toml", fields(30, &format!("{{{{first{}}}}}", " s1.x".repeat(1_500)))),
        (
            "unknown names",
            "toml",
            states(14, |_| {
                (0..900).fold(String::new(), |t, i| t + &format!("form.a{i} = \"{{{{n{i}}}}}\"\n"))
            }),
        ),
        ("long names", "toml", states(14, |i| format!("form.a = \"{{{{{}{i}.x}}}}\"\n", "s".repeat(4_000)))),
        (
            "expressions that explode",
            "toml",
            format!(
                "{HEAD}[inputs.i]\nprompt = \"?\"\npattern = \"((a{{1,500}}){{1,500}}){{1,500}}\"\n[inputs.j]\nprompt = \"?\"\npattern = \"{}\"\n{}",
                "(a|b".repeat(2_000),
                state(0, "form.a = \"{{match i '((x{400}){400}){400}'}}\"\n", "", "success")
            ),
        ),
    ]
}

/// Questions that multiply.
fn conditions() -> Vec<File> {
    let asked = |rule: usize, count: usize| {
        let ask = |k: usize| format!("\"$.p{}\" = [\"a{k}\", \"b{k}\", \"c{rule}\"]", (rule * 7 + k) % 50);
        (0..count).map(ask).collect::<Vec<_>>().join(", ")
    };
    let rules = |count: usize, each: usize| {
        (0..count).fold(String::new(), |text, rule| {
            text + &format!("{{ unless = {{ {} }}, to = \"success\" }}, ", asked(rule, each))
        })
    };
    let some = |count: usize, what: &str| {
        (0..count).map(|i| format!("\"{what}{i}\"")).collect::<Vec<_>>().join(", ")
    };
    let values = format!(
        "{{ if = {{ \"$.a\" = [{}], exists = [{}], body = [{}] }}, to = \"success\" }}, ",
        some(999, "v"),
        some(999, "$.p"),
        some(999, "w")
    );
    let paths = [
        "$".to_owned() + &"..a".repeat(150),
        "$".to_owned() + &"[?@".repeat(100),
        "$".to_owned() + &"[0]".repeat(160),
        "$[".to_owned() + &"(".repeat(200),
        "$".to_owned() + &".a".repeat(4_000),
        "$[?match(@.a, '(a+)+$')]".to_owned(),
    ];
    let paths = paths.iter().fold(String::new(), |text, path| {
        text + &format!("{{ if = {{ \"{path}\" = 1 }}, to = \"success\" }}, ")
    });
    let long_code = format!("{{ if = {{ status = 400 }}, fail = \"{}\" }}, ", "f".repeat(200_000));
    vec![
        ("rules with much to ask", "toml", format!("{HEAD}{}", state(0, "", &rules(60, 20), "success"))),
        ("many rules", "toml", format!("{HEAD}{}", state(0, "", &rules(900, 4), "success"))),
        (
            "many states with many rules",
            "toml",
            (0..60).fold(HEAD.to_owned(), |text, i| {
                text + &state(i, "", &rules(40, 2), &format!("s{}", (i + 1) % 60))
            }),
        ),
        ("a long code", "toml", format!("{HEAD}{}", state(0, "", &long_code, "success"))),
        ("many values", "toml", format!("{HEAD}{}", state(0, "", &values, "success"))),
        ("paths", "toml", format!("{HEAD}{}", state(0, "", &paths, "success"))),
    ]
}

/// A state with these fields and rules, and a last rule that leads on.
fn state(i: usize, fields: &str, rules: &str, to: &str) -> String {
    format!("[states.s{i}]\npost = \"https://a.example.com/\"\n{fields}on = [{rules}{{ to = \"{to}\" }}]\n")
}

fn states(count: usize, fields: impl Fn(usize) -> String) -> String {
    let all = (0..count).map(|i| state(i, &fields(i), "", "success"));
    all.fold(HEAD.to_owned(), |text, state| text + &state)
}

fn tests(count: usize) -> String {
    let test = |i: usize| {
        format!(
            "[[test]]\nname = \"t{i}\"\nreplies.s0 = {{ json = {{}} }}\nexpect = {{ end = \"timeout\" }}\n"
        )
    };
    (0..count).map(test).collect()
}

/// As many lines as a file may have.
fn fill(line: impl Fn(usize) -> String) -> String {
    let mut text = String::new();
    for i in 0.. {
        let next = line(i);
        if text.len() + next.len() > FULL {
            break;
        }
        text += &next;
    }
    text
}
