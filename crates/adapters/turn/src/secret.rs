//! The secrets that are shared with a provider.

use anteroom_protocol::redacted_debug;
use zeroize::Zeroizing;

/// The minimum length. Shorter secrets can be guessed: a reader of one pair of credentials can try
/// them offline.
const FEWEST_BYTES: usize = 16;
const MOST_BYTES: usize = 4_096;

/// A secret shared with a provider: coturn's `static-auth-secret`, or the token of an API. `Debug`
/// does not show it, and it is wiped on drop.
#[derive(Clone)]
pub struct RelaySecret(Zeroizing<String>);

impl RelaySecret {
    /// Creates a secret of 16 to 4096 visible ASCII characters; `None` for any other text.
    #[must_use]
    pub fn new(text: Zeroizing<String>) -> Option<Self> {
        let fits = (FEWEST_BYTES..=MOST_BYTES).contains(&text.len());
        (fits && text.bytes().all(|byte| byte.is_ascii_graphic())).then_some(Self(text))
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

redacted_debug!(RelaySecret);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_has_a_length_and_no_odd_characters_and_is_not_shown() {
        for (text, taken) in [
            ("0123456789abcdef", true),
            ("0123456789abcde", false),
            ("", false),
            ("0123456789 abcdef", false),
            ("0123456789abcdef\n", false),
            ("0123456789abcd\u{e9}", false),
        ] {
            let secret = RelaySecret::new(Zeroizing::new(text.to_owned()));
            assert_eq!(secret.is_some(), taken, "{text:?}");
            assert!(secret.is_none_or(|secret| format!("{secret:?}") == "RelaySecret(..)"));
        }
        let long = |length| RelaySecret::new(Zeroizing::new("x".repeat(length)));
        assert!(long(MOST_BYTES).is_some() && long(MOST_BYTES + 1).is_none());
    }
}
