use hermes_format::origin::Origins;
use hermes_format::secret::Secret;
use hermes_format::time::UnixMs;
use hermes_machine::machine::{Code, Grant, Trouble};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::*;
use super::scene::*;

#[test]
fn a_refresh_changes_its_own_grant_and_nothing_else() {
    let (_folder, store) = store_with(HERMES);
    renew(&store, &grant("a2", Some("r2")));
    let expect = HERMES
        .replace("\"client_id\": \"c\"", "\"client_id\": \"c2\"")
        .replace("\"a1\"", "\"a2\"")
        .replace("\"r1\"", "\"r2\"")
        .replace("2026-11-22T01:41:17.033025+00:00\",\n      \"expires_at\": \"2026-11-23T01:41:17.033025", "2026-11-23T02:13:20.000000+00:00\",\n      \"expires_at\": \"2026-11-23T03:13:20.000000")
        .replace("\"expires_in\": 86400", "\"expires_in\": 3600")
        .replace("\"expires_at_ms\": 1795398077033", "\"expires_at_ms\": 1795403600000")
        .replace("\"last_status\": \"dead\",\n        \"last_error_code\": 401", "\"last_status\": null,\n        \"last_error_code\": null")
        .replace("\\ud800\"}", "\\ud800\"},\n      \"refresh_tokens_sha256\": [\n        \"HASH r1\",\n        \"HASH r2\"\n      ],\n      \"generation\": 1,\n      \"origins\": [\n        \"https://bound.example\"\n      ],\n      \"last_redeem_at\": \"2026-11-23T02:13:20.500000+00:00\"")
        .replace("HASH r1", &sha256("r1"))
        .replace("HASH r2", &sha256("r2"));
    assert_eq!(without_stamp(&text(&store)), without_stamp(&expect));
}

#[test]
fn a_change_that_changes_nothing_writes_nothing() {
    let (_folder, store) = store_with("{ \"providers\" : {} }");
    store.commit(|document| assert!(document.record("acme").is_none())).unwrap();
    assert_eq!(text(&store), "{ \"providers\" : {} }");
}

#[test]
fn s30_a_refresh_without_a_new_refresh_token_keeps_the_old_one() {
    for refresh in [None, Some("")] {
        let (_folder, store) = store_with(HERMES);
        renew(&store, &grant("a2", refresh));
        let record = store.read().unwrap().record("acme").unwrap();
        assert_eq!(record.refresh_token(), Some(Secret::new("r1")));
        assert_eq!(record.access_token(), Some(Secret::new("a2")));
    }
}

#[test]
fn a_refresh_without_a_lifetime_makes_it_unknown() {
    let (_folder, store) = store_with(HERMES);
    renew(&store, &Grant { expires_at: None, ..grant("a2", None) });
    assert_eq!(store.read().unwrap().record("acme").unwrap().expiry(), Expiry::Unknown);
}

#[test]
fn a_refresh_never_widens_the_origins() {
    let (_folder, store) = store_with(HERMES);
    renew(&store, &grant("a2", None));
    renew(&store, &Grant { origins: Origins(vec!["https://evil.example".to_owned()]), ..grant("a3", None) });
    let origins = store.read().unwrap().record("acme").unwrap().origins().unwrap();
    assert_eq!(origins.0, ["https://bound.example"]);
}

#[test]
fn a_login_replaces_the_record_activates_its_provider_and_ends_its_suppression() {
    let (_folder, store) = store_with(HERMES);
    log_in(&store, "acme", &[]);
    let file: Value = serde_json::from_str(&text(&store).replace("\\ud800", "")).unwrap();
    assert_eq!(
        file["providers"]["acme"],
        json!({
            "provider": "acme", "region": "global", "client_id": "c2", "token_type": "Bearer",
            "access_token": "n", "refresh_token": "m",
            "obtained_at": "2026-11-23T02:13:20.000000+00:00", "expires_at": "2026-11-23T03:13:20.000000+00:00",
            "expires_in": 3600, "generation": 1, "origins": ["https://auth.example"],
            "refresh_tokens_sha256": [sha256("r1"), sha256("m")],
        })
    );
    assert_eq!(file["active_provider"], "acme");
    assert_eq!(file["suppressed_sources"], json!({ "other": ["env"] }));
    assert_eq!(file["credential_pool"]["acme"][0]["refresh_token"], "m");
    assert_eq!(file["credential_pool"]["acme"][1]["refresh_token"], "else");
}

