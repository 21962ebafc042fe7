//! Names in quotation marks: a name has no such mark, so it ends where the mark stands, and the rest
//! of its line is told by this program.

use anteroom_protocol::is_visible;
use unicode_security::confusable_detection::skeleton;

use crate::wrap::{columns, cut};

/// The mark around a name.
const MARK: char = '"';
/// The columns of the two marks.
const MARKS: usize = 2;
/// Characters that look like the mark, or like one half of it and more, beyond the confusables of Unicode.
const DOUBLE: &str = "\u{a8}\u{ab}\u{bb}\u{2dd}\u{2f5}\u{2f6}\u{201e}\u{275d}\u{275e}\u{2e42}\u{3003}\u{301d}\
    \u{301e}\u{301f}\u{1f676}\u{1f677}\u{1f678}";
/// Characters of which two look like the mark, beyond the confusables of Unicode.
const SINGLE: &str = "\u{2f4}\u{384}\u{201a}\u{275b}\u{275c}";
/// Letters of names that Unicode calls confusable with an apostrophe. Hebrew names have two in a row.
const LETTERS: &str = "\u{5d9}\u{5f2}";
/// Characters that look like a number sign, beyond the confusables of Unicode.
const NUMBER_SIGNS: &str = "#\u{22d5}\u{2317}\u{266f}\u{fe5f}\u{ff03}";

/// A text with an apostrophe for each character that looks like the mark, and for several apostrophes
/// in a row. Combining marks that no letter carries are left out: they show as marks of their own.
pub(crate) fn without_marks(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut is_carried = false;
    for character in text.chars() {
        let is_space = character.is_whitespace();
        if !is_visible(character) && !is_space {
            if is_carried {
                result.push(character);
            }
            continue;
        }
        is_carried = !is_space && !character.is_ascii_punctuation() && !is_single(character);
        if is_single(character) {
            push_single(&mut result, character);
        } else if DOUBLE.contains(character) {
            push_single(&mut result, '\'');
        } else {
            push_parts(&mut result, character);
        }
    }
    result
}

/// Adds an apostrophe, unless one stands there.
fn push_single(result: &mut String, character: char) {
    if !result.ends_with(is_single) {
        result.push(character);
    }
}

/// Adds a character; one that looks like apostrophes and more is told in these parts.
fn push_parts(result: &mut String, character: char) {
    let parts = parts(character);
    if LETTERS.contains(character) || !parts.contains('\'') {
        result.push(character);
        return;
    }
    for part in parts.chars() {
        match part {
            '\'' => push_single(result, part),
            other => result.push(other),
        }
    }
}

/// Whether two of a character look like the mark.
fn is_single(character: char) -> bool {
    !LETTERS.contains(character) && (SINGLE.contains(character) || parts(character) == "'")
}

/// Whether a character looks like a number sign.
pub(crate) fn is_number_sign(character: char) -> bool {
    NUMBER_SIGNS.contains(character) || parts(character).contains('#')
}

/// The characters that a character looks like, by the confusables of Unicode.
fn parts(character: char) -> String {
    skeleton(character.encode_utf8(&mut [0; 4])).collect()
}

/// A name in quotation marks, cut to at most `width` columns with them; nothing where no letter of it
/// has room.
pub(crate) fn quoted(name: &str, width: usize) -> String {
    match width.checked_sub(MARKS) {
        None | Some(0) => String::new(),
        Some(room) => format!("{MARK}{}{MARK}", cut(&without_marks(name), room)),
    }
}

