//! The services of the shipped logins as they are seen on the wire, on a loopback port: one small server for each family
//! of protocols, driven by a table of facts.
//!
//! It is written from observations of the services and the clients that they publish, and knows no provider file. It
//! judges what it is asked as strictly as a service does, and keeps what a client did wrong.

mod facts;
mod family;

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

pub use facts::{Browser, COPILOT, Client, Device, Facts, NO_BROWSER, NO_DEVICE, TABLE, Way};
pub use family::Book;

/// A request, decoded.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    pub host: String,
    pub method: String,
    pub path: String,
    /// The parameters of the URL, and those of the body where it is a form or a flat JSON object.
    pub fields: HashMap<String, String>,
    /// The type of the body, without its parameters.
    pub kind: String,
    pub headers: HashMap<String, String>,
}

/// What a service answers.
#[derive(Debug, Clone)]
pub enum Answer {
    Json(u16, Value),
    Redirect(String),
    /// Whatever stands between a client and a service.
    Raw {
        status: u16,
        headers: &'static str,
        body: String,
    },
    /// The connection ends without an answer.
    HangUp,
}

impl Answer {
    /// A page of something that is not the service.
    pub fn page(status: u16, headers: &'static str) -> Answer {
        let body = "<!DOCTYPE html><html><body>Just a moment...</body></html>".to_owned();
        Answer::Raw { status, headers, body }
    }
}

/// A server that runs for as long as the test.
pub struct Service {
    addr: SocketAddr,
    book: Arc<Mutex<Book>>,
}

impl Asked {
    /// A field, empty where there is none.
    pub fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    /// A header, empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    fn read(stream: &TcpStream) -> Option<Asked> {
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let mut words = line.split_whitespace();
        let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
        let mut headers = HashMap::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let kind = headers.get("content-type").map_or("", |kind| kind.split(';').next().unwrap_or_default());
        let mut fields: HashMap<String, String> =
            url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        match kind {
            "application/json" => {
                let json: HashMap<String, Value> = serde_json::from_slice(&body).unwrap_or_default();
                let text = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                fields.extend(json.into_iter().map(|(name, value)| (name, text(value))));
            }
            _ => fields.extend(url::form_urlencoded::parse(&body).into_owned()),
        }
        let host = headers.get("host").cloned().unwrap_or_default();
        Some(Asked { host, method, path: path.to_owned(), fields, kind: kind.to_owned(), headers })
    }
}

impl Service {
    /// Starts the service of a login.
    pub fn start(facts: &'static Facts) -> Service {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let addr = listener.local_addr().expect("an address");
        let book = Arc::new(Mutex::new(Book::new(facts)));
        let shared = book.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let book = shared.clone();
                std::thread::spawn(move || serve(&stream, &book));
            }
        });
        Service { addr, book }
    }

    /// `--connect-to` for all hosts of the service.
    pub fn connect_to(&self) -> Vec<String> {
        super::program::connect_to(self.book().facts.hosts, self.addr)
    }

    /// Answers the next requests for a path so, in this order, and then as ever.
    pub fn answers(&self, path: &'static str, answers: impl IntoIterator<Item = Answer>) {
        self.book().detours.extend(answers.into_iter().map(|answer| (path, answer)));
    }

    /// How many requests came for a path.
    pub fn asked(&self, path: &str) -> usize {
        self.book().asked.iter().filter(|asked| asked.path == path).count()
    }

    /// What it remembers.
    pub fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn serve(mut stream: &TcpStream, book: &Mutex<Book>) {
    let Some(asked) = Asked::read(stream) else { return };
    let answer = {
        let mut book = book.lock().unwrap_or_else(PoisonError::into_inner);
        book.asked.push(asked.clone());
        let detour = book.detours.iter().position(|(path, _)| *path == asked.path);
        match detour {
            Some(at) => book.detours.remove(at).1,
            None => book.answer(&asked),
        }
    };
    let text = match answer {
        Answer::HangUp => return,
        Answer::Raw { status, headers, body } => {
            let length = body.len();
            format!(
                "HTTP/1.1 {status} -\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            )
        }
        Answer::Json(status, body) => {
            let body = body.to_string();
            let length = body.len();
            format!(
                "HTTP/1.1 {status} -\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            )
        }
        Answer::Redirect(to) => {
            format!("HTTP/1.1 302 -\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        }
    };
    let _ = stream.write_all(text.as_bytes());
}

/// What a browser does with a page: it asks for it, and goes where it is sent. Gives the last status.
pub fn browse(url: &str) -> u16 {
    let mut url = url.to_owned();
    for _ in 0..5 {
        let place = url.strip_prefix("http://").expect("a loopback page");
        let (authority, path) = place.split_once('/').unwrap_or((place, ""));
        let address = authority.replace("localhost", "127.0.0.1");
        let mut stream = TcpStream::connect(&address).unwrap_or_else(|error| panic!("{url}: {error}"));
        write!(stream, "GET /{path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n")
            .expect("a request");
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        let status = answer.split_whitespace().nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        let location = answer.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("location").then(|| value.trim().to_owned())
        });
        match location {
            Some(to) if (300..400).contains(&status) => url = to,
            _ => return status,
        }
    }
    panic!("no end of redirects at {url}");
}
