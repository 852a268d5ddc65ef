use proptest::prelude::*;

use super::*;

fn url(text: &str) -> Url {
    Url::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn origin(text: &str) -> Origin {
    Origin::of(&url(text)).unwrap_or_else(|| panic!("{text} has no origin"))
}

fn named(hosts: &[&str]) -> Origins {
    Origins(hosts.iter().map(|host| format!("https://{host}")).collect())
}

#[test]
fn an_origin_is_scheme_host_and_port() {
    assert_eq!(origin("https://API.example.com:443/v1?x#y").as_str(), "https://api.example.com");
    assert_eq!(origin("http://127.0.0.1:80/").as_str(), "http://127.0.0.1");
    assert_eq!(origin("http://[::1]:8080/").as_str(), "http://[::1]:8080");
    assert_eq!(Origin::of(&url("data:text/plain,x")), None);
    assert_eq!(Origin::of(&url("ftp://example.com/")), None);
}

#[test]
fn s4_a_credential_goes_to_its_origins_only() {
    let check = |entry: &str, to: &str, expect: bool| {
        assert_eq!(Origins(vec![entry.to_owned()]).allows(&origin(to)), expect, "{entry} to {to}");
    };
    check("https://api.example.com", "https://api.example.com/x", true);
    check("https://api.example.com/", "https://api.example.com/x", true);
    check("https://api.example.com", "https://api.example.com:8443", false);
    check("https://api.example.com:8443", "https://api.example.com:8443", true);
    check("https://api.example.com:443", "https://api.example.com", true);
    check("https://api.example.com", "http://api.example.com", false);
    check("https://api.example.com", "https://evil.api.example.com", false);
    check("https://example.com", "https://example.com.evil.example", false);
    check("https://*.example.com", "https://a.example.com", true);
    check("https://*.example.com", "https://a.b.example.com", true);
    check("https://*.Example.com", "https://a.example.com", true);
    check("https://*.example.com", "https://example.com", false);
    check("https://*.example.com", "https://evilexample.com", false);
    check("https://*.example.com", "http://a.example.com", false);
    check("https://*.example.com", "https://a.example.com:8443", false);
    check("https://*.example.com:8443", "https://a.example.com:8443", true);
    check("api.example.com", "https://api.example.com", false);
    check("", "https://api.example.com", false);
    check("https://*.", "https://api.example.com", false);
    assert!(!Origins::default().allows(&origin("https://api.example.com")));
}

#[test]
fn hosts_are_names_or_what_is_below_one() {
    let exactly = |text: &str| HostPattern::Exactly(text.to_owned());
    assert_eq!(HostPattern::parse("Account.Example.com"), Ok(exactly("account.example.com")));
    assert_eq!(HostPattern::parse("bücher.example"), Ok(exactly("xn--bcher-kva.example")));
    assert_eq!(HostPattern::parse("127.0.0.1"), Ok(exactly("127.0.0.1")));
    assert_eq!(HostPattern::parse("*.acme.example"), Ok(HostPattern::Below("acme.example".to_owned())));
    for bad in [
        "",
        "*",
        "*.",
        "https://acme.example",
        "acme.example/",
        "acme.example:443",
        "a b",
        "*.*.acme.example",
        "a.*.acme.example",
        ".acme.example",
        "acme.example.",
        "u@acme.example",
        "*.127.0.0.1",
        "%78.ai",
        "x..ai\n",
    ] {
        assert_eq!(HostPattern::parse(bad), Err(HostPatternError::NotAHost), "{bad}");
    }
    for wide in ["*.com", "*.co.uk", "*.github.io"] {
        assert_eq!(HostPattern::parse(wide), Err(HostPatternError::TooWide), "{wide}");
    }
}

#[test]
fn a_pattern_is_any_depth_below_and_not_itself() {
    let hosts = named(&["*.acme.example", "api.example.com"]);
    for host in ["auth.acme.example", "a.b.acme.example", "api.example.com"] {
        assert!(hosts.names_host(host), "{host}");
    }
    for host in [
        "acme.example",
        "evilacme.example",
        ".acme.example",
        "example.com",
        "a.api.example.com",
        "acme.example.evil.example",
    ] {
        assert!(!hosts.names_host(host), "{host}");
    }
}

#[test]
fn s1_https_or_this_computer() {
    for allowed in [
        "https://example.com",
        "http://127.0.0.1:8080/",
        "http://127.8.9.1/",
        "http://[::1]/",
        "http://localhost:8080",
        "https://1.2.3.4",
    ] {
        assert!(transport_allowed(&url(allowed)), "{allowed}");
    }
    for refused in [
        "http://example.com",
        "http://localhost.",
        "http://a.localhost",
        "http://127.0.0.1.nip.io/",
        "http://[::ffff:127.0.0.1]/",
        "http://0.0.0.0/",
        "http://10.0.0.1/",
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://128.0.0.1/",
    ] {
        assert!(!transport_allowed(&url(refused)), "{refused}");
    }
}

#[test]
fn a_pattern_is_covered_by_itself_and_by_a_wider_one() {
    let own = named(&["*.acme.example", "api.example.com"]);
    for covered in ["https://*.acme.example", "https://*.eu.acme.example", "https://a.acme.example"] {
        assert!(own.covers(covered), "{covered}");
    }
    for other in [
        "https://acme.example",
        "https://*.example.com",
        "https://*.api.example.com",
        "http://a.acme.example",
    ] {
        assert!(!own.covers(other), "{other}");
    }
    assert!(
        own.covers("https://api.example.com") && !own.covers("https://any.example.com") && !own.covers("")
    );
    assert!(!named(&["any.acme.example"]).covers("https://*.acme.example"));
}

#[test]
fn siblings_share_a_registrable_domain() {
    assert!(siblings("auth.example.com", "www.example.com"));
    assert!(siblings("example.com", "www.example.com"));
    assert!(siblings("a.example.co.uk", "b.example.co.uk"));
    assert!(siblings("a.corp.internal", "b.corp.internal"));
    for (a, b) in [
        ("a.example.com", "a.example.org"),
        ("example.com", "evil-example.com"),
        ("a.co.uk", "b.co.uk"),
        ("a.github.io", "b.github.io"),
        ("127.0.0.1", "127.0.0.1"),
        ("[::1]", "[::1]"),
        ("1.2.3.4", "9.2.3.4"),
        ("localhost", "localhost"),
        ("com", "com"),
        ("", ""),
    ] {
        assert!(!siblings(a, b), "{a} and {b}");
    }
}

fn shown(text: &str) -> Result<String, ShownRefused> {
    let moves = IndexMap::from([("www.example.com".to_owned(), "platform.example.com".to_owned())]);
    judge_shown(text, &moves, &named(&["api.example.com", "*.acme.ai", "127.0.0.1"])).map(String::from)
}

#[test]
fn s8_a_shown_url_is_on_a_named_host_or_its_sibling() {
    let check = |text: &str, expect: &str| assert_eq!(shown(text).as_deref(), Ok(expect));
    check("https://api.example.com/verify?code=A-1", "https://api.example.com/verify?code=A-1");
    check("https://other.example.com", "https://other.example.com/");
    check("https://login.acme.ai/x", "https://login.acme.ai/x");
    check("https://acme.ai/x", "https://acme.ai/x");
    check("http://127.0.0.1:7000/x", "http://127.0.0.1:7000/x");
    check("HTTPS://API.EXAMPLE.COM:443/a b", "https://api.example.com/a%20b");
    let host = |host: &str| Err(ShownRefused::Host { host: host.to_owned() });
    assert_eq!(shown("https://evil.example/verify"), host("evil.example"));
    assert_eq!(shown("https://api.example.com.evil.example/"), host("api.example.com.evil.example"));
    assert_eq!(shown("https://api.ex\u{430}mple.com/"), host("api.xn--exmple-4nf.com"));
}

#[test]
fn s8_a_dead_host_is_moved_before_it_is_judged() {
    assert_eq!(
        shown("https://www.example.com/verify?x=1").as_deref(),
        Ok("https://platform.example.com/verify?x=1")
    );
    let moves = IndexMap::from([("evil.example".to_owned(), "api.example.com".to_owned())]);
    let moved = judge_shown("https://evil.example/", &moves, &named(&["api.example.com"]));
    assert_eq!(moved.map(String::from).as_deref(), Ok("https://api.example.com/"));
    let away = IndexMap::from([("api.example.com".to_owned(), "evil.example".to_owned())]);
    assert!(judge_shown("https://api.example.com/", &away, &named(&["api.example.com"])).is_err());
}

#[test]
fn s8_other_schemes_user_names_and_great_lengths_are_refused() {
    assert_eq!(shown("http://api.example.com/"), Err(ShownRefused::NotHttps));
    assert_eq!(shown("javascript:alert(1)"), Err(ShownRefused::NotHttps));
    assert_eq!(shown("file:///etc/passwd"), Err(ShownRefused::NotHttps));
    assert_eq!(shown("https://api.example.com@evil.example/"), Err(ShownRefused::UserInfo));
    assert_eq!(shown("https://:pw@api.example.com/"), Err(ShownRefused::UserInfo));
    assert_eq!(shown("verify"), Err(ShownRefused::NotAUrl));
    assert_eq!(shown(""), Err(ShownRefused::NotAUrl));
    let base = "https://api.example.com/";
    assert!(shown(&format!("{base}{}", "a".repeat(2048 - base.len()))).is_ok());
    assert_eq!(shown(&format!("{base}{}", "a".repeat(2049 - base.len()))), Err(ShownRefused::TooLong));
    assert_eq!(shown(&format!("{base}{}", "é".repeat(500))), Err(ShownRefused::TooLong));
}

proptest! {
    #[test]
    fn s8_whatever_is_shown_is_on_a_named_host(text in "(https?|ftp)?(://|:|//)?[a-z.@:\\\\/?#%]{0,12}(api\\.example\\.com|evil\\.example)?\\PC{0,20}") {
        if let Ok(url) = judge_shown(&text, &IndexMap::new(), &named(&["api.example.com"])) {
            prop_assert!(siblings(url.host_str().unwrap_or_default(), "api.example.com"));
            prop_assert_eq!(url.scheme(), "https");
            prop_assert!(url.as_str().bytes().all(|b| b.is_ascii_graphic()));
        }
    }
}
