//! Email addresses, as logins are found by them.

use std::fmt;

use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

/// An email address in small letters, in any script, in Normalization Form C (as RFC 6532,
/// section 3.1, asks for): an `é` is the same whether a keyboard sends one code point or two.
///
/// Sensitive: `Debug` shows nothing of it, and it is wiped on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct Email(Zeroizing<String>);

impl Email {
    /// The fewest characters.
    pub const MIN_CHARACTERS: usize = 3;
    /// The most characters.
    pub const MAX_CHARACTERS: usize = 255;

    /// From a text as it was typed: spaces around it do not count, nor does letter case. Letters that
    /// only look alike are different ones.
    ///
    /// Whether mail arrives there only a mail can tell, so little is asked here: something on either
    /// side of the last `@`, and no white space or control character.
    ///
    /// # Errors
    /// [`EmailError`] for any other text, and for one that is too short or too long (before or after
    /// it was put in small letters).
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        let text = text.trim();
        let fits = |text: &str| {
            (Self::MIN_CHARACTERS..=Self::MAX_CHARACTERS).contains(&text.chars().count())
        };
        if !fits(text) {
            return Err(EmailError);
        }
        let lower = Zeroizing::new(text.to_lowercase());
        // Room for the longest result: a string that grows would leave copies behind.
        let mut email = Zeroizing::new(String::with_capacity(3 * lower.len()));
        email.extend(lower.nfc());
        let has_both_sides = email
            .rsplit_once('@')
            .is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty());
        let is_plain = !email.contains(|c: char| c.is_whitespace() || c.is_control());
        if !(fits(&email) && has_both_sides && is_plain) {
            return Err(EmailError);
        }
        Ok(Self(email))
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(..)")
    }
}

/// The text is not an email address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an email address")]
pub struct EmailError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_the_same_however_it_is_typed() {
        for (typed, stored) in [
            ("ann@example.com", "ann@example.com"),
            ("  Ann@Example.COM\n", "ann@example.com"),
            ("a@b", "a@b"),
            ("ÅSA@EXEMPEL.SE", "åsa@exempel.se"),
            ("Иван@Пример.рф", "иван@пример.рф"),
            ("用户@例子.广告", "用户@例子.广告"),
            ("\"a@b\"@c.example", "\"a@b\"@c.example"),
            ("\u{2003}ann@example.com\u{a0}", "ann@example.com"),
            ("Rene\u{301}@example.com", "ren\u{e9}@example.com"),
            ("ν\u{3bf}\u{301}μος@example.gr", "ν\u{3cc}μος@example.gr"),
            ("\u{1112}\u{1161}\u{11ab}@example.kr", "한@example.kr"),
        ] {
            assert_eq!(Email::parse(typed).unwrap().as_str(), stored);
        }
        let longest = format!("{}@b", "ä".repeat(253));
        assert!(Email::parse(&longest).is_ok());
        assert!(Email::parse(&format!("ä{longest}")).is_err());
        // One letter that becomes two.
        assert!(Email::parse(&format!("{}@b", "İ".repeat(253))).is_err());
    }

    #[test]
    fn other_texts_are_no_addresses() {
        for text in [
            "",
            "@",
            "a@",
            "@b",
            " @ ",
            "ab",
            "abc",
            "a b@c",
            "a@b c",
            "a\u{0}@b",
            "a@b\r\nc",
            "a@\u{3000}b",
            "a\u{85}@b",
        ] {
            assert_eq!(Email::parse(text), Err(EmailError), "{text:?}");
        }
        assert_eq!(format!("{:?}", Email::parse("a@b").unwrap()), "Email(..)");
    }
}
