//! WebSocket: the one protocol to which a connection is handed over ([RFC 6455 §4](https://www.rfc-editor.org/rfc/rfc6455#section-4)).
//!
//! Note: after a 101 raw bytes pass unchecked, on a connection that carries the credential. So nothing else is asked for,
//! and only a 101 to what was asked is believed.

use http::header::{self, HeaderMap, HeaderValue};
use http::request::Parts;
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;

use crate::body::{Answer, text};
use crate::exchange::Exchange;
use crate::header::{clean_answer, tokens};
use crate::refusal::{Kind, Refusal};

const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");

/// Whether a client asks for a WebSocket, and for nothing else.
pub(crate) fn asked(parts: &Parts) -> bool {
    parts.method == Method::GET
        && is_websocket(&parts.headers)
        && tokens(&parts.headers, &header::CONNECTION).any(|token| token.eq_ignore_ascii_case("upgrade"))
}

fn is_websocket(headers: &HeaderMap) -> bool {
    let mut asked = tokens(headers, &header::UPGRADE);
    asked.next().is_some_and(|one| one.eq_ignore_ascii_case("websocket")) && asked.next().is_none()
}

/// Puts the fields back that every other request loses.
pub(crate) fn ask(headers: &mut HeaderMap) {
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, WEBSOCKET);
}

/// What hands a client's connection over, taken before its request is taken apart.
pub(crate) fn of(request: &mut Request<Incoming>) -> OnUpgrade {
    hyper::upgrade::on(request)
}

/// Joins the two connections after the server's 101.
pub(crate) fn join(
    client: Option<OnUpgrade>,
    mut answer: Response<Incoming>,
    mut exchange: Exchange,
) -> Result<Response<Answer>, Refusal> {
    let Some(client) = client.filter(|_| is_websocket(answer.headers())) else {
        return Err(Refusal::new(
            Kind::Unreachable,
            "bad_upgrade",
            "the server changed to a protocol nobody asked for",
        ));
    };
    let server = hyper::upgrade::on(&mut answer);
    exchange.answered(StatusCode::SWITCHING_PROTOCOLS.as_u16(), None);
    tokio::spawn(async move {
        let (Ok(client), Ok(server)) = (client.await, server.await) else { return };
        let (mut client, mut server) = (TokioIo::new(client), TokioIo::new(server));
        if let Ok((_, received)) = tokio::io::copy_bidirectional(&mut client, &mut server).await {
            exchange.sent(usize::try_from(received).unwrap_or(usize::MAX));
            exchange.ended("complete");
        }
    });
    let (mut parts, _) = answer.into_parts();
    clean_answer(&mut parts.headers);
    parts.extensions.clear();
    ask(&mut parts.headers);
    Ok(Response::from_parts(parts, text("")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_get_for_a_websocket_asks_for_an_upgrade() {
        let judged = |method: &str, upgrade: &str, connection: &str| {
            let request = Request::builder().method(method).uri("/x").header("upgrade", upgrade);
            let request = request.header("connection", connection).body(()).expect("a request");
            asked(&request.into_parts().0)
        };
        assert!(judged("GET", "websocket", "keep-alive, Upgrade"));
        assert!(judged("GET", "WebSocket", "upgrade"));
        for (method, upgrade, connection) in [
            ("POST", "websocket", "upgrade"),
            ("GET", "h2c", "upgrade"),
            ("GET", "websocket, h2c", "upgrade"),
            ("GET", "websocket", "keep-alive"),
        ] {
            assert!(!judged(method, upgrade, connection), "{method} {upgrade} {connection}");
        }
    }
}
