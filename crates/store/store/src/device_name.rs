//! The names of devices.

use anteroom_protocol::{disturbs_display, is_visible};
use zeroize::Zeroizing;

use crate::opaque_debug::opaque_debug;

/// The owner's name for a device: one line of 1 to 100 characters, at least one of them visible.
///
/// Sensitive: `Debug` does not show it, and it is wiped on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceName(Zeroizing<String>);

impl DeviceName {
    /// The maximum number of characters (Unicode scalar values).
    pub const MAX_CHARACTERS: usize = 100;

    /// Parses a name, and removes white space around it.
    ///
    /// # Errors
    /// More than [`Self::MAX_CHARACTERS`] characters, no visible character, or a character that
    /// [disturbs a display](disturbs_display).
    pub fn parse(text: &str) -> Result<Self, DeviceNameError> {
        let text = text.trim();
        if text.chars().count() > Self::MAX_CHARACTERS {
            return Err(DeviceNameError::TooLong);
        }
        if text.chars().any(disturbs_display) {
            return Err(DeviceNameError::Control);
        }
        if !text.chars().any(is_visible) {
            return Err(DeviceNameError::Empty);
        }
        Ok(Self::from_stored(text))
    }

    /// Creates a name from a database. It accepts names that earlier versions stored under fewer
    /// rules.
    #[must_use]
    pub fn from_stored(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

opaque_debug!(DeviceName);

/// The reason why a text is not a device's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceNameError {
    /// The name has too many characters.
    #[error(
        "a device's name has at most {} characters: choose a shorter one",
        DeviceName::MAX_CHARACTERS
    )]
    TooLong,
    /// The name has no visible character.
    #[error("a device's name needs at least one visible character: choose another one")]
    Empty,
    /// The name would change the display of a list around it.
    #[error(
        "a device's name is one line without control characters or marks of text direction: \
         leave them out"
    )]
    Control,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_and_have_up_to_100_characters_of_any_script() {
        for (text, expected) in [
            ("Phone", "Phone"),
            ("  Ann's phone \t", "Ann's phone"),
            ("Phone\n", "Phone"),
            ("\u{3000}電話\u{2028}", "電話"),
            ("هاتف", "هاتف"),
            // Persian and emoji need the joiners.
            ("می\u{200c}خواهم", "می\u{200c}خواهم"),
            ("👩\u{200d}💻", "👩\u{200d}💻"),
            ("e\u{301}", "e\u{301}"),
            ("\u{2801}\u{2800}", "\u{2801}\u{2800}"),
            ("x", "x"),
        ] {
            assert_eq!(DeviceName::parse(text).unwrap().as_str(), expected);
        }
        for character in ["x", "é", "📱"] {
            assert!(DeviceName::parse(&character.repeat(100)).is_ok());
            let padded = format!(" {} ", character.repeat(100));
            assert!(DeviceName::parse(&padded).is_ok());
            let long = DeviceName::parse(&character.repeat(101));
            assert_eq!(long, Err(DeviceNameError::TooLong));
        }
    }

    #[test]
    fn empty_multi_line_control_and_bidi_control_names_are_refused() {
        use DeviceNameError::{Control, Empty};
        for (text, expected) in [
            ("", Empty),
            (" ", Empty),
            ("\t\r\n", Empty),
            ("\u{a0}\u{2003}\u{3000}", Empty),
            ("\u{200b}", Empty),
            ("\u{feff}\u{2060}", Empty),
            ("\u{3164}", Empty),
            // A Braille cell without dots, marks without a letter, format characters, no characters.
            ("\u{2800}", Empty),
            ("\u{2800} \u{2800}", Empty),
            ("\u{301}", Empty),
            ("\u{301}\u{200d}\u{308}", Empty),
            ("\u{20dd}", Empty),
            ("\u{600}", Empty),
            ("\u{378}", Empty),
            ("a\nb", Control),
            ("a\r\nb", Control),
            ("a\tb", Control),
            ("a\u{0}b", Control),
            ("a\u{1b}[2Jb", Control),
            ("a\u{7f}b", Control),
            ("a\u{85}b", Control),
            ("a\u{9b}b", Control),
            ("a\u{2028}b", Control),
            ("a\u{2029}b", Control),
            ("a\u{202e}b", Control),
            ("\u{202d}a\u{202c}", Control),
            ("a\u{2066}b\u{2069}", Control),
            ("\u{200e}a", Control),
            ("a\u{200f}", Control),
            ("\u{61c}a", Control),
        ] {
            assert_eq!(DeviceName::parse(text), Err(expected), "{text:?}");
        }
    }
}
