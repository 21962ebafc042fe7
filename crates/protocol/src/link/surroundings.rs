//! The surroundings of a link in the text that it was copied from.

use super::LinkError;

/// Begins no link.
const OPENING: &str = "<([{\"'`*\u{201c}\u{201e}\u{2018}\u{ab}";
/// Ends no link.
const CLOSING: &str = ">)]}\"'`*\u{201d}\u{201c}\u{2019}\u{bb}.,;:!?\u{2026}";

/// The text without white space, brackets, quotation marks and punctuation around it.
///
/// # Errors
/// Dots at the end: they stand for what is missing.
pub(super) fn strip(text: &str) -> Result<&str, LinkError> {
    let text = text.trim_start_matches(|c| is_blank(c) || OPENING.contains(c));
    let link = text.trim_end_matches(|c| is_blank(c) || CLOSING.contains(c));
    let rest = text.strip_prefix(link).unwrap_or_default();
    if rest.contains('\u{2026}') || rest.contains("..") {
        return Err(LinkError::Shortened);
    }
    Ok(link)
}

/// White space, and characters that are not seen.
fn is_blank(character: char) -> bool {
    let invisible = matches!(character, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}');
    invisible || character.is_whitespace() || character.is_control()
}
