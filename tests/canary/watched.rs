//! Renewals under way, seen from outside: arguments, environment, names of files.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{House, ID, SET, check_absent, files};
use crate::support::Started;

/// `run-flow --flow refresh`.
pub(super) fn refreshes(house: &House) {
    watch(house, &["run-flow", ID, "--flow", "refresh", "--trace", "-v"], |_| false);
}

/// `use`, which finds a token that has ended, and renews it.
pub(super) fn used(house: &House) {
    age(house);
    watch(house, &["use", ID, "--model", "MiniMax-M2.7", "--trace", "-v"], |_| false);
    house.offline(&["use", "set", "--model", "some-model", "--format", "json"], 0);
}

/// `keep`, which renews one of three, until it is told to end.
pub(super) fn kept(house: &House) {
    age(house);
    let begun = Instant::now();
    watch(house, &["keep", ID, "set", "typed", "-v"], |renewed| {
        assert!(begun.elapsed() < Duration::from_secs(15), "nothing was renewed");
        renewed
    });
}

/// The first credential has ended long ago, and nobody has renewed it just now.
fn age(house: &House) {
    let mut auth = house.program.auth().expect("the store");
    let record = auth["providers"][ID].as_object_mut().expect("a record");
    record.insert("expires_at".to_owned(), json!("2020-01-01T00:00:00+00:00"));
    record.retain(|name, _| name != "last_redeem_at" && name != "refresh_pause");
    house.program.write_home("auth.json", &auth.to_string());
}

/// Runs a command that renews, and looks at it all the while. It ends by itself, or by SIGTERM once that is due, of which
/// the question is told whether a renewal has come to its end.
#[track_caller]
fn watch(house: &House, args: &[&str], mut is_due: impl FnMut(bool) -> bool) {
    let before = house.server.counts().refresh;
    let mut command = house.program.command(args);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = Started::by(&mut command);
    let mut looks = 0;
    let mut is_told = false;
    while child.is_running() {
        look(house, child.id());
        looks += 1;
        let has_ended =
            house.server.counts().refresh > before && !house.program.home().join("journal").join(ID).exists();
        if is_due(has_ended) && !std::mem::replace(&mut is_told, true) {
            child.signal("TERM");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let run = child.end().expect_code(0);
    assert!(looks > 3, "it was over too soon to be seen");
    assert!(house.server.counts().refresh > before, "{args:?} has renewed nothing");
    house.judge(args, &run);
}

fn look(house: &House, id: u32) {
    let process = PathBuf::from(format!("/proc/{id}"));
    for name in ["cmdline", "environ"] {
        let bytes = fs::read(process.join(name)).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes).replace(&format!("CANARY_KEY={SET}"), "");
        check_absent(&house.secrets(), &text, name);
    }
    for path in files(&house.program.home()) {
        check_absent(&house.secrets(), &path.display().to_string(), "the name of a file");
    }
}
