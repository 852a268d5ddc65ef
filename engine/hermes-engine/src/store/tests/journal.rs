use std::fs;
use std::time::Duration;

use super::super::*;
use super::scene::*;

#[test]
fn a_journal_brings_back_what_was_in_hand() {
    let (folder, store) = store_with(HERMES);
    store
        .with_grant("acme", Duration::ZERO, |held| {
            let mut journal = held.journal(MAIN);
            assert!(journal.pending().unwrap().is_none());
            journal.begin(&intent()).unwrap();
            assert!(store.is_unfinished("acme", MAIN));
            journal.note(&answer(b"\xff\x00{}")).unwrap();
            let pending = held.journal(MAIN).pending().unwrap().unwrap();
            assert_eq!(pending.intent, intent());
            assert_eq!(pending.answers[0].response().body, b"\xff\x00{}");
            assert_eq!(
                (mode(&folder.path().join("journal")), mode(&folder.path().join("journal/acme"))),
                (0o700, 0o600)
            );
            let mut later = held.journal(MAIN);
            later.resume().unwrap();
            later.note(&answer(b"second")).unwrap();
            assert_eq!(held.journal(MAIN).pending().unwrap().unwrap().answers.len(), 2);
            later.clear().unwrap();
            later.clear().unwrap();
        })
        .unwrap();
    assert!(!store.is_unfinished("acme", MAIN));
}

#[test]
fn a_journal_that_was_cut_anywhere_yields_what_was_durable() {
    let (folder, store) = store_with(HERMES);
    store.with_grant("acme", Duration::ZERO, |held| held.journal(MAIN).begin(&intent())).unwrap().unwrap();
    let path = folder.path().join("journal/acme");
    let first = fs::read(&path).unwrap().len();
    fs::write(
        &path,
        [fs::read(&path).unwrap(), serde_json::to_vec(&answer(b"{}")).unwrap(), b"\n".to_vec()].concat(),
    )
    .unwrap();
    let whole = fs::read(&path).unwrap();
    for cut in 0..=whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        let pending =
            store.with_grant("acme", Duration::ZERO, |held| held.journal(MAIN).pending()).unwrap().unwrap();
        let expect = (cut >= first).then(|| usize::from(cut == whole.len()));
        assert_eq!(pending.map(|p| p.answers.len()), expect, "cut at {cut} of {}", whole.len());
    }
}

#[test]
fn readiness_is_proved_without_a_trace() {
    let (folder, store) = store_with(HERMES);
    store.with_grant("acme", Duration::ZERO, |held| wait(held.prove_ready())).unwrap().unwrap();
    let left = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 3, "auth.json, auth.lock and locks/");
    assert_eq!(text(&store), HERMES);
}

#[test]
fn an_attempt_that_left_an_answer_is_not_written_over() {
    let (_folder, store) = store_with(HERMES);
    store
        .with_grant("acme", Duration::ZERO, |held| {
            let begin = |intent: &Intent| held.journal(MAIN).begin(intent);
            begin(&intent()).unwrap();
            begin(&intent()).unwrap();
            let other = Intent { refresh_token_sha256: Some(sha256("r9")), ..intent() };
            assert!(matches!(begin(&other), Err(StoreError::Unfinished { .. })));
            let mut journal = held.journal(MAIN);
            journal.resume().unwrap();
            journal.note(&answer(b"{}")).unwrap();
            assert!(matches!(begin(&intent()), Err(StoreError::Unfinished { .. })));
            assert_eq!(held.journal(MAIN).pending().unwrap().unwrap().answers.len(), 1);
            held.journal("work").begin(&other).unwrap();
            assert_eq!(held.journals().len(), 2);
        })
        .unwrap();
    store.with_grant("acm", Duration::ZERO, |held| assert!(held.journals().is_empty())).unwrap();
}

#[test]
fn answers_that_are_taken_back_leave_no_trace_and_earlier_ones_stay() {
    let (folder, store) = store_with(HERMES);
    let path = folder.path().join("journal/acme");
    let of = |state: &str| {
        let mut answer = answer(b"{}");
        answer.state = state.to_owned();
        answer
    };
    store
        .with_grant("acme", Duration::ZERO, |held| {
            let mut journal = held.journal(MAIN);
            journal.begin(&intent()).unwrap();
            journal.note(&of("refresh")).unwrap();
            let before = fs::read(&path).unwrap();
            for _ in 0..3 {
                let mut journal = held.journal(MAIN);
                // What a process that was killed wrote in part was never written.
                fs::write(&path, [fs::read(&path).unwrap(), b"{\"state\":".to_vec()].concat()).unwrap();
                journal.resume().unwrap();
                journal.note(&of("mint")).unwrap();
                journal.note(&of("mint")).unwrap();
                assert_eq!(held.journal(MAIN).pending().unwrap().unwrap().answers.len(), 3);
                journal.retract("mint").unwrap();
                assert_eq!(fs::read(&path).unwrap(), before);
            }
            held.journal(MAIN).retract("refresh").unwrap_err();
        })
        .unwrap();
    // Earlier versions wrote down that they took an answer back.
    let retracted = b"{\"retracted\":\"refresh\"}\n".to_vec();
    fs::write(&path, [fs::read(&path).unwrap(), retracted].concat()).unwrap();
    let pending = store.with_grant("acme", Duration::ZERO, |held| held.journal(MAIN).pending());
    assert_eq!(pending.unwrap().unwrap().unwrap().answers.len(), 0);
}
