//! What the services answer, family by family.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::Url;

use super::facts::{Browser, Client, Device, Facts, Way};
use super::{Answer, Asked};

/// The client of OpenAI's command-line program.
const CODEX_CLIENT: &str = "app_EMoamEEZ73f0CkXaXp7hrann";
/// The redirect URI of its login with a code.
const CODEX_REDIRECT: &str = "https://auth.openai.com/deviceauth/callback";
/// The grant of RFC 8628.
const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// How long an access token lives, in seconds.
const LIFE: u64 = 3 * 3_600;
/// A verifier that the service makes, as the last step of a login with a code sends it back.
const SERVERS_VERIFIER: &str = "servers-verifier-servers-verifier-servers-ve";

/// What a service remembers.
pub struct Book {
    pub(super) facts: &'static Facts,
    /// All requests, in order.
    pub(super) asked: Vec<Asked>,
    /// What is answered in the place of the service, by path.
    pub(super) detours: Vec<(&'static str, Answer)>,
    /// What the client did that it must not do.
    pub wrong: Vec<String>,
    /// The user code that was given out last.
    pub user_code: String,
    /// Further members of an answer with tokens.
    pub extra: Value,
    /// The GitHub token of the environment, for a login that only mints.
    pub known_token: String,
    issued: u32,
    refreshes: u32,
    mints: u32,
    polls: u32,
    last_poll: Option<Instant>,
    challenge: String,
    redirect_uri: String,
}

impl Book {
    pub(super) fn new(facts: &'static Facts) -> Book {
        Book {
            facts,
            asked: Vec::new(),
            detours: Vec::new(),
            wrong: Vec::new(),
            user_code: String::new(),
            extra: Value::Null,
            known_token: String::new(),
            issued: 0,
            refreshes: 0,
            mints: 0,
            polls: 0,
            last_poll: None,
            challenge: String::new(),
            redirect_uri: String::new(),
        }
    }

    /// The facts of the service.
    pub fn facts(&self) -> &'static Facts {
        self.facts
    }

    /// How often a credential was renewed.
    pub fn refreshes(&self) -> u32 {
        self.refreshes
    }

    /// The access token that was given out last.
    pub fn access_token(&self) -> String {
        match &self.facts.way {
            Way::Device(Device { mint: Some(_), .. }) => format!("minted-{}", self.issued),
            Way::Device(Device { jwt: true, .. }) | Way::CodexDevice => jwt(self.issued),
            Way::Browser(Browser { key: None, .. }) => jwt(self.issued),
            _ => format!("access-token-{}", self.issued),
        }
    }

    fn refresh_token(&self) -> String {
        format!("refresh-token-{}", self.issued)
    }

    fn wrong(&mut self, what: impl Into<String>) -> Answer {
        self.wrong.push(what.into());
        Answer::Json(400, json!({ "error": "invalid_request" }))
    }

    /// Answers a request.
    pub(super) fn answer(&mut self, asked: &Asked) -> Answer {
        let url = format!("https://{}{}", asked.host, asked.path);
        match &self.facts.way {
            Way::Device(device) if url == device.code => self.device_code(device, asked),
            Way::Device(device) if url == device.token => self.device_token(device, asked),
            Way::Device(device) if Some(url.as_str()) == device.account => self.account(device, asked),
            Way::Device(device) if Some(url.as_str()) == device.mint => self.mint(asked),
            Way::CodexDevice => self.codex(asked),
            Way::Client(client) if url == client.token => self.client(client, asked),
            Way::Key(key) if asked.header("authorization") == format!("Bearer {key}") => {
                Answer::Json(200, json!({ "data": [{ "id": "model-1" }, { "id": "model-2" }] }))
            }
            Way::Key(_) => Answer::Json(401, json!({ "error": { "message": "no such key" } })),
            Way::Browser(browser) if url == browser.token => self.exchange(browser, asked),
            // A browser comes to the address of the page on this computer.
            Way::Browser(browser) if browser.page.ends_with(&asked.path) => self.page(browser, asked),
            _ => self.wrong(format!("{} {url}", asked.method)),
        }
    }

    /// Compares fields with what they must be.
    fn expect(&mut self, asked: &Asked, must: &[(&str, &str)]) {
        for (name, value) in must.iter().filter(|(name, value)| asked.field(name) != *value) {
            self.wrong.push(format!("{}: `{name}` is `{}`, not `{value}`", asked.path, asked.field(name)));
        }
    }

    fn expect_headers(&mut self, asked: &Asked, names: &[&str]) {
        for name in names.iter().filter(|name| asked.header(name).is_empty()) {
            self.wrong.push(format!("{}: no header `{name}`", asked.path));
        }
    }

    fn expect_form(&mut self, asked: &Asked) {
        let is_form = asked.method == "POST" && asked.kind == "application/x-www-form-urlencoded";
        if !is_form || !asked.header("accept").contains("application/json") {
            self.wrong.push(format!("{}: no POST of a form that accepts JSON", asked.path));
        }
    }

