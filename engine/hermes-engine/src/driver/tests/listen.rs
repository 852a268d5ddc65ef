//! Visits of a browser: callback, paste, deadline, and a port that is taken.

use super::*;

fn bind(port: u16) -> Effect {
    Effect::Bind(Listener { host: "127.0.0.1".into(), port, path: "/back".into() })
}

#[tokio::test]
async fn a_browser_that_comes_back_is_heard() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (mut person, _paste) = Somebody::new();
    person.when_shown = Box::new(move |_| {
        tokio::spawn(async move {
            let request = format!("GET /back?code=1 HTTP/1.1\r\nHost: {free}\r\n\r\n");
            let mut stream = tokio::net::TcpStream::connect(free).await.unwrap();
            tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes()).await.unwrap();
            let mut page = String::new();
            tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut page).await.unwrap();
        });
    });
    let listen =
        Effect::Listen { state: "page".into(), show: prompt("A"), until: HOUR, paste: false, again: None };
    let events =
        perform(vec![bind(free.port()), listen], &mut person, &mut NoWitness, Action::Login).await.unwrap();
    assert_eq!(names(&events), [&format!("Bound(\"http://{free}/back\")"), "CalledBack([\"code\"])"]);
    assert_eq!(person.seen(), ["- A NotTried", "waiting", "waited"]);
}

#[tokio::test]
async fn a_paste_is_taken_with_a_listener_bound_and_the_page_is_not_shown_again() {
    let (mut person, paste) = Somebody::new();
    paste.send(String::new()).unwrap();
    paste.send("code#state".into()).unwrap();
    let listen =
        || Effect::Listen { state: "page".into(), show: prompt("A"), until: HOUR, paste: false, again: None };
    let effects = vec![bind(0), listen(), listen()];
    let events = perform(effects, &mut person, &mut NoWitness, Action::Login).await.unwrap();
    assert_eq!(names(&events)[1..], ["Pasted([secret])", "Pasted([secret])"]);
    assert_eq!(person.seen.iter().filter(|line| line.contains("A NotTried")).count(), 1);
}

#[tokio::test]
async fn listening_ends_at_its_deadline() {
    let (mut person, _paste) = Somebody::new();
    let listen = Effect::Listen {
        state: "page".into(),
        show: prompt("A"),
        until: Duration::from_millis(30),
        paste: true,
        again: None,
    };
    let events = perform(vec![listen], &mut person, &mut NoWitness, Action::Login).await.unwrap();
    assert_eq!(names(&events), ["Woke"]);
}

#[tokio::test]
async fn a_port_that_is_taken_ends_the_login_with_its_number() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let acme = provider(
        &r#"
        name = "Acme"
        start = { login = "visit" }
        [states.visit]
        open = "https://auth.acme.example/authorize"
        listen = "http://127.0.0.1:PORT/callback"
        until = "1m"
        query.state = "{{random.state}}"
        query.redirect_uri = "{{redirect_uri}}"
        on = [{ unless = { "$.state" = "{{random.state}}" }, fail = "state_mismatch" }, { unless = { exists = ["$.code"] }, fail = "authorization_failed" }, { to = "success" }]
        [states.success]
        access_token = "$.code"
        "#
        .replace("PORT", &port.to_string()),
    );
    let http = Http::new(HttpOptions::default());
    let outcome = run(start(acme, Action::Login), &http, &mut Nobody, &mut NoWitness).await.unwrap();
    let Outcome::Failed(Trouble { code, message, .. }) = outcome else { panic!("{outcome:?}") };
    assert_eq!(code.as_str(), "listener_unavailable");
    assert!(message.contains(&format!("port {port}")), "{message}");
}
