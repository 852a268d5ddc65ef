//! A request and its answer, as the access log and the metrics note them. Nothing secret is in it.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use http::Method;

use crate::log::{AccessLog, Line};
use crate::metrics::Metrics;

/// One exchange. It is noted when it is dropped: then nothing of its answer is sent any more.
pub(crate) struct Exchange {
    noted: Arc<Noted>,
    at: SystemTime,
    begun: Instant,
    line: Line,
}

/// Where exchanges are noted.
#[derive(Debug, Default)]
pub(crate) struct Noted {
    pub(crate) log: AccessLog,
    pub(crate) metrics: Metrics,
}

impl Exchange {
    pub(crate) fn begin(noted: Arc<Noted>, method: &Method) -> Exchange {
        noted.metrics.begin();
        let line = Line { method: method.to_string(), end: "cut by the client", ..Line::default() };
        Exchange { noted, at: SystemTime::now(), begun: Instant::now(), line }
    }

    /// Whose key it has.
    pub(crate) fn by(&mut self, client: &str) {
        self.line.client = Some(client.to_owned());
    }

    /// What it asks for.
    pub(crate) fn of(&mut self, account: String, path: String) {
        self.line.account = Some(account);
        self.line.path = path;
    }

    /// That it was sent once more.
    pub(crate) fn repeated(&mut self) {
        self.line.repeated += 1;
    }

    /// What it is answered.
    pub(crate) fn answered(&mut self, status: u16, code: Option<&str>) {
        self.line.status = status;
        self.line.error = code.map(str::to_owned);
        self.line.head_ms = Some(self.begun.elapsed());
    }

    /// That so much of the answer went on.
    pub(crate) fn sent(&mut self, bytes: usize) {
        self.line.first_byte_ms.get_or_insert_with(|| self.begun.elapsed());
        self.line.bytes += bytes as u64;
    }

    /// How the answer ended.
    pub(crate) fn ended(&mut self, how: &'static str) {
        self.line.end = how;
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let total = self.begun.elapsed();
        let line = std::mem::take(&mut self.line);
        self.noted.metrics.end(line.account.as_deref(), line.status, line.bytes, total);
        self.noted.log.write(&line.finished(self.at, total));
    }
}
