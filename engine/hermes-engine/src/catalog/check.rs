//! The static verification and the tests of many files at once, their findings together.

use std::io;

use hermes_format::diagnostic::{self, Code, Diagnostic};
use hermes_format::provider::Shared;
use hermes_format::source::{FileId, Sources, Span};
use hermes_machine::check::{self, Context, apply_allowances};
use hermes_proof::replay::{self, Report};

use super::mode::mode_names;
use super::{Catalog, Entry, Kind, Target, encoding};

/// What the verification of some files says.
#[derive(Debug, Default)]
pub struct Checked {
    /// The texts that the findings point into.
    pub sources: Sources,
    /// All findings, sorted by file and place, each once.
    pub diagnostics: Vec<Diagnostic>,
    /// The files that could not be read, and why.
    pub unreadable: Vec<(Entry, io::Error)>,
    /// How many files were checked.
    pub files: usize,
}

/// What tells a finding from others: its code and its place.
type Told = (&'static Code, Span);

/// All codes that an allowance can name.
pub(super) fn codes() -> Vec<&'static Code> {
    check::codes().into_iter().chain(replay::CODES).collect()
}

/// What the tests of some providers say.
#[derive(Debug, Default)]
pub struct Tested {
    /// The texts that the reports and findings point into.
    pub sources: Sources,
    /// One report a provider with a test file that can be run.
    pub reports: Vec<Report>,
    /// Faults of provider and test files, and providers without tests.
    pub diagnostics: Vec<Diagnostic>,
    /// The files that could not be read, and why.
    pub unreadable: Vec<(Entry, io::Error)>,
}

impl Catalog {
    /// Checks provider files with their tests, and flow files. A provider is also held against the rest of the catalogue.
    pub fn check(&self, targets: &[Target]) -> Checked {
        let mut checked = Checked { files: targets.len(), ..Checked::default() };
        let (mut own, mut judged, mut idle) = (Vec::new(), Vec::new(), Vec::new());
        let mut providers = Vec::new();
        for target in targets {
            match self.check_one(target, &mut checked) {
                Ok((provider, unsaid)) => {
                    let files = self.own_files(&target.entry, &checked.sources);
                    // Of a file that can't be read no rule has looked for what its allowances are about.
                    judged.extend(files.iter().copied().filter(|_| provider.is_some()));
                    idle.extend(unsaid);
                    own.extend(files);
                    providers.extend(provider.filter(|_| target.kind == Kind::Provider));
                }
                Err(error) => match encoding::finding(&error, &mut checked.sources) {
                    Some(finding) => checked.diagnostics.push(finding),
                    None => checked.unreadable.push((target.entry.clone(), error)),
                },
            }
        }
        let among = self.check_among(&providers, &own, &mut checked.sources);
        checked.diagnostics.extend(among);
        let mut findings =
            apply_allowances(std::mem::take(&mut checked.diagnostics), &checked.sources, &judged, &codes());
        let is_idle = |finding: &Diagnostic| {
            idle.iter().any(|(code, span)| *code == finding.code && *span == finding.primary.span)
        };
        findings.retain(|finding| !is_idle(finding));
        diagnostic::sort(&mut findings);
        findings.dedup();
        checked.diagnostics = findings;
        checked
    }

    /// Replays the tests beside provider files.
    pub fn test(&self, entries: &[Entry]) -> Tested {
        let mut tested = Tested::default();
        for entry in entries {
            let Err(error) = self.test_one(entry, &mut tested) else { continue };
            match encoding::finding(&error, &mut tested.sources) {
                Some(finding) => tested.diagnostics.push(finding),
                None => tested.unreadable.push((entry.clone(), error)),
            }
        }
        diagnostic::sort(&mut tested.diagnostics);
        tested
    }

