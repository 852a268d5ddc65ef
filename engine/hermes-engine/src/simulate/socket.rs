//! HTTP on one side, the pure server on the other.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use hermes_proof::simulate::{Asked, Exchange, Reply, Server};
use http_body::Frame;
use tokio::net::TcpListener;
use tokio::sync::mpsc::UnboundedSender;

use crate::clock::wall;
use crate::entropy::System;

/// The longest body that is read.
const BODY_LIMIT: usize = 64 * 1024;

#[derive(Clone)]
struct Shared {
    server: Arc<Mutex<Server>>,
    exchanges: UnboundedSender<Exchange>,
}

/// Serves until the task is aborted.
pub(super) async fn serve(
    listener: TcpListener,
    server: Server,
    exchanges: UnboundedSender<Exchange>,
) -> io::Result<()> {
    let shared = Shared { server: Arc::new(Mutex::new(server)), exchanges };
    axum::serve(listener, Router::new().fallback(handle).with_state(shared)).await
}

async fn handle(State(shared): State<Shared>, request: Request) -> Response {
    let Some(asked) = read(request).await else {
        return status(StatusCode::PAYLOAD_TOO_LARGE);
    };
    let (reply, exchange) = {
        let mut server = shared.server.lock().unwrap_or_else(PoisonError::into_inner);
        if !server.serves(&asked.host) {
            return status(StatusCode::MISDIRECTED_REQUEST);
        }
        server.answer(&asked, wall(), &mut System)
    };
    // Nobody has to watch.
    let _ = shared.exchanges.send(exchange);
    write(reply)
}

async fn read(request: Request) -> Option<Asked> {
    let (parts, body) = request.into_parts();
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let host = parts.headers.get(header::HOST).map(text).unwrap_or_default();
    Some(Asked {
        method: parts.method.as_str().to_owned(),
        host: host.to_ascii_lowercase(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect(),
        body: to_bytes(body, BODY_LIMIT).await.ok()?.to_vec(),
    })
}

fn write(reply: Reply) -> Response {
    match reply {
        Reply::Answer { status: code, headers, body } => {
            let mut response =
                status(StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
            *response.body_mut() = Body::from(body);
            for (name, value) in headers {
                if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                    response.headers_mut().append(name, value);
                }
            }
            response
        }
        Reply::Broken => {
            let mut response = status(StatusCode::OK);
            *response.body_mut() = Body::new(Half::Begun);
            response
        }
    }
}

/// A body that breaks off: the connection is closed in the middle of it.
enum Half {
    Begun,
    Broken,
}

impl HttpBody for Half {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let frame = match *self {
            Half::Begun => Ok(Frame::data(Bytes::from_static(b"{"))),
            Half::Broken => Err(io::ErrorKind::BrokenPipe.into()),
        };
        *self = Half::Broken;
        Poll::Ready(Some(frame))
    }
}

fn status(code: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = code;
    response
}
