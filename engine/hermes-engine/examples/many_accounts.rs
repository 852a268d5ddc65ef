//! A thousand callers and one renewal: what a gateway does when a token is refused under load.

#![allow(clippy::print_stdout, clippy::print_stderr)]

mod common;

use std::collections::HashSet;

use hermes_engine::Rejection;
use tokio::task::JoinSet;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (engine, provider) = common::engine().await?;
    let account = engine.account(&provider)?;
    let refused = account.access().await?;
    account.reject(&refused, Rejection::status(401)).await?;
    let mut callers = JoinSet::new();
    for _ in 0..1000 {
        let account = account.clone();
        callers.spawn(async move { account.access().await });
    }
    let mut tokens = HashSet::new();
    while let Some(access) = callers.join_next().await {
        tokens.insert(access??.token().expose_secret().to_owned());
    }
    println!("{} new token for 1000 callers", tokens.len());
    engine.settle().await;
    Ok(())
}
