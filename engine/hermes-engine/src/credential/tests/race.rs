use serde_json::json;

use super::scene::{Scene, record, single_use, with};

#[test]
fn s29_many_callers_spend_one_refresh_token_once() {
    let server = single_use();
    let scene = Scene::new(with(record(-5), json!({ "label": "work" }))).at(&server);
    let tokens: Vec<String> = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..24).map(|_| scope.spawn(|| scene.token())).collect();
        callers.into_iter().map(|caller| caller.join().unwrap()).collect()
    });
    assert!(tokens.iter().all(|token| token == "a2"), "{tokens:?}");
    assert_eq!(server.count(), 1);
    assert_eq!(scene.stored()["refresh_token"], "r2");
}

#[test]
fn callers_whose_token_was_rejected_renew_it_once() {
    let server = single_use();
    let mut scene = Scene::new(record(3000)).at(&server);
    scene.rejected = Some(crate::store::sha256("a1"));
    let scene = &scene;
    std::thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(move || assert_eq!(scene.token(), "a2"));
        }
    });
    assert_eq!(server.count(), 1);
}

#[test]
fn a_login_during_a_refresh_waits_for_it_and_wins() {
    let server = single_use();
    let scene = Scene::new(with(record(-5), json!({ "label": "work" }))).at(&server);
    std::thread::scope(|scope| {
        scope.spawn(|| scene.token());
        scope.spawn(|| super::made::save(&scene, "new", Some("fresh")));
    });
    let stored = scene.stored();
    assert_eq!((&stored["access_token"], &stored["refresh_token"]), (&json!("new"), &json!("fresh")));
    // Whichever came first, the login is what counts now.
    scene.put(with(stored, json!({ "last_redeem_at": null })));
    assert_eq!(scene.token(), "new");
}

#[test]
fn what_another_program_renews_under_the_lock_that_is_waited_for_is_taken_over() {
    let server = single_use();
    let scene = Scene::new(record(-5)).at(&server);
    let lock = std::fs::File::create(scene.home().join("auth.lock")).unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).unwrap();
    std::thread::scope(|scope| {
        let caller = scope.spawn(|| scene.token());
        // It has read the record by then, and waits for the lock to prove that the store can be written.
        std::thread::sleep(std::time::Duration::from_millis(300));
        assert!(!caller.is_finished());
        scene.put(with(record(3000), json!({ "access_token": "a9", "refresh_token": "r9" })));
        drop(lock);
        assert_eq!(caller.join().unwrap(), "a9");
    });
    assert_eq!(server.count(), 0, "the refresh token that was read first is spent already");
}

#[test]
fn the_renewal_of_one_account_does_not_wait_for_another_s() {
    let server = single_use();
    let scene = super::journal::beside(record(-5), &[super::journal::work(3000)]).at(&server);
    let key = crate::store::GrantKey { provider: "acme", slot: "work", is_of_root: false };
    let token = scene.store().with_grant_of(key, std::time::Duration::ZERO, |_| scene.token());
    assert_eq!(token.unwrap(), "a2");
}
