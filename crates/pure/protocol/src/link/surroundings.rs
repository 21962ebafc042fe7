//! The characters around a link in the text that it was copied from.

use super::LinkError;

/// Characters that are removed before a link.
const OPENING: &str = "<([{\"'`*\u{201c}\u{201e}\u{2018}\u{ab}";
/// Characters that are removed after a link.
const CLOSING: &str = ">)]}\"'`*\u{201d}\u{201c}\u{2019}\u{bb}.,;:!?\u{2026}";

/// Removes white space, brackets, quotation marks and punctuation around a text.
///
/// # Errors
/// [`LinkError::Shortened`] for dots at the end, which mark an omission.
pub(super) fn strip(text: &str) -> Result<&str, LinkError> {
    let text = text.trim_start_matches(|c| is_blank(c) || OPENING.contains(c));
    let link = text.trim_end_matches(|c| is_blank(c) || CLOSING.contains(c));
    let rest = text.strip_prefix(link).unwrap_or_default();
    if rest.contains('\u{2026}') || rest.contains("..") {
        return Err(LinkError::Shortened);
    }
    Ok(link)
}

/// Returns whether a character is white space or invisible.
fn is_blank(character: char) -> bool {
    let invisible = matches!(character, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}');
    invisible || character.is_whitespace() || character.is_control()
}
