//! What the rooms share: files as loaded, a clock that only the run moves, and entropy that is alike in every run.

use std::time::Duration;

use hermes_format::load::{FileText, load};
use hermes_format::parse::Language;
use hermes_format::provider::{Action, Shared};
use hermes_format::source::Sources;
use hermes_format::time::{Now, UnixMs};
use hermes_machine::machine::{Effect, Entropy, Start};
use indexmap::IndexMap;

/// When every run begins, on the elapsed clock.
pub const BEGINNING: Duration = Duration::from_secs(1000);

/// 2026-01-01T00:00:00Z, at [`BEGINNING`].
const EPOCH: UnixMs = UnixMs(1_767_225_600_000);

/// Both clocks at a moment of a run.
pub fn at(elapsed: Duration) -> Now {
    let since = i64::try_from(elapsed.saturating_sub(BEGINNING).as_millis()).unwrap_or(i64::MAX);
    Now { wall: UnixMs(EPOCH.0.saturating_add(since)), elapsed }
}

/// Bytes that its seed decides (splitmix64).
pub struct Seeded(pub u64);

impl Entropy for Seeded {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            *byte = (mixed >> 56) as u8;
        }
    }
}

/// A seed that no input can have been written for.
pub fn seed(data: &[u8]) -> u64 {
    data.iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// A text as the file of a provider.
pub fn file(language: Language, text: &str) -> FileText {
    FileText { id: "acme".to_owned(), name: "acme".to_owned(), language, text: text.to_owned() }
}

/// A flow that an `extends` names: one of the shipped ones.
pub fn flow(name: &str) -> Option<FileText> {
    let text = match name {
        "api-key" => include_str!("../../../providers.d/flows/api-key.toml"),
        "authorization-code" => include_str!("../../../providers.d/flows/authorization-code.toml"),
        "client-credentials" => include_str!("../../../providers.d/flows/client-credentials.toml"),
        "device-code" => include_str!("../../../providers.d/flows/device-code.toml"),
        _ => return None,
    };
    Some(FileText {
        id: name.to_owned(),
        name: name.to_owned(),
        language: Language::Toml,
        text: text.to_owned(),
    })
}

/// A provider whose file is right.
pub fn provider(text: &str) -> Shared {
    let loaded = load(&mut Sources::default(), &file(Language::Toml, text), &flow);
    loaded.provider.unwrap_or_else(|| panic!("{:#?}", loaded.diagnostics))
}

/// A run of a provider with nothing but its file.
pub fn start(provider: &Shared, action: Action, seed: u64) -> Start {
    Start {
        provider: provider.clone(),
        action,
        from: None,
        region: None,
        inputs: IndexMap::new(),
        token: None,
        bound_to: None,
        earlier: Default::default(),
        browser: true,
        entropy: Box::new(Seeded(seed)),
    }
}

/// A machine never plans to wake after its own deadline.
pub fn keeps_its_deadline(effect: &Effect) {
    if let Effect::Wait { until, deadline: Some(deadline), .. } = effect {
        assert!(until <= deadline, "it sleeps past its deadline: {effect:?}");
    }
}
