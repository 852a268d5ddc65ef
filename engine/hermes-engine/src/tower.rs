//! A [`tower`](https://docs.rs/tower) layer that adds a credential to each request.
//!
//! The headers of [`Access`](crate::Access) are added. After a 401 the token is renewed and the request repeated, once;
//! after 402 and 429 the account steps aside, and the answer goes to the caller as it is.
//!
//! Note: a request to another origin than the credential's is refused, not sent without it.

use std::mem;
use std::task::{Context, Poll};

use http::{HeaderMap, Request, Response, StatusCode};
use tower_layer::Layer;
use tower_service::Service;
use url::Url;

use crate::engine::{check_origin, rejection};
use crate::{Access, Account, BoxFuture, Error};

/// Any error of a service below.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Adds the credential of an account to each request.
#[derive(Debug, Clone)]
pub struct AuthorizeLayer {
    account: Account,
}

impl AuthorizeLayer {
    /// A layer for an account.
    pub fn new(account: Account) -> AuthorizeLayer {
        AuthorizeLayer { account }
    }
}

impl<S> Layer<S> for AuthorizeLayer {
    type Service = Authorize<S>;

    fn layer(&self, inner: S) -> Authorize<S> {
        Authorize { inner, account: self.account.clone() }
    }
}

/// The service of an [`AuthorizeLayer`]. Requests need an absolute URI.
#[derive(Debug, Clone)]
pub struct Authorize<S> {
    inner: S,
    account: Account,
}

impl<S, B, R> Service<Request<B>> for Authorize<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: Clone + Send + 'static,
    R: Send + 'static,
{
    type Response = Response<R>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<R>, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The one that is ready is used; a clone need not be.
        let clone = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, clone);
        let account = self.account.clone();
        Box::pin(async move {
            let url = Url::parse(&request.uri().to_string())?;
            let access = account.access().await?;
            let answer = inner.call(with(&access, &url, request.clone())?).await.map_err(Into::into)?;
            let Some(why) = rejection(answer.status(), answer.headers()) else { return Ok(answer) };
            account.reject(&access, why).await?;
            if answer.status() != StatusCode::UNAUTHORIZED {
                return Ok(answer);
            }
            // Where no other token is to be had, the caller sees the server's answer.
            let Ok(renewed) = account.access().await else { return Ok(answer) };
            if renewed.token() == access.token() {
                return Ok(answer);
            }
            std::future::poll_fn(|context| inner.poll_ready(context)).await.map_err(Into::into)?;
            inner.call(with(&renewed, &url, request)?).await.map_err(Into::into)
        })
    }
}

fn with<B>(access: &Access, url: &Url, mut request: Request<B>) -> Result<Request<B>, Error> {
    check_origin(access, url)?;
    put(request.headers_mut(), access.headers());
    Ok(request)
}

fn put(headers: &mut HeaderMap, own: HeaderMap) {
    for (name, value) in &own {
        headers.insert(name, value.clone());
    }
}
