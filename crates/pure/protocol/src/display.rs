//! Preparation of texts from others for display: names and lines of a call, names of rooms and devices.

use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{
        BidiControl, DefaultIgnorableCodePoint, GeneralCategory, JoinControl, VariationSelector,
        WhiteSpace,
    },
};

/// The separator of vowels in Mongolian.
const MONGOLIAN_VOWEL_SEPARATOR: char = '\u{180e}';
/// The first character of the flags of England, Scotland and Wales. Tags follow it, which are invisible by
/// themselves.
const BLACK_FLAG: char = '\u{1f3f4}';
/// The Braille pattern without dots.
const BLANK_BRAILLE: char = '\u{2800}';
const CANCEL_TAG: char = '\u{e007f}';
/// The maximum number of tags of a flag, the last one included.
const MAX_TAGS: u8 = 7;

/// Returns whether a character changes the display of the text around it: a control character, a line or
/// paragraph separator, or a mark of text direction (Unicode's `Bidi_Control`).
#[must_use]
pub fn disturbs_display(character: char) -> bool {
    let is_control = matches!(
        CodePointMapData::<GeneralCategory>::new().get(character),
        GeneralCategory::Control
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
    );
    is_control || CodePointSetData::new::<BidiControl>().contains(character)
}

/// Returns whether a character is visible by itself. A combining mark needs a letter, and a blank Braille
/// cell has no dots.
#[must_use]
pub fn is_visible(character: char) -> bool {
    let is_dependent = matches!(
        CodePointMapData::<GeneralCategory>::new().get(character),
        GeneralCategory::NonspacingMark
            | GeneralCategory::EnclosingMark
            | GeneralCategory::Format
            | GeneralCategory::Unassigned
    );
    let shows_nothing = is_dependent
        || character == BLANK_BRAILLE
        || CodePointSetData::new::<WhiteSpace>().contains(character)
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character);
    !shows_nothing
}

/// Returns the first `most` characters of a text, without characters that [disturb a
/// display](disturbs_display) or are invisible.
///
/// Invisible characters that are part of scripts and emoji stay: the joiners, variation selectors, the
/// Mongolian vowel separator, and the tags of a flag. A text without a visible character becomes empty.
#[must_use]
pub fn printable(text: &str, most: usize) -> String {
    let mut tags = 0;
    let text: String = text
        .chars()
        .filter(|character| {
            let is_tag = matches!(character, '\u{e0020}'..=CANCEL_TAG);
            let is_of_flag = is_tag && tags > 0;
            tags = match *character {
                BLACK_FLAG => MAX_TAGS,
                CANCEL_TAG => 0,
                _ if is_of_flag => tags - 1,
                _ => 0,
            };
            is_of_flag || is_printable(*character)
        })
        .take(most)
        .collect();
    if text.chars().any(is_visible) {
        text
    } else {
        String::new()
    }
}

/// The maximum length of the name that somebody has in a call, in characters.
pub const MAX_NAME_CHARS: usize = 60;

/// Returns the name that somebody has in a call as it can be displayed; `None` if nothing of it is visible.
#[must_use]
pub fn printable_name(name: &str) -> Option<String> {
    Some(printable(name, MAX_NAME_CHARS)).filter(|name| !name.is_empty())
}

/// Returns the lines of a text as they can be displayed, without blanks at their ends and without empty lines at the
/// end. A tab becomes four spaces.
#[must_use]
pub fn printable_lines(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let line = line.replace('\t', "    ");
        printable(&line, usize::MAX).trim_end().to_owned()
    });
    let lines: Vec<String> = lines.collect();
    lines.join("\n").trim_end_matches('\n').to_owned()
}

