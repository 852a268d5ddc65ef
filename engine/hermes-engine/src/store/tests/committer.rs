//! What waits is written together.

use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Waker};
use std::time::Duration;

use super::super::lock::{Lock, PAUSE};
use super::super::*;
use super::scene::*;

/// How often `auth.json` was replaced while this ran.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn replacements(folder: &Path, work: impl FnOnce()) -> usize {
    use rustix::fs::inotify;
    let watch = inotify::init(inotify::CreateFlags::NONBLOCK).unwrap();
    inotify::add_watch(&watch, folder, inotify::WatchFlags::MOVED_TO).unwrap();
    work();
    let mut buffer = [std::mem::MaybeUninit::uninit(); 4096];
    let mut events = inotify::Reader::new(&watch, &mut buffer);
    let mut seen = 0;
    while let Ok(event) = events.next() {
        seen += usize::from(event.file_name().is_some_and(|name| name.to_bytes() == b"auth.json"));
    }
    seen
}

#[cfg(any(target_os = "linux", target_os = "android"))]
#[test]
fn changes_that_wait_for_the_lock_are_written_once() {
    let (folder, store) = store_with(HERMES);
    let lock = wait(Lock::take(&folder.path().join("auth.lock"), Duration::ZERO, PAUSE)).unwrap();
    let written = replacements(folder.path(), || {
        let change = |n: usize| {
            store.change(move |document| {
                document.root_mut().set(&format!("n{n}"), n);
                n
            })
        };
        let mut all: Vec<Pin<Box<_>>> = (0..50).map(|n| Box::pin(change(n))).collect();
        for waiting in &mut all {
            assert!(waiting.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        // One that nobody waits for any more is made all the same.
        drop(all.swap_remove(7));
        drop(lock);
        let mut made: Vec<usize> = all.into_iter().map(|waiting| wait(waiting).unwrap()).collect();
        made.sort_unstable();
        assert_eq!(made, (0..50).filter(|n| *n != 7).collect::<Vec<_>>());
    });
    assert_eq!(written, 1);
    let root = store.read().unwrap();
    assert!((0..50).all(|n| root.root().has(&format!("n{n}"))));
}

#[test]
fn an_error_of_a_write_is_told_to_everybody() {
    let (folder, store) = store_with("{");
    let lock = wait(Lock::take(&folder.path().join("auth.lock"), Duration::ZERO, PAUSE)).unwrap();
    let mut all: Vec<Pin<Box<_>>> =
        (0..3).map(|_| Box::pin(store.change(|document| document.activate("acme")))).collect();
    for waiting in &mut all {
        assert!(waiting.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    drop(lock);
    for waiting in all {
        let error = wait(waiting).unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Corrupt, "{error}");
    }
    assert_eq!(text(&store), "{");
    // The thread goes on.
    std::fs::write(store.path(), "{}").unwrap();
    wait(store.change(|document| document.activate("acme"))).unwrap();
    assert_eq!(store.read().unwrap().active_provider().as_deref(), Some("acme"));
}

#[test]
fn a_change_that_panics_takes_no_later_one_with_it() {
    let (_folder, store) = store_with("{}");
    let refused = wait(store.change(|_| panic!("a defect"))).map(|(): ()| ());
    assert_eq!(refused.unwrap_err().kind(), StoreErrorKind::Lost);
    wait(store.change(|document| document.activate("acme"))).unwrap();
    assert_eq!(store.read().unwrap().active_provider().as_deref(), Some("acme"));
}
