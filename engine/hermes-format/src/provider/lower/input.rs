//! What a person or the environment supplies.

use indexmap::IndexMap;
use regex::RegexBuilder;

use super::Lowering;
use super::code::{BAD_DEFAULT, BAD_ID, NO_SINGLE_OUTCOME};
use super::site::Site;
use crate::diagnostic::{Diagnostic, nearest};
use crate::provider::{At, Input, InputSource};
use crate::raw;
use crate::raw::read::WRONG_TYPE;
use crate::template::Pattern;

/// The largest compiled regular expression, in bytes.
const MAX_REGEX: usize = 1 << 20;

impl Lowering<'_> {
    pub(super) fn inputs(&mut self) -> IndexMap<String, Input> {
        let site = self.site.key("inputs");
        let raw = self.file.raw;
        raw.inputs.iter().map(|(name, input)| (name.clone(), self.input(name, input, site))).collect()
    }

    fn input(&mut self, name: &str, raw: &raw::provider::Input, site: Site<'_>) -> Input {
        let span = site.name(name);
        let site = site.key(name);
        let pattern = raw.pattern.as_ref().and_then(|text| self.pattern(text, site.key("pattern")));
        if let Some(default) = &raw.default {
            self.plain_http_in(default, site.key("default").span());
            self.default_fits(default, raw, pattern.as_ref(), site);
        }
        let sources = site.key("from");
        let from = raw.from.iter().enumerate();
        Input {
            prompt: raw.prompt.clone(),
            secret: raw.secret,
            choices: raw.choices.clone(),
            default: raw.default.clone(),
            from: from
                .filter_map(|(i, source)| self.source(source, sources.item(i, raw.from.len())))
                .collect(),
            pattern,
            span,
        }
    }

    /// The pattern, anchored at both ends: it must match the whole value.
    fn pattern(&mut self, text: &str, site: Site<'_>) -> Option<Pattern> {
        match RegexBuilder::new(&format!(r"\A(?:{text})\z")).size_limit(MAX_REGEX).build() {
            Ok(regex) => Some(Pattern(regex)),
            Err(error) => {
                let reason = error.to_string();
                let reason =
                    reason.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                self.push(
                    Diagnostic::new(
                        &WRONG_TYPE,
                        site.span(),
                        format!("not a regular expression that can be used: {reason}"),
                    )
                    .help("write a sign that means itself after a `\\`"),
                );
                None
            }
        }
    }

    fn default_fits(
        &mut self,
        default: &str,
        raw: &raw::provider::Input,
        pattern: Option<&Pattern>,
        site: Site<'_>,
    ) {
        let span = site.key("default").span();
        if !raw.choices.is_empty() && !raw.choices.iter().any(|choice| choice == default) {
            let choices = raw.choices.iter().map(String::as_str);
            let finding =
                Diagnostic::new(&BAD_DEFAULT, span, format!("`{default}` is not among the choices"))
                    .also(site.key("choices").span(), "the choices");
            self.push(match nearest(default, choices) {
                Some(meant) => finding.meant(meant),
                None => finding.help("take one of them, or add it to them"),
            });
        }
        if pattern.is_some_and(|pattern| !pattern.0.is_match(default)) {
            self.push(
                Diagnostic::new(&BAD_DEFAULT, span, format!("`{default}` does not match the pattern"))
                    .also(site.key("pattern").span(), "which the whole value must match")
                    .help("write a default that matches, or widen the pattern"),
            );
        }
    }

    fn source(&mut self, raw: &raw::provider::InputSource, site: Site<'_>) -> Option<InputSource> {
        let at = raw.at.as_ref().and_then(|path| self.query(path, site.key("at").span()));
        if raw.at.is_some() && raw.file.is_none() {
            self.push(
                Diagnostic::new(&NO_SINGLE_OUTCOME, site.name("at"), "`at` without a `file`")
                    .help("`at` is the place in a file's JSON"),
            );
        }
        match (&raw.env, &raw.file, &raw.command) {
            (Some(env), None, None) => {
                let span = site.key("env").span();
                self.variable(env, site);
                Some(InputSource::Env(At { value: env.clone(), span }))
            }
            (None, Some(file), None) => {
                let path = At { value: file.clone(), span: site.key("file").span() };
                Some(InputSource::File { path, at: at.map(|at| at.value) })
            }
            (None, None, Some(command)) => {
                let span = site.key("command").span();
                let program = command.first().map(String::as_str).unwrap_or_default();
                if program.is_empty() {
                    self.push(
                        Diagnostic::new(&WRONG_TYPE, span, "a command without a program")
                            .help("write `command = [\"PROGRAM\", \"ARGUMENT\"]`"),
                    );
                } else if program.contains('/') && !program.starts_with('/') {
                    let message = format!("`{program}` is another program in each working directory");
                    let finding = Diagnostic::new(&WRONG_TYPE, span, message);
                    self.push(finding.help("name a program of the PATH, or write its absolute path"));
                }
                Some(InputSource::Command(At { value: command.clone(), span }))
            }
            _ => {
                self.push(
                    Diagnostic::new(
                        &NO_SINGLE_OUTCOME,
                        site.span(),
                        "a source is exactly one of `env`, `file` and `command`",
                    )
                    .help("write one table a source: they are tried in their order"),
                );
                None
            }
        }
    }

    fn variable(&mut self, name: &str, site: Site<'_>) {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) || !name.chars().all(plain) {
            let message = format!("`{name}` can't be an environment variable");
            let finding = Diagnostic::new(&BAD_ID, site.key("env").span(), message);
            self.push(finding.help("write its name alone: letters, digits and `_`"));
        }
    }
}