    fn expect_basic(&mut self, asked: &Asked, (id, secret): (&str, &str)) {
        let expect = format!("Basic {}", BASE64_STANDARD.encode(format!("{id}:{secret}")));
        if asked.header("authorization") != expect {
            self.wrong.push(format!("{}: it is not {id} who asks", asked.path));
        }
    }

    /// A client that asks for itself. It has no refresh token, and asks again.
    fn client(&mut self, client: &Client, asked: &Asked) -> Answer {
        if let Some(id) = client.basic {
            self.expect_form(asked);
            self.expect_basic(asked, (id, client.secret.1));
        }
        self.expect(asked, client.must);
        self.refreshes = self.issued;
        self.issued += 1;
        let token = self.access_token();
        Answer::Json(200, json!({ "access_token": token, "token_type": "Bearer", "expires_in": LIFE }))
    }

    fn device_code(&mut self, device: &Device, asked: &Asked) -> Answer {
        self.expect_form(asked);
        self.expect_headers(asked, device.headers);
        self.expect(asked, &[("client_id", device.client_id), ("scope", device.scope)]);
        self.polls = 0;
        self.last_poll = None;
        self.user_code = format!("WDJB-{}", 1_000 + self.issued);
        let page = format!("{}?user_code={}", device.page, self.user_code);
        Answer::Json(
            200,
            json!({
                "device_code": format!("device-code-{}", self.issued), "user_code": self.user_code,
                "verification_uri": device.page, "verification_uri_complete": page,
                "expires_in": 600, "interval": 1,
            }),
        )
    }

    fn device_token(&mut self, device: &Device, asked: &Asked) -> Answer {
        self.expect_form(asked);
        self.expect_headers(asked, device.headers);
        if asked.field("grant_type") == "refresh_token" {
            return self.refresh(device, asked);
        }
        let code = format!("device-code-{}", self.issued);
        self.expect(
            asked,
            &[("client_id", device.client_id), ("grant_type", DEVICE_GRANT), ("device_code", &code)],
        );
        if let Some(answer) = self.pending(device.interval) {
            let status = if device.always_200 { 200 } else { 400 };
            return Answer::Json(status, answer);
        }
        self.issue()
    }

    /// What the first poll is answered. One that comes too early is wrong.
    fn pending(&mut self, interval: u64) -> Option<Value> {
        // A timer may be a moment early.
        let least = Duration::from_millis(interval * 1_000 - 100);
        if self.last_poll.replace(Instant::now()).is_some_and(|last| last.elapsed() < least) {
            self.wrong.push(format!("a poll within {interval} s of the last one"));
        }
        self.polls += 1;
        (self.polls < 2).then(|| json!({ "error": "authorization_pending" }))
    }

    fn issue(&mut self) -> Answer {
        self.issued += 1;
        let mut answer = json!({
            "access_token": self.access_token(), "refresh_token": self.refresh_token(),
            "token_type": "Bearer", "expires_in": LIFE,
        });
        for (name, value) in self.extra.as_object().into_iter().flatten() {
            answer[name] = value.clone();
        }
        Answer::Json(200, answer)
    }

    fn refresh(&mut self, device: &Device, asked: &Asked) -> Answer {
        let sent = match device.refresh_header {
            Some(header) => asked.header(header),
            None => asked.field("refresh_token"),
        };
        let sent = sent.to_owned();
        self.expect(asked, &[("client_id", device.client_id)]);
        self.redeem(&sent)
    }

    fn redeem(&mut self, refresh_token: &str) -> Answer {
        if refresh_token != self.refresh_token() {
            self.wrong.push(format!("`{refresh_token}` is not the refresh token that was given out last"));
            return Answer::Json(400, json!({ "error": "invalid_grant" }));
        }
        self.refreshes += 1;
        self.issue()
    }

    /// Whether GitHub's token serves as it is, and where.
    fn account(&mut self, device: &Device, asked: &Asked) -> Answer {
        if asked.header("authorization") != format!("token {}", self.access_token()) {
            return self.wrong(format!("the account is asked with {:?}", asked.headers));
        }
        match device.account_serves {
            true => {
                let api = json!({ "api": "https://api.individual.githubcopilot.com" });
                Answer::Json(200, json!({ "login": "user", "endpoints": api }))
            }
            false => Answer::Json(404, json!({ "message": "Not Found" })),
        }
    }

