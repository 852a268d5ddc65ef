//! A pause that needs no async runtime: a lock is waited for on any executor, and on none.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::future::poll_fn;
use std::sync::OnceLock;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::task::{Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

/// Somebody to wake.
struct Alarm {
    at: Instant,
    waker: Waker,
}

/// Lets a moment pass.
pub(super) async fn pause(time: Duration) {
    let at = Instant::now() + time;
    poll_fn(|context| {
        if Instant::now() >= at {
            return Poll::Ready(());
        }
        let alarm = Alarm { at, waker: context.waker().clone() };
        if timer().is_none_or(|timer| timer.send(alarm).is_err()) {
            // Where no thread can be started, this one waits.
            thread::sleep(at.saturating_duration_since(Instant::now()));
            return Poll::Ready(());
        }
        Poll::Pending
    })
    .await;
}

/// The thread that wakes, started when somebody has to wait.
fn timer() -> Option<&'static Sender<Alarm>> {
    static TIMER: OnceLock<Option<Sender<Alarm>>> = OnceLock::new();
    let start = || {
        let (set, alarms) = mpsc::channel();
        let thread = thread::Builder::new().name("hermes-timer".to_owned());
        thread.spawn(move || run(&alarms)).ok().map(|_| set)
    };
    TIMER.get_or_init(start).as_ref()
}

fn run(alarms: &Receiver<Alarm>) {
    let mut waiting = BinaryHeap::new();
    loop {
        let next = waiting.peek().map(|Reverse(alarm): &Reverse<Alarm>| alarm.at);
        let set = match next {
            Some(at) => alarms.recv_timeout(at.saturating_duration_since(Instant::now())),
            None => alarms.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match set {
            Ok(alarm) => waiting.push(Reverse(alarm)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        while waiting.peek().is_some_and(|Reverse(alarm)| alarm.at <= Instant::now()) {
            waiting.pop().into_iter().for_each(|Reverse(alarm)| alarm.waker.wake());
        }
    }
}

impl Ord for Alarm {
    fn cmp(&self, other: &Alarm) -> Ordering {
        self.at.cmp(&other.at)
    }
}

impl PartialOrd for Alarm {
    fn partial_cmp(&self, other: &Alarm) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Alarm {
    fn eq(&self, other: &Alarm) -> bool {
        self.at == other.at
    }
}

impl Eq for Alarm {}
