//! Each rule has a folder of samples, named for its code: `bad…` files that it finds something in, `good…` files that it
//! does not. What is said about a bad file stands beside it (`UPDATE=1 cargo test` rewrites that). A sample that is a
//! folder is a catalogue. Every TOML sample is also read as YAML, and must be judged alike.

#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hermes_format::diagnostic::Diagnostic;
use hermes_format::load::{FileText, load, load_flow};
use hermes_format::parse::{Language, parse};
use hermes_format::provider::Provider;
use hermes_format::source::{FileId, Sources, Span};
use hermes_machine::check::{self, Context, apply_allowances, check_catalogue};

/// The protocols that are known.
const MODES: [&str; 2] = ["chat_completions", "responses"];

/// What was found in a sample.
struct Judged {
    sources: Sources,
    findings: Vec<Diagnostic>,
}

#[test]
fn every_code_has_samples_and_every_sample_a_code() {
    let codes: BTreeSet<String> = check::codes().iter().map(|code| code.id.to_owned()).collect();
    let folders: BTreeSet<String> = folders().iter().map(|folder| name_of(folder)).collect();
    assert_eq!(codes, folders);
    assert_eq!(codes.len(), check::codes().len(), "a code is used for two findings");
}

#[test]
fn a_bad_sample_is_found_and_said_so() {
    let mut wrong = String::new();
    for (folder, sample) in samples("bad") {
        let judged = judge(&sample, false);
        let code = name_of(&folder);
        let said = report(&judged);
        let found = judged.findings.iter().any(|f| f.code.id == code);
        // A state that changes nothing also does nothing.
        let companion = |id: &str| code == "HE004" && id == "HE105";
        let only =
            !judged.findings.iter().any(|f| f.is_error() && f.code.id != code && !companion(f.code.id));
        if !found || !only {
            writeln!(wrong, "{}: {code} alone was expected:\n{said}", sample.display()).unwrap();
        }
        let beside = sample.with_file_name(name_of(&sample) + ".txt");
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&beside, &said).unwrap();
        }
        let expected = fs::read_to_string(&beside).unwrap_or_default();
        if expected != said {
            writeln!(wrong, "{}:\n{said}-- was expected to be --\n{expected}", sample.display()).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn a_good_sample_is_passed() {
    let mut wrong = String::new();
    for (folder, sample) in samples("good") {
        let judged = judge(&sample, false);
        let code = name_of(&folder);
        if judged.findings.iter().any(|f| f.is_error() || f.code.id == code) {
            writeln!(wrong, "{}:\n{}", sample.display(), report(&judged)).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn yaml_is_judged_as_toml_is() {
    for kind in ["bad", "good"] {
        for (folder, sample) in samples(kind) {
            // Comments and broken syntax have no counterpart.
            if matches!(name_of(&folder).as_str(), "HE002" | "HE007") {
                continue;
            }
            let said = |judged: &Judged| {
                let mut all: Vec<String> = judged
                    .findings
                    .iter()
                    .map(|f| format!("{} {} {:?}", f.code.id, f.message, f.help))
                    .collect();
                all.sort();
                all
            };
            assert_eq!(said(&judge(&sample, false)), said(&judge(&sample, true)), "{}", sample.display());
        }
    }
}

#[test]
fn every_finding_says_what_to_do() {
    let mut wrong = String::new();
    for (_, sample) in samples("bad") {
        for finding in judge(&sample, false).findings.iter().filter(|finding| finding.help.is_none()) {
            writeln!(wrong, "{}: {} {}", sample.display(), finding.code.id, finding.message).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn a_yaml_file_is_helped_in_yaml() {
    for (folder, sample) in samples("bad") {
        if sample.is_dir() || matches!(name_of(&folder).as_str(), "HE002" | "HE007") {
            continue;
        }
        let file = as_named_yaml(&sample);
        for finding in judge_file(&file, &sample).findings {
            let help = finding.help.unwrap_or_default();
            let toml = help.split('`').skip(1).step_by(2).any(|words| words.contains(" = "));
            let header = ["[states", "[vars", "[inputs", "[regions", "[errors", "[api"];
            assert!(!toml && !header.iter().any(|word| help.contains(word)), "{}: {help}", sample.display());
        }
    }
}

#[test]
fn a_fix_mends_what_it_is_for() {
    for (folder, sample) in samples("bad") {
        if sample.is_dir() {
            continue;
        }
        let broken = name_of(&folder) == "HE002";
        for file in [Some(read(&sample)), (!broken).then(|| as_named_yaml(&sample))].into_iter().flatten() {
            fixes_mend(&file, &folder, &sample);
        }
    }
}

fn fixes_mend(own: &FileText, folder: &Path, sample: &Path) {
    let judged = judge_file(own, sample);
    for finding in judged.findings.iter().filter(|finding| finding.code.id == name_of(folder)) {
        let Some(fix) = &finding.fix else { continue };
        let text = &judged.sources.file(fix.span.file).unwrap().text;
        let (start, end) = (fix.span.start as usize, fix.span.end as usize);
        let mended = format!("{}{}{}", &text[..start], fix.replacement, &text[end..]);
        let again = judge_file(&FileText { text: mended, ..own.clone() }, sample);
        let same = |f: &&Diagnostic| f.code.id == finding.code.id && f.message == finding.message;
        let before = judged.findings.iter().filter(same).count();
        let left = again.findings.iter().filter(same).count();
        assert!(left < before, "{}: {}", sample.display(), finding.message);
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/checks")
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    all
}

fn folders() -> Vec<PathBuf> {
    sorted(&root()).into_iter().filter(|path| name_of(path) != "flows").collect()
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

/// The samples of one kind, with their folders; every folder has at least one.
fn samples(kind: &str) -> Vec<(PathBuf, PathBuf)> {
    let mut all = Vec::new();
    for folder in folders() {
        let mine: Vec<PathBuf> = sorted(&folder)
            .into_iter()
            .filter(|path| name_of(path).starts_with(kind) && path.extension().is_none_or(|end| end != "txt"))
            .collect();
        assert!(!mine.is_empty(), "{} has no {kind} sample", folder.display());
        all.extend(mine.into_iter().map(|sample| (folder.clone(), sample)));
    }
    all
}

fn read(path: &Path) -> FileText {
    let toml = path.extension().is_some_and(|end| end == "toml");
    let in_catalogue = path.parent().is_some_and(|parent| !name_of(parent).starts_with("HE"));
    let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
    FileText {
        id: if in_catalogue { stem } else { "acme".to_owned() },
        name: name_of(path),
        language: if toml { Language::Toml } else { Language::Yaml },
        text: fs::read_to_string(path).unwrap(),
    }
}

/// The same file in YAML: JSON is YAML.
fn as_yaml(file: FileText) -> FileText {
    match parse(&file.text, file.language, FileId(0)) {
        Ok(node) => FileText {
            language: Language::Yaml,
            text: serde_json::to_string_pretty(&node.to_json()).unwrap(),
            ..file
        },
        Err(_) => file,
    }
}

/// The same file in YAML, and called so.
fn as_named_yaml(sample: &Path) -> FileText {
    let file = as_yaml(read(sample));
    FileText { name: file.name.replace(".toml", ".yaml"), ..file }
}

fn judge(sample: &Path, yaml: bool) -> Judged {
    if sample.is_dir() {
        return judge_catalogue(sample, yaml);
    }
    let file = read(sample);
    judge_file(&if yaml { as_yaml(file) } else { file }, sample)
}

fn judge_file(file: &FileText, sample: &Path) -> Judged {
    let mut sources = Sources::default();
    let (provider, mut findings) = loaded(file, sample, &mut sources);
    let context = Context { sources: &sources, flow: is_flow(sample), modes: &MODES };
    findings.extend(provider.iter().flat_map(|provider| check::check(provider, &context)));
    let findings = apply_allowances(findings, &sources, &[FileId(0)], &check::codes());
    Judged { sources, findings }
}

fn judge_catalogue(sample: &Path, yaml: bool) -> Judged {
    let mut sources = Sources::default();
    let mut findings = Vec::new();
    let mut providers = Vec::new();
    for path in sorted(sample) {
        let file = read(&path);
        let file = if yaml { as_yaml(file) } else { file };
        let (provider, found) = loaded(&file, &path, &mut sources);
        findings.extend(found);
        providers.extend(provider);
    }
    let all: Vec<&Provider> = providers.iter().map(AsRef::as_ref).collect();
    findings.extend(check_catalogue(&all, &Context { sources: &sources, flow: false, modes: &MODES }));
    Judged { sources, findings }
}

fn is_flow(sample: &Path) -> bool {
    name_of(sample).contains("flow")
}

fn loaded(file: &FileText, sample: &Path, sources: &mut Sources) -> (Option<Arc<Provider>>, Vec<Diagnostic>) {
    let beside = sample.with_file_name("flows");
    let flow = |name: &str| {
        let paths = [beside.clone(), root().join("flows")].map(|folder| folder.join(format!("{name}.toml")));
        paths.iter().find(|path| path.exists()).map(|path| FileText { id: name.to_owned(), ..read(path) })
    };
    let loaded = if is_flow(sample) { load_flow(sources, file, &flow) } else { load(sources, file, &flow) };
    (loaded.provider, loaded.diagnostics)
}

/// All that was said, as it stands beside a bad sample.
fn report(judged: &Judged) -> String {
    let mut report = String::new();
    for finding in &judged.findings {
        let level = if finding.is_error() { "error" } else { "warning" };
        writeln!(report, "{level}[{}] {}: {}", finding.code.id, finding.code.name, finding.message).unwrap();
        writeln!(report, "  --> {} {}", place(finding.primary.span, judged), finding.primary.text).unwrap();
        for label in &finding.secondary {
            writeln!(report, "  ... {} {}", place(label.span, judged), label.text).unwrap();
        }
        if let Some(help) = &finding.help {
            writeln!(report, "  help: {help}").unwrap();
        }
        if let Some(fix) = &finding.fix {
            writeln!(report, "  fix: {} becomes `{}`", place(fix.span, judged), fix.replacement).unwrap();
        }
    }
    report.lines().map(str::trim_end).fold(String::new(), |all, line| all + line + "\n")
}

/// File, line, column, and the words.
fn place(span: Span, judged: &Judged) -> String {
    let start = judged.sources.start_of(span);
    let name = judged.sources.file(span.file).map_or("?", |file| file.name.as_str());
    let words = judged.sources.text(span);
    let line = words.lines().next().unwrap_or_default();
    let more = if words.lines().count() > 1 { " …" } else { "" };
    format!("{name}:{}:{} `{line}{more}`", start.line, start.column)
}
