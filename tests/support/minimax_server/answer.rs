//! What the service answers, endpoint by endpoint.

use std::time::Instant;

use serde_json::{Map, Value, json};

use super::book::{Book, Code, Region, verifies};
use super::options::{CodeFault, PollFault, RefreshFault, Reuse, Rotation};
use super::wire::{Form, Sent};
use super::{CLIENT_ID, SCOPE, USER_CODE_GRANT};

impl Book {
    /// Answers a request.
    pub(super) fn answer(&mut self, host: &str, route: &str, form: &Form) -> Sent {
        let is_api = matches!(host, "api.minimax.io" | "api.minimaxi.com");
        let is_account = matches!(host, "account.minimax.io" | "account.minimaxi.com");
        match route {
            "POST /oauth/code" if is_api => {
                self.moved(form, "/oauth2/device/code").unwrap_or_else(|| self.code(form))
            }
            "POST /oauth/token" if is_api => {
                self.moved(form, "/oauth2/token").unwrap_or_else(|| self.token(form))
            }
            "POST /oauth2/device/code" if is_account => {
                self.moved_away("/oauth/code").unwrap_or_else(|| self.code(form))
            }
            "POST /oauth2/token" if is_account => {
                self.moved_away("/oauth/token").unwrap_or_else(|| self.token(form))
            }
            _ if is_api && route.contains(" /anthropic/") => self.inference(form),
            _ => {
                self.counts.unknown += 1;
                self.wrong(format!("{route} on {host}"));
                Sent::Text(404, "text/html", "<h1>404</h1>".into())
            }
        }
    }

    fn moved(&mut self, form: &Form, path: &str) -> Option<Sent> {
        let None = self.options.redirect_to.clone()? else { return None };
        let host = match form.region {
            Region::Global => "account.minimax.io",
            Region::China => "account.minimaxi.com",
        };
        self.counts.redirected += 1;
        Some(Sent::Redirect(format!("https://{host}{path}")))
    }

    /// The redirect of the account's host, where one to a certain host was asked for.
    fn moved_away(&mut self, path: &str) -> Option<Sent> {
        let host = self.options.redirect_to.clone()??;
        self.counts.redirected += 1;
        Some(Sent::Redirect(format!("https://{host}{path}")))
    }

    fn code(&mut self, form: &Form) -> Sent {
        self.counts.code += 1;
        if let Some(refused) = self.judge_client(form) {
            return refused;
        }
        let must = [("response_type", "code"), ("scope", SCOPE), ("code_challenge_method", "S256")];
        for (name, value) in must.into_iter().filter(|(name, value)| form.field(name) != *value) {
            self.wrong(format!("{name} is not {value}"));
        }
        if form.field("code_challenge").len() != 43 || form.field("state").len() < 22 {
            self.wrong("the challenge or the state is too short");
        }
        match self.options.code_fault {
            Some(CodeFault::Page500) => Sent::Text(500, "text/html", "<h1>500</h1>".into()),
            Some(CodeFault::Rejected) => oauth(400, "invalid_request", "rejected"),
            Some(CodeFault::RateLimit) => Sent::Json(200, base_resp(1002, "rate limit")),
            fault => self.give_code(form, fault),
        }
    }

    fn give_code(&mut self, form: &Form, fault: Option<CodeFault>) -> Sent {
        let user_code = self.fresh_code();
        let page = match (fault, self.options.has_dead_page, form.region) {
            (Some(CodeFault::ForeignPage), _, _) => "https://minimax.example.net/oauth-authorize",
            (_, true, _) => "https://www.minimax.io/oauth-authorize",
            (_, _, Region::Global) => "https://platform.minimax.io/oauth-authorize",
            (_, _, Region::China) => "https://platform.minimaxi.com/oauth-authorize",
        };
        let life = self.options.code_life;
        let mut answer = json!({
            "user_code": user_code,
            "verification_uri": format!("{page}?user_code={user_code}"),
            "expired_in": self.expired_in(life),
            "state": form.field("state"),
            "base_resp": { "status_code": 0, "status_msg": "success" },
        });
        if let Some(interval) = self.options.interval_ms {
            answer["interval"] = interval.into();
        }
        match fault {
            Some(CodeFault::NoUserCode) => remove(&mut answer, "user_code"),
            Some(CodeFault::NoPage) => remove(&mut answer, "verification_uri"),
            Some(CodeFault::NoExpiry) => remove(&mut answer, "expired_in"),
            Some(CodeFault::NoState) => remove(&mut answer, "state"),
            Some(CodeFault::OtherState) => answer["state"] = "somebody-elses".into(),
            _ => {}
        }
        let challenge = form.field("code_challenge").to_owned();
        let code =
            Code { region: form.region, challenge, ends: Instant::now() + life, polls: 0, is_spent: false };
        self.codes.insert(user_code, code);
        Sent::Json(200, answer)
    }

