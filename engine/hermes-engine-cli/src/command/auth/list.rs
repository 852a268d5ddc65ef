//! `auth list`, `auth status`: what the credentials are good for that are stored, set, or in a file.

use hermes_engine::catalog::Entry;
use hermes_engine::clock;
use hermes_engine::credential::{self, Standing, Status};
use hermes_engine::store::{Document, FileStore};
use hermes_engine::trust::{self, Refused};
use hermes_format::provider::InputSource;
use hermes_machine::machine::Code;
use serde_json::{Value, json};

use crate::args::Output;
use crate::command::Ended;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::{self, safe, table, time};
use crate::session::Session;

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
    let store = FileStore::open(context.home.clone());
    let document = store.read()?;
    let stored = document.providers();
    let known = |id: &String| match context.catalog.find(id).map(|entry| seen(context, entry)) {
        Ok(Seen::Usable(session)) => {
            let all = or_why(standings_of(&session, &document, &|_| true));
            all.iter().map(|status| object(&session, status)).collect()
        }
        Ok(Seen::Untrusted(entry)) => vec![untrusted(&entry)],
        // A record of a provider that has no file here: another program's, or of a file that is gone.
        Ok(Seen::Broken) | Err(_) => {
            vec![json!({ "provider": id, "name": id, "logged_in": null, "standing": "unknown" })]
        }
    };
    let mut all: Vec<Value> = stored.iter().flat_map(known).collect();
    for entry in context.catalog.entries().into_iter().filter(|entry| !stored.contains(&entry.id)) {
        let is_set = |session: &Session<'_>| {
            standings_without_programs(session, &document)
                .into_iter()
                .filter(|one| one.source.is_some())
                .collect()
        };
        match seen(context, entry) {
            Seen::Usable(session) => {
                let set: Vec<Status> = is_set(&session);
                all.extend(set.iter().map(|status| object(&session, status)));
            }
            // What would be set for the built-in file of its id is set, and not for this one.
            Seen::Untrusted(entry) => {
                let built_in = context.catalog.built_in(&entry.id);
                let built_in = built_in.and_then(|entry| Session::open_quietly(context, &entry));
                if built_in.is_some_and(|session| !is_set(&session).is_empty()) {
                    all.push(untrusted(&entry));
                }
            }
            Seen::Broken => {}
        }
    }
    Ok(all)
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
    let entry = context.find(name)?;
    let session = match seen(context, entry.clone()) {
        Seen::Usable(session) => session,
        Seen::Untrusted(entry) => return status_untrusted(&entry, exit_code, output),
        // Its findings are told.
        Seen::Broken => Session::open_to_list(context, &entry)?,
    };
    let all = standings_of(&session, &session.store.read()?, &|_| true)?;
    // The first is what a use would take.
    let Some(status) = all.first() else { return Ok(Exit::Bug) };
    if output.is_json() {
        let mut value = json!({ "version": 1 });
        if let Value::Object(members) = object(&session, status) {
            members.into_iter().for_each(|(key, member)| value[&key] = member);
        }
        value["credentials"] = all.iter().map(|status| object(&session, status)).collect();
        render::answer_json(&value)?;
    } else {
        let others = all.iter().skip(1).flat_map(|other| [vec![other_line(other)], details(other)].concat());
        let lines: Vec<String> =
            [vec![line(&session, status)], details(status)].concat().into_iter().chain(others).collect();
        render::answer_line(&lines.join("\n"))?;
    }
    let needs_login = exit_code && !status.standing.is_usable();
    Ok(if needs_login { Exit::Login } else { Exit::Done })
}

fn status_untrusted(entry: &Entry, exit_code: bool, output: Output) -> Ended {
    let mut value = untrusted(entry);
    if output.is_json() {
        value["version"] = json!(1);
        value["credentials"] = json!([]);
        render::answer_json(&value)?;
    } else {
        render::answer_line(&untrusted_line(entry))?;
    }
    Ok(if exit_code { Exit::Refused } else { Exit::Done })
}

/// A provider as far as it can be told about.
pub(in crate::command) enum Seen<'c> {
    /// Somebody vouches for its file.
    Usable(Session<'c>),
    /// Nobody does: nothing of the file is told.
    Untrusted(Entry),
    /// Its file has errors, or can't be read.
    Broken,
}

/// Looks at a provider, with no word on what is wrong.
pub(in crate::command) fn seen(context: &Context, entry: Entry) -> Seen<'_> {
    match trust::open(&context.catalog, &entry, &context.home) {
        Err(Refused::Unreadable(_) | Refused::Trust(_)) => Seen::Broken,
        Err(Refused::Untrusted | Refused::NotOwn(_)) => Seen::Untrusted(entry),
        Ok(_) => Session::open_quietly(context, &entry).map_or(Seen::Broken, Seen::Usable),
    }
}

/// A provider whose file nobody vouches for, as programs read it.
pub(in crate::command) fn untrusted(entry: &Entry) -> Value {
    json!({
        "provider": entry.id,
        "name": entry.id,
        "logged_in": false,
        "standing": "untrusted",
        "code": "untrusted_file",
        "untrusted_file": safe(&entry.source()),
    })
}

