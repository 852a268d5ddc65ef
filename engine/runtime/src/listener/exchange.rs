//! One request and one answer on a connection of the listener.
//!
//! Everything that reaches the port is hostile until it is the callback: other pages of the browser, other users of this
//! computer, port scanners. Each connection has its own task, a few seconds and a few kilobytes; one that says nothing
//! holds up nobody.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::Desk;
use super::request::{self, Expected, Verdict};

/// The longest request head that is read.
const HEAD_LIMIT: usize = 16 * 1024;
/// The most connections at once; a browser opens a handful.
const CONNECTION_LIMIT: usize = 64;
/// How long a client may take to ask, and how long to take its answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Accepts connections for as long as it is polled.
pub(super) async fn serve(socket: TcpListener, expected: Arc<Expected>, desk: Arc<Desk>) {
    let slots = Arc::new(Semaphore::new(CONNECTION_LIMIT));
    let mut connections = JoinSet::new();
    loop {
        let Ok(slot) = slots.clone().acquire_owned().await else { return };
        while connections.try_join_next().is_some() {}
        match socket.accept().await {
            Ok((stream, _)) => {
                let (expected, desk) = (expected.clone(), desk.clone());
                connections.spawn(async move {
                    attend(stream, &expected, &desk).await;
                    drop(slot);
                });
            }
            // Out of descriptors, most likely: they come back.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn attend(mut stream: TcpStream, expected: &Expected, desk: &Desk) {
    let head = match tokio::time::timeout(PATIENCE, read_head(&mut stream)).await {
        Ok(Some(head)) => head,
        // Browsers connect ahead of need; silence deserves none but silence.
        Ok(None) | Err(_) => return,
    };
    let verdict = expected.judge(&head);
    let mut answer = verdict.answer();
    let mut callback = None;
    if let Verdict::Callback(query) = verdict {
        match desk.accept() {
            true => callback = Some(query),
            false => answer = request::done_already(),
        }
    }
    // The page goes first: the run may end, and the listener with it, as soon as the callback is told.
    let _ = tokio::time::timeout(PATIENCE, send(&mut stream, &answer)).await;
    if let Some(query) = callback {
        desk.hand_over(query);
    }
    let _ = tokio::time::timeout(PATIENCE, drain(&mut stream)).await;
}

/// Reads up to the empty line. `None` where the client went away first; what is too long or no HTTP comes back as it is.
async fn read_head(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut head = Vec::with_capacity(2048);
    loop {
        let mut part = [0; 2048];
        let count = stream.read(&mut part).await.ok().filter(|count| *count > 0)?;
        head.extend_from_slice(part.get(..count)?);
        let finished = head.windows(4).any(|end| end == b"\r\n\r\n");
        if finished || head.len() >= HEAD_LIMIT || !looks_like_a_method(&head) {
            return Some(head);
        }
    }
}

/// Whether it can still become a request: a TLS greeting never ends in an empty line.
fn looks_like_a_method(head: &[u8]) -> bool {
    head.iter().take_while(|byte| **byte != b' ').take(16).all(u8::is_ascii_alphabetic)
}

async fn send(stream: &mut TcpStream, answer: &str) -> std::io::Result<()> {
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}

/// Reads what a client still says. Closing with bytes unread resets the connection, and the client might lose its page.
async fn drain(stream: &mut TcpStream) -> std::io::Result<()> {
    let mut rest = [0; 1024];
    for _ in 0..64 {
        if stream.read(&mut rest).await? == 0 {
            break;
        }
    }
    Ok(())
}
