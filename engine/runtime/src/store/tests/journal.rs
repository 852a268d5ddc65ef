use std::fs;
use std::time::Duration;

use super::scene::*;

#[test]
fn a_journal_brings_back_what_was_in_hand() {
    let (folder, store) = store_with(HERMES);
    store
        .with_grant("acme", Duration::ZERO, |held| {
            let mut journal = held.journal();
            assert!(journal.pending().unwrap().is_none());
            journal.begin(&intent()).unwrap();
            assert!(store.is_unfinished("acme"));
            journal.note(&answer(b"\xff\x00{}")).unwrap();
            let pending = held.journal().pending().unwrap().unwrap();
            assert_eq!(pending.intent, intent());
            assert_eq!(pending.answers[0].response().body, b"\xff\x00{}");
            assert_eq!(
                (mode(&folder.path().join("journal")), mode(&folder.path().join("journal/acme"))),
                (0o700, 0o600)
            );
            let mut later = held.journal();
            later.resume().unwrap();
            later.note(&answer(b"second")).unwrap();
            assert_eq!(held.journal().pending().unwrap().unwrap().answers.len(), 2);
            later.clear().unwrap();
            later.clear().unwrap();
        })
        .unwrap();
    assert!(!store.is_unfinished("acme"));
}

#[test]
fn a_journal_that_was_cut_anywhere_yields_what_was_durable() {
    let (folder, store) = store_with(HERMES);
    store.with_grant("acme", Duration::ZERO, |held| held.journal().begin(&intent())).unwrap().unwrap();
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
            store.with_grant("acme", Duration::ZERO, |held| held.journal().pending()).unwrap().unwrap();
        let expect = (cut >= first).then(|| usize::from(cut == whole.len()));
        assert_eq!(pending.map(|p| p.answers.len()), expect, "cut at {cut} of {}", whole.len());
    }
}

#[test]
fn readiness_is_proved_without_a_trace() {
    let (folder, store) = store_with(HERMES);
    store.with_grant("acme", Duration::ZERO, |held| held.prove_ready()).unwrap().unwrap();
    let left = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 3, "auth.json, auth.lock and locks/");
    assert_eq!(text(&store), HERMES);
}