    fn token(&mut self, form: &Form) -> Sent {
        match form.field("grant_type") {
            USER_CODE_GRANT => self.poll(form),
            "refresh_token" => self.refresh(form),
            other => {
                self.wrong(format!("grant_type {other}"));
                oauth(400, "unsupported_grant_type", "unknown grant")
            }
        }
    }

    fn poll(&mut self, form: &Form) -> Sent {
        self.counts.poll += 1;
        if let Some(refused) = self.judge_client(form) {
            return refused;
        }
        if !self.options.hiccups.is_empty() {
            return match self.options.hiccups.remove(0) {
                0 => Sent::Nothing,
                429 => Sent::Json(429, base_resp(1002, "rate limit")),
                status => Sent::Text(status, "text/html", format!("<h1>{status}</h1>")),
            };
        }
        self.verifiers.push(form.field("code_verifier").to_owned());
        let Some(code) = self.codes.get_mut(form.field("user_code")) else {
            self.wrong("a user code that was never given out");
            return oauth(400, "invalid_grant", "unknown user_code");
        };
        if code.region != form.region || code.is_spent {
            self.wrong("a user code of the other region, or one that was used");
            return oauth(400, "invalid_grant", "unknown user_code");
        }
        if !verifies(form.field("code_verifier"), &code.challenge) {
            self.wrong("the verifier does not belong to the challenge");
            return oauth(400, "invalid_grant", "code_verifier");
        }
        if Instant::now() >= code.ends {
            self.wrong("a poll after the end of the code");
            return Sent::Json(400, base_resp(2049, "user code expired"));
        }
        code.polls += 1;
        if code.polls <= self.options.pending {
            return Sent::Json(
                200,
                json!({ "status": "pending", "base_resp": { "status_code": 0, "status_msg": "success" } }),
            );
        }
        self.decide(form)
    }

    /// The person has decided.
    fn decide(&mut self, form: &Form) -> Sent {
        let fault = self.options.poll_fault;
        match fault {
            Some(PollFault::Denied) => return Sent::Json(200, json!({ "status": "error" })),
            Some(PollFault::Rejected) => return Sent::Json(400, base_resp(2013, "invalid params")),
            Some(PollFault::RejectedInText) => return Sent::Text(400, "text/plain", "not today".into()),
            Some(PollFault::RateLimit) => return Sent::Json(200, base_resp(1004, "rate limit")),
            Some(PollFault::NotJson) => return Sent::Text(200, "text/html", "<p>not JSON</p>".into()),
            _ => {}
        }
        let mut answer = self.tokens();
        answer["refresh_token"] = self.refresh_token(form.region).into();
        if let Some(text) = &self.options.notification {
            answer["notification_message"] = text.as_str().into();
        }
        match fault {
            Some(PollFault::NoAccessToken) => remove(&mut answer, "access_token"),
            Some(PollFault::NoRefreshToken) => remove(&mut answer, "refresh_token"),
            Some(PollFault::NoExpiry) => remove(&mut answer, "expired_in"),
            _ => {
                if let Some(code) = self.codes.get_mut(form.field("user_code")) {
                    code.is_spent = true;
                }
            }
        }
        Sent::Json(200, answer)
    }

    fn tokens(&mut self) -> Value {
        let life = self.options.token_life;
        let mut answer = json!({
            "status": "success",
            "access_token": self.access_token(),
            "expired_in": self.expired_in(life),
            "token_type": "Bearer",
        });
        if let Some(url) = &self.options.resource_url {
            answer["resource_url"] = url.as_str().into();
        }
        answer
    }

