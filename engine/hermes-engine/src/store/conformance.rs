//! What every store must do, as a suite that each of them is run through.
//!
//! ```ignore
//! conformance::run(&|| Box::new(MySubject::new()));
//! ```

use std::pin::pin;
use std::sync::Barrier;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use hermes_format::origin::Origins;
use hermes_format::secret::Secret;
use hermes_format::time::UnixMs;
use hermes_machine::machine::{Code, Grant, Response, Trouble};
use indexmap::IndexMap;
use serde_json::{Map, json};

use super::error::StoreErrorKind;
use super::grant::{
    Attempt, Change, Committed, FailedRenewal, GrantId, NewGrant, Note, Renewal, Scope, StoredGrant,
};
use super::journal::Answer;
use super::port::{AnyStore, Intended, Lease, wait};
use super::record::Expiry;
use super::rest::Refusal;

/// A store, empty at first, and what surrounds it.
pub trait Subject: Sync {
    /// The store.
    fn store(&self) -> &dyn AnyStore;

    /// The same store as another process opens it.
    fn elsewhere(&self) -> Box<dyn AnyStore>;

    /// Writes the tokens of the first grant of a provider as another program would, without counting; `None` wipes both. The
    /// grant is made where there is none. `false` where no other program writes to such a store.
    fn write_elsewhere(&self, provider: &str, tokens: Option<(&str, &str)>) -> bool;
}

