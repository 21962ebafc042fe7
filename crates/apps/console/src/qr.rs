//! A link as a QR code, for a phone's camera.

use anyhow::{Context as _, anyhow};
use qrcode::{EcLevel, QrCode, render::unicode::Dense1x2};

use crate::terminal::TerminalSize;

/// The code as lines of text for a terminal of this size, or the sentence that it is too small. A code
/// of which a part is out of sight, or whose lines are broken, is read by no phone.
pub fn lines_for(text: &str, size: Option<TerminalSize>) -> anyhow::Result<Vec<String>> {
    let lines = lines(text)?;
    let columns = lines.first().map_or(0, |line| line.chars().count());
    let rows = lines.len();
    Ok(match size {
        Some(size) if size.columns < columns || size.rows < rows => vec![format!(
            "The QR code is left out: it needs {columns} columns and {rows} rows, and this terminal \
             has {} and {}. Enlarge it and use anteroom link show LINK --qr.",
            size.columns, size.rows
        )],
        _ => lines,
    })
}

/// The code as lines of text, two rows of modules in each, for a terminal that is light on dark.
fn lines(text: &str) -> anyhow::Result<Vec<String>> {
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
    fn a_terminal_that_is_too_small_for_the_code_is_told_so() {
        let link = "http://127.0.0.1:8081/call/#key=bcdf-ghkm-npqr-stxz-bcdf-ghkm-npqr-stxz&params=0123456789abcdef";
        for (size, is_shown) in [
            (None, true),
            (Some((80, 24)), true),
            (Some((45, 23)), true),
            (Some((44, 24)), false),
            (Some((80, 22)), false),
        ] {
            let size = size.map(|(columns, rows)| TerminalSize { columns, rows });
            let lines = lines_for(link, size).unwrap();
            assert_eq!(lines.len() == 23, is_shown, "{size:?}: {lines:#?}");
            if !is_shown {
                assert!(lines[0].contains("45 columns and 23 rows"), "{lines:?}");
            }
        }
    }

    #[test]
    fn what_is_too_long_is_an_error() {
        assert!(lines(&"x".repeat(5000)).is_err());
    }
}