fn is_printable(character: char) -> bool {
    let is_written = CodePointSetData::new::<JoinControl>().contains(character)
        || CodePointSetData::new::<VariationSelector>().contains(character)
        || character == MONGOLIAN_VOWEL_SEPARATOR;
    let is_ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character);
    !disturbs_display(character) && (is_written || !is_ignorable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_and_emoji_are_shown_as_they_are_written() {
        for text in [
            "Ann",
            "a  b",
            "e\u{301}",
            // Persian, Sinhala and Malayalam need the joiners.
            "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}",
            "\u{dc1}\u{dca}\u{200d}\u{dbb}\u{dd3}",
            "\u{d28}\u{d4d}\u{200d}",
            // A family, a programmer, a heart in colour, a keycap, two flags.
            "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}\u{200d}\u{1f466}",
            "\u{1f469}\u{1f3fd}\u{200d}\u{1f4bb}",
            "\u{2764}\u{fe0f}\u{200d}\u{1f525}",
            "1\u{fe0f}\u{20e3}",
            "\u{1f1ee}\u{1f1f7}",
            "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
            // A variant of an ideograph, Mongolian with both of its selectors, Arabic, Hebrew.
            "\u{845b}\u{e0100}",
            "\u{182d}\u{180b}\u{1820}\u{180e}\u{1820}",
            "\u{645}\u{631}\u{62d}\u{628}\u{627}",
            "\u{5e9}\u{5b8}\u{5dc}",
        ] {
            assert_eq!(printable(text, usize::MAX), text);
        }
    }

    #[test]
    fn characters_that_hide_text_turn_it_or_drive_a_terminal_are_taken_out() {
        for hidden in [
            "\u{0}",
            "\u{7}",
            "\n",
            "\r",
            "\t",
            "\u{1b}",
            "\u{7f}",
            "\u{85}",
            "\u{9b}",
            // Invisible characters.
            "\u{ad}",
            "\u{34f}",
            "\u{115f}",
            "\u{17b4}",
            "\u{200b}",
            "\u{2060}",
            "\u{2061}",
            "\u{2064}",
            "\u{206a}",
            "\u{3164}",
            "\u{feff}",
            "\u{ffa0}",
            "\u{1d173}",
            "\u{e0001}",
            "\u{e0061}\u{e0062}",
            // Marks of direction, ends of lines and paragraphs.
            "\u{61c}",
            "\u{200e}",
            "\u{200f}",
            "\u{2028}",
            "\u{2029}",
            "\u{202a}",
            "\u{202b}",
            "\u{202c}",
            "\u{202d}",
            "\u{202e}",
            "\u{2066}",
            "\u{2067}",
            "\u{2068}",
            "\u{2069}",
        ] {
            let text = format!("a{hidden}b");
            assert_eq!(printable(&text, usize::MAX), "ab", "{text:?}");
        }
    }

    #[test]
    fn a_flag_hides_no_text() {
        let tags = "\u{e0061}".repeat(20);
        let presentation_context = printable(&format!("\u{1f3f4}{tags}"), usize::MAX);
        assert_eq!(presentation_context.chars().count(), 8);
        let ended = format!("\u{1f3f4}\u{e0061}\u{e007f}{tags}");
        assert_eq!(printable(&ended, usize::MAX).chars().count(), 3);
        let interrupted = format!("\u{1f3f4}a{tags}");
        assert_eq!(printable(&interrupted, usize::MAX), "\u{1f3f4}a");
    }

    #[test]
    fn texts_are_cut_and_those_without_anything_visible_are_empty() {
        for (text, most, expected) in [
            ("abc", 2, "ab"),
            ("\u{202e}abc", 2, "ab"),
            ("", 2, ""),
            ("  \u{a0}", 9, ""),
            ("\u{200d}\u{200c}\u{fe0f}", 9, ""),
            ("\u{3164}", 9, ""),
            ("\u{2800}\u{2800}", 9, ""),
            ("\u{301}\u{308}", 9, ""),
            ("\u{20dd}", 9, ""),
            ("\u{600}", 9, ""),
            ("\u{378}", 9, ""),
            ("\u{2801}\u{2800}", 9, "\u{2801}\u{2800}"),
        ] {
            assert_eq!(printable(text, most), expected, "{text:?}");
        }
    }
}
