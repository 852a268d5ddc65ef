//! Signals that end a run: Ctrl-C, and what a closing terminal or a supervisor sends (S33).
//!
//! From the first [`Signals::catch`] to the end of the process these signals no longer end the process by themselves: it
//! is for whoever caught them to look, [`Signals::caught`], and to stop when it is safe. That is what a redeem needs, and
//! what a loop that runs for long must not forget.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that end a run, caught.
#[derive(Debug)]
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    /// Begins to catch SIGINT, SIGTERM and SIGHUP. Needs an async runtime.
    pub fn catch() -> io::Result<Signals> {
        Ok(Signals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// The next signal. Loses none when it is dropped.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }

    /// Whether a signal came that nobody took yet.
    pub async fn caught(&mut self) -> bool {
        // A moment, not none: a signal is told to the runtime through a pipe that it has to read first.
        tokio::time::timeout(Duration::from_millis(1), self.next()).await.is_ok()
    }
}

/// The same for plain code that runs for long: a thread of its own waits for the first signal and raises a flag.
#[derive(Debug)]
pub struct Interrupt {
    flag: Arc<AtomicBool>,
    told: Receiver<()>,
}

impl Interrupt {
    /// Begins to catch signals.
    pub fn listen() -> io::Result<Interrupt> {
        Interrupt::raising(Arc::default())
    }

    /// The same, with a flag that is at hand.
    pub fn raising(flag: Arc<AtomicBool>) -> io::Result<Interrupt> {
        let (begun, has_begun) = channel();
        let (tell, told) = channel();
        let raised = flag.clone();
        std::thread::Builder::new().name("signals".to_owned()).spawn(move || wait(&begun, &raised, &tell))?;
        has_begun.recv().unwrap_or_else(|_| Err(io::Error::other("signals can't be waited for")))?;
        Ok(Interrupt { flag, told })
    }

    /// What is raised when a signal comes.
    pub fn flag(&self) -> Arc<AtomicBool> {
        self.flag.clone()
    }

    /// Waits for a signal, for so long at most; tells whether one has come.
    pub fn wait(&self, limit: Duration) -> bool {
        self.flag.load(Ordering::SeqCst) || self.told.recv_timeout(limit) != Err(RecvTimeoutError::Timeout)
    }
}

/// What the thread does.
fn wait(begun: &Sender<io::Result<()>>, flag: &AtomicBool, tell: &Sender<()>) {
    let waited = super::block_on(async {
        let caught = Signals::catch();
        let mut signals = match caught {
            Ok(signals) => signals,
            Err(error) => return drop(begun.send(Err(error))),
        };
        // Nobody listens any more only where the process ends.
        let _ = begun.send(Ok(()));
        signals.next().await;
        flag.store(true, Ordering::SeqCst);
        let _ = tell.send(());
    });
    if let Err(error) = waited {
        let _ = begun.send(Err(error));
    }
}
