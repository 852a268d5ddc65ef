//! Logs in with a code that the user types on another device, then asks for access.

#![allow(clippy::print_stdout, clippy::print_stderr)]

mod common;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (engine, provider) = common::engine().await?;
    let account = engine.account(&provider)?;
    account.login(common::Terminal).await?;
    let access = account.access().await?;
    println!("{} until {:?}", access.base_url().unwrap_or("no base URL"), access.expires_at());
    Ok(())
}
