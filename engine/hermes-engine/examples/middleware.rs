//! An HTTP client whose every request carries the account's credential.

#![allow(clippy::print_stdout, clippy::print_stderr)]

mod common;

use hermes_engine::reqwest_middleware::Authorize;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (engine, provider) = common::engine().await?;
    let account = engine.account(&provider)?;
    let access = account.access().await?;
    // This workspace's reqwest leaves the choice of cryptography to the program.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest_middleware::ClientBuilder::new(reqwest::Client::new()).with(Authorize::new(account));
    let client = client.build();
    // A request elsewhere is refused before it is sent.
    let refused = client.get("https://elsewhere.example/").send().await;
    println!("elsewhere: {}", if refused.is_err() { "refused" } else { "sent" });
    println!("ready for {}", access.url("v1/messages")?);
    Ok(())
}