/// A property, and how it is tried.
pub type Case = (&'static str, fn(&dyn Subject));

/// Tries every property on a subject of its own, and names the one that does not hold.
///
/// # Panics
///
/// Where a property does not hold.
#[expect(clippy::print_stdout, reason = "a suite for tests")]
pub fn run(make: &dyn Fn() -> Box<dyn Subject>) {
    for (name, case) in CASES {
        let subject = make();
        // Seen where the case panics.
        println!("store::{name}");
        case(&*subject);
    }
}

/// All properties.
pub const CASES: &[Case] = &[
    ("an_empty_store_has_nothing", an_empty_store_has_nothing),
    ("a_login_is_read_as_it_was_stored", a_login_is_read_as_it_was_stored),
    (
        "a_login_with_a_new_label_is_stored_beside_the_others",
        a_login_with_a_new_label_is_stored_beside_the_others,
    ),
    ("a_value_of_a_source_is_not_stored", a_value_of_a_source_is_not_stored),
    ("a_grant_has_one_holder_and_others_go_on", a_grant_has_one_holder_and_others_go_on),
    ("who_waits_gets_the_grant_when_it_is_free", who_waits_gets_the_grant_when_it_is_free),
    ("a_dropped_wait_takes_nothing", a_dropped_wait_takes_nothing),
    ("a_dropped_lease_takes_nothing", a_dropped_lease_takes_nothing),
    ("what_an_attempt_left_is_shown_to_the_next_holder", what_an_attempt_left_is_shown_to_the_next_holder),
    (
        "an_answer_that_was_left_is_finished_before_another_attempt",
        an_answer_that_was_left_is_finished_before_another_attempt,
    ),
    ("an_attempt_ends_or_stays_as_it_is_told", an_attempt_ends_or_stays_as_it_is_told),
    ("a_renewal_is_stored_and_what_it_lacks_stays", a_renewal_is_stored_and_what_it_lacks_stays),
    ("a_grant_that_has_moved_is_left_as_it_is", a_grant_that_has_moved_is_left_as_it_is),
    ("a_grant_that_moves_before_the_intent_is_not_spent", a_grant_that_moves_before_the_intent_is_not_spent),
    ("a_wiped_grant_counts_as_not_moved", a_wiped_grant_counts_as_not_moved),
    ("a_grant_that_was_removed_is_gone", a_grant_that_was_removed_is_gone),
    ("a_first_grant_without_a_user_is_compared_and_set", a_first_grant_without_a_user_is_compared_and_set),
    ("a_grant_that_is_made_anew_keeps_its_place", a_grant_that_is_made_anew_keeps_its_place),
    ("a_failure_is_noted_and_takes_no_token", a_failure_is_noted_and_takes_no_token),
    ("what_is_said_of_a_token_is_not_noted_of_another", what_is_said_of_a_token_is_not_noted_of_another),
    ("a_grant_moves_in_the_order", a_grant_moves_in_the_order),
    ("a_removal_takes_what_it_names", a_removal_takes_what_it_names),
    ("a_new_login_ends_what_an_attempt_left", a_new_login_ends_what_an_attempt_left),
    ("a_stamp_changes_with_the_grants", a_stamp_changes_with_the_grants),
    (
        "concurrent_renewals_of_different_grants_are_all_stored",
        concurrent_renewals_of_different_grants_are_all_stored,
    ),
    ("a_lease_of_another_store_is_refused", a_lease_of_another_store_is_refused),
];

const ID: &str = "acme";
const SOON: Duration = Duration::from_secs(20);

fn scope() -> Scope {
    Scope::plain(ID)
}

fn tokens(access: &str, refresh: Option<&str>) -> Grant {
    Grant {
        access_token: Secret::new(access),
        refresh_token: refresh.map(Secret::new),
        token_type: Some("Bearer".to_owned()),
        obtained_at: UnixMs(1_795_400_000_000),
        expires_at: Some(UnixMs(1_795_403_600_000)),
        keep: Map::from_iter([("client_id".to_owned(), json!("c"))]),
        notice: None,
        warnings: Vec::new(),
        account: None,
        region: Some("global".to_owned()),
        origins: Origins(vec!["https://auth.example".to_owned()]),
    }
}

fn login(label: Option<&str>, access: &str, refresh: &str) -> NewGrant {
    NewGrant {
        scope: scope(),
        grant: Some(tokens(access, Some(refresh))),
        is_key: false,
        label: label.map(str::to_owned),
        priority: None,
        inputs: IndexMap::from_iter([("host".to_owned(), "h".to_owned())]),
        made_from: IndexMap::from_iter([("key".to_owned(), "f".to_owned())]),
        base_url: None,
    }
}

fn put(store: &dyn AnyStore, login: NewGrant) -> GrantId {
    wait(store.put(login, SOON)).unwrap_or_else(|error| panic!("{error}")).unwrap_or_else(GrantId::main)
}

/// The store with one login.
fn with_login(subject: &dyn Subject) -> &dyn AnyStore {
    let store = subject.store();
    assert_eq!(put(store, login(None, "a1", "r1")), GrantId::main());
    store
}

fn all(store: &dyn AnyStore) -> Vec<StoredGrant> {
    let snapshot = wait(store.grants(&scope())).unwrap_or_else(|error| panic!("{error}"));
    for listed in &snapshot.grants {
        let grant = listed.grant();
        assert_eq!((&listed.id, &listed.label), (&grant.id, &grant.label));
        assert_eq!(listed.holds_tokens, grant.holds_tokens());
    }
    snapshot.grants.iter().map(|listed| listed.grant()).collect()
}

fn first(store: &dyn AnyStore) -> StoredGrant {
    all(store).into_iter().next().unwrap_or_default()
}

fn hold(store: &dyn AnyStore, id: &GrantId) -> Lease {
    wait(store.hold(&scope(), id, SOON)).unwrap_or_else(|error| panic!("{error}"))
}

fn hold_first(store: &dyn AnyStore) -> Lease {
    hold(store, &GrantId::main())
}

fn is_busy(store: &dyn AnyStore, id: &GrantId) -> bool {
    match wait(store.hold(&scope(), id, Duration::ZERO)) {
        Ok(_) => false,
        Err(error) if error.kind() == StoreErrorKind::Busy => true,
        Err(error) => panic!("{error}"),
    }
}

fn intend(store: &dyn AnyStore, lease: &mut Lease) {
    let intended = wait(store.intend(lease));
    assert!(matches!(intended, Ok(Intended::Durable)), "{intended:?}");
}

fn answer(state: &str, body: &str) -> Answer {
    let response =
        Response { status: 200, headers: Vec::new(), body: body.as_bytes().to_vec(), truncated: false };
    Answer::new(state, UnixMs(7), &response)
}

fn keep(store: &dyn AnyStore, lease: &mut Lease, state: &str, body: &str) {
    wait(store.answer(lease, &answer(state, body))).unwrap_or_else(|error| panic!("{error}"));
}

/// What an attempt left, as the next holder in another process sees it.
fn left(subject: &dyn Subject) -> Option<Vec<(String, Vec<u8>)>> {
    let pending = hold_first(&*subject.elsewhere()).pending?;
    Some(pending.answers.iter().map(|answer| (answer.state.clone(), answer.response().body)).collect())
}

fn renewal(access: &str, refresh: Option<&str>) -> Change {
    let grant = Grant { keep: Map::new(), ..tokens(access, refresh) };
    Change::Renewed(Box::new(Renewal { grant, origins: Origins::default(), at: UnixMs(1_795_400_000_500) }))
}

fn commit(store: &dyn AnyStore, lease: &mut Lease, change: Change, attempt: Attempt) -> Committed {
    wait(store.commit(lease, change, attempt)).unwrap_or_else(|error| panic!("{error}"))
}

fn access(grant: &StoredGrant) -> Option<&str> {
    grant.tokens.access.as_ref().map(Secret::expose_secret)
}

fn refresh(grant: &StoredGrant) -> Option<&str> {
    grant.tokens.refresh.as_ref().map(Secret::expose_secret)
}

fn failed(code: Code) -> Box<FailedRenewal> {
    Box::new(FailedRenewal { trouble: Trouble::plain(code, "it failed".to_owned()), at: UnixMs(1_000) })
}

fn an_empty_store_has_nothing(subject: &dyn Subject) {
    let store = subject.store();
    assert!(all(store).is_empty());
    assert_eq!(wait(store.providers()).ok(), Some(Vec::new()));
    assert_eq!(wait(store.last_login()).ok(), Some(None));
    assert_eq!(wait(store.remove(&scope(), None, SOON)).ok(), Some(false));
    assert_eq!(wait(store.forgive(&scope(), None, SOON)).ok(), Some(false));
    wait(store.ready(&scope())).unwrap_or_else(|error| panic!("{error}"));
    let lease = hold_first(store);
    assert!(lease.grant.is_none() && lease.pending.is_none());
}

fn a_login_is_read_as_it_was_stored(subject: &dyn Subject) {
    with_login(subject);
    let other = subject.elsewhere();
    let grant = first(&*other);
    assert_eq!((grant.id.as_str(), &grant.label), ("main", &None));
    assert_eq!((access(&grant), refresh(&grant)), (Some("a1"), Some("r1")));
    assert_eq!(grant.tokens.obtained_at, Some(UnixMs(1_795_400_000_000)));
    assert_eq!(grant.tokens.expiry, Expiry::At(UnixMs(1_795_403_600_000)));
    assert_eq!(grant.made.region.as_deref(), Some("global"));
    assert_eq!(grant.made.origins, Some(Origins(vec!["https://auth.example".to_owned()])));
    assert_eq!(grant.made.inputs, login(None, "", "").inputs);
    assert_eq!(grant.made.made_from, login(None, "", "").made_from);
    let members =
        ["access_token", "refresh_token", "token_type", "client_id"].map(|name| grant.token()[name].clone());
    assert_eq!(members, ["a1", "r1", "Bearer", "c"].map(|text| json!(text)));
    assert_eq!(wait(other.providers()).ok(), Some(vec![ID.to_owned()]));
    assert_eq!(wait(other.last_login()).ok(), Some(Some(ID.to_owned())));
    let lease = hold_first(&*other);
    assert_eq!(lease.grant.as_ref().and_then(access), Some("a1"));
    assert_eq!(lease.grant.map(|held| held.revision), Some(grant.revision));
}

fn a_login_with_a_new_label_is_stored_beside_the_others(subject: &dyn Subject) {
    let store = with_login(subject);
    let work = put(store, login(Some("work"), "w1", "s1"));
    assert_ne!(work, GrantId::main());
    assert_eq!(put(store, login(Some("work"), "w2", "s2")), work, "in the place of the one of its label");
    let grants = all(store);
    let shown: Vec<_> = grants.iter().map(|grant| (grant.label.as_deref(), access(grant))).collect();
    assert_eq!(shown, [(None, Some("a1")), (Some("work"), Some("w2"))]);
    assert!(grants.iter().all(|grant| grant.is_called(&grant.id)) && grants[1].is_called("work"));
    assert_eq!(put(store, login(None, "a2", "r2")), GrantId::main());
    assert_eq!((access(&first(store)), all(store).len()), (Some("a2"), 2));
}

fn a_value_of_a_source_is_not_stored(subject: &dyn Subject) {
    let store = subject.store();
    let stored = wait(store.put(NewGrant { grant: None, ..login(None, "", "") }, SOON));
    assert_eq!(stored.ok(), Some(None));
    assert!(all(store).is_empty());
    assert_eq!(wait(store.last_login()).ok(), Some(Some(ID.to_owned())));
}

fn a_grant_has_one_holder_and_others_go_on(subject: &dyn Subject) {
    let store = with_login(subject);
    let work = put(store, login(Some("work"), "w1", "s1"));
    let other = subject.elsewhere();
    let lease = hold_first(store);
    for store in [store, &*other] {
        assert!(is_busy(store, &GrantId::main()));
        assert!(!is_busy(store, &work));
    }
    drop(lease);
    assert!(!is_busy(&*other, &GrantId::main()));
}

fn who_waits_gets_the_grant_when_it_is_free(subject: &dyn Subject) {
    let store = with_login(subject);
    let other = subject.elsewhere();
    let mut lease = hold_first(store);
    let waiting = Barrier::new(2);
    std::thread::scope(|threads| {
        let waiter = threads.spawn(|| {
            waiting.wait();
            hold_first(&*other)
        });
        waiting.wait();
        commit(store, &mut lease, renewal("a2", Some("r2")), Attempt::Ends);
        drop(lease);
        let held = waiter.join().unwrap_or_else(|_| panic!("it got nothing"));
        assert_eq!(held.grant.as_ref().and_then(access), Some("a2"), "as it is by then");
    });
}

fn a_dropped_wait_takes_nothing(subject: &dyn Subject) {
    let store = with_login(subject);
    let lease = hold_first(store);
    {
        let (scope, id) = (scope(), GrantId::main());
        let mut waiting = pin!(store.hold(&scope, &id, SOON));
        let polled = waiting.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(polled, Poll::Pending));
    }
    drop(lease);
    assert!(!is_busy(store, &GrantId::main()));
    assert_eq!(left(subject), None);
}

