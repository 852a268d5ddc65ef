//! A server of a few lines over plain sockets, as strict as a server may be: what the proxy sends is read byte by byte.

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A request as it came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut all = self.headers.iter().filter(|(own, _)| own == name);
        let first = all.next().map(|(_, value)| value.as_str());
        assert!(all.next().is_none(), "{name} is there twice: {self:?}");
        first
    }

    pub(crate) fn token(&self) -> &str {
        self.header("authorization").and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default()
    }
}

/// What is done with a request; it writes its own answer.
pub(crate) type Answer = dyn Fn(&Seen, &mut TcpStream) + Send + Sync;

pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    pub(crate) seen: Arc<Mutex<Vec<Seen>>>,
    refused: Arc<Mutex<HashSet<String>>>,
    answer: Arc<Mutex<Arc<Answer>>>,
    /// Whether an answer is sent before the body is read.
    is_early: Arc<Mutex<bool>>,
}

pub(crate) fn reply(stream: &mut TcpStream, status: &str, headers: &str, body: &str) {
    let text = format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len());
    let _ = stream.write_all(text.as_bytes());
}

impl Upstream {
    pub(crate) fn start() -> Upstream {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let upstream = Upstream {
            address: listener.local_addr().expect("an address"),
            seen: Arc::default(),
            refused: Arc::default(),
            answer: Arc::new(Mutex::new(Arc::new(|_: &Seen, stream: &mut TcpStream| {
                reply(stream, "200 OK", "content-type: application/json\r\n", r#"{"ok":true}"#);
            }))),
            is_early: Arc::default(),
        };
        let (seen, refused) = (upstream.seen.clone(), upstream.refused.clone());
        let (answer, is_early) = (upstream.answer.clone(), upstream.is_early.clone());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (seen, refused) = (seen.clone(), refused.clone());
                let (answer, is_early) = (answer.clone(), is_early.clone());
                thread::spawn(move || {
                    let mut reader = BufReader::new(stream.try_clone().expect("a socket"));
                    let mut stream = stream;
                    loop {
                        let Some((mut request, length)) = head(&mut reader) else { return };
                        let is_refused = refused.lock().unwrap().contains(request.token());
                        if is_refused && *is_early.lock().unwrap() {
                            seen.lock().unwrap().push(request);
                            return reply(&mut stream, "401 Unauthorized", "connection: close\r\n", "{}");
                        }
                        let Some(body) = body(&mut reader, length) else { return };
                        request.body = body;
                        seen.lock().unwrap().push(request.clone());
                        if is_refused {
                            reply(&mut stream, "401 Unauthorized", "", r#"{"error":"revoked"}"#);
                            continue;
                        }
                        let answer = answer.lock().unwrap().clone();
                        answer(&request, &mut stream);
                    }
                });
            }
        });
        upstream
    }

    /// What is answered from now on.
    pub(crate) fn answer(&self, with: impl Fn(&Seen, &mut TcpStream) + Send + Sync + 'static) {
        *self.answer.lock().unwrap() = Arc::new(with);
    }

    /// A token that is answered with 401 from now on.
    pub(crate) fn revoke(&self, token: &str) {
        self.refused.lock().unwrap().insert(token.to_owned());
    }

    /// Revoked tokens are refused as soon as the header is there.
    pub(crate) fn refuse_early(&self) {
        *self.is_early.lock().unwrap() = true;
    }

    pub(crate) fn requests(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

#[derive(Clone, Copy)]
enum Length {
    Exact(usize),
    Chunked,
}

fn head(reader: &mut BufReader<TcpStream>) -> Option<(Seen, Length)> {
    let mut line = String::new();
    if reader.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let mut words = line.trim_end().split(' ');
    let mut seen =
        Seen { method: words.next()?.to_owned(), target: words.next()?.to_owned(), ..Seen::default() };
    let mut length = Length::Exact(0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        if line.is_empty() {
            return Some((seen, length));
        }
        let (name, value) = line.split_once(':')?;
        let (name, value) = (name.to_ascii_lowercase(), value.trim().to_owned());
        match name.as_str() {
            "content-length" => length = Length::Exact(value.parse().ok()?),
            "transfer-encoding" => length = Length::Chunked,
            _ => {}
        }
        seen.headers.push((name, value));
    }
}

fn body(reader: &mut BufReader<TcpStream>, length: Length) -> Option<Vec<u8>> {
    match length {
        Length::Exact(length) => {
            let mut body = vec![0; length];
            reader.read_exact(&mut body).ok()?;
            Some(body)
        }
        Length::Chunked => {
            let mut body = Vec::new();
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).ok()?;
                let size = usize::from_str_radix(line.trim(), 16).ok()?;
                let mut chunk = vec![0; size + 2];
                reader.read_exact(&mut chunk).ok()?;
                if size == 0 {
                    return Some(body);
                }
                body.extend_from_slice(&chunk[..size]);
            }
        }
    }
}
