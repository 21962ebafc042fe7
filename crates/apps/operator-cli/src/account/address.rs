//! The display of email addresses to operators.
//!
//! Letters of other scripts can look like Latin ones: `аnn`, with a Cyrillic letter, is another address than
//! `ann`. An address with letters outside of ASCII is displayed with their code points in addition.

use anteroom_console::terminal::plain;
use anteroom_store::Email;
use unicode_security::MixedScript as _;

/// The address with `\u{430}` for letters outside of ASCII; `None` if it has none.
pub(crate) fn escaped(email: &Email) -> Option<String> {
    let text = email.as_str();
    (!text.is_ascii()).then(|| text.chars().map(escaped_letter).collect())
}

/// Whether the part before the `@` has letters of scripts that no language writes together (UTS #39,
/// section 5.1). The domain is in its ASCII form.
pub(crate) fn has_mixed_scripts(email: &Email) -> bool {
    !email.local().is_single_script()
}

/// Returns the address, with code points if it has letters outside of ASCII.
pub(crate) fn shown(email: &Email) -> String {
    let text = plain(email.as_str());
    match escaped(email) {
        None => text,
        Some(escaped) if has_mixed_scripts(email) => format!("{text} ({escaped}, mixed scripts)"),
        Some(escaped) => format!("{text} ({escaped})"),
    }
}

fn escaped_letter(letter: char) -> String {
    if letter.is_ascii() {
        letter.to_string()
    } else {
        letter.escape_unicode().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_look_the_same_are_told_apart() {
        for (typed, expected) in [
            ("ann@example.com", "ann@example.com"),
            (
                "\u{430}nn@example.com",
                "\u{430}nn@example.com (\\u{430}nn@example.com, mixed scripts)",
            ),
            (
                "\u{430}\u{440}\u{435}.1@example.com",
                "\u{430}\u{440}\u{435}.1@example.com (\\u{430}\\u{440}\\u{435}.1@example.com)",
            ),
            (
                "ren\u{e9}@example.com",
                "ren\u{e9}@example.com (ren\\u{e9}@example.com)",
            ),
            // Languages that are written in several scripts.
            (
                "\u{7528}\u{306e}\u{30ab}@example.com",
                "\u{7528}\u{306e}\u{30ab}@example.com (\\u{7528}\\u{306e}\\u{30ab}@example.com)",
            ),
            ("ann@\u{435}xample.com", "ann@xn--xample-2of.com"),
        ] {
            assert_eq!(shown(&Email::parse(typed).unwrap()), expected, "{typed}");
        }
    }
}
