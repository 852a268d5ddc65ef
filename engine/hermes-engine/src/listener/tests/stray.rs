//! Callbacks that are not this login's.

use hermes_machine::machine::CallbackTie;

use super::*;

fn tied(listener: &Listener) {
    listener.expect(Some(CallbackTie { name: "state".into(), value: "s3cret".into() }));
}

fn get(query: &str) -> String {
    format!("GET /callback{query} HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n")
}

#[tokio::test]
async fn s17_a_callback_without_this_logins_state_is_refused_and_the_wait_goes_on() {
    let listener = bound().await;
    tied(&listener);
    let strays = [
        "?code=c",
        "?code=c&state=guess",
        "?code=c&state=",
        "?code=c&state=s3cret&state=s3cret",
        "?code=c&state=s3cret2",
        "?code=c&STATE=s3cret",
        "?error=access_denied&state=guess",
        "?error=access_denied",
    ];
    for query in strays {
        let (answer, callback) = visit(&listener, &get(query)).await;
        assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{query}: {answer}");
        assert!(!answer.contains("You can close"), "{query}: {answer}");
        assert_eq!(callback, None, "{query}");
    }
    let (_, callback) = visit(&listener, &get("?code=c&state=s3cret")).await;
    assert_eq!(pairs(&callback.expect("the wait went on")), [("code", "c"), ("state", "s3cret")]);
}

#[tokio::test]
async fn a_login_that_sent_no_state_takes_any_callback() {
    let listener = bound().await;
    listener.expect(None);
    assert!(visit(&listener, &get("?code=c")).await.1.is_some());
}

#[tokio::test]
async fn a_request_without_a_parameter_is_refused_whether_a_state_was_sent_or_not() {
    let listener = bound().await;
    for query in ["", "?", "?&"] {
        let (answer, callback) = visit(&listener, &get(query)).await;
        assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{query}: {answer}");
        assert_eq!(callback, None, "{query}");
    }
    assert!(visit(&listener, &get("?code=c")).await.1.is_some());
}

#[tokio::test]
async fn an_error_without_state_is_handed_on_and_one_with_a_wrong_state_is_not() {
    let listener = bound().await;
    tied(&listener);
    visit(&listener, &get("?error=wrong&state=guess")).await;
    visit(&listener, &get("?code=c")).await;
    visit(&listener, &get("?error=access_denied&error_description=x")).await;
    let error = tokio::time::timeout(Duration::from_secs(10), listener.stray_error()).await;
    assert_eq!(error.expect("it is there"), "access_denied");
}

#[tokio::test]
async fn a_callback_that_nobody_waits_for_is_refused_by_its_state_first() {
    let listener = bound().await;
    tied(&listener);
    let address = ([127, 0, 0, 1], port(&listener)).into();
    let ask = async |query: &str| {
        let request = get(query).replace("PORT", &port(&listener).to_string());
        exchange(address, request.as_bytes()).await
    };
    assert!(ask("?code=c&state=guess").await.starts_with("HTTP/1.1 400 "));
    assert!(ask("?code=c&state=s3cret").await.starts_with("HTTP/1.1 409 "));
}
