//! What went wrong with a request, told without its URL.
//!
//! reqwest prints the URL with its query, and a query can hold a code. The texts here are made from the kinds of errors
//! along the chain and the host's name, never from reqwest's own text.

use std::error::Error;
use std::io;

use hermes_machine::machine::{Failure, FailureKind};

use super::roots::RootsError;

/// A failure before anything was sent.
pub(super) fn unsent(message: impl Into<String>) -> Failure {
    of_kind(FailureKind::Connect, false, message)
}

/// A failure of this kind.
pub(super) fn of_kind(kind: FailureKind, sent: bool, message: impl Into<String>) -> Failure {
    Failure { kind, sent, message: message.into() }
}

/// What reqwest's error means. `sent` is false only where no connection was made: anything later may have arrived.
pub(super) fn of(error: reqwest::Error, host: &str) -> Failure {
    let error = error.without_url();
    let sent = !(error.is_connect() || error.is_builder());
    let tls = find::<rustls::Error>(&error);
    let (kind, message) = match tls {
        Some(tls) if !sent => (FailureKind::Tls, untrusted(tls, host)),
        _ if error.is_timeout() => (FailureKind::TimedOut, late(sent, host)),
        _ if !sent => (FailureKind::Connect, unreachable(&error, host)),
        _ if unpacked_badly(&error) => {
            (FailureKind::Broken, format!("the answer of {host} can't be decoded"))
        }
        _ => (FailureKind::Broken, format!("{host} closed the connection before its answer was complete")),
    };
    of_kind(kind, sent, message)
}

/// Whether the body arrived and is not what its `Content-Encoding` says. reqwest calls a broken body one of these too.
fn unpacked_badly(error: &reqwest::Error) -> bool {
    let kind = find::<io::Error>(error).map(io::Error::kind);
    error.is_decode() && matches!(kind, Some(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput))
}

fn late(sent: bool, host: &str) -> String {
    if sent {
        format!("{host} did not answer in time")
    } else {
        format!("{host} did not accept a connection in time")
    }
}

fn unreachable(error: &reqwest::Error, host: &str) -> String {
    if let Some(tunnel) = chain(error).map(ToString::to_string).find(|text| text.starts_with(TUNNEL)) {
        return through_proxy(tunnel.trim_start_matches(TUNNEL), error, host);
    }
    if error.is_dns() {
        return format!("the name {host} can't be resolved");
    }
    match find::<io::Error>(error).map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => format!("{host} refused the connection"),
        Some(io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable) => {
            format!("there is no way to {host} on this network")
        }
        Some(io::ErrorKind::ConnectionReset | io::ErrorKind::UnexpectedEof) => {
            format!("{host} closed the connection at once")
        }
        _ => format!("no connection to {host} could be made"),
    }
}

/// How the errors of a proxy begin, which have no type of their own.
const TUNNEL: &str = "tunnel error: ";

/// What a proxy did in the place of connecting.
fn through_proxy(reason: &str, error: &reqwest::Error, host: &str) -> String {
    let proxy = super::proxy::of_environment(&|name| std::env::var(name).ok()).ok().flatten();
    let (place, variable) = proxy.map_or_else(
        || ("of this computer".to_owned(), "HTTPS_PROXY"),
        |proxy| (proxy.place, proxy.variable),
    );
    if reason.starts_with("proxy authorization") {
        return format!(
            "the proxy {place} wants a user name and a password (HTTP 407): write them in {variable}, as `http://USER:PASSWORD@HOST:PORT`"
        );
    }
    if reason.starts_with("failed to create") {
        let why =
            if error.is_dns() { "its name can't be resolved" } else { "it does not accept a connection" };
        return format!("the proxy {place} ({variable}) can't be reached: {why}");
    }
    format!("the proxy {place} ({variable}) does not connect to {host}: {reason}")
}

fn untrusted(error: &rustls::Error, host: &str) -> String {
    if let rustls::Error::Other(other) = error
        && let Some(roots) = other.0.downcast_ref::<RootsError>()
    {
        return roots.to_string();
    }
    match error {
        rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer) => format!(
            "nobody that this computer trusts vouches for the certificate of {host}; where a company's proxy reads TLS, HERMES_CA_BUNDLE names its CA file"
        ),
        rustls::Error::InvalidCertificate(_) => {
            format!("the certificate of {host} can't be trusted: {error}")
        }
        _ => format!("TLS could not be agreed on with {host}: {error}"),
    }
}

/// The error and its causes.
fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| cause(*error))
}

/// What is behind an error. An I/O error that wraps another hides it from `source`.
fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    wrapped.map(|inner| inner as &(dyn Error + 'static)).or_else(|| error.source())
}

fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    // The innermost is the one that knows: an I/O error may wrap another.
    chain(error).filter_map(|cause| cause.downcast_ref::<T>()).last()
}