fn a_dropped_lease_takes_nothing(subject: &dyn Subject) {
    let store = with_login(subject);
    drop(hold_first(store));
    assert_eq!(left(subject), None);
    let mut lease = hold_first(store);
    intend(store, &mut lease);
    drop(lease);
    assert_eq!((access(&first(store)), refresh(&first(store))), (Some("a1"), Some("r1")));
    assert_eq!(left(subject), Some(Vec::new()), "the token may have been spent");
    // What was only meant to be done is done by the next.
    let mut lease = hold_first(store);
    intend(store, &mut lease);
    commit(store, &mut lease, Change::Unchanged, Attempt::Ends);
    drop(lease);
    assert_eq!(left(subject), None);
}

fn what_an_attempt_left_is_shown_to_the_next_holder(subject: &dyn Subject) {
    let store = with_login(subject);
    let mut lease = hold_first(store);
    intend(store, &mut lease);
    assert!(first(&*subject.elsewhere()).is_unfinished);
    keep(store, &mut lease, "refresh", "one");
    drop(lease);
    let one = ("refresh".to_owned(), b"one".to_vec());
    assert_eq!(left(subject), Some(vec![one.clone()]));
    let mut lease = hold_first(store);
    keep(store, &mut lease, "mint", "two");
    drop(lease);
    assert_eq!(left(subject), Some(vec![one, ("mint".to_owned(), b"two".to_vec())]), "it is gone on with");
    let mut lease = hold_first(store);
    commit(store, &mut lease, renewal("a2", Some("r2")), Attempt::Ends);
    drop(lease);
    assert_eq!(left(subject), None);
    assert!(!first(store).is_unfinished);
}

