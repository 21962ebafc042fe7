//! A typed password.

use std::fmt;

use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

/// A password in the form that is hashed: 8 to 64 characters in Normalization Form C.
///
/// The form is that of RFC 8265, section 4.2 (`OpaqueString`): an `é` is the same whether a
/// keyboard sends one code point or two, spaces of other scripts become the ASCII space, and
/// nothing else changes: neither letter case nor compatibility forms nor spaces at the ends.
/// Control characters are refused. The result is counted in characters (Unicode scalar values).
///
/// `Debug` does not show it, and it is wiped on drop.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

/// The error for a password that is too short, too long, or has control characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a password has {} to {} characters and no control characters",
    Password::MIN_CHARACTERS,
    Password::MAX_CHARACTERS
)]
pub struct PasswordError;

impl Password {
    /// The minimum number of characters.
    pub const MIN_CHARACTERS: usize = 8;
    /// The maximum number of characters.
    pub const MAX_CHARACTERS: usize = 64;
    /// The maximum length of a text that can become a password: a character has at most 4 bytes,
    /// and the text that composes to it canonically at most 3 times as many (Unicode Standard Annex
    /// #15, "Maximum Expansion Factors").
    const MAX_BYTES: usize = Self::MAX_CHARACTERS * 4 * 3;

    /// Parses a text.
    ///
    /// # Errors
    /// [`PasswordError`].
    pub fn parse(text: &str) -> Result<Self, PasswordError> {
        if text.len() > Self::MAX_BYTES {
            return Err(PasswordError);
        }
        // Reserves the space of the longest result: a string that grows would leave copies in
        // memory.
        let mut normal = Zeroizing::new(String::with_capacity(3 * text.len()));
        normal.extend(text.chars().map(plain_space).nfc());
        let characters = normal.chars().count();
        let fits = (Self::MIN_CHARACTERS..=Self::MAX_CHARACTERS).contains(&characters);
        if !fits || normal.chars().any(char::is_control) {
            return Err(PasswordError);
        }
        Ok(Self(normal))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// Replaces each space that is not a line break (general category `Zs`) by the ASCII space.
fn plain_space(character: char) -> char {
    match character {
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => {
            ' '
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_is_counted_in_characters_of_any_script() {
        for letter in ["a", "é", "ß", "я", "密", "\u{1f511}", "ب", " "] {
            for (count, fits) in [(0, false), (7, false), (8, true), (64, true), (65, false)] {
                let text = letter.repeat(count);
                assert_eq!(Password::parse(&text).is_ok(), fits, "{count} of {letter}");
            }
        }
        // Two code points that compose to one letter count once.
        let composed = Password::parse(&"e\u{301}".repeat(64)).unwrap();
        assert_eq!(composed.as_bytes(), "é".repeat(64).as_bytes());
        assert!(Password::parse(&"e\u{301}".repeat(7)).is_err());
        // Letters that Unicode does not compose.
        assert!(Password::parse(&"\u{1d157}\u{1d165}".repeat(32)).is_ok());
        assert!(Password::parse(&"x".repeat(1_000_000)).is_err());
    }

    #[test]
    fn keyboards_do_not_matter_and_everything_else_does() {
        let parse = |text: &str| Password::parse(text).unwrap();
        for (one, other, same) in [
            (
                "Pâté-en-croûte",
                "Pa\u{302}te\u{301}-en-crou\u{302}te",
                true,
            ),
            ("two words here", "two\u{a0}words\u{3000}here", true),
            ("correct horse", "Correct horse", false),
            ("correct horse", " correct horse", false),
            ("correct horse", "correct horse ", false),
            ("office hours", "o\u{fb03}ce hours", false),
            ("passw0rd", "ｐassw0rd", false),
        ] {
            let equal = parse(one).as_bytes() == parse(other).as_bytes();
            assert_eq!(equal, same, "{one} {other}");
        }
    }

    #[test]
    fn control_characters_are_refused_and_nothing_is_shown() {
        for text in [
            "seven\u{0}chars",
            "new\nline\n\n",
            "tab\ttab\ttab",
            "del\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}",
        ] {
            assert_eq!(Password::parse(text).unwrap_err(), PasswordError);
        }
        let password = Password::parse("correct horse").unwrap();
        assert_eq!(format!("{password:?}"), "Password(..)");
    }
}
