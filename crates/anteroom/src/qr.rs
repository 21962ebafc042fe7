//! A link as a QR code, for a phone's camera.

use anyhow::{Context as _, anyhow};
use qrcode::{EcLevel, QrCode, render::unicode::Dense1x2};

/// Returns the code as lines of text, two rows of modules in each, for a terminal that is light on dark.
pub(crate) fn lines(text: &str) -> anyhow::Result<Vec<String>> {
    let code = QrCode::with_error_correction_level(text, EcLevel::L)
        .map_err(|error| anyhow!("{error}"))
        .context("the link fits no QR code")?;
    // Most terminals have a dark background, so the drawn blocks are the light modules of the code.
    let picture = code
        .render::<Dense1x2>()
        .dark_color(Dense1x2::Light)
        .light_color(Dense1x2::Dark)
        .build();
    Ok(picture.lines().map(ToOwned::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_fits_a_terminal() {
        let link = "https://rooms.example:8081/call/#key=bcdf-ghkm-npqr-stxz-bcdf-ghkm-npqr-stxz&params=0123456789abcdef";
        let lines = lines(link).unwrap();
        let width = lines.first().unwrap().chars().count();
        assert!(
            lines.len() <= 30 && width <= 60,
            "{} x {width}",
            lines.len()
        );
        assert!(lines.iter().all(|line| line.chars().count() == width));
        // The quiet zone around it.
        assert!(lines[0].chars().all(|module| module == '█'));
    }

    #[test]
    fn what_is_too_long_is_an_error() {
        assert!(lines(&"x".repeat(5000)).is_err());
    }
}
