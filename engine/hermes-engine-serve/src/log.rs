//! The access log: a line of JSON for each request. It holds no query, no body, no header and no identifier of a path.

use std::fmt;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

/// How many lines wait for a slow disk before lines are dropped.
const WAITING: usize = 4096;

/// Where the lines go. Cheap to clone.
///
/// Note: no request waits for it. Lines that can't be written are counted and lost.
#[derive(Clone, Default)]
pub struct AccessLog {
    sender: Option<SyncSender<Entry>>,
    lost: Arc<AtomicU64>,
}

/// What the writing thread gets.
enum Entry {
    Line(String),
    /// Tell that all before it is written.
    Mark(SyncSender<()>),
}

impl AccessLog {
    /// No log.
    pub fn off() -> AccessLog {
        AccessLog::default()
    }

    /// A log that a thread of its own writes.
    pub fn to(mut out: impl Write + Send + 'static) -> AccessLog {
        let (sender, lines) = sync_channel::<Entry>(WAITING);
        let lost = Arc::new(AtomicU64::new(0));
        let counted = lost.clone();
        let write = move || {
            for entry in lines {
                let line = match entry {
                    Entry::Line(line) => line,
                    Entry::Mark(written) => {
                        // Who waited may have given up.
                        let _ = written.try_send(());
                        continue;
                    }
                };
                if out.write_all(line.as_bytes()).and_then(|()| out.flush()).is_err() {
                    counted.fetch_add(1, Ordering::Relaxed);
                }
            }
        };
        let started = thread::Builder::new().name("access-log".to_owned()).spawn(write).is_ok();
        AccessLog { sender: started.then_some(sender), lost }
    }

    pub(crate) fn write(&self, line: &Value) {
        let Some(sender) = &self.sender else { return };
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) =
            sender.try_send(Entry::Line(format!("{line}\n")))
        {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until all lines are written, for so long at most. Blocks.
    pub(crate) fn settle(&self, limit: Duration) {
        let Some(sender) = &self.sender else { return };
        let (written, is_written) = sync_channel(1);
        if sender.try_send(Entry::Mark(written)).is_ok() {
            let _ = is_written.recv_timeout(limit);
        }
    }

    /// How many lines were lost.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for AccessLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessLog").field("is_on", &self.sender.is_some()).finish_non_exhaustive()
    }
}

/// What a line says.
#[derive(Debug, Default)]
pub(crate) struct Line {
    pub(crate) client: Option<String>,
    pub(crate) account: Option<String>,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) status: u16,
    pub(crate) error: Option<String>,
    pub(crate) bytes: u64,
    pub(crate) repeated: u32,
    pub(crate) head_ms: Option<Duration>,
    pub(crate) first_byte_ms: Option<Duration>,
    pub(crate) end: &'static str,
}

impl Line {
    pub(crate) fn finished(self, at: SystemTime, total: Duration) -> Value {
        let ms = |time: Duration| (time.as_secs_f64() * 10_000.0).round() / 10.0;
        let unix_ms = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        json!({
            "version": 1,
            "time_ms": u64::try_from(unix_ms).unwrap_or(u64::MAX),
            "client": self.client,
            "account": self.account,
            "method": self.method,
            "path": self.path,
            "status": self.status,
            "error": self.error,
            "bytes": self.bytes,
            "repeated": self.repeated,
            "head_ms": self.head_ms.map(ms),
            "first_byte_ms": self.first_byte_ms.map(ms),
            "total_ms": ms(total),
            "end": self.end,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_is_full_loses_lines_and_nothing_else() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(std::io::ErrorKind::StorageFull.into())
            }

            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let log = AccessLog::to(Full);
        log.write(&json!({}));
        let begun = std::time::Instant::now();
        while log.lost() == 0 {
            assert!(begun.elapsed() < Duration::from_secs(10));
            thread::yield_now();
        }
    }

    #[test]
    fn the_end_waits_for_the_last_line() {
        #[derive(Clone, Default)]
        struct Slow(Arc<std::sync::Mutex<String>>);
        impl Write for Slow {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                (0..1000).for_each(|_| thread::yield_now());
                self.0.lock().unwrap().push_str(std::str::from_utf8(bytes).unwrap());
                Ok(bytes.len())
            }

            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let out = Slow::default();
        let log = AccessLog::to(out.clone());
        (0..50).for_each(|number| log.write(&json!(number)));
        log.settle(Duration::from_secs(20));
        assert_eq!(out.0.lock().unwrap().lines().count(), 50);
    }

    #[test]
    fn a_disk_that_hangs_holds_nobody_up() {
        struct Hanging;
        impl Write for Hanging {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                loop {
                    thread::park();
                }
            }

            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let log = AccessLog::to(Hanging);
        (0..WAITING + 10).for_each(|_| log.write(&json!({})));
        assert!(log.lost() > 0);
    }
}
