//! What a state sends, shows and keeps.

use super::Planter;

pub(super) fn plant(planter: &mut Planter<'_>) {
    for (at, name, state) in planter.members("/states") {
        planter.remove("dropped state", &at);
        planter.rename("misspelt state", &at, &format!("{name}x"));
        for method in ["get", "post", "put", "delete"] {
            if state.get(method).is_some() {
                let other = if method == "post" { "put" } else { "post" };
                planter.rename("wrong method", &format!("{at}/{method}"), other);
                planter.remove("dropped request", &format!("{at}/{method}"));
            }
        }
        for table in ["query", "headers", "form", "json", "keep"] {
            entries(planter, &format!("{at}/{table}"));
        }
        for key in [
            "show",
            "auth",
            "refresh",
            "notice",
            "access_token",
            "refresh_token",
            "listen",
            "paste",
            "token_type",
        ] {
            if state.get(key).is_some() {
                planter.remove("dropped key of state", &format!("{at}/{key}"));
            }
        }
        shown(planter, &at);
        if state["auth"].get("basic").is_some() {
            planter.swap("swapped id and secret", &format!("{at}/auth/basic/0"), "1");
        }
        for key in ["access_token", "refresh_token", "notice"] {
            if let Some(text) = state[key].as_str().filter(|text| text.starts_with('$')) {
                planter.put("renamed field", &format!("{at}/{key}"), format!("{text}x"));
            } else if name == "success" && key != "notice" {
                planter.put("renamed field", &format!("{at}/{key}"), "$.tokenx");
            }
        }
        if state.get("refresh").is_some() {
            planter.put("dangling target", &format!("{at}/refresh/to"), "nowhere");
            planter.put("wrong target", &format!("{at}/refresh/to"), "success");
        }
    }
}

fn entries(planter: &mut Planter<'_>, table: &str) {
    for (at, key, value) in planter.members(table) {
        planter.remove("dropped field", &at);
        planter.rename("renamed field", &at, &format!("{key}x"));
        if let Some(text) = value.as_str() {
            let other = if text.starts_with('$') { format!("{text}x") } else { "somethingelse".to_owned() };
            planter.put("wrong literal", &at, other);
        }
    }
}

fn shown(planter: &mut Planter<'_>, state: &str) {
    for (at, key, value) in planter.members(&format!("{state}/show")) {
        planter.remove("dropped show", &at);
        if key != "move" {
            planter.put("wrong show", &at, "https://example.net/else");
        }
        for (from, host, _) in value.as_object().map(|_| planter.members(&at)).unwrap_or_default() {
            planter.put("wrong show", &from, "www.example.net");
            planter.rename("wrong show", &from, &format!("x{host}"));
        }
    }
}