fn an_answer_that_was_left_is_finished_before_another_attempt(subject: &dyn Subject) {
    let store = with_login(subject);
    let mut lease = hold_first(store);
    intend(store, &mut lease);
    keep(store, &mut lease, "refresh", "one");
    drop(lease);
    let refused = wait(store.intend(&mut hold_first(store)));
    assert!(matches!(&refused, Err(error) if error.kind() == StoreErrorKind::Busy), "{refused:?}");
    assert_eq!(left(subject).map(|answers| answers.len()), Some(1));
}

fn an_attempt_ends_or_stays_as_it_is_told(subject: &dyn Subject) {
    let store = with_login(subject);
    let mut lease = hold_first(store);
    intend(store, &mut lease);
    for (state, body) in [("refresh", "one"), ("mint", "two"), ("mint", "three")] {
        keep(store, &mut lease, state, body);
    }
    let paused = || Change::Paused(UnixMs(31_000), failed(Code::Network));
    commit(store, &mut lease, paused(), Attempt::Stays);
    drop(lease);
    assert_eq!(left(subject).map(|answers| answers.len()), Some(3));
    let retracts = Attempt::Retracts("mint".to_owned());
    commit(store, &mut hold_first(store), paused(), retracts);
    assert_eq!(left(subject), Some(vec![("refresh".to_owned(), b"one".to_vec())]));
    commit(store, &mut hold_first(store), paused(), Attempt::Ends);
    assert_eq!(left(subject), None);
}