    /// The provider, where it can be read, and which findings are not to be told: the tests of a faulty provider don't
    /// come to what they are for, so what they miss says nothing. An allowance may be for one of them all the same.
    fn check_one(&self, target: &Target, checked: &mut Checked) -> io::Result<(Option<Shared>, Vec<Told>)> {
        let Checked { sources, diagnostics, .. } = checked;
        let flow = target.kind == Kind::Flow;
        let loaded =
            if flow { self.load_flow(sources, &target.entry) } else { self.load(sources, &target.entry) }?;
        diagnostics.extend(loaded.diagnostics);
        let Some(provider) = loaded.provider else { return Ok((None, Vec::new())) };
        let modes = mode_names();
        let modes: Vec<&str> = modes.iter().map(String::as_str).collect();
        let findings = check::check(&provider, &Context { sources, flow, modes: &modes });
        let is_faulty = !flow
            && findings.iter().any(Diagnostic::is_error)
            && apply_allowances(findings.clone(), sources, &[], &codes()).iter().any(Diagnostic::is_error);
        diagnostics.extend(findings);
        if flow {
            return Ok((Some(provider), Vec::new()));
        }
        let of_tests = self.check_tests(&target.entry, &provider, sources)?;
        let unsaid = of_tests.iter().filter(|finding| is_faulty && replay::is_of_coverage(finding));
        let unsaid = unsaid.map(|finding| (finding.code, finding.primary.span)).collect();
        diagnostics.extend(of_tests);
        Ok((Some(provider), unsaid))
    }

    fn check_tests(
        &self,
        entry: &Entry,
        provider: &Shared,
        sources: &mut Sources,
    ) -> io::Result<Vec<Diagnostic>> {
        let file = match self.test_file(entry) {
            None => return Ok(vec![replay::no_tests(provider)]),
            Some(Ok(file)) => file,
            Some(Err(error)) => return Ok(vec![encoding::finding(&error, sources).ok_or(error)?]),
        };
        let (tests, mut findings) = replay::load(sources, &file, provider);
        findings
            .extend(tests.iter().flat_map(|tests| replay::run_own(provider, tests, sources).diagnostics()));
        Ok(findings)
    }

    /// The findings between the given providers and all others in force: those that lie in the given files.
    fn check_among(&self, providers: &[Shared], own: &[FileId], sources: &mut Sources) -> Vec<Diagnostic> {
        let given = |id: &str| providers.iter().any(|provider| provider.id == id);
        let others: Vec<Entry> = self.entries().into_iter().filter(|entry| !given(&entry.id)).collect();
        let others: Vec<Shared> =
            others.iter().filter_map(|entry| self.load(sources, entry).ok()?.provider).collect();
        let mut all: Vec<_> = providers.iter().chain(&others).map(AsRef::as_ref).collect();
        // Of two that clash the later one is found fault with: the one that is new to the catalogue, else by their ids,
        // in whichever order they were named.
        all.sort_by_key(|provider| (self.built_in(&provider.id).is_none(), provider.id.clone()));
        let mut findings = check::check_catalogue(&all, &Context { sources, flow: false, modes: &[] });
        findings.retain(|finding| own.contains(&finding.primary.span.file));
        findings
    }

    fn test_one(&self, entry: &Entry, tested: &mut Tested) -> io::Result<()> {
        let loaded = self.load(&mut tested.sources, entry)?;
        let errors = |all: Vec<Diagnostic>| all.into_iter().filter(Diagnostic::is_error);
        tested.diagnostics.extend(errors(loaded.diagnostics));
        let Some(provider) = loaded.provider else { return Ok(()) };
        let Some(file) = self.test_file(entry).transpose()? else {
            tested.diagnostics.push(replay::no_tests(&provider));
            return Ok(());
        };
        let (tests, findings) = replay::load(&mut tested.sources, &file, &provider);
        tested.diagnostics.extend(errors(findings));
        tested.reports.extend(tests.map(|tests| replay::run_own(&provider, &tests, &tested.sources)));
        Ok(())
    }

    /// The ids of a target's own files: itself, and the tests beside it.
    fn own_files(&self, entry: &Entry, sources: &Sources) -> Vec<FileId> {
        let tests = self.test_file(entry).and_then(Result::ok).map(|file| file.name);
        let names = [Some(entry.file_name()), tests];
        let own = |name: &str| names.iter().flatten().any(|own| own == name);
        sources.iter().filter(|(_, source)| own(&source.name)).map(|(id, _)| id).collect()
    }
}