    /// GitHub's token for one of Copilot's. It does not expire, and is what renews the other.
    fn mint(&mut self, asked: &Asked) -> Answer {
        let known = match self.known_token.as_str() {
            "" => "minted-1",
            token => token,
        };
        let expect = format!("token {known}");
        if asked.header("authorization") != expect || !asked.header("editor-version").starts_with("vscode/") {
            return self.wrong(format!("the mint is asked with {:?}", asked.headers));
        }
        if self.known_token.is_empty() {
            self.known_token = known.to_owned();
        }
        self.refreshes = self.mints;
        self.mints += 1;
        self.issued += 1;
        Answer::Json(
            200,
            json!({
                "token": self.access_token(), "expires_at": now() + LIFE,
                "endpoints": { "api": "https://api.individual.githubcopilot.com" },
            }),
        )
    }

    fn codex(&mut self, asked: &Asked) -> Answer {
        match asked.path.as_str() {
            "/api/accounts/deviceauth/usercode" => {
                self.expect(asked, &[("client_id", CODEX_CLIENT)]);
                self.polls = 0;
                self.last_poll = None;
                self.user_code = "QWER-12345".to_owned();
                let answer =
                    json!({ "device_auth_id": "auth-id-1", "user_code": self.user_code, "interval": "3" });
                Answer::Json(200, answer)
            }
            "/api/accounts/deviceauth/token" => {
                let code = self.user_code.clone();
                self.expect(asked, &[("device_auth_id", "auth-id-1"), ("user_code", &code)]);
                match self.pending(3) {
                    Some(_) => Answer::Json(403, json!({})),
                    None => Answer::Json(
                        200,
                        json!({ "authorization_code": "code-1", "code_verifier": SERVERS_VERIFIER }),
                    ),
                }
            }
            "/oauth/token" if asked.field("grant_type") == "refresh_token" => {
                self.expect(asked, &[("client_id", CODEX_CLIENT)]);
                self.redeem(asked.field("refresh_token"))
            }
            "/oauth/token" => {
                self.expect(
                    asked,
                    &[
                        ("grant_type", "authorization_code"),
                        ("client_id", CODEX_CLIENT),
                        ("code", "code-1"),
                        ("code_verifier", SERVERS_VERIFIER),
                        ("redirect_uri", CODEX_REDIRECT),
                    ],
                );
                self.issue()
            }
            path => self.wrong(path),
        }
    }

    /// The page that a browser opens: it is approved at once.
    fn page(&mut self, browser: &Browser, asked: &Asked) -> Answer {
        self.expect(asked, browser.must);
        self.expect(asked, &[("code_challenge_method", "S256")]);
        self.challenge = asked.field("code_challenge").to_owned();
        if browser.pasted {
            return Answer::Json(200, json!({ "shown": "code-1" }));
        }
        self.redirect_uri = asked.field(browser.redirect).to_owned();
        let Ok(mut back) = Url::parse(&self.redirect_uri) else { return self.wrong("no redirect URI") };
        let host_fits = matches!(back.host_str(), Some("localhost" | "127.0.0.1"));
        let port_fits =
            browser.ports.is_empty() || back.port().is_some_and(|port| browser.ports.contains(&port));
        let path_fits = browser.path.is_none_or(|path| path == back.path());
        if !host_fits || !port_fits || !path_fits {
            return self.wrong(format!("{back} is not registered"));
        }
        let state = asked.field("state");
        if state.len() < 22 && (browser.path.is_some() || back.path().len() < 30) {
            return self.wrong("nothing ties the callback to this login");
        }
        back.query_pairs_mut().append_pair("code", "code-1");
        if !state.is_empty() {
            back.query_pairs_mut().append_pair("state", state);
        }
        Answer::Redirect(back.into())
    }

    fn exchange(&mut self, browser: &Browser, asked: &Asked) -> Answer {
        if let Some(basic) = browser.basic {
            self.expect_basic(asked, basic);
        }
        if asked.field("grant_type") == "refresh_token" {
            return self.redeem(asked.field("refresh_token"));
        }
        self.expect(asked, &[("code", "code-1")]);
        let hash = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(asked.field("code_verifier")));
        if asked.field("code_verifier").len() < 43 || hash != self.challenge {
            return self.wrong("the verifier does not belong to the challenge");
        }
        match browser.key {
            Some(key) => {
                self.issued += 1;
                let mut answer = json!({ key: self.access_token(), "user_id": "user_1" });
                if let Some(life) = browser.key_life {
                    answer[life] = LIFE.into();
                }
                Answer::Json(200, answer)
            }
            None => {
                let uri = self.redirect_uri.clone();
                self.expect(asked, &[("grant_type", "authorization_code"), ("redirect_uri", &uri)]);
                self.issue()
            }
        }
    }
}

/// A token whose claims tell when it ends.
fn jwt(number: u32) -> String {
    let part = |value: Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    // The same token must be told twice alike: whole hours are.
    let ends = (now() / 3_600 + 4) * 3_600;
    let account = json!({ "chatgpt_account_id": "account-1" });
    let claims = json!({ "exp": ends, "jti": number, "email": "user@example.com", "https://api.openai.com/auth": account });
    format!("{}.{}.signature", part(json!({ "alg": "none" })), part(claims))
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
