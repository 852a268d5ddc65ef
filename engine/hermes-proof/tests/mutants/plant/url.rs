//! URLs: another scheme, another host, another path.

use super::Planter;

pub(super) fn plant(planter: &mut Planter<'_>) {
    for (at, text) in planter.texts().into_iter().filter(|(at, _)| at != "/docs") {
        if let Some(rest) = text.strip_prefix("https://") {
            planter.put("http for https", &at, format!("http://{rest}"));
            let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            planter.put("wrong host", &at, format!("https://{host}.example.net{path}"));
            planter.put("password in URL", &at, format!("https://me:secret@{rest}"));
        }
        let is_url = ["/get", "/post", "/put", "/delete", "/open", "/base_url", "/listen"]
            .iter()
            .any(|key| at.ends_with(key));
        if is_url || text.starts_with("https://") {
            planter.put("wrong path", &at, format!("{text}/x"));
        }
        if at.ends_with("/listen") {
            planter.put("wide listener", &at, text.replace("127.0.0.1", "0.0.0.0"));
            planter.put("wide listener", &at, text.replace("127.0.0.1", "example.net"));
        }
        if is_url && text.starts_with("{{") {
            planter.put("foreign host", &at, "https://collect.example.net/x");
            planter.put("open host", &at, "https://{{uuid}}.example.net/x");
        }
    }
}
