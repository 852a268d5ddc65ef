//! `auth list`, `auth status`: what the credentials are good for that are stored, set, or in a file.

use hermes_engine::{AccountState, AccountStatus, clock};
use serde_json::{Value, json};

use crate::context::Context;
use crate::door::Door;
use crate::exit::Exit;
use crate::failure::{Ended, Failure};
use crate::options::{Network, Output};
use crate::render::{self, safe, table, time};

pub(super) fn list(output: Output, context: &Context) -> Ended {
    let all = rows(context)?;
    if output.is_json() {
        render::answer_json(&json!({ "version": 1, "credentials": all }))?;
    } else {
        print_rows(&all)?;
    }
    Ok(Exit::Done)
}

/// Every credential that is stored or set, as programs read it.
pub(in crate::command) fn rows(context: &Context) -> Result<Vec<Value>, Failure> {
    let door = Door::open(context, &Network::default(), false)?;
    let all = hermes_engine::blocking::wait(door.engine.accounts())?;
    Ok(all.iter().map(object).collect())
}

/// The same as a table for a user.
pub(in crate::command) fn print_rows(all: &[Value]) -> Result<(), Failure> {
    if all.is_empty() {
        render::say("No credential is stored or set; `hermes-engine run-flow PROVIDER` logs in.");
    } else {
        let cell = |value: &Value, key: &str| safe(value[key].as_str().unwrap_or_default());
        let row = |value: &Value| {
            let priority =
                value["priority"].as_i64().map(|priority| priority.to_string()).unwrap_or_default();
            let [provider, label, id, standing, source, region, expires_at] =
                ["provider", "label", "id", "standing", "source", "region", "expires_at"]
                    .map(|key| cell(value, key));
            vec![provider, label, id, priority, standing, source, region, expires_at]
        };
        let head = ["PROVIDER", "LABEL", "ID", "PRIORITY", "STATE", "SOURCE", "REGION", "EXPIRES"];
        let head = head.map(str::to_owned);
        let rows: Vec<Vec<String>> = std::iter::once(head.to_vec()).chain(all.iter().map(row)).collect();
        render::answer(&table::columns(&rows))?;
    }
    Ok(())
}

pub(in crate::command) fn status(
    name: Option<&str>,
    exit_code: bool,
    output: Output,
    context: &Context,
) -> Ended {
    let door = Door::open(context, &Network::default(), false)?;
    let entry = context.find(name)?;
    let account = door.engine.account(&entry.id)?;
    let all = match hermes_engine::blocking::wait(account.status()) {
        Err(error) if error.code() == "untrusted_file" => {
            vec![AccountStatus::untrusted(&entry)]
        }
        Err(error) => return Err(door.failure_to_list(&entry, error)),
        Ok(all) => all,
    };
    // The first is what a use would take.
    let Some(first) = all.first() else { return Ok(Exit::Bug) };
    let is_untrusted = first.state == AccountState::Untrusted;
    if output.is_json() {
        let mut value = json!({ "version": 1 });
        if let Value::Object(members) = object(first) {
            members.into_iter().for_each(|(key, member)| value[&key] = member);
        }
        value["credentials"] = all.iter().filter(|_| !is_untrusted).map(object).collect();
        render::answer_json(&value)?;
    } else {
        let others = all.iter().skip(1).flat_map(|other| [vec![other_line(other)], details(other)].concat());
        let lines: Vec<String> =
            [vec![line(first)], details(first)].concat().into_iter().chain(others).collect();
        render::answer_line(&lines.join("\n"))?;
    }
    Ok(match (exit_code, first.state) {
        (true, AccountState::Untrusted) => Exit::Refused,
        (true, state) if !state.is_usable() => Exit::Login,
        _ => Exit::Done,
    })
}

/// A reason for a line that begins with the provider's name, which it need not say again.
pub(in crate::command) fn because(name: &str, reason: &str) -> String {
    let rest = reason.strip_prefix(name);
    safe(rest.and_then(|rest| rest.strip_prefix(": ")).unwrap_or(reason))
}

/// A status as programs read it.
pub(in crate::command) fn object(status: &AccountStatus) -> Value {
    let word = status.state.as_str();
    match status.state {
        AccountState::Unknown => json!({
            "provider": status.provider, "name": status.name, "logged_in": null, "standing": word,
        }),
        AccountState::Untrusted => json!({
            "provider": status.provider,
            "name": status.name,
            "logged_in": false,
            "standing": word,
            "code": status.code,
            "untrusted_file": status.source.as_deref().map(safe),
        }),
        state => json!({
            "provider": status.provider,
            "name": status.name,
            "logged_in": state.is_usable(),
            "standing": word,
            "reason": status.reason.as_deref().map(safe),
            "code": status.code,
            "region": status.region,
            "expires_at": status.expires_at.and_then(time::rfc3339_of),
            "label": status.label,
            "id": status.id,
            "priority": status.priority,
            "source": status.source,
            "untrusted_file": null,
        }),
    }
}

/// One line for a user: `✓ NAME (logged in, region=global)`.
pub(in crate::command) fn line(status: &AccountStatus) -> String {
    let name = safe(&status.name);
    if status.state == AccountState::Untrusted {
        let file = safe(status.source.as_deref().unwrap_or_default());
        return format!("⚠ {name} (untrusted): {file} is not trusted, and not used");
    }
    let region = status.region.as_deref().map(|region| format!(", region={}", safe(region)));
    // All other sources are words.
    let root = status.source.as_deref().filter(|source| source.starts_with('/'));
    let root = root.map(|file| format!(", in the profile's root {}", safe(file)));
    let (mark, what) = said(status.state);
    format!("{mark} {name} ({what}{}{})", region.unwrap_or_default(), root.unwrap_or_default())
}

/// The same of a further credential, which is told by its name.
fn other_line(status: &AccountStatus) -> String {
    let (mark, what) = said(status.state);
    let name = status.label.as_deref().or(status.id.as_deref()).or(status.source.as_deref());
    format!("{mark} {} ({what})", safe(name.unwrap_or_default()))
}

fn said(state: AccountState) -> (&'static str, &'static str) {
    match state {
        AccountState::LoggedIn | AccountState::Refreshable => ("✓", "logged in"),
        AccountState::CoolingDown => ("⚠", "cooling down"),
        AccountState::AnswerUnread => ("⚠", "the answer to its renewal can't be read"),
        AccountState::LoginUnfinished => ("⚠", "login approved, not finished"),
        AccountState::ReloginRequired => ("⚠", "login needed again"),
        _ => ("⚠", "not logged in"),
    }
}

/// What else is known, a line each.
fn details(status: &AccountStatus) -> Vec<String> {
    if status.state == AccountState::Untrusted {
        return Vec::new();
    }
    let now = clock::wall();
    let expires = status.expires_at.map(time::unix_ms).map(|at| {
        let verb = if at > now { "expires" } else { "expired" };
        format!("{verb} {}", time::distance(at, now))
    });
    let refreshed =
        (status.state == AccountState::Refreshable).then(|| "is renewed at the next use".to_owned());
    let source = status.source.as_deref().map(|source| format!("from {}", safe(source)));
    let label = status.label.as_deref().map(|label| format!("called {}", safe(label)));
    let reason = status.reason.as_deref().map(safe);
    [expires, refreshed, source, label, reason]
        .into_iter()
        .flatten()
        .map(|line| format!("  {line}"))
        .collect()
}
