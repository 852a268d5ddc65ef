//! The pages that a person sees: where to type the code, what is asked, what was decided.
//!
//! Plain HTML that works without script. Everything that a request brought is escaped before it is shown.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest as _, Sha256};

use super::wire::Reply;

/// The path of the approval page.
pub(super) const VERIFY: &str = "/simulated/verify";
/// The path that takes a decision.
pub(super) const DECIDE: &str = "/simulated/decide";
/// The header in which the page for a paste carries what is to be pasted.
pub const PASTE_HEADER: &str = "x-simulated-paste";

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1b1f27;--quiet:#565e6c;--paper:#fff;--ground:#eef0f4;--line:#cfd4dd;--go:#12633d;--stop:#9d2020}
@media(prefers-color-scheme:dark){:root{--ink:#eceff4;--quiet:#a9b1bf;--paper:#1d2129;--ground:#12151a;--line:#3a414d;--go:#2f9c66;--stop:#d65a5a}}
*{box-sizing:border-box}body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;background:var(--ground);color:var(--ink);font:1.0625rem/1.55 system-ui,sans-serif}
main{width:100%;max-width:27rem;background:var(--paper);border:1px solid var(--line);border-radius:14px;padding:2rem}
.mark{margin:0 0 1rem;font-size:.8125rem;letter-spacing:.06em;text-transform:uppercase;color:var(--quiet)}
h1{margin:0 0 .75rem;font-size:1.5rem;line-height:1.25}p{margin:0 0 1rem}
[role=alert]{color:var(--stop);font-weight:600}
.code{display:block;margin:0 0 1.25rem;padding:.75rem;border:1px dashed var(--line);border-radius:10px;text-align:center;font:600 1.625rem/1.3 ui-monospace,monospace;letter-spacing:.08em;overflow-wrap:anywhere}
label{display:block;margin-bottom:.35rem;font-weight:600}
input{width:100%;margin-bottom:1.25rem;padding:.65rem .75rem;border:1px solid var(--quiet);border-radius:8px;background:transparent;color:inherit;font:inherit;text-transform:uppercase}
.row{display:flex;gap:.75rem}button{flex:1;padding:.7rem 1rem;border:2px solid transparent;border-radius:8px;font:600 1rem system-ui,sans-serif;cursor:pointer;color:#fff;background:var(--go)}
button.no{background:transparent;color:var(--stop);border-color:var(--stop)}
@media(prefers-color-scheme:dark){button{color:#08130d}button.no{color:var(--stop)}}
button:focus-visible,input:focus-visible{outline:3px solid #4c8dff;outline-offset:2px}
dl{display:grid;grid-template-columns:auto 1fr;gap:.25rem 1rem;margin:0 0 1.5rem;font-size:.9375rem}dt{color:var(--quiet)}dd{margin:0;overflow-wrap:anywhere}";

/// What a page says.
pub(super) struct Page<'a> {
    /// The status.
    pub(super) status: u16,
    /// The provider's name.
    pub(super) provider: &'a str,
    /// The heading.
    pub(super) title: &'a str,
    /// The markup between the heading and the end; all of it is ours or escaped.
    pub(super) content: String,
}

impl Page<'_> {
    /// The page as an answer.
    pub(super) fn reply(&self) -> Reply {
        let html = format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <title>{title} – {provider} (simulated)</title><style>{STYLE}</style></head>\
             <body><main><p class=\"mark\">{provider} · simulated</p><h1>{title}</h1>{content}</main></body></html>\n",
            title = escape(self.title),
            provider = escape(self.provider),
            content = self.content,
        );
        Reply::Answer { status: self.status, headers: headers(), body: html.into_bytes() }
    }
}

fn headers() -> Vec<(String, String)> {
    let style = BASE64_STANDARD.encode(Sha256::digest(STYLE));
    // A browser follows a form's redirect only to where `form-action` allows it: the client's listener is on loopback.
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action 'self' http://127.0.0.1:* http://localhost:*; \
         base-uri 'none'; frame-ancestors 'none'"
    );
    [
        ("content-type", "text/html; charset=utf-8"),
        ("content-security-policy", policy.as_str()),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

/// The form for a code.
pub(super) fn enter_code(note: &str) -> String {
    let note =
        if note.is_empty() { String::new() } else { format!("<p role=\"alert\">{}</p>", escape(note)) };
    format!(
        "{note}<p>Enter the code that the program shows.</p><form method=\"get\" action=\"{VERIFY}\">\
         <label for=\"user_code\">Code</label>\
         <input id=\"user_code\" name=\"user_code\" autocomplete=\"off\" autocapitalize=\"characters\" \
         spellcheck=\"false\" required>\
         <div class=\"row\"><button>Continue</button></div></form>"
    )
}

/// What is asked of the person: the code to compare, what the client wants, and two buttons.
pub(super) fn consent(handle: &str, code: Option<&str>, facts: &[(&str, String)]) -> String {
    let code = code.map(|code| {
        format!(
            "<p>Approve only if your program shows this code:</p><strong class=\"code\">{}</strong>",
            escape(code)
        )
    });
    let rows: String = facts
        .iter()
        .map(|(name, value)| format!("<dt>{}</dt><dd>{}</dd>", escape(name), escape(value)))
        .collect();
    format!(
        "{code}<dl>{rows}</dl><form method=\"post\" action=\"{DECIDE}\">\
         <input type=\"hidden\" name=\"session\" value=\"{handle}\"><div class=\"row\">\
         <button name=\"decision\" value=\"approve\">Approve</button>\
         <button class=\"no\" name=\"decision\" value=\"deny\">Deny</button></div></form>",
        code = code.unwrap_or_default(),
        handle = escape(handle),
    )
}

/// A paragraph.
pub(super) fn paragraph(text: &str) -> String {
    format!("<p>{}</p>", escape(text))
}

/// A text to copy.
pub(super) fn copy(text: &str) -> String {
    format!(
        "<p>Copy this to the program that asked you to log in:</p><strong class=\"code\">{}</strong>",
        escape(text)
    )
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}
