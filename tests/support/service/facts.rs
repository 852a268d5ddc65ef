//! The facts of each login on the wire: hosts, paths, client ids and the names of fields.

/// A shipped login.
pub struct Facts {
    /// The provider and the state that its login begins in.
    pub login: (&'static str, &'static str),
    /// The region, where there are several.
    pub region: Option<&'static str>,
    /// All hosts that are asked.
    pub hosts: &'static [&'static str],
    /// What the user gives on the command line.
    pub set: &'static [&'static str],
    /// The protocol.
    pub way: Way,
}

/// A family of protocols.
pub enum Way {
    /// The device authorization grant (RFC 8628).
    Device(Device),
    /// A code of the service's own, whose poll gives an authorization code.
    CodexDevice,
    /// An authorization code with PKCE, its redirect on loopback.
    Browser(Browser),
    /// MiniMax's own device form, which has a server of its own.
    Minimax,
    /// The client credentials grant: the client itself is known.
    Client(Client),
    /// A list of models for who has this key.
    Key(&'static str),
}

/// The facts of a device login.
pub struct Device {
    /// Where the code is asked for.
    pub code: &'static str,
    /// Where it is polled, and where the credential is renewed.
    pub token: &'static str,
    pub client_id: &'static str,
    pub scope: &'static str,
    /// The page of the service.
    pub page: &'static str,
    /// The shortest interval that the client must keep, in seconds.
    pub interval: u64,
    /// Whether errors come with HTTP 200.
    pub always_200: bool,
    /// Whether the access token is a JWT.
    pub jwt: bool,
    /// The header that carries the refresh token; a field of the form where there is none.
    pub refresh_header: Option<&'static str>,
    /// Where the token is looked at, and whether it serves as it is.
    pub account: Option<&'static str>,
    pub account_serves: bool,
    /// Where it is exchanged for one that clients use.
    pub mint: Option<&'static str>,
    /// Headers that every request has.
    pub headers: &'static [&'static str],
}

/// The facts of a login in the browser.
pub struct Browser {
    /// The page.
    pub page: &'static str,
    /// Where the code is exchanged.
    pub token: &'static str,
    /// The name of the redirect URI in the page's address.
    pub redirect: &'static str,
    /// What the page's address must say, beside PKCE.
    pub must: &'static [(&'static str, &'static str)],
    /// The ports of the redirect URI that are registered; none for any.
    pub ports: &'static [u16],
    /// The path of it; none where a random one takes the place of `state`.
    pub path: Option<&'static str>,
    /// The member of the answer that is the key, where that is not renewed.
    pub key: Option<&'static str>,
    /// The member that says for how many seconds the key serves.
    pub key_life: Option<&'static str>,
    /// Whether the page shows the code, which the user pastes.
    pub pasted: bool,
    /// The client id and the secret of HTTP Basic at the token's address.
    pub basic: Option<(&'static str, &'static str)>,
}

/// The facts of a login of a client.
pub struct Client {
    pub token: &'static str,
    /// The variable that holds what proves the client, and its value.
    pub secret: (&'static str, &'static str),
    /// The client id of HTTP Basic; the secret is the password.
    pub basic: Option<&'static str>,
    /// The fields of the request.
    pub must: &'static [(&'static str, &'static str)],
}

/// A login in the browser of which nothing is known.
pub const NO_BROWSER: Browser = Browser {
    page: "",
    token: "",
    redirect: "redirect_uri",
    must: &[],
    ports: &[],
    path: Some("/callback"),
    key: None,
    key_life: None,
    pasted: false,
    basic: None,
};

/// A device login of which nothing is known.
pub const NO_DEVICE: Device = Device {
    code: "",
    token: "",
    client_id: "",
    scope: "",
    page: "",
    interval: 1,
    always_200: false,
    jwt: false,
    refresh_header: None,
    account: None,
    account_serves: false,
    mint: None,
    headers: &[],
};

const KIMI: Device = Device {
    client_id: "17e5f671-d194-4dfb-9706-5516cb48c098",
    interval: 5,
    always_200: true,
    headers: &["x-msh-platform", "x-msh-version", "x-msh-device-id", "x-msh-device-name"],
    ..NO_DEVICE
};

/// GitHub's device login for Copilot.
pub const COPILOT: Device = Device {
    code: "https://github.com/login/device/code",
    token: "https://github.com/login/oauth/access_token",
    client_id: "Iv1.b507a08c87ecfe98",
    scope: "read:user",
    page: "https://github.com/login/device",
    always_200: true,
    account: Some("https://api.github.com/copilot_internal/user"),
    account_serves: true,
    mint: Some("https://api.github.com/copilot_internal/v2/token"),
    ..NO_DEVICE
};

