//! Options that several commands share: how requests are sent, what is asked of a credential, how the answer is printed.

use std::net::SocketAddr;
use std::time::Duration;

use clap::{Args, ValueEnum};
use hermes_engine::http::{HttpOptions, parse_connect_to};
use hermes_engine::{AccessRequest, Account, EngineBuilder, Rejection};

/// How a command prints its answer.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Output {
    /// Output format; with `json`, errors are JSON on the last line of stderr
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    pub(crate) format: Format,
}

/// Human-readable or for a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Human-readable.
    Text,
    /// A JSON object with `"version": 1`; keys are only ever added.
    Json,
}

impl Output {
    /// Whether the answer is for a program.
    pub(crate) fn is_json(self) -> bool {
        self.format == Format::Json
    }
}

/// How requests are sent, as options say it.
#[derive(Debug, Clone, Default, PartialEq, clap::Args)]
#[command(next_help_heading = "Network options")]
pub(crate) struct Network {
    /// Time limit of one request, such as 10s [default: 30s]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    timeout: Option<Duration>,
    /// Route requests for HOST to a loopback address over plain HTTP (repeatable)
    #[arg(long, value_name = "HOST=127.0.0.1:PORT", value_parser = parse_connect_to)]
    connect_to: Vec<(String, SocketAddr)>,
}

impl Network {
    /// The same for the runtime.
    pub(crate) fn options(&self) -> HttpOptions {
        HttpOptions { timeout: self.timeout, connect_to: self.connect_to.clone(), only: None }
    }

    /// The same for an engine.
    pub(crate) fn on(&self, engine: EngineBuilder) -> EngineBuilder {
        let engine = match self.timeout {
            Some(limit) => engine.timeout(limit),
            None => engine,
        };
        self.connect_to.iter().fold(engine, |engine, (host, address)| engine.connect_to(host, *address))
    }
}

/// What a client asks of a credential.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Wanted {
    /// Region; a stored login of another region is not used
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// Refresh if the token expires sooner than this, such as 10m
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) min_ttl: Option<Duration>,
    /// SHA-256 (hex) of a token that a server rejected; only that token is refreshed, or another credential is used
    /// for a while
    #[arg(long, value_name = "HEX", value_parser = sha256)]
    pub(crate) rejected_sha256: Option<String>,
    /// The HTTP status that it was refused with: after 401 or 403 it is refreshed, or rests for 5 minutes where it can't
    /// be; after 402 or 429 it rests for an hour [default: 401]
    #[arg(long, value_name = "STATUS", value_parser = refusal, requires = "rejected_sha256")]
    pub(crate) rejected_status: Option<u16>,
    /// WWW-Authenticate header of the refusal: the next login asks for what it wants
    #[arg(long, value_name = "HEADER", requires = "rejected_sha256")]
    pub(crate) challenge: Option<String>,
    /// Wait that the server asked for in Retry-After, such as 90s
    #[arg(long, value_name = "DURATION", value_parser = duration, requires = "rejected_sha256")]
    pub(crate) retry_after: Option<Duration>,
    /// Credential label or id [default: the first usable one]
    #[arg(long, value_name = "LABEL|ID")]
    pub(crate) label: Option<String>,
    #[command(flatten)]
    pub(crate) network: Network,
}

impl Wanted {
    /// The one account that is meant, where one is.
    pub(crate) fn account(&self, account: Account) -> Account {
        let account = match &self.label {
            Some(label) => account.labelled(label),
            None => account,
        };
        match &self.region {
            Some(region) => account.in_region(region),
            None => account,
        }
    }

    /// What is asked of an account.
    pub(crate) fn request(&self, account: &Account) -> AccessRequest {
        let mut request = self.account(account.clone()).access();
        if let Some(ttl) = self.min_ttl {
            request = request.min_ttl(ttl);
        }
        if let Some(sha256) = &self.rejected_sha256 {
            let why = Rejection::status(self.rejected_status.unwrap_or(401));
            request = request.rejected(sha256, self.retry_after.map_or(why, |wait| why.retry_after(wait)));
        }
        match &self.challenge {
            Some(header) => request.challenge(header),
            None => request,
        }
    }
}

/// A duration as files write it, or a number of seconds.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let is_plain = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let text = if is_plain { &format!("{text}s") } else { text };
    hermes_format::time::parse_duration(text).map_err(|error| error.to_string())
}

pub(crate) fn sha256(text: &str) -> Result<String, String> {
    let is_hex = text.len() == 64 && text.chars().all(|c| c.is_ascii_hexdigit());
    if is_hex { Ok(text.to_ascii_lowercase()) } else { Err("not 64 hexadecimal digits".to_owned()) }
}

/// The status of a refusal that is about the credential.
fn refusal(text: &str) -> Result<u16, String> {
    match text.parse() {
        Ok(status @ (401 | 402 | 403 | 429)) => Ok(status),
        _ => Err("only 401, 402, 403 and 429 are about the credential".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_64_hexadecimal_digits() {
        assert_eq!(sha256(&"AB".repeat(32)).unwrap(), "ab".repeat(32));
        assert!(sha256("ab").is_err() && sha256(&"xy".repeat(32)).is_err());
    }

    #[test]
    fn a_plain_number_is_a_duration_in_seconds() {
        assert_eq!(duration("15"), Ok(Duration::from_secs(15)));
        assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1_500)));
        assert!(duration("").is_err() && duration("-1").is_err() && duration("1.5").is_err());
    }
}
