//! `trust --list`: what is trusted, and for what.

use hermes_engine::clock;
use hermes_engine::trust::{Facts, Trust};
use hermes_format::time::UnixMs;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Ended;
use crate::render::{self, safe_whole, say, time};

pub(super) fn list(context: &Context) -> Ended {
    let trust = Trust::read(&context.home)?;
    if trust.contents.is_empty() && trust.folders.is_empty() {
        say("Nothing is trusted but your own files.");
        return Ok(Exit::Done);
    }
    let ago = |at: i64| time::distance(UnixMs(at), clock::wall());
    let mut lines = Vec::new();
    for (hash, file) in &trust.contents {
        lines.push(format!("{} (sha256 {hash}, trusted {})", safe_whole(&file.path), ago(file.at)));
        lines.extend(shown(&file.facts, "  "));
    }
    for folder in trust.folders.values() {
        lines.push(format!("{} (folder, trusted {})", safe_whole(&folder.path), ago(folder.at)));
        for (id, facts) in &folder.files {
            lines.push(format!("  {}", safe_whole(id)));
            lines.extend(shown(facts, "    "));
        }
    }
    lines.push(String::new());
    render::answer(&lines.join("\n"))?;
    Ok(Exit::Done)
}

fn shown(facts: &Facts, indent: &str) -> Vec<String> {
    facts.lines().iter().map(|line| format!("{indent}{}", safe_whole(line))).collect()
}
