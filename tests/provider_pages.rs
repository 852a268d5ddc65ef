//! `docs/providers/ID.md`, made from the file of each provider whose login sends a request.

use std::fmt::Write as _;

use hermes_engine::catalog::{Catalog, Folders};
use hermes_format::provider::{Act, Action, Back, InputSource, Model, Provider, Shared, StateKind};
use hermes_machine::machine::code::KNOWN;
use hermes_proof::graph::{Form, Graph, To};

use crate::support::page::{block, compare, pages, root};

fn providers() -> Vec<Shared> {
    let catalog = Catalog::new(&Folders { named: vec![root("providers.d")], ..Folders::default() });
    let open = |entry| catalog.open(&entry).expect("a file").provider.expect("a provider");
    catalog.entries().into_iter().map(open).collect()
}

fn sends(provider: &Provider) -> bool {
    let login = provider.reachable(&provider.starts(Action::Login));
    login.iter().any(|id| matches!(provider.state(*id).kind, StateKind::Active(_)))
}

#[test]
fn each_provider_with_a_flow_has_its_page() {
    let folder = root("docs/providers");
    let mut wanted = vec![folder.join("README.md")];
    for provider in providers().iter().filter(|provider| sends(provider)) {
        let path = folder.join(format!("{}.md", provider.id));
        compare(&path, &page(provider));
        wanted.push(path);
    }
    wanted.sort();
    assert_eq!(pages(&folder), wanted, "a page has no provider any more");
}

fn page(provider: &Provider) -> String {
    let mut page = format!("# {}\n\n", provider.name);
    if let Some(summary) = &provider.summary {
        let _ = write!(page, "{summary}.\n\n");
    }
    let file = format!("providers.d/{}.toml", provider.id);
    let _ = write!(page, "This page is made from [`{file}`](../../{file}).\n\n");
    overview(provider, &mut page);
    regions(provider, &mut page);
    models(provider, &mut page);
    inputs(provider, &mut page);
    let graph = Graph::of(provider, None);
    let _ = write!(page, "\n## The flow\n\n{}", block("mermaid", &graph.draw(Form::Mermaid)));
    errors(provider, &graph, &mut page);
    page
}

fn overview(provider: &Provider, page: &mut String) {
    let aliases: Vec<&str> = provider.aliases.iter().map(|alias| alias.value.as_str()).collect();
    let mut row = |what: &str, text: &str| {
        let text = if text.is_empty() { "none" } else { text };
        let _ = writeln!(page, "| {what} | {text} |");
    };
    row_heading(&mut row, provider);
    row("Other names", &code_list(&aliases));
    row("Log in", &format!("`hermes-engine run-flow {}`: {}", provider.id, kind(provider)));
    row("Renewed", if provider.starts(Action::Refresh).is_empty() { "no" } else { "by itself" });
    row(
        "Log out",
        if provider.starts(Action::Logout).is_empty() {
            "the local copy is deleted"
        } else {
            "revoked at the service, then deleted"
        },
    );
    row("Protocol", &provider.api.mode.as_ref().map_or(String::new(), |mode| format!("`{mode}`")));
    row("Base URL", &provider.api.base_url.as_ref().map_or(String::new(), |url| format!("`{}`", url.text)));
    if let Some(docs) = &provider.docs {
        row("Documentation", docs);
    }
}

fn row_heading(row: &mut dyn FnMut(&str, &str), provider: &Provider) {
    row("Provider", &format!("`{}`", provider.id));
    row("---", "---");
}

