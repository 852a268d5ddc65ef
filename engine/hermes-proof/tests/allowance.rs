//! No byte of a run leaves for an origin that was not named, and nothing that is shown holds a secret, whatever a file that
//! passes `check` is made of. What holds is said in `tests/fuzz/oracle/allowance.rs`, which is a fuzz target too.
//!
//! `PROOF_CASES` is how many runs there are.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

#[path = "../../../tests/fuzz/oracle/allowance.rs"]
#[allow(unreachable_pub, dead_code, reason = "it is a library to the fuzz targets")]
mod allowance;
#[path = "../../../tests/fuzz/oracle/scene.rs"]
#[allow(unreachable_pub, dead_code, reason = "it is a library to the fuzz targets")]
mod scene;

#[test]
fn s4_no_byte_of_a_run_leaves_for_an_origin_that_nobody_named() {
    let wanted: usize = std::env::var("PROOF_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(4_000);
    let bytes = proptest::collection::vec(any::<u8>(), 120);
    let (mut files, mut accepted, mut runs) = (0, 0, 0);
    while runs < wanted {
        let mut runner =
            TestRunner::new(Config { cases: 64, failure_persistence: None, ..Config::default() });
        let made = std::cell::RefCell::new((0_usize, 0_usize));
        let ended = runner.run(&bytes, |bytes| {
            let ran = allowance::runs(&bytes);
            let mut made = made.borrow_mut();
            made.0 += usize::from(ran > 0);
            made.1 += ran;
            Ok(())
        });
        ended.unwrap();
        files += 64;
        accepted += made.borrow().0;
        runs += made.borrow().1;
        assert!(files < 2_000 || accepted > files / 20, "only {accepted} of {files} files pass `check`");
    }
    println!("{runs} runs of {accepted} files of {files}");
}
