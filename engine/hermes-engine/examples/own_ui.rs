//! A login whose questions are answered by the program itself, as a chat window or a web page would.

#![allow(clippy::print_stdout, clippy::print_stderr)]

mod common;

use std::io::BufRead as _;

use hermes_engine::{BoxFuture, Page, Question, Secret, Ui};

struct Window;

impl Ui for Window {
    fn show(&self, page: &Page) {
        println!("<a href={:?}>log in</a> with {:?}", page.url.as_ref().map(|url| url.as_str()), page.code);
    }

    fn ask<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Option<Secret>> {
        let prompt = match question {
            Question::Input { prompt, .. } => prompt.as_str(),
            _ => "What the browser shows",
        };
        eprintln!("{prompt}:");
        Box::pin(async {
            let line = tokio::task::spawn_blocking(|| std::io::stdin().lock().lines().next()).await;
            line.ok().flatten()?.ok().map(Secret::new)
        })
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (engine, provider) = common::engine().await?;
    match engine.account(&provider)?.login(Window).await {
        Ok(()) => println!("logged in"),
        Err(error) => eprintln!("{error}; {}", error.help().unwrap_or("no help")),
    }
    Ok(())
}
