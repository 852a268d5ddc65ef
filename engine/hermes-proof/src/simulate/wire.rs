//! Requests and replies as the simulated server sees them.

use std::fmt;

/// A request that reached the server.
#[derive(Clone)]
pub struct Asked {
    /// The method, in capitals.
    pub method: String,
    /// The `Host` header: the logical host of a request that `--connect-to` brought here.
    pub host: String,
    /// The path, still percent-encoded.
    pub path: String,
    /// The query after the `?`, still encoded; may be empty.
    pub query: String,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// What the server does with a request.
#[derive(Clone, PartialEq, Eq)]
pub enum Reply {
    /// It answers.
    Answer {
        /// The status.
        status: u16,
        /// The headers, `content-type` among them; names in lower case.
        headers: Vec<(String, String)>,
        /// The body.
        body: Vec<u8>,
    },
    /// It breaks the connection in the middle of an answer.
    Broken,
}

/// One request and what became of it, for those who watch a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// The state whose request it was; `None` for the approval page and for what the file does not know.
    pub state: Option<String>,
    /// The method.
    pub method: String,
    /// The host, as the request named it.
    pub host: String,
    /// The path.
    pub path: String,
    /// The status of the answer; `None` where the connection was broken.
    pub status: Option<u16>,
    /// What happened, in words: `pending`, `approved`, or what was wrong with the request.
    pub note: String,
    /// Whether the request broke the protocol.
    pub refused: bool,
    /// Where on this server a person can decide on the login that began with this request: path and query.
    pub page: Option<String>,
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}{} ({} bytes)", self.method, self.host, self.path, self.body.len())
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reply::Answer { status, body, .. } => write!(f, "Reply({status}, {} bytes)", body.len()),
            Reply::Broken => f.write_str("Reply(broken)"),
        }
    }
}

impl Asked {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }
}