/// A tag or another text, and a name in quotation marks after it, in at most `width` columns.
pub(crate) fn with_name(start: &str, name: Option<&str>, width: usize) -> String {
    let start = cut(start, width);
    let room = width.saturating_sub(columns(&start) + 1);
    match name.map(|name| quoted(name, room)) {
        Some(name) if !name.is_empty() => format!("{start} {name}"),
        _ => start,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_no_quotation_mark_and_nothing_that_looks_like_one() {
        for (name, expected) in [
            ("Ann", "Ann"),
            ("O'Brien", "O'Brien"),
            ("O\u{2019}Brien", "O\u{2019}Brien"),
            ("Zed\" left. \"Boss", "Zed' left. 'Boss"),
            ("Zed\u{201d} left.", "Zed' left."),
            ("Zed\u{ff02} left.", "Zed' left."),
            ("Zed'' left.", "Zed' left."),
            ("Zed\u{2019}\"' left.", "Zed\u{2019} left."),
            ("\u{ab}Ann\u{bb}", "'Ann'"),
        ] {
            assert_eq!(without_marks(name), expected, "{name:?}");
            assert_eq!(quoted(name, 80), format!("\"{expected}\""));
        }
    }

    #[test]
    fn a_look_alike_of_a_quotation_mark_is_an_apostrophe() {
        for mark in [
            "\"",
            "''",
            "\u{ab}",
            "\u{bb}",
            "\u{2ba}",
            "\u{2dd}",
            "\u{2ee}",
            "\u{2f5}",
            "\u{2f6}",
            "\u{5f4}",
            "\u{201c}",
            "\u{201d}",
            "\u{201e}",
            "\u{201f}",
            "\u{2033}",
            "\u{2034}",
            "\u{2036}",
            "\u{2037}",
            "\u{2057}",
            "\u{275d}",
            "\u{275e}",
            "\u{2e42}",
            "\u{3003}",
            "\u{301d}",
            "\u{301e}",
            "\u{301f}",
            "\u{ff02}",
            "\u{1f676}",
            "\u{1f677}",
            "\u{1f678}",
            "\u{a8}",
        ] {
            assert_eq!(
                without_marks(&format!("Zed{mark} left")),
                "Zed' left",
                "{mark:?}"
            );
        }
        for single in "'`\u{b4}\u{2b9}\u{2bb}\u{2bc}\u{2bd}\u{2c8}\u{2ca}\u{2cb}\u{2f4}\u{374}\u{384}\
            \u{55a}\u{55d}\u{5f3}\u{7f4}\u{7f5}\u{1fbd}\u{1fbf}\u{1fef}\u{1ffd}\u{1ffe}\u{2018}\u{2019}\
            \u{201a}\u{201b}\u{2032}\u{2035}\u{275b}\u{275c}\u{a78b}\u{a78c}\u{ff07}\u{ff40}"
            .chars()
        {
            let expected = format!("Zed{single} left");
            for twice in [format!("Zed{single}{single} left"), format!("Zed{single}\" left")] {
                assert_eq!(without_marks(&twice), expected, "{single:?}");
            }
        }
    }

    #[test]
    fn a_combining_mark_shows_on_a_letter_alone() {
        for mark in [
            "\u{30e}",
            "\u{30b}",
            "\u{308}",
            "\u{30e}\u{30d}",
            "\u{200d}\u{30e}",
        ] {
            for before in ["", "Zed ", "Zed.", "Zed'", "Zed \u{2800}"] {
                // A blank that shows nothing carries no mark.
                let text = format!("{before}{mark} left");
                let expected = format!("{} left", before.trim_end_matches('\u{2800}'));
                assert_eq!(without_marks(&text), expected, "{text:?}");
            }
        }
        for name in [
            "Zoe\u{308}",
            "نا\u{200c}م",
            "❤\u{fe0f}",
            "חיים",
            "ײד",
            "क\u{94d}\u{200d}ष",
        ] {
            assert_eq!(without_marks(name), name);
        }
    }

    #[test]
    fn look_alikes_of_a_number_sign_are_found() {
        for sign in "#\u{22d5}\u{2317}\u{266f}\u{fe5f}\u{ff03}".chars() {
            assert!(is_number_sign(sign), "{sign:?}");
        }
        for other in "aZ0+=H日".chars() {
            assert!(!is_number_sign(other), "{other:?}");
        }
    }

    #[test]
    fn a_name_that_is_cut_ends_with_its_mark() {
        for (name, width, expected) in [
            ("Ann", 5, "\"Ann\""),
            ("Anna", 5, "\"An…\""),
            ("日本語", 6, "\"日…\""),
            ("Ann", 3, "\"…\""),
            ("Ann", 2, ""),
            ("Ann", 0, ""),
        ] {
            assert_eq!(quoted(name, width), expected, "{name} {width}");
        }
        for (width, expected) in [
            (20, "#7bh6 \"Ann\""),
            (10, "#7bh6 \"A…\""),
            (8, "#7bh6"),
            (4, "#7b…"),
        ] {
            assert_eq!(with_name("#7bh6", Some("Ann"), width), expected);
        }
        assert_eq!(with_name("#7bh6", None, 20), "#7bh6");
    }
}
