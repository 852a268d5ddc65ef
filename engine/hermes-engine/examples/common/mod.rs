//! What the examples share: an engine for the home of `HERMES_HOME`, and `--connect-to HOST=127.0.0.1:PORT` for a
//! simulated provider.
//!
//! ```console
//! $ export HERMES_HOME=$(mktemp -d)
//! $ hermes-engine simulate PROVIDER --scenario approve     # prints the options to add
//! $ cargo run -p hermes-engine --example login_device -- PROVIDER --connect-to …
//! ```

// Each example uses a part of it.
#![allow(dead_code, unreachable_pub, clippy::print_stderr)]

use std::error::Error;

use hermes_engine::{Engine, Page, Progress, Ui};

/// The provider that is named first, and an engine with the options that follow.
pub async fn engine() -> Result<(Engine, String), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let provider = arguments.next().ok_or("name a provider")?;
    let mut builder = Engine::builder();
    while let Some(option) = arguments.next() {
        let value = arguments.next().filter(|_| option == "--connect-to");
        let value = value.ok_or_else(|| format!("unexpected argument `{option}`"))?;
        let (host, address) = value.split_once('=').ok_or("write HOST=127.0.0.1:PORT")?;
        builder = builder.connect_to(host, address.parse()?);
    }
    Ok((builder.build().await?, provider))
}

/// A user who is shown pages on the terminal.
pub struct Terminal;

impl Ui for Terminal {
    fn show(&self, page: &Page) {
        if let Some(url) = &page.url {
            eprintln!("Open {url}");
        }
        if let Some(code) = &page.code {
            eprintln!("Code {code}");
        }
    }

    fn progress(&self, progress: &Progress) {
        if let Progress::PasteRejected { reason } = progress {
            eprintln!("Not accepted: {reason}");
        }
    }
}
