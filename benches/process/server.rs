//! A server that approves at once, on loopback.

use axum::extract::Form;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};

/// Starts the server in a thread of its own and gives its address.
pub(crate) fn start() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let app =
                Router::new().route("/oauth2/device/code", post(code)).route("/oauth2/token", post(token));
            axum::serve(listener, app).await.unwrap();
        });
    });
    address
}

async fn code(Form(form): Form<Vec<(String, String)>>) -> Json<Value> {
    let state = form.into_iter().find(|(name, _)| name == "state").map(|(_, value)| value);
    let uri = "https://platform.minimax.io/oauth-authorize";
    Json(
        json!({"user_code": "ABC-123", "verification_uri": uri, "expired_in": 300, "interval": 2000, "state": state}),
    )
}

async fn token() -> Json<Value> {
    Json(
        json!({"status": "success", "access_token": "a".repeat(64), "refresh_token": "r".repeat(64), "expired_in": 86_400}),
    )
}