/// The same as a line for the user.
pub(in crate::command) fn untrusted_line(entry: &Entry) -> String {
    format!("⚠ {} (untrusted): {} is not trusted, and not used", safe(&entry.id), safe(&entry.source()))
}

/// What a provider's credentials are good for, in the order in which they are tried, with only some of the sources; at
/// least one.
pub(in crate::command) fn standings_of(
    session: &Session<'_>,
    document: &Document,
    allowed: &dyn Fn(&InputSource) -> bool,
) -> Result<Vec<Status>, Failure> {
    let snapshot = document.grants(&credential::scope(&session.provider));
    let kept =
        credential::first(&snapshot, &session.provider).map(|first| first.made.inputs).unwrap_or_default();
    let inputs = session.inputs_from(&Default::default(), &kept, allowed)?;
    let all = credential::statuses(&snapshot, &session.provider, &inputs, clock::wall());
    Ok(credential::with_unfinished(&session.store, &session.provider, all))
}

/// The same without running a program, and with the reason where a value can't be used.
pub(in crate::command) fn standings_without_programs(
    session: &Session<'_>,
    document: &Document,
) -> Vec<Status> {
    or_why(standings_of(session, document, &|source| !matches!(source, InputSource::Command(_))))
}

/// A value that can't be used makes a credential that can't be.
fn or_why(judged: Result<Vec<Status>, Failure>) -> Vec<Status> {
    judged.unwrap_or_else(|failure| vec![Status::unusable(failure.code, &failure.message)])
}

/// A reason for a line that begins with the provider's name, which it need not say again.
pub(in crate::command) fn because(session: &Session<'_>, reason: &str) -> String {
    let rest = reason.strip_prefix(session.provider.name.as_str());
    safe(rest.and_then(|rest| rest.strip_prefix(": ")).unwrap_or(reason))
}

/// A status as programs read it.
pub(in crate::command) fn object(session: &Session<'_>, status: &Status) -> Value {
    json!({
        "provider": session.provider.id,
        "name": session.provider.name,
        "logged_in": status.standing.is_usable(),
        "standing": standing(status.standing),
        "reason": status.reason.as_deref().map(safe),
        "code": status.code.as_ref().map(Code::as_str),
        "region": status.region,
        "expires_at": status.expires_at.and_then(time::rfc3339),
        "label": status.label,
        "id": status.id,
        "priority": status.priority,
        "source": status.source,
        "untrusted_file": null,
    })
}

fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::LoggedIn => "logged_in",
        Standing::Refreshable => "refreshable",
        Standing::CoolingDown => "cooling_down",
        Standing::AnswerUnread => "answer_unread",
        Standing::LoginUnfinished => "login_unfinished",
        Standing::ReloginRequired => "relogin_required",
        Standing::NotLoggedIn => "not_logged_in",
    }
}

/// One line for a person: `✓ NAME (logged in, region=global)`.
pub(in crate::command) fn line(session: &Session<'_>, status: &Status) -> String {
    let name = safe(&session.provider.name);
    let region = status.region.as_deref().map(|region| format!(", region={}", safe(region)));
    let root = status.root_file().map(|file| format!(", in the profile's root {}", safe(file)));
    let (mark, what) = said(status.standing);
    format!("{mark} {name} ({what}{}{})", region.unwrap_or_default(), root.unwrap_or_default())
}

/// The same of a further credential, which is told by its name.
fn other_line(status: &Status) -> String {
    let (mark, what) = said(status.standing);
    let name = status.label.as_deref().or(status.id.as_deref()).or(status.source.as_deref());
    format!("{mark} {} ({what})", safe(name.unwrap_or_default()))
}

fn said(standing: Standing) -> (&'static str, &'static str) {
    match standing {
        Standing::LoggedIn | Standing::Refreshable => ("✓", "logged in"),
        Standing::CoolingDown => ("⚠", "cooling down"),
        Standing::AnswerUnread => ("⚠", "the answer to its renewal can't be read"),
        Standing::LoginUnfinished => ("⚠", "login approved, not finished"),
        Standing::ReloginRequired => ("⚠", "login needed again"),
        Standing::NotLoggedIn => ("⚠", "not logged in"),
    }
}

/// What else is known, a line each.
fn details(status: &Status) -> Vec<String> {
    let now = clock::wall();
    let expires = status.expires_at.map(|at| {
        let verb = if at > now { "expires" } else { "expired" };
        format!("{verb} {}", time::distance(at, now))
    });
    let refreshed =
        (status.standing == Standing::Refreshable).then(|| "is renewed at the next use".to_owned());
    let source = status.source.as_deref().map(|source| format!("from {}", safe(source)));
    let label = status.label.as_deref().map(|label| format!("called {}", safe(label)));
    let reason = status.reason.as_deref().map(safe);
    [expires, refreshed, source, label, reason]
        .into_iter()
        .flatten()
        .map(|line| format!("  {line}"))
        .collect()
}
