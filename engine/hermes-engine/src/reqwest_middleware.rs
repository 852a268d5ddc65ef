//! A [`reqwest-middleware`](https://docs.rs/reqwest-middleware) that adds a credential to each request.
//!
//! It does what [`tower::AuthorizeLayer`](https://docs.rs/tower-layer) does with the feature `tower`: headers are added, a
//! 401 renews the token and repeats the request once, 402 and 429 make the account step aside. A request whose body is a
//! stream can't be repeated: its caller sees the 401, and the next request has the new token.

use async_trait::async_trait;
use http::Extensions;
use reqwest::{Request, Response, StatusCode};
use reqwest_middleware::{Error, Middleware, Next, Result};

use crate::engine::{check_origin, rejection};
use crate::{Access, Account};

/// Adds the credential of an account to each request.
#[derive(Debug, Clone)]
pub struct Authorize {
    account: Account,
}

impl Authorize {
    /// A middleware for an account.
    pub fn new(account: Account) -> Authorize {
        Authorize { account }
    }
}

#[async_trait]
impl Middleware for Authorize {
    async fn handle(
        &self,
        request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> Result<Response> {
        let again = request.try_clone();
        let access = self.account.access().await.map_err(Error::middleware)?;
        let answer = next.clone().run(with(&access, request)?, extensions).await?;
        let Some(why) = rejection(answer.status(), answer.headers()) else { return Ok(answer) };
        self.account.reject(&access, why).await.map_err(Error::middleware)?;
        let Some(again) = again.filter(|_| answer.status() == StatusCode::UNAUTHORIZED) else {
            return Ok(answer);
        };
        // Where no other token is to be had, the caller sees the server's answer.
        match self.account.access().await {
            Ok(renewed) if renewed.token() != access.token() => {
                next.run(with(&renewed, again)?, extensions).await
            }
            _ => Ok(answer),
        }
    }
}

fn with(access: &Access, mut request: Request) -> Result<Request> {
    check_origin(access, request.url()).map_err(Error::middleware)?;
    for (name, value) in &access.headers() {
        request.headers_mut().insert(name, value.clone());
    }
    Ok(request)
}
