//! What a provider is and offers: names, models, regions, inputs, what a client gets, the texts of errors.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::Planter;
use crate::catalogue::Catalogue;

pub(super) fn plant(planter: &mut Planter<'_>) {
    for key in ["/name", "/models", "/start", "/extends", "/api", "/api/mode", "/api/base_url", "/region"] {
        if planter.at(key).is_some() {
            planter.remove("dropped key", key);
        }
    }
    if planter.at("/extends").is_some() {
        planter.put("dangling extends", "/extends", "no-such-flow");
    }
    for (at, _, _) in planter.members("/start") {
        planter.put("dangling target", &at, "nowhere");
        planter.put("wrong start", &at, "success");
        planter.put("wrong start", &at, "refresh");
    }
    names(planter);
    models(planter);
    regions(planter);
    inputs(planter);
    client(planter);
    for (at, _, _) in planter.members("/errors") {
        planter.remove("dropped error text", &at);
        planter.rename("misspelt code", &at, "no_such_code");
        planter.put("wrong error text", &at, "something else");
    }
}

/// What the rest of the catalogue has: two ids, and a variable that one of them reads.
struct Others {
    ids: Vec<String>,
    variable: String,
}

/// Read once, for every file asks.
static OTHERS: LazyLock<Others> = LazyLock::new(|| {
    let catalogue = Catalogue::read(&crate::root());
    let ids = catalogue.providers.iter().map(|file| file.id.clone());
    let mut variables = catalogue.providers.iter().filter_map(|file| {
        let inputs = file.json["inputs"].as_object()?;
        inputs.values().find_map(|input| Some(input["from"][0]["env"].as_str()?.to_owned()))
    });
    Others { ids: ids.take(2).collect(), variable: variables.next_back().unwrap_or_default() }
});

fn names(planter: &mut Planter<'_>) {
    for (at, _) in planter.items("/aliases") {
        for id in &OTHERS.ids {
            planter.put("clashing alias", &at, id.as_str());
        }
    }
    let aliases = planter.items("/aliases");
    if let [(first, _), (_, second), ..] = aliases.as_slice() {
        planter.put("repeated alias", first, (*second).clone());
    }
    for (at, _) in planter.items("/hosts") {
        planter.remove("dropped host", &at);
        planter.put("wrong host", &at, "accounts.example.net");
    }
}

fn models(planter: &mut Planter<'_>) {
    let models = planter.items("/models");
    for (at, model) in &models {
        if model["aux"] == true {
            planter.remove("dropped model flag", &format!("{at}/aux"));
        } else if model.is_object() {
            planter.put("second aux model", &format!("{at}/aux"), true);
        }
    }
    for (at, model) in &models {
        if let Some(mode) = model["mode"].as_str() {
            planter.put("wrong mode", &format!("{at}/mode"), format!("{mode}x"));
            planter.remove("wrong mode", &format!("{at}/mode"));
        }
        if model.get("base_url").is_some() {
            planter.remove("dropped base URL", &format!("{at}/base_url"));
        }
    }
    if let [(first, _), (_, second), ..] = models.as_slice() {
        planter.put("repeated model", first, (*second).clone());
    }
}

fn regions(planter: &mut Planter<'_>) {
    let regions = planter.members("/regions");
    for (at, name, _) in &regions {
        planter.remove("dropped region", at);
        planter.rename("misspelt region", at, &format!("{name}x"));
        planter.put("wrong default region", "/region", *name);
        for (key, word, _) in planter.members(at) {
            planter.rename("wrong region key", &key, &format!("{word}x"));
            planter.remove("wrong region key", &key);
        }
    }
    if let [(first, _, own), (second, _, other), ..] = regions.as_slice() {
        planter.put("wrong region value", first, (*other).clone());
        planter.put("wrong region value", second, (*own).clone());
    }
}

fn inputs(planter: &mut Planter<'_>) {
    for (at, _, input) in planter.members("/inputs") {
        planter.remove("dropped input", &at);
        for key in ["prompt", "secret", "pattern", "choices", "default", "from"] {
            if input.get(key).is_some() {
                planter.remove("dropped key of input", &format!("{at}/{key}"));
            }
        }
        if let Some(choices) = input["choices"].as_array() {
            (0..choices.len()).for_each(|i| planter.remove("dropped choice", &format!("{at}/choices/{i}")));
            planter.put("wrong default", &format!("{at}/default"), "no such choice");
        }
        for (source, value) in planter.items(&format!("{at}/from")) {
            planter.remove("dropped source", &source);
            if value.get("env").is_some() {
                planter.put("foreign source", &source, json!({ "env": OTHERS.variable }));
                planter.put("wrong source", &source, json!({ "env": "NO_SUCH_VARIABLE" }));
            }
        }
        let sources = planter.items(&format!("{at}/from"));
        if let [(first, _), _, ..] = sources.as_slice() {
            planter.swap("swapped sources", first, "1");
        }
    }
}

fn client(planter: &mut Planter<'_>) {
    if let Some(Value::String(mode)) = planter.at("/api/mode") {
        let other = if mode == "chat_completions" { "anthropic_messages" } else { "chat_completions" };
        planter.put("wrong mode", "/api/mode", other);
        planter.put("wrong mode", "/api/mode", format!("{mode}x"));
    }
    for (at, name, value) in planter.members("/api/headers") {
        planter.remove("dropped header of client", &at);
        planter.rename("misspelt header of client", &at, &format!("{name}x"));
        if let Some(text) = value.as_str() {
            planter.put("wrong header of client", &at, format!("{text}x"));
        }
    }
    if planter.at("/api").is_some() {
        planter.put("wrong header of client", "/api/headers", json!({ "Authorization": "" }));
    }
}