#[test]
fn nested_tokens_are_read_and_written_where_they_are() {
    let (_folder, store) = store_with(HERMES);
    let place = ["tokens".to_owned()];
    let before = store.read().unwrap().record_at("other", &place).unwrap();
    assert_eq!(before.access_token(), Some(Secret::new("oa")));
    assert_eq!(before.token()["id_token"], "oi");
    assert_eq!(before.token()["auth_mode"], "chatgpt");
    let after = log_in(&store, "other", &place);
    assert_eq!((after.access_token(), after.generation()), (Some(Secret::new("n")), 1));
    let file = text(&store);
    assert!(file.contains("\"auth_mode\": \"chatgpt\"") && !file.contains("\"oi\""), "{file}");
}

#[test]
fn the_first_login_makes_a_file_that_hermes_agent_reads() {
    let folder = tempfile::tempdir().unwrap();
    let store = FileStore::open(Home::at(folder.path().join("new/home")));
    assert!(store.read().unwrap().providers().is_empty());
    assert!(!store.home().path().exists(), "reading leaves no trace");
    log_in(&store, "acme", &[]);
    let written = text(&store);
    assert!(written.starts_with("{\n  \"version\": 1,\n  \"providers\": {\n    \"acme\": {\n"), "{written}");
    assert!(written.ends_with("\n}\n"));
    assert_eq!((mode(store.home().path()), mode(&store.path())), (0o700, 0o600));
}

#[test]
fn removal_takes_every_copy() {
    let (_folder, store) = store_with(HERMES);
    log_in(&store, "acme", &[]);
    assert!(store.commit(|document| document.remove("acme")).unwrap());
    assert!(!store.commit(|document| document.remove("acme")).unwrap());
    let document = store.read().unwrap();
    assert_eq!(document.providers(), ["other"]);
    assert_eq!(document.active_provider(), None);
    let text = text(&store);
    assert!(!text.contains("eeae18") && !text.contains("\"r1\""), "{text}");
    // Nobody but Hermes Agent knows whose row the other is.
    assert!(
        text.contains(r#"{"id": "ffff00", "refresh_token": "else", "last_status": "dead", "tls":  true}"#)
    );
}

/// A file whose provider has a row of a person's and one that Hermes Agent copied from a variable.
const BESIDE: &str = r#"{
  "providers": {},
  "credential_pool": {
    "acme": [
      {"id": "aaaaaa", "source": "manual", "auth_type": "api_key", "access_token": "k1"},
      {"id": "bbbbbb", "source": "env:ACME_KEY",  "access_token": "k2", "n": 1.10E+2}
    ],
    "odd": {"not":  "a list"}
  },
  "active_provider": "acme"
}
"#;

#[test]
fn the_rows_that_hermes_agent_copied_survive_the_removal_of_a_person_s_byte_for_byte() {
    let remove_slot = |document: &mut Document| {
        let slot = document.slots("acme", &[]).remove(0);
        document.remove_slot("acme", &[], &slot);
        true
    };
    let ways: [&dyn Fn(&mut Document) -> bool; 2] = [&remove_slot, &|document| document.remove("acme")];
    for remove in ways {
        let (_folder, store) = store_with(BESIDE);
        assert!(store.commit(|document| remove(document)).unwrap());
        let text = text(&store);
        assert!(!text.contains("k1"), "{text}");
        assert!(
            text.contains(
                r#"{"id": "bbbbbb", "source": "env:ACME_KEY",  "access_token": "k2", "n": 1.10E+2}"#
            ),
            "{text}"
        );
        assert_eq!(store.read().unwrap().active_provider(), None);
        assert_eq!(store.read().unwrap().providers(), [""; 0]);
        assert!(
            !store.commit(|document| document.remove("acme")).unwrap(),
            "there is nothing of ours any more"
        );
    }
}

