//! Names in quotation marks: a name has no such mark, so it ends where the mark stands, and the rest
//! of its line is told by this program.

use super::wrap::{columns, cut};

/// The mark around a name.
const MARK: char = '"';
/// The columns of the two marks.
const MARKS: usize = 2;
/// Characters that look like the mark.
const DOUBLE: &str = "\"\u{ab}\u{bb}\u{2ba}\u{2dd}\u{2ee}\u{2f5}\u{2f6}\u{5f4}\u{201c}\u{201d}\u{201e}\u{201f}\
    \u{2033}\u{2036}\u{275d}\u{275e}\u{2e42}\u{3003}\u{301d}\u{301e}\u{301f}\u{ff02}";
/// Characters of which two look like the mark.
const SINGLE: &str = "'`\u{b4}\u{2b9}\u{2bb}\u{2bc}\u{2bd}\u{2ca}\u{2cb}\u{5f3}\u{2018}\u{2019}\u{201a}\u{201b}\
    \u{2032}\u{2035}\u{275b}\u{275c}\u{ff07}\u{ff40}";

/// A text with an apostrophe for each character that looks like the mark, and for several apostrophes
/// in a row.
pub(super) fn without_marks(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for character in text.chars() {
        let is_double = DOUBLE.contains(character);
        let is_repeated = is_double || SINGLE.contains(character);
        if is_repeated && result.ends_with(|last| SINGLE.contains(last)) {
            continue;
        }
        result.push(if is_double { '\'' } else { character });
    }
    result
}

/// A name in quotation marks, cut to at most `width` columns with them; nothing where no letter of it
/// has room.
pub(super) fn quoted(name: &str, width: usize) -> String {
    match width.checked_sub(MARKS) {
        None | Some(0) => String::new(),
        Some(room) => format!("{MARK}{}{MARK}", cut(&without_marks(name), room)),
    }
}

/// A tag or another text, and a name in quotation marks after it, in at most `width` columns.
pub(super) fn with_name(start: &str, name: Option<&str>, width: usize) -> String {
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