fn a_renewal_is_stored_and_what_it_lacks_stays(subject: &dyn Subject) {
    let store = with_login(subject);
    let before = first(store);
    let mut lease = hold_first(store);
    intend(store, &mut lease);
    commit(store, &mut lease, Change::Paused(UnixMs(31_000), failed(Code::Network)), Attempt::Ends);
    let committed = commit(store, &mut lease, renewal("a2", None), Attempt::Ends);
    let Committed::Stored(stored) = committed else { panic!("{committed:?}") };
    let read = first(&*subject.elsewhere());
    for grant in [&*stored, &read, lease.grant.as_ref().unwrap_or(&before)] {
        assert_eq!((access(grant), refresh(grant)), (Some("a2"), Some("r1")));
        assert_eq!(grant.token()["client_id"], json!("c"));
        assert_eq!(grant.made.origins, before.made.origins, "origins never widen");
        assert_eq!(grant.health.renewed_at, Some(UnixMs(1_795_400_000_500)));
        assert!(grant.health.paused.is_none());
        assert!(store.has_moved(&before.revision, &grant.revision));
        assert!(!store.has_moved(&read.revision, &grant.revision));
    }
    // The holder can go on from there.
    let committed = commit(store, &mut lease, renewal("a3", Some("r3")), Attempt::Ends);
    assert!(matches!(committed, Committed::Stored(_)), "{committed:?}");
    assert_eq!(refresh(&first(store)), Some("r3"));
}

fn a_grant_that_has_moved_is_left_as_it_is(subject: &dyn Subject) {
    let store = with_login(subject);
    let seen = first(store);
    let mut lease = hold_first(store);
    intend(store, &mut lease);
    keep(store, &mut lease, "refresh", "one");
    if !subject.write_elsewhere(ID, Some(("theirs", "t1"))) {
        return;
    }
    assert!(store.has_moved(&seen.revision, &first(store).revision));
    let committed = commit(store, &mut lease, renewal("a2", Some("r2")), Attempt::Ends);
    let Committed::Moved(theirs) = committed else { panic!("{committed:?}") };
    assert_eq!((access(&theirs), refresh(&theirs)), (Some("theirs"), Some("t1")));
    assert_eq!(access(&first(store)), Some("theirs"));
    drop(lease);
    assert_eq!(left(subject), None);
}

