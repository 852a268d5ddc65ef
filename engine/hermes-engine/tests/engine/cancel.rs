//! A future that is dropped, at any await, loses nothing.

use std::future::IntoFuture as _;
use std::task::Poll;
use std::time::Duration;

use hermes_engine::{ErrorKind, Rejection};

use super::{Scene, Silent};

#[tokio::test]
async fn access_dropped_during_a_renewal_leaves_the_renewal_running() {
    let (scene, engine) = Scene::logged_in(3600).await;
    let account = engine.account("acme").unwrap();
    let first = account.access().await.expect("access");
    account.reject(&first, Rejection::status(401)).await.unwrap();
    scene.server.answer_after(Duration::from_millis(500));
    let dropped = tokio::time::timeout(Duration::from_millis(200), account.access().into_future()).await;
    assert!(dropped.is_err(), "the server answers later");
    engine.settle().await;
    assert_eq!(account.access().await.expect("access").token().expose_secret(), "access-1");
    assert_eq!((scene.server.refreshes(), scene.server.reuses()), (1, 0));
    assert!(!scene.has_journal());
}

#[tokio::test]
async fn access_can_be_dropped_at_any_await() {
    let (scene, engine) = Scene::logged_in(3600).await;
    let account = engine.account("acme").unwrap();
    scene.server.answer_after(Duration::from_millis(20));
    for millis in (0..60).step_by(3) {
        let access = account.access().await.expect("access");
        account.reject(&access, Rejection::status(401)).await.unwrap();
        let _ = tokio::time::timeout(Duration::from_millis(millis), account.access().into_future()).await;
        engine.settle().await;
        assert_ne!(account.access().await.expect("access").token(), access.token(), "after {millis} ms");
    }
    assert_eq!(scene.server.reuses(), 0);
}

#[test]
fn a_runtime_that_ends_during_a_renewal_waits_for_it() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let first = runtime();
    let (scene, engine) = first.block_on(Scene::logged_in(3600));
    scene.server.answer_after(Duration::from_millis(400));
    let account = engine.account("acme").unwrap();
    first.block_on(async {
        let access = account.access().await.expect("access");
        account.reject(&access, Rejection::status(401)).await.unwrap();
        let _ = tokio::time::timeout(Duration::from_millis(150), account.access().into_future()).await;
    });
    drop(first);
    // Whatever happens to the process now: the renewed token is stored.
    assert!(scene.auth_json().contains("refresh-1"), "{}", scene.auth_json());
    assert!(!scene.has_journal());
}

#[tokio::test]
async fn a_login_dropped_while_it_waits_stores_nothing() {
    let scene = Scene::new(3600);
    scene.server.answer_pending(1000);
    let engine = scene.engine().await;
    let account = engine.account("acme").unwrap();
    let dropped = tokio::time::timeout(Duration::from_millis(700), account.login(Silent).into_future()).await;
    assert!(dropped.is_err());
    engine.settle().await;
    let error = account.access().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoginRequired, "{error}");
}

#[tokio::test]
async fn a_login_dropped_when_its_code_was_sent_is_stored() {
    let scene = Scene::new(3600);
    scene.server.answer_after(Duration::from_millis(300));
    let engine = scene.engine().await;
    let account = engine.account("acme").unwrap();
    // The device request takes 300 ms, the poll that wins is out from then on.
    let dropped = tokio::time::timeout(Duration::from_millis(450), account.login(Silent).into_future()).await;
    if dropped.is_err() {
        engine.settle().await;
    }
    let stored = scene.auth_json().contains("access-0");
    let polled = scene.server.connections() > 0;
    assert!(polled);
    // Either the poll had been sent, and the login is stored; or it had not, and nothing is.
    match account.access().await {
        Ok(access) => assert!(stored && access.token().expose_secret() == "access-0"),
        Err(error) => assert!(!stored && error.kind() == ErrorKind::LoginRequired, "{error}"),
    }
}

#[tokio::test]
async fn a_future_that_is_never_polled_does_nothing() {
    let (scene, engine) = Scene::logged_in(3600).await;
    let account = engine.account("acme").unwrap();
    let access = account.access().await.expect("access");
    account.reject(&access, Rejection::status(401)).await.unwrap();
    drop(account.access().into_future());
    let mut once = account.access().into_future();
    let polled = std::future::poll_fn(|context| Poll::Ready(once.as_mut().poll(context).is_ready())).await;
    assert!(!polled, "a renewal takes a while");
    drop(once);
    engine.settle().await;
    assert_eq!(scene.server.reuses(), 0);
}
