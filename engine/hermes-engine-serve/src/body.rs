//! Bodies: a request's, which can be sent once more as far as it is held, and an answer's.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use serde::de::{IgnoredAny, MapAccess, Visitor};

use crate::exchange::Exchange;

/// Any error below.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The body of an answer.
pub(crate) type Answer = UnsyncBoxBody<Bytes, BoxError>;

/// A text as a body.
pub(crate) fn text(text: impl Into<Bytes>) -> Answer {
    http_body_util::Full::new(text.into()).map_err(|never| match never {}).boxed_unsync()
}

/// The body of a request.
///
/// Note: it is read by whoever sends it. A server that answers before it has read it all has taken a part of it; what
/// sends it again begins with what is held, and goes on where the first had stopped.
#[derive(Clone)]
pub(crate) struct Upload(Arc<Mutex<State>>);

struct State {
    incoming: Incoming,
    /// What was read so far; empty where it was too much.
    held: VecDeque<Bytes>,
    size: usize,
    hold: usize,
    is_whole: bool,
    received: u64,
    most: u64,
    declared: Option<u64>,
    is_ended: bool,
    /// Which reader is the current one.
    reader: u64,
}

/// Why a body can't be read.
#[derive(Debug, thiserror::Error)]
enum UploadError {
    #[error("the request was sent again")]
    Superseded,
    #[error("the body is too long")]
    TooLong,
}

impl Upload {
    /// The body that comes in: as much as `hold` bytes is held, and no more than `most` is taken.
    pub(crate) fn new(incoming: Incoming, hold: usize, most: u64) -> Upload {
        let declared = incoming.size_hint().exact();
        Upload(Arc::new(Mutex::new(State {
            is_ended: incoming.is_end_stream(),
            incoming,
            held: VecDeque::new(),
            size: 0,
            hold,
            is_whole: true,
            received: 0,
            most,
            declared,
            reader: 0,
        })))
    }

    /// The body from its beginning. One that was made before ends with an error.
    pub(crate) fn body(&self) -> Sending {
        let mut state = self.state();
        state.reader += 1;
        Sending { upload: self.clone(), reader: state.reader, next: 0, given: 0 }
    }

    /// Whether all of it that was read is held.
    pub(crate) fn is_repeatable(&self) -> bool {
        self.state().is_whole
    }

    /// Whether more came than is taken.
    pub(crate) fn is_too_long(&self) -> bool {
        let state = self.state();
        state.received > state.most || state.declared.is_some_and(|size| size > state.most)
    }

    /// The member `model` of a JSON body, as far as it is among what can be held.
    pub(crate) async fn model(&self) -> Option<String> {
        let mut looked = 0;
        loop {
            let (is_over, size) = {
                let state = self.state();
                (state.is_ended || state.size >= state.hold, state.size)
            };
            // Not at each packet: a long body would be read over and over.
            if is_over || size >= looked * 2 {
                looked = size.max(1);
                let bytes = self.state().held.iter().flatten().copied().collect::<Vec<u8>>();
                if let Some(model) = model_of(&bytes) {
                    return Some(model);
                }
            }
            if is_over {
                return None;
            }
            // Its end is looked at once more.
            std::future::poll_fn(|cx| self.state().poll_more(cx)).await.transpose().ok()?;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Reads a frame, and holds it.
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.is_ended {
            return Poll::Ready(None);
        }
        let frame = ready!(Pin::new(&mut self.incoming).poll_frame(cx));
        let Some(frame) = frame.transpose()? else {
            self.is_ended = true;
            return Poll::Ready(None);
        };
        if let Some(bytes) = frame.data_ref() {
            self.received += bytes.len() as u64;
            if self.received > self.most {
                return Poll::Ready(Some(Err(UploadError::TooLong.into())));
            }
            self.size += bytes.len();
            if self.size > self.hold {
                self.is_whole = false;
                self.held.clear();
            } else if self.is_whole {
                self.held.push_back(bytes.clone());
            }
        } else {
            // Trailers can't be sent twice.
            self.is_whole = false;
        }
        Poll::Ready(Some(Ok(frame)))
    }
}

/// A body that is being sent.
pub(crate) struct Sending {
    upload: Upload,
    reader: u64,
    next: usize,
    given: u64,
}

impl Body for Sending {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        let mut state = this.upload.0.lock().unwrap_or_else(PoisonError::into_inner);
        if state.reader != this.reader {
            return Poll::Ready(Some(Err(UploadError::Superseded.into())));
        }
        let frame = match state.held.get(this.next) {
            Some(bytes) => Frame::data(bytes.clone()),
            None => match ready!(state.poll_more(cx)) {
                Some(frame) => frame?,
                None => return Poll::Ready(None),
            },
        };
        this.next += 1;
        this.given += frame.data_ref().map_or(0, |bytes| bytes.len() as u64);
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        let state = self.upload.state();
        state.is_ended && self.next >= state.held.len()
    }

    fn size_hint(&self) -> SizeHint {
        let declared = self.upload.state().declared;
        declared.map_or_else(SizeHint::default, |size| SizeHint::with_exact(size.saturating_sub(self.given)))
    }
}

/// The member `model` of an object whose text may be cut off.
fn model_of(bytes: &[u8]) -> Option<String> {
    struct Find<'f>(&'f mut Option<String>);
    impl<'de> Visitor<'de> for Find<'_> {
        type Value = ();

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
            while let Some(key) = map.next_key::<String>()? {
                if key == "model" {
                    // The last one counts, as for every reader that makes an object of it.
                    *self.0 = map.next_value::<Option<String>>()?;
                } else {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            Ok(())
        }
    }
    let mut found = None;
    // What is cut off is an error, after what was found.
    let _ = serde::Deserializer::deserialize_map(
        &mut serde_json::Deserializer::from_slice(bytes),
        Find(&mut found),
    );
    found
}

/// The body of an answer on its way, with what is noted of it.
pub(crate) struct Receiving {
    body: Incoming,
    exchange: Exchange,
}

impl Receiving {
    pub(crate) fn new(body: Incoming, exchange: Exchange) -> Receiving {
        Receiving { body, exchange }
    }
}

impl Body for Receiving {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        let frame = ready!(Pin::new(&mut this.body).poll_frame(cx));
        match &frame {
            Some(Ok(frame)) => {
                if let Some(bytes) = frame.data_ref() {
                    this.exchange.sent(bytes.len());
                }
            }
            Some(Err(_)) => this.exchange.ended("cut by the server"),
            None => this.exchange.ended("complete"),
        }
        if this.body.is_end_stream() {
            this.exchange.ended("complete");
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_is_found_in_a_body_that_is_cut_off_after_it() {
        let found = |text: &str| model_of(text.as_bytes());
        assert_eq!(found(r#"{"model":"large","messages":[{"role":"us"#).as_deref(), Some("large"));
        assert_eq!(found(r#"{"messages":[{"model":"inner"}],"model":"large"}"#).as_deref(), Some("large"));
        assert_eq!(found(r#"{"model":"one","model":"two"}"#).as_deref(), Some("two"));
        assert_eq!(found(r#"{"messages":[{"model":"inner"}]"#), None);
        assert_eq!(found(r#"{"model":5}"#), None);
        assert_eq!(found("not json"), None);
    }
}
