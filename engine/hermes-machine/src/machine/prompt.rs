//! What a person is shown: URLs that were judged, codes that can be printed.

use url::Url;

use super::effect::Prompt;
use super::run::Run;
use hermes_format::label::may_be_shown;
use hermes_format::origin::{self, ShownRefused};
use hermes_format::provider::{Show, Spot};
use hermes_format::template::{Missing, Template};
use hermes_format::text;

/// Why nothing can be shown.
#[derive(Debug)]
pub(super) enum Unshown {
    /// A name has no value.
    Missing(Missing),
    /// The URL is not one that a person should open.
    Refused(ShownRefused),
    /// A secret would be seen.
    Secret,
    /// The code is longer than a code, or has characters that no screen shows.
    Code,
}

/// The prompt of a state.
pub(super) fn make(show: &Show, run: &Run) -> Result<Prompt, Unshown> {
    let url = show.url.as_ref().map(|template| shown_url(template, show, run)).transpose()?;
    let code = match &show.code {
        Some(template) => {
            let code = visible(template, Spot::ShowCode, run)?;
            Some(text::printable_code(&code).ok_or(Unshown::Code)?)
        }
        None => None,
    };
    Ok(Prompt { url, code })
}

fn shown_url(template: &Template, show: &Show, run: &Run) -> Result<Url, Unshown> {
    let text = visible(template, Spot::ShowUrl, run)?;
    origin::judge_shown(&text, &show.moves, run.allowance()).map_err(Unshown::Refused)
}

fn visible(template: &Template, spot: Spot<'_>, run: &Run) -> Result<String, Unshown> {
    if !may_be_shown(template, spot, &run.provider) {
        return Err(Unshown::Secret);
    }
    let text = template.render(run).map_err(Unshown::Missing)?;
    if run.holds_secret(&text) { Err(Unshown::Secret) } else { Ok(text) }
}
