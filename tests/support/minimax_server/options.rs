//! How the service behaves, and how it can fail.

use std::time::Duration;

/// How `expired_in` is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ExpiredIn {
    /// Unix milliseconds, as today.
    #[default]
    UnixMs,
    /// Unix seconds.
    UnixSeconds,
    /// Seconds from now.
    Seconds,
    /// Seconds from now, as text.
    SecondsAsText,
}

/// How `POST /oauth/code` fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeFault {
    /// 500 with a page.
    Page500,
    /// 400 with an OAuth error.
    Rejected,
    /// 200 without `user_code`.
    NoUserCode,
    /// 200 without `verification_uri`.
    NoPage,
    /// 200 without `expired_in`.
    NoExpiry,
    /// 200 with another `state`.
    OtherState,
    /// 200 without `state`.
    NoState,
    /// 200 with a `base_resp` error and nothing else.
    RateLimit,
    /// A page on a host that is nobody's.
    ForeignPage,
}

/// How a poll fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PollFault {
    /// 200 `status = "error"`: the person said no.
    Denied,
    /// 400 with a `base_resp` message.
    Rejected,
    /// 400 with plain text.
    RejectedInText,
    /// 200 `success` without `access_token`.
    NoAccessToken,
    /// 200 `success` without `refresh_token`.
    NoRefreshToken,
    /// 200 `success` without `expired_in`.
    NoExpiry,
    /// 200 with a `base_resp` error: a rate limit.
    RateLimit,
    /// 200 with something that is no JSON.
    NotJson,
}

/// How a refresh fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefreshFault {
    /// 400 `invalid_grant`.
    InvalidGrant,
    /// 400 `refresh_token_reused`, as text.
    Reused,
    /// 200 with a body that says `invalid_refresh_token`.
    InvalidIn200,
    /// 200 with a `base_resp` error: a rate limit.
    RateLimit,
    /// 500 with a page.
    Page500,
    /// 429.
    TooMany,
    /// The token is spent, and the connection breaks before the answer.
    LostAnswer,
    /// The token is spent, and the answer arrives whole but stops in the middle of its JSON.
    CutAnswer,
    /// The connection breaks before the request is read.
    Broken,
    /// 200 `success` without `access_token`.
    NoAccessToken,
    /// 200 with a page: somebody is in between.
    Page200,
    /// 200 with JSON that stops in the middle.
    CutJson,
}

/// What a refresh answers as `refresh_token`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Rotation {
    /// A new one; the old one is spent.
    #[default]
    New,
    /// None: the old one goes on.
    Absent,
    /// `null`: the old one goes on.
    Null,
    /// `""`: the old one goes on.
    Empty,
}

/// What a second use of a refresh token does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reuse {
    /// It is refused.
    #[default]
    Strict,
    /// Within this time it gives the same answer again.
    Within(Duration),
}

/// The whole behaviour.
#[derive(Debug, Clone)]
pub(super) struct Options {
    pub(super) pending: u32,
    pub(super) interval_ms: Option<u64>,
    pub(super) expired_in: ExpiredIn,
    pub(super) code_life: Duration,
    pub(super) token_life: Duration,
    /// `Some(None)` is the region's account host.
    pub(super) redirect_to: Option<Option<String>>,
    pub(super) has_dead_page: bool,
    pub(super) code_fault: Option<CodeFault>,
    pub(super) poll_fault: Option<PollFault>,
    pub(super) hiccups: Vec<u16>,
    pub(super) rotation: Rotation,
    pub(super) reuse: Reuse,
    pub(super) refresh_fault: Option<(RefreshFault, u32)>,
    pub(super) refresh_delay: Duration,
    pub(super) notification: Option<String>,
    pub(super) resource_url: Option<String>,
    pub(super) logins: Vec<(String, String)>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            pending: 0,
            interval_ms: None,
            expired_in: ExpiredIn::default(),
            code_life: Duration::from_secs(300),
            token_life: Duration::from_secs(2 * 3_600),
            redirect_to: None,
            has_dead_page: false,
            code_fault: None,
            poll_fault: None,
            hiccups: Vec::new(),
            rotation: Rotation::default(),
            reuse: Reuse::default(),
            refresh_fault: None,
            refresh_delay: Duration::ZERO,
            notification: None,
            resource_url: None,
            logins: Vec::new(),
        }
    }
}