#[test]
fn what_is_no_list_of_rows_survives_a_removal() {
    let (_folder, store) = store_with(BESIDE);
    assert!(!store.commit(|document| document.remove("odd")).unwrap());
    assert_eq!(text(&store), BESIDE);
}

#[test]
fn a_grant_moves_with_its_tokens_and_generation_but_not_when_it_is_wiped() {
    let (_folder, store) = store_with(HERMES);
    let before = store.read().unwrap().record("acme").unwrap();
    assert!(!before.moved_from(&before));
    renew(&store, &grant("a2", Some("r2")));
    assert!(store.read().unwrap().record("acme").unwrap().moved_from(&before));
    let (_folder, wiped) = store_with(r#"{"providers": {"acme": {"provider": "acme"}}}"#);
    assert!(!wiped.read().unwrap().record("acme").unwrap().moved_from(&before));
    let (_folder, theirs) =
        store_with(r#"{"providers": {"acme": {"access_token": "a9", "refresh_token": "r9"}}}"#);
    assert!(theirs.read().unwrap().record("acme").unwrap().moved_from(&before));
}

#[test]
fn a_count_that_can_go_no_further_stays_and_the_grant_is_renewed_all_the_same() {
    let most = r#"{"providers": {"acme": {"refresh_token": "r1", "generation": 18446744073709551615}}}"#;
    let (_folder, store) = store_with(most);
    let before = store.read().unwrap().record("acme").unwrap();
    renew(&store, &grant("a2", Some("r2")));
    let after = store.read().unwrap().record("acme").unwrap();
    assert_eq!((after.generation(), after.moved_from(&before)), (u64::MAX, true));
    assert_eq!(log_in(&store, "acme", &[]).generation(), u64::MAX);
}

#[test]
fn a_mark_keeps_the_tokens_and_is_void_for_others() {
    let (_folder, store) = store_with(HERMES);
    let trouble = Trouble { relogin: true, ..Trouble::plain(Code::RefreshFailed, "spent") };
    let mut record = store.read().unwrap().record("acme").unwrap();
    record.mark_relogin("acme", &trouble, UnixMs(0));
    assert_eq!(record.refresh_token(), Some(Secret::new("r1")));
    assert_eq!(record.relogin_mark().unwrap().message, "spent");
    let mut newer = record.object().clone();
    newer.set("refresh_token", "r9");
    assert_eq!(Record::new(newer, &[]).relogin_mark(), None);
    let hermes = r#"{"providers": {"acme": {"last_auth_error": {"code": "invalid_grant", "relogin_required": true}}}}"#;
    let (_folder, theirs) = store_with(hermes);
    assert_eq!(theirs.read().unwrap().record("acme").unwrap().relogin_mark().unwrap().code, "invalid_grant");
}

/// A JSON text as another program may write it, with everything that a careless reader changes.
fn any_json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("-0".to_owned()),
        "-?[1-9][0-9]{0,30}(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,2})?",
        "[ -!#-\\[\\]-~é]{0,8}".prop_map(|text| format!("\"{text}\"")),
        Just(r#""\u00e9\ud800\/""#.to_owned()),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|list| format!("[{}]", list.join(" , "))),
            prop::collection::vec(("[a-z]{1,4}", inner), 0..4).prop_map(|members| {
                let unique: std::collections::BTreeMap<String, String> = members.into_iter().collect();
                let members: Vec<String> =
                    unique.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
                format!("{{{}}}", members.join(", "))
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_else_the_file_holds_comes_back_as_it_was(top in any_json(), beside in any_json(), within in any_json()) {
        let file = format!(
            r#"{{"zzz": {top}, "providers": {{"beside": {{"x": {beside}}}, "acme": {{"refresh_token": "r1", "y": {within}}}}}}}"#
        );
        let (_folder, store) = store_with(&file);
        renew(&store, &grant("a2", Some("r2")));
        let after = text(&store);
        for kept in [format!("\"zzz\": {top}"), format!("\"beside\": {{\"x\": {beside}}}"), format!("\"y\": {within}")] {
            prop_assert!(after.contains(&kept), "{kept}\n{after}");
        }
    }
}