fn a_grant_that_moves_before_the_intent_is_not_spent(subject: &dyn Subject) {
    let store = with_login(subject);
    let mut lease = hold_first(store);
    if !subject.write_elsewhere(ID, Some(("theirs", "t1"))) {
        return;
    }
    let intended = wait(store.intend(&mut lease));
    assert!(
        matches!(&intended, Ok(Intended::Moved(theirs)) if access(theirs) == Some("theirs")),
        "{intended:?}"
    );
    drop(lease);
    assert_eq!(left(subject), None);
}

fn a_wiped_grant_counts_as_not_moved(subject: &dyn Subject) {
    let store = with_login(subject);
    let seen = first(store);
    let mut lease = hold_first(store);
    intend(store, &mut lease);
    keep(store, &mut lease, "refresh", "one");
    if !subject.write_elsewhere(ID, None) {
        return;
    }
    drop(lease);
    assert_eq!(left(subject).map(|answers| answers.len()), Some(1), "its attempt is still its own");
    let mut lease = hold_first(store);
    let wiped = lease.grant.clone().unwrap_or_default();
    assert!(!wiped.holds_tokens());
    assert!(!store.has_moved(&seen.revision, &wiped.revision));
    let committed = commit(store, &mut lease, renewal("a2", Some("r2")), Attempt::Ends);
    assert!(matches!(committed, Committed::Stored(_)), "{committed:?}");
    assert_eq!((access(&first(store)), refresh(&first(store))), (Some("a2"), Some("r2")));
}

fn a_grant_that_was_removed_is_gone(subject: &dyn Subject) {
    let store = with_login(subject);
    let mut lease = hold_first(store);
    intend(store, &mut lease);
    // All of a provider can go while one is held; whether what it left can go as well is another matter.
    let _ = wait(store.remove(&scope(), None, Duration::ZERO));
    assert!(all(store).is_empty());
    let committed = commit(store, &mut lease, renewal("a2", Some("r2")), Attempt::Ends);
    assert!(matches!(committed, Committed::Gone), "{committed:?}");
    assert!(all(store).is_empty() && lease.grant.is_none());
    drop(lease);
    assert_eq!(left(subject), None);
}

fn a_first_grant_without_a_user_is_compared_and_set(subject: &dyn Subject) {
    let store = subject.store();
    let minted = |access| Change::Minted(Box::new(login(None, access, "r1")), UnixMs(5_000));
    let mut lease = hold_first(store);
    let committed = commit(store, &mut lease, minted("a1"), Attempt::Ends);
    assert!(matches!(committed, Committed::Stored(_)), "{committed:?}");
    drop(lease);
    assert_eq!(access(&first(store)), Some("a1"));
    assert_eq!(first(store).health.renewed_at, Some(UnixMs(5_000)));
    let other = Scope::plain("other");
    let mut lease =
        wait(store.hold(&other, &GrantId::main(), SOON)).unwrap_or_else(|error| panic!("{error}"));
    if !subject.write_elsewhere("other", Some(("theirs", "t1"))) {
        return;
    }
    let minted = NewGrant { scope: other, ..login(None, "mine", "m1") };
    let change = Change::Minted(Box::new(minted), UnixMs(5_000));
    let committed = commit(store, &mut lease, change, Attempt::Ends);
    assert!(
        matches!(&committed, Committed::Moved(theirs) if access(theirs) == Some("theirs")),
        "{committed:?}"
    );
}

fn a_grant_that_is_made_anew_keeps_its_place(subject: &dyn Subject) {
    let store = with_login(subject);
    let work = put(store, login(Some("work"), "w1", "s1"));
    let before = all(store);
    let mut lease = hold(store, &work);
    let change = Change::Minted(Box::new(login(None, "w2", "s2")), UnixMs(5_000));
    let committed = commit(store, &mut lease, change, Attempt::Ends);
    assert!(matches!(committed, Committed::Stored(_)), "{committed:?}");
    let after = all(store);
    let place = |grant: &StoredGrant| (grant.id.clone(), grant.label.clone(), grant.priority);
    assert_eq!(after.iter().map(place).collect::<Vec<_>>(), before.iter().map(place).collect::<Vec<_>>());
    assert_eq!(after.iter().map(access).collect::<Vec<_>>(), [Some("a1"), Some("w2")]);
}

