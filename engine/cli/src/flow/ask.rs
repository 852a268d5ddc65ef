//! The values of a login's inputs: given, found, or asked of a person.

use std::io::{self, Read as _};

use hermes_engine::input::{self, InputOrigin, Inputs};
use hermes_engine_core::provider::{Input, StateId};
use hermes_engine_core::secret::is_token;
use indexmap::IndexMap;

use super::needs;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render::{self, safe, say};
use crate::session::Session;

/// What is said of a text that only shows where a key belongs.
const NO_KEY: &str = "That is no key: it only shows where one belongs.";

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
    if let Some(name) = stdin {
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

/// All inputs that a login needs; what nothing supplies is asked. `begins_in` is the state that a login with some inputs
/// begins in.
pub(super) fn complete(
    session: &Session<'_>,
    mut set: IndexMap<String, String>,
    begins_in: &dyn Fn(&Inputs) -> Option<StateId>,
) -> Result<Inputs, Failure> {
    let inputs = session.inputs(&set)?;
    let keys = session.provider.key_inputs();
    let is_askable = |name: &str, input: &Input| {
        !inputs.values.contains_key(name) && (input.prompt.is_some() || keys.contains(name))
    };
    let all = session.provider.inputs.iter();
    let askable: Vec<_> = all.filter(|(name, input)| is_askable(name, input)).collect();
    // What is read is not read again where nobody need be asked.
    if askable.is_empty() {
        return Ok(inputs);
    }
    let needed = needs::of_login(&session.provider, begins_in(&inputs), &inputs.values);
    for (name, input) in askable.into_iter().filter(|(name, _)| needed.contains(name.as_str())) {
        set.insert(name.clone(), ask(session, name, input, keys.contains(name.as_str()))?);
    }
    session.inputs(&set)
}

fn ask(session: &Session<'_>, name: &str, input: &Input, is_key: bool) -> Result<String, Failure> {
    if !render::ask::at_terminal() {
        return Err(unattended(session, name, input));
    }
    let what = input.prompt.clone().unwrap_or_else(|| name.replace('_', " "));
    let prompt = format!("{}: {what}:", session.provider.name);
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

/// Nobody can be asked: what to do instead.
fn unattended(session: &Session<'_>, name: &str, input: &Input) -> Failure {
    let id = &session.provider.id;
    let otherwise = if input.secret { format!("--stdin {name}") } else { format!("--set {name}=…") };
    let variables = input::variables(&session.provider);
    let help = match variables.first() {
        Some(variable) => format!("set {variable}, or use `{otherwise}`"),
        None => format!("use `{otherwise}`"),
    };
    let failure =
        Failure::new(Exit::Login, "not_logged_in", format!("`{id}` needs `{name}`, and nobody can be asked"));
    failure.help(help).about(id)
}

fn read_stdin() -> Result<String, Failure> {
    let mut text = String::new();
    let read = io::stdin().lock().take(STDIN_LIMIT).read_to_string(&mut text);
    read.map_err(|error| Failure::usage(format!("standard input can't be read: {error}")))?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() { Err(Failure::usage("standard input is empty")) } else { Ok(text.to_owned()) }
}
