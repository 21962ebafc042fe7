//! The picture of the README: a screen of the tests of the terminal client, as an SVG.

use std::{fmt::Write as _, fs, path::Path};

use anyhow::{Context as _, Result, ensure};

/// The screen that the tests of `crates/apps/call-terminal` compare with the client's output.
const SCREEN: &str = "crates/apps/call-terminal/tests/screens/small-call-80x24.txt";
/// The picture.
const PICTURE: &str = "docs/call.svg";

const TITLE: &str = "A call in the terminal: the conversation, the people, and the lobby";
/// The line below the screen, which contains the position of the cursor.
const CURSOR: &str = "cursor: ";
const COLUMNS: usize = 80;
/// The size of a cell, and the space around the screen, in pixels.
const CELL: (usize, usize) = (8, 15);
const MARGIN: usize = 12;

/// Redraws the picture, and returns its path.
///
/// # Errors
/// The screen cannot be read or drawn, or the picture cannot be written.
pub fn write(root: &Path) -> Result<&'static str> {
    fs::write(root.join(PICTURE), picture(root)?).context("the picture cannot be written")?;
    Ok(PICTURE)
}

fn picture(root: &Path) -> Result<String> {
    let screen = fs::read_to_string(root.join(SCREEN)).with_context(|| format!("no {SCREEN}"))?;
    svg(&screen)
}

/// Draws a screen of 80 columns whose characters are one cell wide each. Its last row, the line of
/// the state, is inverted as it is in the terminal.
fn svg(screen: &str) -> Result<String> {
    let rows: Vec<&str> = screen
        .lines()
        .filter(|row| !row.starts_with(CURSOR))
        .collect();
    let (width, height) = (COLUMNS * CELL.0, rows.len() * CELL.1);
    let (outer_width, outer_height) = (width + 2 * MARGIN, height + 2 * MARGIN);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{outer_width}\" \
         height=\"{outer_height}\" viewBox=\"0 0 {outer_width} {outer_height}\" role=\"img\" \
         font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace\" \
         font-size=\"13\">\n<title>{TITLE}</title>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#16181d\"/>\n"
    );
    for (index, row) in rows.iter().enumerate() {
        let columns = row.chars().count();
        ensure!(columns <= COLUMNS, "a row is wider than the picture: {row}");
        let is_state = index + 1 == rows.len();
        let (top, baseline) = (MARGIN + index * CELL.1, MARGIN + index * CELL.1 + 12);
        if is_state {
            writeln!(
                svg,
                "<rect x=\"{MARGIN}\" y=\"{top}\" width=\"{width}\" height=\"{}\" fill=\"#d7dae0\"/>",
                CELL.1
            )?;
        }
        if columns == 0 {
            continue;
        }
        let (length, fill) = (
            columns * CELL.0,
            if is_state { "#16181d" } else { "#d7dae0" },
        );
        writeln!(
            svg,
            "<text x=\"{MARGIN}\" y=\"{baseline}\" textLength=\"{length}\" \
             lengthAdjust=\"spacingAndGlyphs\" xml:space=\"preserve\" fill=\"{fill}\">{}</text>",
            escaped(row)
        )?;
    }
    svg.push_str("</svg>\n");
    Ok(svg)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_shows_the_screen_of_the_tests() {
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
        let drawn = fs::read_to_string(root.join(PICTURE)).unwrap();
        assert!(
            drawn == picture(root).unwrap(),
            "{SCREEN} has changed: draw it anew with `cargo xtask picture`"
        );
    }

    #[test]
    fn rows_become_texts_and_the_last_one_is_inverted() {
        let svg = svg("┌ Tea ┐\n\n> a & b\nconnected\ncursor: column 1, row 3\n").unwrap();
        let texts: Vec<&str> = svg.lines().filter(|line| line.contains("<text")).collect();
        assert_eq!(texts.len(), 3, "{svg}");
        for (text, (y, length, fill, content)) in texts.iter().zip([
            (24, 56, "#d7dae0", "┌ Tea ┐"),
            (54, 56, "#d7dae0", "&gt; a &amp; b"),
            (69, 72, "#16181d", "connected"),
        ]) {
            assert!(text.contains(&format!("y=\"{y}\"")), "{text}");
            assert!(text.contains(&format!("textLength=\"{length}\"")), "{text}");
            assert!(
                text.ends_with(&format!("fill=\"{fill}\">{content}</text>")),
                "{text}"
            );
        }
        assert!(!svg.contains("cursor"));
    }

    #[test]
    fn a_row_that_does_not_fit_is_refused() {
        assert!(svg(&"x".repeat(80)).is_ok());
        assert!(svg(&"x".repeat(81)).is_err());
    }
}