fn a_failure_is_noted_and_takes_no_token(subject: &dyn Subject) {
    let store = with_login(subject);
    let mut lease = hold_first(store);
    let changes = [
        Change::Paused(UnixMs(31_000), failed(Code::Network)),
        Change::Unread(failed(Code::BadAnswer)),
        Change::ReloginRequired(failed(Code::RefreshFailed)),
    ];
    for change in changes {
        let committed = commit(store, &mut lease, change, Attempt::Ends);
        assert!(matches!(committed, Committed::Stored(_)), "{committed:?}");
        let grant = first(store);
        assert_eq!((access(&grant), refresh(&grant)), (Some("a1"), Some("r1")));
    }
    drop(lease);
    let health = first(&*subject.elsewhere()).health;
    let code = |mark: Option<super::record::Mark>| mark.map(|mark| mark.code);
    assert_eq!(code(health.unread).as_deref(), Some(Code::BadAnswer.as_str()));
    assert_eq!(code(health.relogin).as_deref(), Some(Code::RefreshFailed.as_str()));
    assert_eq!(wait(store.forgive(&scope(), Some(&GrantId::main()), SOON)).ok(), Some(true));
    let health = first(store).health;
    assert!(health.paused.is_none() && health.unread.is_none() && health.relogin.is_none());
    assert_eq!(wait(store.forgive(&scope(), None, SOON)).ok(), Some(false));
    let mut lease = hold_first(store);
    let until = UnixMs(31_000);
    commit(store, &mut lease, Change::Paused(until, failed(Code::Network)), Attempt::Ends);
    let paused = first(store).health.paused.unwrap_or_else(|| panic!("no pause"));
    assert_eq!((paused.until, paused.since), (until, Some(UnixMs(1_000))));
}

fn what_is_said_of_a_token_is_not_noted_of_another(subject: &dyn Subject) {
    let store = with_login(subject);
    let seen = first(store);
    let limit = Refusal { status: 429, at: UnixMs(10_000), until: Some(UnixMs(20_000)) };
    let note = |status| Note::Rests(Refusal { status, ..limit });
    let noted = wait(store.note(&scope(), &GrantId::main(), &seen.revision, note(429)));
    assert!(matches!(noted, Ok(Committed::Stored(_))), "{noted:?}");
    let rest = |at| first(store).rest(UnixMs(at)).is_some();
    assert_eq!((rest(15_000), rest(25_000)), (true, false));
    let mut lease = hold_first(store);
    commit(store, &mut lease, renewal("a2", Some("r2")), Attempt::Ends);
    drop(lease);
    assert!(rest(15_000), "a limit outlives the token");
    let noted = wait(store.note(&scope(), &GrantId::main(), &seen.revision, note(401)));
    assert!(matches!(noted, Ok(Committed::Moved(_))), "{noted:?}");
    let nobody = GrantId { id: "nobody".to_owned(), is_inherited: false };
    let noted = wait(store.note(&scope(), &nobody, &seen.revision, note(429)));
    assert!(matches!(noted, Ok(Committed::Gone)), "{noted:?}");
}

fn a_grant_moves_in_the_order(subject: &dyn Subject) {
    let store = with_login(subject);
    let ids = ["work", "home"].map(|label| put(store, login(Some(label), label, label)));
    let order = || all(store).iter().map(|grant| grant.name().to_owned()).collect::<Vec<_>>();
    assert_eq!(order(), ["main", "work", "home"]);
    let home = all(store).pop().unwrap_or_default();
    let first = all(store).first().map_or(0, |grant| grant.priority);
    let moved = wait(store.note(&scope(), &ids[1], &home.revision, Note::Priority(first)));
    assert!(matches!(moved, Ok(Committed::Stored(_))), "{moved:?}");
    assert_eq!(order(), ["home", "main", "work"]);
}