/// Every login of the catalogue that is no key.
pub static TABLE: &[Facts] = &[
    Facts {
        login: ("nous", "device"),
        region: None,
        hosts: &["portal.nousresearch.com"],
        set: &[],
        way: Way::Device(Device {
            code: "https://portal.nousresearch.com/api/oauth/device/code",
            token: "https://portal.nousresearch.com/api/oauth/token",
            client_id: "hermes-cli",
            scope: "inference:invoke",
            page: "https://portal.nousresearch.com/device",
            jwt: true,
            refresh_header: Some("x-nous-refresh-token"),
            ..NO_DEVICE
        }),
    },
    Facts {
        login: ("xai-oauth", "device"),
        region: Some("api"),
        hosts: &["auth.x.ai"],
        set: &[],
        way: Way::Device(Device {
            code: "https://auth.x.ai/oauth2/device/code",
            token: "https://auth.x.ai/oauth2/token",
            client_id: "b1a00492-073a-47ea-816f-4c329264a828",
            scope: "openid profile email offline_access grok-cli:access api:access",
            page: "https://accounts.x.ai/device",
            ..NO_DEVICE
        }),
    },
    Facts {
        login: ("xai-oauth", "device"),
        region: Some("subscription"),
        hosts: &["auth.x.ai"],
        set: &[],
        way: Way::Device(Device {
            code: "https://auth.x.ai/oauth2/device/code",
            token: "https://auth.x.ai/oauth2/token",
            client_id: "b1a00492-073a-47ea-816f-4c329264a828",
            scope: "openid profile email offline_access grok-cli:access api:access",
            page: "https://accounts.x.ai/device",
            ..NO_DEVICE
        }),
    },
    Facts {
        login: ("kimi-oauth", "device"),
        region: Some("cn"),
        hosts: &["auth.kimi.com"],
        set: &[],
        way: Way::Device(Device {
            code: "https://auth.kimi.com/api/oauth/device_authorization",
            token: "https://auth.kimi.com/api/oauth/token",
            page: "https://auth.kimi.com/device",
            ..KIMI
        }),
    },
    Facts {
        login: ("kimi-oauth", "device"),
        region: Some("global"),
        hosts: &["auth.kimi.ai"],
        set: &[],
        way: Way::Device(Device {
            code: "https://auth.kimi.ai/api/oauth/device_authorization",
            token: "https://auth.kimi.ai/api/oauth/token",
            page: "https://auth.kimi.ai/device",
            ..KIMI
        }),
    },
    Facts {
        login: ("copilot", "device"),
        region: None,
        hosts: &["github.com", "api.github.com"],
        set: &[],
        way: Way::Device(Device { ..COPILOT }),
    },
    Facts {
        login: ("copilot", "device"),
        region: None,
        hosts: &["github.com", "api.github.com"],
        set: &[],
        way: Way::Device(Device { account_serves: false, ..COPILOT }),
    },
    Facts {
        login: ("copilot", "mint"),
        region: None,
        hosts: &["github.com", "api.github.com"],
        set: &[],
        way: Way::Device(Device { account_serves: false, ..COPILOT }),
    },
    Facts {
        login: ("openai-codex", "request_code"),
        region: None,
        hosts: &["auth.openai.com"],
        set: &[],
        way: Way::CodexDevice,
    },
    Facts {
        login: ("openai-codex", "authorize"),
        region: None,
        hosts: &["auth.openai.com"],
        set: &[],
        way: Way::Browser(Browser {
            page: "https://auth.openai.com/oauth/authorize",
            token: "https://auth.openai.com/oauth/token",
            redirect: "redirect_uri",
            must: &[
                ("response_type", "code"),
                ("client_id", "app_EMoamEEZ73f0CkXaXp7hrann"),
                ("scope", "openid profile email offline_access api.connectors.read api.connectors.invoke"),
                ("id_token_add_organizations", "true"),
                ("codex_cli_simplified_flow", "true"),
            ],
            ports: &[1455, 1457],
            path: Some("/auth/callback"),
            ..NO_BROWSER
        }),
    },
    Facts {
        login: ("openrouter-oauth", "authorize"),
        region: None,
        hosts: &["openrouter.ai"],
        set: &[],
        way: Way::Browser(Browser {
            page: "https://openrouter.ai/auth",
            token: "https://openrouter.ai/api/v1/auth/keys",
            redirect: "callback_url",
            must: &[],
            ports: &[],
            path: None,
            key: Some("key"),
            ..NO_BROWSER
        }),
    },
    Facts {
        login: ("openrouter-oauth", "page"),
        region: None,
        hosts: &["openrouter.ai"],
        set: &[],
        way: Way::Browser(Browser {
            page: "https://openrouter.ai/auth",
            token: "https://openrouter.ai/api/v1/auth/keys",
            redirect: "callback_url",
            key: Some("key"),
            pasted: true,
            ..NO_BROWSER
        }),
    },
    Facts {
        login: ("minimax-oauth", "request_code"),
        region: Some("global"),
        hosts: &[],
        set: &[],
        way: Way::Minimax,
    },
    Facts {
        login: ("minimax-oauth", "request_code"),
        region: Some("cn"),
        hosts: &[],
        set: &[],
        way: Way::Minimax,
    },
    Facts {
        login: ("huggingface-oauth", "device"),
        region: None,
        hosts: &["huggingface.co"],
        set: &["client_id=my-app"],
        way: Way::Device(Device {
            code: "https://huggingface.co/oauth/device",
            token: "https://huggingface.co/oauth/token",
            client_id: "my-app",
            scope: "openid profile inference-api",
            page: "https://huggingface.co/device",
            ..NO_DEVICE
        }),
    },
    Facts {
        login: ("chutes-oauth", "authorize"),
        region: None,
        hosts: &["api.chutes.ai"],
        set: &["client_id=cid_1"],
        way: Way::Browser(Browser {
            page: "https://api.chutes.ai/idp/authorize",
            token: "https://api.chutes.ai/idp/token",
            must: &[
                ("response_type", "code"),
                ("client_id", "cid_1"),
                ("scope", "openid profile chutes:invoke"),
            ],
            ports: &[1456],
            path: Some("/oauth-callback"),
            ..NO_BROWSER
        }),
    },
    Facts {
        login: ("poe-oauth", "authorize"),
        region: None,
        hosts: &["poe.com", "api.poe.com"],
        set: &["client_id=client_1"],
        way: Way::Browser(Browser {
            page: "https://poe.com/oauth/authorize",
            token: "https://api.poe.com/token",
            must: &[("response_type", "code"), ("client_id", "client_1"), ("scope", "apikey:create")],
            path: Some("/callback"),
            key: Some("api_key"),
            key_life: Some("api_key_expires_in"),
            ..NO_BROWSER
        }),
    },
    Facts {
        login: ("databricks-oauth", "authorize"),
        region: None,
        hosts: &["acme.cloud.databricks.com"],
        set: &["host=https://acme.cloud.databricks.com"],
        way: Way::Browser(Browser {
            page: "https://acme.cloud.databricks.com/oidc/v1/authorize",
            token: "https://acme.cloud.databricks.com/oidc/v1/token",
            must: &[
                ("response_type", "code"),
                ("client_id", "databricks-cli"),
                ("scope", "all-apis offline_access"),
                ("redirect_uri", "http://localhost:8020"),
            ],
            ports: &[8020],
            path: Some("/"),
            ..NO_BROWSER
        }),
    },
    Facts {
        login: ("databricks-m2m", "obtain"),
        region: None,
        hosts: &["acme.cloud.databricks.com"],
        set: &["host=acme.cloud.databricks.com", "client_id=principal-1"],
        way: Way::Client(Client {
            token: "https://acme.cloud.databricks.com/oidc/v1/token",
            secret: ("DATABRICKS_CLIENT_SECRET", "secret-of-the-principal"),
            basic: Some("principal-1"),
            must: &[("grant_type", "client_credentials"), ("scope", "all-apis")],
        }),
    },
    Facts {
        login: ("snowflake-cortex-oauth", "authorize"),
        region: None,
        hosts: &["acme-eu1.snowflakecomputing.com"],
        set: &["account=acme-eu1"],
        way: Way::Browser(Browser {
            page: "https://acme-eu1.snowflakecomputing.com/oauth/authorize",
            token: "https://acme-eu1.snowflakecomputing.com/oauth/token-request",
            must: &[
                ("response_type", "code"),
                ("client_id", "LOCAL_APPLICATION"),
                ("scope", "refresh_token"),
            ],
            path: Some("/"),
            basic: Some(("LOCAL_APPLICATION", "LOCAL_APPLICATION")),
            ..NO_BROWSER
        }),
    },
    Facts {
        login: ("anthropic-workload", "exchange"),
        region: None,
        hosts: &["api.anthropic.com"],
        set: &["rule=fdrl_1", "organization=org-1", "service_account=svac_1"],
        way: Way::Client(Client {
            token: "https://api.anthropic.com/v1/oauth/token",
            secret: ("ANTHROPIC_IDENTITY_TOKEN", "identity-token-of-a-workload"),
            basic: None,
            must: &[
                ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
                ("assertion", "identity-token-of-a-workload"),
                ("federation_rule_id", "fdrl_1"),
                ("organization_id", "org-1"),
                ("service_account_id", "svac_1"),
            ],
        }),
    },
];
