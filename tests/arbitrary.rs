//! The corpus of the fuzz targets through the same oracles, without a fuzzer: what was found once stays found. Each test
//! is one target of `tests/fuzz/`, whose oracle says what holds.

use std::fs;

use crate::support::page::root;

#[path = "fuzz/oracle/mod.rs"]
#[allow(unreachable_pub, reason = "it is a library to the fuzz targets")]
pub mod oracle;

/// Takes each file of a corpus. The last one that is named is the one that broke it.
fn replay(target: &str, holds: fn(&[u8])) {
    let corpus = fs::read_dir(root("tests/fuzz/corpus").join(target)).expect("a corpus");
    let mut count = 0;
    for entry in corpus {
        let path = entry.expect("a file").path();
        eprintln!("{}", path.display());
        holds(&fs::read(&path).expect("a file"));
        count += 1;
    }
    assert!(count > 0, "no corpus for {target}");
}

#[test]
fn s27_any_text_is_a_file_or_has_an_error_with_a_place() {
    replay("file", oracle::file::holds);
}

#[test]
fn any_text_is_a_template_or_has_an_error_and_no_value_becomes_syntax() {
    replay("template", oracle::template::holds);
}

#[test]
fn s25_any_answer_is_taken_and_none_shows_a_secret() {
    replay("answer", oracle::answer::holds);
}

#[test]
fn s4_any_file_that_passes_check_sends_and_shows_no_secret_elsewhere() {
    replay("allowance", oracle::allowance::holds);
}

#[test]
fn any_store_is_read_or_refused_and_a_renewal_changes_its_own_grant_alone() {
    replay("store", oracle::store::holds);
}

#[test]
fn s19_any_bytes_reach_the_listener_and_nothing_of_them_comes_back() {
    replay("callback", oracle::callback::holds);
}

#[test]
fn s17_any_paste_is_taken_and_none_goes_on_with_another_state() {
    replay("paste", oracle::paste::holds);
}