fn a_removal_takes_what_it_names(subject: &dyn Subject) {
    let store = with_login(subject);
    let work = put(store, login(Some("work"), "w1", "s1"));
    let mut lease = hold(store, &work);
    intend(store, &mut lease);
    drop(lease);
    assert_eq!(wait(store.remove(&scope(), Some(&work), SOON)).ok(), Some(true));
    assert_eq!(wait(store.remove(&scope(), Some(&work), SOON)).ok(), Some(false));
    assert_eq!(all(store).iter().map(access).collect::<Vec<_>>(), [Some("a1")]);
    assert!(hold(store, &work).pending.is_none());
    put(store, login(Some("work"), "w1", "s1"));
    assert_eq!(wait(store.remove(&scope(), None, SOON)).ok(), Some(true));
    assert!(all(store).is_empty());
    assert_eq!(wait(store.providers()).ok(), Some(Vec::new()));
    assert_eq!(wait(store.last_login()).ok(), Some(None));
}

fn a_new_login_ends_what_an_attempt_left(subject: &dyn Subject) {
    let store = with_login(subject);
    let mut lease = hold_first(store);
    intend(store, &mut lease);
    keep(store, &mut lease, "refresh", "one");
    let busy = wait(store.put(login(None, "a9", "r9"), Duration::ZERO));
    assert!(matches!(&busy, Err(error) if error.kind() == StoreErrorKind::Busy), "{busy:?}");
    drop(lease);
    put(store, login(None, "a9", "r9"));
    assert_eq!(left(subject), None);
    assert_eq!(access(&first(store)), Some("a9"));
}

fn a_stamp_changes_with_the_grants(subject: &dyn Subject) {
    let store = with_login(subject);
    let Some(before) = store.stamp(&scope()) else { return };
    assert_eq!(store.stamp(&scope()).as_ref(), Some(&before));
    let other = subject.elsewhere();
    commit(&*other, &mut hold_first(&*other), renewal("a2", Some("r2")), Attempt::Ends);
    let after = store.stamp(&scope());
    assert_ne!(after.as_ref(), Some(&before));
    if subject.write_elsewhere(ID, Some(("theirs", "t1"))) {
        assert_ne!(store.stamp(&scope()), after);
    }
}

fn concurrent_renewals_of_different_grants_are_all_stored(subject: &dyn Subject) {
    const GRANTS: usize = 24;
    let store = subject.store();
    let label = |n: usize| format!("n{n}");
    let ids: Vec<GrantId> =
        (0..GRANTS).map(|n| put(store, login(Some(&label(n)), &format!("a{n}"), &format!("r{n}")))).collect();
    let other = subject.elsewhere();
    let start = Barrier::new(GRANTS);
    std::thread::scope(|threads| {
        for (n, id) in ids.iter().enumerate() {
            let store = if n % 2 == 0 { store } else { &*other };
            let start = &start;
            threads.spawn(move || {
                start.wait();
                let mut lease = hold(store, id);
                intend(store, &mut lease);
                keep(store, &mut lease, "refresh", "one");
                let change = renewal(&format!("b{n}"), Some(&format!("s{n}")));
                let committed = commit(store, &mut lease, change, Attempt::Ends);
                assert!(matches!(committed, Committed::Stored(_)), "{committed:?}");
            });
        }
    });
    let grants = all(store);
    assert_eq!(grants.len(), GRANTS);
    for n in 0..GRANTS {
        let grant = grants.iter().find(|grant| grant.is_called(&label(n)));
        assert_eq!(grant.and_then(refresh), Some(format!("s{n}").as_str()));
        assert_eq!(grant.map(|grant| grant.is_unfinished), Some(false));
    }
}

fn a_lease_of_another_store_is_refused(subject: &dyn Subject) {
    let store = with_login(subject);
    let mut lease = Lease::new(None, None, ());
    let refused = wait(store.intend(&mut lease)).err().map(|error| error.kind());
    assert_eq!(refused, Some(StoreErrorKind::Lost));
}
