//! The page from which people download the program.

use anteroom_pages::WebAddress;
use anyhow::Context as _;

use crate::settings::Settings;

/// Returns the page that the settings name.
///
/// # Errors
/// A text that is no http(s) URL.
pub fn program_page(settings: &Settings) -> anyhow::Result<Option<WebAddress>> {
    let parse = |text: &String| {
        WebAddress::parse(text)
            .with_context(|| format!("program_page {text:?} is no http:// or https:// URL"))
    };
    settings.program_page.as_ref().map(parse).transpose()
}