/// What a person does to log in.
fn kind(provider: &Provider) -> String {
    let mut kinds: Vec<&str> = Vec::new();
    for id in provider.reachable(&provider.starts(Action::Login)) {
        let StateKind::Active(active) = &provider.state(id).kind else { continue };
        let kind = match &active.act {
            Act::Browser(browser) if matches!(browser.back, Back::Paste) => "a page whose code is pasted",
            Act::Browser(_) => "a page that comes back by itself",
            Act::Request(_) if active.show.is_some() => "a page and a code to enter there",
            Act::Request(_) => continue,
        };
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    if kinds.is_empty() { "no person is needed".to_owned() } else { kinds.join(", or ") }
}

fn regions(provider: &Provider, page: &mut String) {
    let Some(regions) = &provider.regions else { return };
    page.push_str("\n## Regions\n\n| `--region` | Name | Value |\n|---|---|---|\n");
    for (name, keys) in &regions.tables {
        let default = if *name == regions.default { " (default)" } else { "" };
        for (key, value) in keys {
            let _ = writeln!(page, "| `{name}`{default} | `{key}` | `{}` |", value.value);
        }
    }
}

fn models(provider: &Provider, page: &mut String) {
    if provider.models.is_empty() {
        return;
    }
    page.push_str("\n## Models\n\n| Model | Context | Best for |\n|---|---|---|\n");
    for (at, model) in provider.models.iter().enumerate() {
        let context = model.context.map_or("unknown".to_owned(), |tokens| tokens.to_string());
        let _ = writeln!(
            page,
            "| `{}`{} | {context} | {} |",
            model.id,
            marks(at, model),
            model.best_for.as_deref().unwrap_or("")
        );
    }
}

fn marks(at: usize, model: &Model) -> &'static str {
    match (at, model.aux) {
        (0, true) => " (default, small)",
        (0, false) => " (default)",
        (_, true) => " (small)",
        _ => "",
    }
}

fn inputs(provider: &Provider, page: &mut String) {
    page.push_str("\n## What it reads\n\n");
    if provider.inputs.is_empty() {
        page.push_str("No environment variable, no file, no program: nothing but this login.\n");
        return;
    }
    page.push_str("| Input | From, in this order | Default |\n|---|---|---|\n");
    for (name, input) in &provider.inputs {
        let mut from: Vec<String> = input.from.iter().map(source).collect();
        from.extend(input.prompt.as_ref().map(|prompt| format!("a person: \"{prompt}\"")));
        let default = input.default.as_ref().map_or(String::new(), |default| format!("`{default}`"));
        let _ = writeln!(page, "| `{name}` | {} | {default} |", from.join(", "));
    }
}

fn source(source: &InputSource) -> String {
    match source {
        InputSource::Env(name) => format!("`{}`", name.value),
        InputSource::File { path, at } => {
            let at = at.as_ref().map_or(String::new(), |at| format!(", `{at}`"));
            format!("the file `{}`{at}", path.value)
        }
        InputSource::Command(command) => format!("what `{}` prints", command.value.join(" ")),
    }
}

fn errors(provider: &Provider, graph: &Graph, page: &mut String) {
    let mut codes: Vec<(String, Vec<String>)> = Vec::new();
    for state in &graph.states {
        for way in &state.ways {
            let code = match &way.to {
                To::Error(code) => code.as_str(),
                To::Timeout => "timeout",
                To::State(_) | To::Refresh(_) => continue,
            };
            let when = format!("{}: {}", state.name, way.when.replace('|', "\\|"));
            match codes.iter_mut().find(|(known, _)| known == code) {
                Some((_, all)) => all.push(when),
                None => codes.push((code.to_owned(), vec![when])),
            }
        }
    }
    page.push_str("\n## Error codes\n\n| Code | What is said | When |\n|---|---|---|\n");
    for (code, when) in codes {
        let _ = writeln!(page, "| `{code}` | {} | {} |", said(provider, &code), when.join("<br>"));
    }
}

/// The text of the file for a code, or the standard one.
fn said(provider: &Provider, code: &str) -> String {
    let own = provider.errors.get(code).and_then(|error| error.text.as_ref());
    match own {
        Some(text) => format!("`{}`", text.text.replace('|', "\\|")),
        None => {
            KNOWN.iter().find(|known| known.code == code).map_or(String::new(), |known| known.text.to_owned())
        }
    }
}

fn code_list(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
