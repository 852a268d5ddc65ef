use serde_json::{Value, json};

use super::super::*;
use super::scene::{ACME, Scene, at, single_use};
use crate::clock;

/// A scene whose provider has rows in the pool and no record.
fn scene(rows: Value) -> Scene {
    let mut scene = Scene::empty(ACME);
    scene.put(json!(null));
    let mut file = scene.file();
    file["credential_pool"]["acme"] = rows;
    std::fs::write(scene.home().join("auth.json"), file.to_string()).unwrap();
    scene.vouched = Some(scene.provider.clone());
    scene
}

fn row(id: &str, n: usize, left: i64) -> Value {
    json!({
        "id": id, "label": id, "auth_type": "oauth", "priority": n, "source": "oauth",
        "access_token": format!("a{n}"), "refresh_token": format!("r{n}"),
        "expires_at_ms": clock::wall().0 + left * 1000, "last_status": null, "tls": { "x": 1 },
    })
}

#[test]
fn a_credential_that_stands_in_the_pool_alone_is_used_and_renewed_there() {
    let server = single_use();
    let scene = scene(json!([row("two", 2, 3000), row("one", 1, -5)])).at(&server);
    assert_eq!(scene.status().standing, Standing::Refreshable);
    assert_eq!(scene.token(), "a2");
    let file = scene.file();
    assert_eq!(file["providers"]["acme"], Value::Null);
    let one = &file["credential_pool"]["acme"][1];
    assert_eq!(
        (&one["refresh_token"], &one["tls"], &one["id"]),
        (&json!("r2"), &json!({ "x": 1 }), &json!("one"))
    );
    assert!(one["expires_at_ms"].as_i64().unwrap() > clock::wall().0);
    assert_eq!(file["credential_pool"]["acme"][0]["refresh_token"], "r2", "the other row is as it was");
    assert_eq!(scene.token(), "a2");
    assert_eq!(server.count(), 1);
}

#[test]
fn a_row_that_is_out_of_use_gives_way_to_the_next() {
    for out in [
        json!({ "last_status": "dead" }),
        json!({ "last_status": "exhausted", "last_error_reset_at": at(60) }),
        json!({ "last_status": "exhausted", "last_status_at": at(-60), "last_error_code": 401 }),
        json!({ "last_status": "exhausted", "last_status_at": at(-600), "last_error_code": 429 }),
    ] {
        let first = super::scene::with(row("one", 1, 3000), out.clone());
        assert_eq!(scene(json!([first, row("two", 2, 3000)])).token(), "a2", "{out}");
    }
    let rested = json!({ "last_status": "exhausted", "last_status_at": at(-600), "last_error_code": 401 });
    let first = super::scene::with(row("one", 1, 3000), rested);
    assert_eq!(scene(json!([first, row("two", 2, 3000)])).token(), "a1");
}

#[test]
fn a_copy_of_a_variable_or_of_another_program_s_token_is_not_read() {
    for source in ["env:ACME_KEY", "claude_code", "gh_cli", ""] {
        let mut row = row("one", 1, 3000);
        row["source"] = json!(source);
        assert_eq!(scene(json!([row])).trouble().code.as_str(), "not_logged_in", "{source}");
    }
}

#[test]
fn a_refused_row_is_marked_and_keeps_its_tokens() {
    let server = super::server::Server::start(|_, _| {
        super::server::Reply::Json(400, json!({ "error": "invalid_grant" }).to_string())
    });
    let scene = scene(json!([row("one", 1, -5)])).at(&server);
    assert!(scene.trouble().relogin);
    let row = scene.file()["credential_pool"]["acme"][0].clone();
    assert_eq!(
        (&row["refresh_token"], &row["last_auth_error"]["relogin_required"]),
        (&json!("r1"), &json!(true))
    );
    assert!(scene.trouble().relogin);
    assert_eq!(server.count(), 1);
}
