//! Whatever is written in the place of some of a file's text: it is judged, and nothing panics.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

use std::path::Path;
use std::{fs, sync::LazyLock};

use hermes_format::diagnostic::Diagnostic;
use hermes_format::load::{FileText, load};
use hermes_format::parse::Language;
use hermes_format::source::Sources;
use hermes_machine::check::{Context, check};
use proptest::prelude::*;

/// A flow that stands alone: its client registers, asks for a device code, polls and renews.
static WHOLE: LazyLock<Vec<char>> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/flows/aws-sso.toml");
    fs::read_to_string(path).unwrap().chars().collect()
});

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_loading_or_checking_panic(
        at in 0_usize..4000, length in 0_usize..30,
        new in "([a-z$.\"{}=\\[\\], \n]|\\{\\{first |\\$\\[\\?@\\.|https://|\u{2192}){0,12}",
    ) {
        let mut text = WHOLE.clone();
        let start = at % (text.len() + 1);
        let end = (start + length).min(text.len());
        text.splice(start..end, new.chars());
        let mut sources = Sources::default();
        let file = FileText {
            id: "aws-sso".to_owned(),
            name: "aws-sso.toml".to_owned(),
            language: Language::Toml,
            text: text.into_iter().collect(),
        };
        let loaded = load(&mut sources, &file, &|_| None);
        if let Some(provider) = &loaded.provider {
            check(provider, &Context { sources: &sources, flow: false, modes: &[] });
        }
        prop_assert_eq!(loaded.provider.is_none(), loaded.diagnostics.iter().any(Diagnostic::is_error));
    }
}
