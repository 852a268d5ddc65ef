//! URLs: whose host is said by the file, over https, without credentials.

use super::Lowering;
use super::code::{CREDENTIALS_IN_URL, OPEN_HOST, PLAIN_HTTP, WIDE_LISTENER};
use super::names::Slot;
use super::site::Site;
use crate::diagnostic::Diagnostic;
use crate::origin::{Origin, transport_allowed};
use crate::provider::Listen;
use crate::raw::read::WRONG_TYPE;
use crate::raw::union::{Addresses, OneOrMany};
use crate::source::Span;
use crate::template::{OriginShape, Part, Template, UrlTrouble, origin_shape};

impl Lowering<'_> {
    /// The template of a URL that a request, a browser or a client goes to.
    pub(super) fn url(&mut self, text: &str, site: Site<'_>, slot: Slot) -> Template {
        let before = self.findings.len();
        let template = self.template(text, site, slot);
        if self.findings.len() == before {
            match origin_shape(&template) {
                Ok(OriginShape::Literal(origin)) => self.transport(&origin, template.span),
                Ok(OriginShape::Labels { .. }) if text.starts_with("http:") => self.plain_http(template.span),
                Ok(_) => {}
                Err(trouble) => self.push(url_finding(text, &trouble, template.span)),
            }
        }
        template
    }

    fn transport(&mut self, origin: &Origin, span: Span) {
        if !url::Url::parse(origin.as_str()).is_ok_and(|url| transport_allowed(&url)) {
            self.plain_http(span);
        }
    }

    /// Refuses a literal text that begins an http URL to anything but loopback.
    pub(super) fn plain_http_in(&mut self, text: &str, span: Span) {
        let is_plain = text.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http://"));
        let literal = text.split("{{").next().unwrap_or_default();
        if is_plain && !url::Url::parse(literal).is_ok_and(|url| transport_allowed(&url)) {
            self.plain_http(span);
        }
    }

    fn plain_http(&mut self, span: Span) {
        self.push(
            Diagnostic::new(&PLAIN_HTTP, span, "plain http to a host that is not loopback")
                .help("write `https://`; http is for `127.0.0.1` and `[::1]` alone"),
        );
    }

    /// The listeners of a browser state, of which one is bound; at least one.
    pub(super) fn listeners(&mut self, raw: &Addresses, site: Site<'_>) -> Vec<Listen> {
        match &raw.0 {
            OneOrMany::One(text) => vec![self.listener(text, site)],
            OneOrMany::Many(texts) if texts.is_empty() => {
                self.push(
                    Diagnostic::new(&WRONG_TYPE, site.span(), "an empty list of URLs")
                        .help("write `http://127.0.0.1:0/callback`"),
                );
                vec![Listen {
                    host: "127.0.0.1".to_owned(),
                    port: 0,
                    path: Template::literal("/", site.span()),
                    span: site.span(),
                }]
            }
            OneOrMany::Many(texts) => texts
                .iter()
                .enumerate()
                .map(|(i, text)| self.listener(text, site.item(i, texts.len())))
                .collect(),
        }
    }

    fn listener(&mut self, text: &str, site: Site<'_>) -> Listen {
        let span = site.span();
        let mut path = self.template(text, site, Slot::State);
        let (host, port) = match take_authority(&mut path) {
            Ok(authority) => authority,
            Err(problem) => {
                self.push(
                    Diagnostic::new(&WIDE_LISTENER, span, problem)
                        .help("write `http://127.0.0.1:0/callback`"),
                );
                ("127.0.0.1".to_owned(), 0)
            }
        };
        Listen { host, port, path, span }
    }
}

fn url_finding(text: &str, trouble: &UrlTrouble, span: Span) -> Diagnostic {
    let (code, help) = match trouble {
        UrlTrouble::Origin | UrlTrouble::Label => {
            (&OPEN_HOST, "write the host, or let one leading `{{…}}` hold the whole URL up to its path")
        }
        UrlTrouble::UserInfo => {
            (&CREDENTIALS_IN_URL, "take them out; `auth = { basic = [id, secret] }` sends them in a header")
        }
        UrlTrouble::Fragment => (&CREDENTIALS_IN_URL, "take the fragment out: it is never sent"),
        _ => (&WRONG_TYPE, "write a whole URL, such as `https://auth.example.com/token`"),
    };
    Diagnostic::new(code, span, format!("`{text}` {trouble}")).help(help)
}

/// Takes `http://HOST:PORT` off a listener's template, so that its path is left: an empty one where none is written.
fn take_authority(template: &mut Template) -> Result<(String, u16), &'static str> {
    const LITERAL: &str = "the address of a listener is literal; only its path may hold `{{…}}`";
    let is_literal = template.parts.len() == 1;
    let Some(Part::Text(text)) = template.parts.first_mut() else { return Err(LITERAL) };
    let rest = text.strip_prefix("http://").ok_or("a listener speaks http, on loopback")?;
    let slash = rest.find('/').or(is_literal.then_some(rest.len())).ok_or(LITERAL)?;
    let (authority, path) = rest.split_at(slash);
    let (host, port) =
        authority.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')).unwrap_or((authority, "80"));
    if !matches!(host, "127.0.0.1" | "[::1]" | "localhost") {
        return Err(
            "a listener is bound to `127.0.0.1`, `[::1]` or `localhost`, so that nobody else can reach it",
        );
    }
    let port = port.parse().map_err(|_| "the port of a listener is a number, 0 for any free one")?;
    if path.contains(['?', '#']) {
        return Err(
            "the path of a listener has no query and no fragment: what comes back is read from there",
        );
    }
    let authority = (host.to_owned(), port);
    *text = path.to_owned();
    template.text = template.text.chars().skip("http://".len() + slash).collect();
    Ok(authority)
}