    fn refresh(&mut self, form: &Form) -> Sent {
        self.counts.refresh += 1;
        if let Some(refused) = self.judge_client(form) {
            return refused;
        }
        let fault =
            self.options.refresh_fault.as_mut().filter(|(_, times)| *times > 0).map(|(fault, times)| {
                *times -= 1;
                *fault
            });
        match fault {
            Some(RefreshFault::InvalidGrant) => oauth(400, "invalid_grant", "the token is not valid"),
            Some(RefreshFault::Reused) => Sent::Text(400, "text/plain", "refresh_token_reused".into()),
            Some(RefreshFault::InvalidIn200) => {
                Sent::Json(200, json!({ "status": "error", "message": "invalid_refresh_token" }))
            }
            Some(RefreshFault::RateLimit) => Sent::Json(200, base_resp(1002, "rate limit")),
            Some(RefreshFault::Page500) => Sent::Text(500, "text/html", "<h1>500</h1>".into()),
            Some(RefreshFault::TooMany) => Sent::Json(429, base_resp(1002, "rate limit")),
            Some(RefreshFault::Broken) => Sent::Nothing,
            Some(RefreshFault::NoAccessToken) => {
                Sent::Json(200, json!({ "status": "success", "expired_in": 3_600 }))
            }
            Some(RefreshFault::Page200) => {
                Sent::Text(200, "text/html", "<title>Sign in to the Wi-Fi</title>".into())
            }
            Some(RefreshFault::CutJson) => {
                Sent::Text(200, "application/json", r#"{"status":"success","access_token":"mm-ac"#.into())
            }
            Some(RefreshFault::CutAnswer) => {
                self.redeem(form);
                Sent::Text(200, "application/json", r#"{"status":"success","access_token":"mm-ac"#.into())
            }
            Some(RefreshFault::LostAnswer) => {
                self.redeem(form);
                Sent::Nothing
            }
            None => self.redeem(form),
        }
    }

    /// Takes a refresh token. It is spent by that, unless it goes on.
    fn redeem(&mut self, form: &Form) -> Sent {
        let token = form.field("refresh_token").to_owned();
        let found =
            self.grants.iter().position(|grant| grant.refresh_token == token && grant.region == form.region);
        let Some(number) = found else {
            return oauth(400, "invalid_grant", "invalid_refresh_token");
        };
        match (&self.grants[number].spent, self.options.reuse) {
            (Some((when, answer)), Reuse::Within(time)) if when.elapsed() < time => {
                return Sent::Json(200, answer.clone());
            }
            (Some(_), _) => return oauth(400, "invalid_grant", "refresh_token_reused"),
            (None, _) => {}
        }
        self.counts.redeemed += 1;
        let mut answer = self.tokens();
        match self.options.rotation {
            Rotation::New => {
                answer["refresh_token"] = self.refresh_token(form.region).into();
                self.grants[number].spent = Some((Instant::now(), answer.clone()));
            }
            Rotation::Absent => {}
            Rotation::Null => answer["refresh_token"] = Value::Null,
            Rotation::Empty => answer["refresh_token"] = "".into(),
        }
        Sent::Json(200, answer)
    }

    /// The message that the service has for a token it does not know, and for a key in the wrong header.
    fn inference(&mut self, form: &Form) -> Sent {
        self.counts.inference += 1;
        match &form.bearer {
            Some(token) if self.knows_access_token(token) => {
                Sent::Json(200, json!({ "type": "message", "content": [], "role": "assistant" }))
            }
            _ => Sent::Json(
                401,
                json!({ "type": "error", "error": { "type": "authentication_error",
                "message": "login fail: Please carry the API secret key in the 'Authorization' field of the request header (1004)" } }),
            ),
        }
    }

    fn judge_client(&mut self, form: &Form) -> Option<Sent> {
        match form.field("client_id") {
            CLIENT_ID => None,
            "" => {
                self.wrong("no client_id");
                Some(oauth(400, "invalid_request", "client_id is required"))
            }
            other => {
                self.wrong(format!("client_id {other}"));
                Some(oauth(400, "invalid_client", "unknown client"))
            }
        }
    }
}

fn oauth(status: u16, error: &str, description: &str) -> Sent {
    Sent::Json(status, json!({ "error": error, "error_description": description }))
}

fn base_resp(code: u32, message: &str) -> Value {
    json!({ "base_resp": { "status_code": code, "status_msg": message } })
}

fn remove(answer: &mut Value, name: &str) {
    answer.as_object_mut().map(|object: &mut Map<String, Value>| object.shift_remove(name));
}
