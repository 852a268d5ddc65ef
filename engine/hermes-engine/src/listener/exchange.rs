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

use super::peer::Ends;

/// The longest request head that is read.
const HEAD_LIMIT: usize = 16 * 1024;
/// The most connections at once; a browser opens a handful.
const CONNECTION_LIMIT: usize = 64;
/// How long a client may take to ask, and how long to take its answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What answers requests.
pub(super) trait Service: Send + Sync + 'static {
    /// Answers a request by its head.
    fn answer(&self, head: &[u8], ends: &Ends) -> Answer;
}

/// An answer, and what is done once it was sent.
pub(super) struct Answer {
    /// The answer, whole.
    pub(super) text: String,
    /// The page goes first: a run may end, and its listener with it, as soon as it is told of a request.
    pub(super) then: Option<Box<dyn FnOnce() + Send>>,
}

impl From<String> for Answer {
    fn from(text: String) -> Answer {
        Answer { text, then: None }
    }
}

/// Accepts connections for as long as it is polled.
pub(super) async fn serve(socket: TcpListener, service: Arc<impl Service>) {
    let slots = Arc::new(Semaphore::new(CONNECTION_LIMIT));
    let mut connections = JoinSet::new();
    loop {
        let Ok(slot) = slots.clone().acquire_owned().await else { return };
        while connections.try_join_next().is_some() {}
        match socket.accept().await {
            Ok((stream, _)) => {
                let service = service.clone();
                connections.spawn(async move {
                    attend(stream, service.as_ref()).await;
                    drop(slot);
                });
            }
            // Out of descriptors, most likely: they come back.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn attend(mut stream: TcpStream, service: &impl Service) {
    let head = match tokio::time::timeout(PATIENCE, read_head(&mut stream)).await {
        Ok(Some(head)) => head,
        // Browsers connect ahead of need; silence deserves none but silence.
        Ok(None) | Err(_) => return,
    };
    let Some(ends) = Ends::of(&stream) else { return };
    let answer = service.answer(&head, &ends);
    let _ = tokio::time::timeout(PATIENCE, send(&mut stream, &answer.text)).await;
    if let Some(then) = answer.then {
        then();
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
