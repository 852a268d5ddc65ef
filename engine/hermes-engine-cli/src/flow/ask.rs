//! The values of a login's inputs: given, found, or asked of a person.

use std::io::{self, Read as _};

use hermes_engine::input::{self, InputOrigin, Inputs};
use hermes_format::provider::{Constants, Input, StateId};
use hermes_format::secret::is_token;
use indexmap::IndexMap;

use super::start;
use crate::exit::Exit;
use crate::explain::because_of;
use crate::failure::Failure;
use crate::render::{self, safe, say};
use crate::session::Session;

/// What is said of a text that only shows where a key belongs.
const NO_KEY: &str = "That looks like a placeholder, not an API key.";

/// The longest value that is read from stdin.
const STDIN_LIMIT: u64 = 64 * 1024;

/// What a person set on the command line and on stdin.
pub(super) fn given(
    session: &Session<'_>,
    set: &[(String, String)],
    stdin: Option<&str>,
) -> Result<IndexMap<String, String>, Failure> {
    let mut values = IndexMap::new();
    for (name, value) in set {
        if session.provider.inputs.get(name).is_some_and(|input| input.secret) {
            // Every user of the computer can read the arguments of a program (S23).
            return Err(Failure::usage(format!("`{name}` is a secret, and arguments are no place for one"))
                .help(format!("give it on standard input, with `--stdin {name}`")));
        }
        values.insert(name.clone(), value.clone());
    }
    if stdin == Some("") {
        values.extend(read_json(session)?);
    } else if let Some(name) = stdin {
        if !session.provider.inputs.contains_key(name) {
            let known: Vec<String> = session.provider.inputs.keys().map(|name| format!("`{name}`")).collect();
            let help = if known.is_empty() {
                "it has none".to_owned()
            } else {
                format!("it has {}", known.join(", "))
            };
            return Err(Failure::usage(format!("`{}` has no input `{name}`", session.provider.id)).help(help));
        }
        let value = read_stdin()?;
        if session.provider.key_inputs().contains(name) && input::is_placeholder(&value) {
            return Err(Failure::usage(NO_KEY).about(&session.provider.id));
        }
        values.insert(name.to_owned(), value);
    }
    Ok(values)
}

/// All inputs that a login needs which begins in a state; what nothing supplies is asked.
pub(super) fn complete(
    session: &Session<'_>,
    mut set: IndexMap<String, String>,
    inputs: Inputs,
    begins_in: StateId,
    region: Option<&str>,
) -> Result<Inputs, Failure> {
    let provider = &session.provider;
    let constants = Constants { provider, region, inputs: &inputs.values };
    let needed = provider.inputs_needed(begins_in, &constants);
    if needed.is_empty() {
        return Ok(inputs);
    }
    let keys = provider.key_inputs();
    for name in needed {
        let Some(input) = provider.inputs.get(name) else { continue };
        if !render::ask::at_terminal() {
            return Err(because_of(unattended(session, name, input, begins_in), &inputs));
        }
        let value = ask(session, (name, input), keys.contains(name))?;
        set.insert(name.to_owned(), value);
    }
    session.inputs(&set)
}

fn ask(session: &Session<'_>, (name, input): (&str, &Input), is_key: bool) -> Result<String, Failure> {
    let prompt = format!("{}: {}:", session.provider.name, label(name, input));
    loop {
        let answer = prompt_for(&prompt, input)?;
        match input::validate(name, input, &answer, &InputOrigin::Set) {
            _ if answer.is_empty() => say("A value is needed."),
            _ if is_key && input::is_placeholder(&answer) => say(NO_KEY),
            _ if is_key && !is_token(&answer) => {
                say("A key has no blanks and only plain letters and signs: give it alone, without `Bearer`.");
            }
            Ok(()) => return Ok(answer),
            Err(error) => say(&safe(&error.to_string())),
        }
    }
}

fn prompt_for(prompt: &str, input: &Input) -> Result<String, Failure> {
    let answer = if !input.choices.is_empty() {
        input.choices.get(render::ask::choice(prompt, &input.choices)?).cloned().unwrap_or_default()
    } else if input.secret {
        render::ask::secret(prompt)?
    } else {
        render::ask::text(prompt)?
    };
    Ok(answer.trim().to_owned())
}

/// What the user is asked for.
pub(super) fn label(name: &str, input: &Input) -> String {
    input.prompt.clone().unwrap_or_else(|| name.replace('_', " "))
}

/// Nobody can be asked: what to do instead.
fn unattended(session: &Session<'_>, name: &str, input: &Input, begins_in: StateId) -> Failure {
    let id = &session.provider.id;
    let option = if input.secret { format!("`--stdin {name}`") } else { format!("`--set {name}=…`") };
    let help = match input::variables_of([input]).collect::<Vec<_>>().as_slice() {
        [] => format!("use {option}"),
        variables => format!("set {}, or use {option}", variables.join(" or ")),
    };
    let other = start::without_questions(session, begins_in);
    let help = other.map_or(help.clone(), |state| format!("{help}, or log in with `--from {state}`"));
    let failure =
        Failure::new(Exit::Login, "not_logged_in", format!("`{id}` needs `{name}`, and nobody can be asked"));
    failure.help(help).about(id)
}

/// The values of several inputs, secrets among them: a JSON object of texts.
fn read_json(session: &Session<'_>) -> Result<IndexMap<String, String>, Failure> {
    let values: IndexMap<String, String> = serde_json::from_str(&read_stdin()?).map_err(|error| {
        Failure::usage(format!("standard input is not a JSON object of texts: {error}"))
            .help("write `{\"INPUT\": \"VALUE\"}`, or name one input: `--stdin INPUT`")
    })?;
    let id = &session.provider.id;
    match values.keys().find(|name| !session.provider.inputs.contains_key(*name)) {
        Some(unknown) => Err(Failure::usage(format!("`{id}` has no input `{}`", safe(unknown)))),
        None => Ok(values),
    }
}

fn read_stdin() -> Result<String, Failure> {
    let mut text = String::new();
    let read = io::stdin().lock().take(STDIN_LIMIT).read_to_string(&mut text);
    read.map_err(|error| Failure::usage(format!("standard input can't be read: {error}")))?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() { Err(Failure::usage("standard input is empty")) } else { Ok(text.to_owned()) }
}
