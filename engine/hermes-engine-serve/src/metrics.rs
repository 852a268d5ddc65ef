//! What is counted, in the text format that Prometheus reads.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The most accounts that are told apart: a client can't make the list long.
const ACCOUNTS: usize = 256;

/// All counters.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    by_account: Mutex<BTreeMap<(String, u16), Counted>>,
    in_flight: AtomicI64,
    pub(crate) connections: AtomicI64,
    pub(crate) refused_connections: AtomicU64,
    pub(crate) renewals: AtomicU64,
    pub(crate) failovers: AtomicU64,
    pub(crate) unreachable: AtomicU64,
}

#[derive(Debug, Default, Clone, Copy)]
struct Counted {
    requests: u64,
    bytes: u64,
    seconds: f64,
}

impl Metrics {
    pub(crate) fn begin(&self) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn end(&self, account: Option<&str>, status: u16, bytes: u64, total: Duration) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
        let mut all = self.by_account.lock().unwrap_or_else(PoisonError::into_inner);
        let name = account.unwrap_or_default();
        let key = (name.to_owned(), status);
        let key =
            if all.len() < ACCOUNTS || all.contains_key(&key) { key } else { ("other".to_owned(), status) };
        let counted = all.entry(key).or_default();
        counted.requests += 1;
        counted.bytes += bytes;
        counted.seconds += total.as_secs_f64();
    }

    pub(crate) fn in_flight(&self) -> i64 {
        self.in_flight.load(Ordering::Relaxed)
    }

    pub(crate) fn text(&self, lost_lines: u64) -> String {
        let mut text = String::new();
        let all = self.by_account.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut of_each = |name: &str, help: &str, value: &dyn Fn(&Counted) -> String| {
            let _ = writeln!(text, "# HELP hermes_serve_{name} {help}\n# TYPE hermes_serve_{name} counter");
            for ((account, status), counted) in &all {
                let account = account.replace(['"', '\\', '\n'], "_");
                let value = value(counted);
                let _ = writeln!(
                    text,
                    "hermes_serve_{name}{{account=\"{account}\",status=\"{status}\"}} {value}"
                );
            }
        };
        of_each("requests_total", "Requests that were answered.", &|it| it.requests.to_string());
        of_each("answer_bytes_total", "Bytes of answers.", &|it| it.bytes.to_string());
        of_each("request_seconds_total", "Time until the last byte.", &|it| format!("{:.6}", it.seconds));
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed).to_string();
        for (name, kind, help, value) in [
            ("in_flight_requests", "gauge", "Requests in flight.", self.in_flight().max(0).to_string()),
            (
                "connections",
                "gauge",
                "Open connections of clients.",
                self.connections.load(Ordering::Relaxed).to_string(),
            ),
            (
                "refused_connections_total",
                "counter",
                "Connections over the limit.",
                load(&self.refused_connections),
            ),
            (
                "renewals_total",
                "counter",
                "Tokens replaced because a server refused them.",
                load(&self.renewals),
            ),
            (
                "failovers_total",
                "counter",
                "Requests that went on with another account.",
                load(&self.failovers),
            ),
            (
                "unreachable_total",
                "counter",
                "Requests whose server could not be reached.",
                load(&self.unreachable),
            ),
            (
                "lost_log_lines_total",
                "counter",
                "Lines of the access log that were lost.",
                lost_lines.to_string(),
            ),
        ] {
            let _ = writeln!(
                text,
                "# HELP hermes_serve_{name} {help}\n# TYPE hermes_serve_{name} {kind}\nhermes_serve_{name} {value}"
            );
        }
        text
    }
}
