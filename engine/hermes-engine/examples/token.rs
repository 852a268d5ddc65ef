//! Prints a token that is valid for ten more minutes, from code that has no async runtime.

#![allow(clippy::print_stdout, clippy::print_stderr)]

mod common;

use std::time::Duration;

use hermes_engine::blocking::wait;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (engine, provider) = wait(common::engine())?;
    let access = wait(engine.account(&provider)?.access().min_ttl(Duration::from_secs(600)))?;
    println!("{}", access.token().expose_secret());
    Ok(())
}
