//! Bytes that reach the listener of a login: what is taken for the callback has the exact path, `GET` and one `Host` of the
//! listener, and no answer holds anything of what was asked (S19).

use hermes_engine::listener::{Expected, Verdict};
use hermes_machine::machine::{CallbackQuery, Listener};

const PATH: &str = "/back";
/// Where each listener is, and what a browser may call it.
const LISTENERS: [(&str, u16, &[&str]); 2] = [
    ("127.0.0.1", 7, &["127.0.0.1:7"]),
    ("localhost", 80, &["localhost", "localhost:80", "127.0.0.1", "127.0.0.1:80", "[::1]", "[::1]:80"]),
];

/// Takes any bytes as the head of a request.
pub fn holds(data: &[u8]) {
    for (host, port, names) in LISTENERS {
        let listener = Listener { host: host.to_owned(), port, path: PATH.to_owned() };
        let verdict = Expected::new(&listener, port).judge(data);
        if let Verdict::Callback(query) = &verdict {
            is_asked(data, names, query);
        }
        assert_eq!(verdict.answer(), plain(verdict).answer());
    }
}

/// A verdict of the same kind on another request.
fn plain(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Callback(_) => Verdict::Callback(CallbackQuery(Vec::new())),
        other => other,
    }
}

/// What was taken is in the bytes, read line by line.
fn is_asked(data: &[u8], names: &[&str], query: &CallbackQuery) {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.lines().skip_while(|line| line.is_empty());
    let line = lines.next().unwrap_or_default();
    let target =
        line.strip_prefix("GET ").and_then(|rest| rest.split_once(" HTTP/1.")).map(|(target, _)| target);
    let (path, asked) =
        target.map(|target| target.split_once('?').unwrap_or((target, ""))).unwrap_or_default();
    assert_eq!(path, PATH, "{line}");
    let asked: Vec<(String, String)> = url::form_urlencoded::parse(asked.as_bytes()).into_owned().collect();
    assert_eq!(query.0, asked, "{line}");
    let headers = lines.take_while(|line| !line.is_empty()).filter_map(|line| line.split_once(':'));
    let hosts: Vec<&str> =
        headers.filter(|(name, _)| name.eq_ignore_ascii_case("host")).map(|(_, host)| host.trim()).collect();
    let [host] = hosts[..] else { panic!("the hosts are {hosts:?}") };
    assert!(names.iter().any(|name| name.eq_ignore_ascii_case(host)), "the host is {host}");
}
