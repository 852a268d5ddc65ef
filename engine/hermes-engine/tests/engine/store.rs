//! An engine over any store, and what its callers wait for.

use std::fs::File;
use std::time::Duration;

use hermes_engine::store::{GrantId, MemoryStore, Scope, Store as _};
use hermes_engine::{Engine, Rejection};
use rustix::fs::{FlockOperation, flock};

use super::{Scene, Silent};

/// Has the token of an account refused, so that the next access renews it.
async fn refuse(engine: &Engine) {
    let account = engine.account("acme").expect("a name");
    let access = account.access().await.expect("access");
    account.reject(&access, Rejection::status(401)).await.expect("it is noted");
}

#[tokio::test]
async fn an_engine_works_over_a_store_in_memory_and_touches_no_file() {
    let scene = Scene::new(3600);
    let store = MemoryStore::new();
    let engine = scene.engine_with(store.clone()).await;
    let account = engine.account("acme").unwrap();
    account.login(Silent).await.expect("a login");
    refuse(&engine).await;
    assert_eq!(account.access().await.expect("access").token().expose_secret(), "access-1");
    engine.settle().await;
    assert_eq!((scene.server.refreshes(), scene.server.reuses()), (1, 0));
    let status = account.status().await.expect("a status");
    assert_eq!(status.first().map(|first| first.state.as_str()), Some("logged_in"));
    assert!(!scene.path("auth.json").exists() && !scene.has_journal());

    // Another engine over it, as another host over a database.
    let other = scene.engine_with(store).await;
    let access = other.account("acme").unwrap().access().await.expect("access");
    assert_eq!(access.token().expose_secret(), "access-1");
    assert_eq!(other.account("acme").unwrap().logout().await.expect("a logout").len(), 1);
    assert_eq!(engine.accounts().await.expect("no accounts").len(), 0);
}

#[tokio::test]
async fn a_lease_that_has_ended_sends_nothing() {
    let scene = Scene::new(3600);
    let store = MemoryStore::new();
    let engine = scene.engine_with(store.clone().with_leases_of(Duration::ZERO)).await;
    let account = engine.account("acme").unwrap();
    account.login(Silent).await.expect("a login");
    refuse(&engine).await;
    account.access().await.expect_err("the lease was over before the request");
    assert_eq!(scene.server.refreshes(), 0);
    let scope = Scope::plain("acme");
    let lease = store.hold(&scope, &GrantId::main(), Duration::ZERO).await.expect("it is free");
    assert!(lease.grant.is_some_and(|grant| grant.holds_tokens()));
}

#[tokio::test]
async fn a_caller_is_answered_while_auth_json_waits_for_its_lock() {
    let (scene, engine) = Scene::logged_in(3600).await;
    refuse(&engine).await;
    let before = scene.auth_json();
    scene.server.answer_after(Duration::from_millis(500));
    let account = engine.account("acme").unwrap();
    let renewing = tokio::spawn(async move { account.access().await });
    while !scene.has_journal() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // Another program takes the lock of the file while the server thinks.
    let lock = File::options().write(true).open(scene.path("auth.lock")).expect("the lock");
    flock(&lock, FlockOperation::LockExclusive).expect("it is free");
    let access = renewing.await.expect("no panic").expect("access");
    assert_eq!(access.token().expose_secret(), "access-1");
    assert_eq!(scene.auth_json(), before);
    assert!(scene.has_journal(), "the answer is kept");
    let settled = tokio::time::timeout(Duration::from_millis(200), engine.settle()).await;
    assert!(settled.is_err(), "it is not stored yet");
    // Who asks for the same grant meanwhile waits for it.
    let grant = File::options().write(true).open(scene.path("locks/acme")).expect("the lock of the grant");
    assert!(flock(&grant, FlockOperation::NonBlockingLockExclusive).is_err());
    flock(&lock, FlockOperation::Unlock).expect("it was held");
    engine.settle().await;
    assert!(scene.auth_json().contains("refresh-1"), "{}", scene.auth_json());
    assert!(!scene.has_journal());
}
