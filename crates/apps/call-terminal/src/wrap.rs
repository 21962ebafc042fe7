//! Wrapping of texts to columns of a terminal. Widths are those of the library that draws the screen, so that
//! the counted width is the displayed one.

use ratatui::buffer::CellWidth as _;
use unicode_segmentation::UnicodeSegmentation as _;

/// The mark of an omission.
const ELLIPSIS: &str = "…";

/// Returns the width of a text in columns.
pub(crate) fn columns(text: &str) -> usize {
    text.graphemes(true).map(grapheme_columns).sum()
}

/// Wraps a text to rows of at most `width` columns, between words if possible, and between the characters of
/// scripts without spaces. Line breaks of the text stay; all rows but the first are indented.
pub(crate) fn rows(text: &str, width: usize, indent: usize) -> Vec<String> {
    measured_rows(text, Rows::new(width, indent, grapheme_columns))
}

/// Wraps a text for a terminal that wraps by itself: no row is wider than `width`, even if the terminal shows
/// each character of a cluster in columns of its own.
pub(crate) fn strict_rows(text: &str, width: usize) -> Vec<String> {
    let measure = |grapheme: &str| {
        let apart = grapheme.split("").map(grapheme_columns).sum();
        grapheme_columns(grapheme).max(apart)
    };
    measured_rows(text, Rows::new(width, 0, measure))
}

fn measured_rows(text: &str, mut rows: Rows) -> Vec<String> {
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            rows.end_row();
        }
        for word in words(line) {
            rows.add_word(word);
        }
    }
    rows.end_row();
    rows.done
}

/// Returns the start of a text in at most `width` columns, with an ellipsis if it is longer.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let mut room = width.saturating_sub(columns(ELLIPSIS));
    let fits = |grapheme: &&str| {
        let rest = room.checked_sub(grapheme_columns(grapheme));
        room = rest.unwrap_or_default();
        rest.is_some()
    };
    let start: String = text.graphemes(true).take_while(fits).collect();
    if width == 0 {
        return String::new();
    }
    start + ELLIPSIS
}

/// Returns the width of a grapheme cluster in columns.
pub(crate) fn grapheme_columns(grapheme: &str) -> usize {
    if grapheme.contains(char::is_control) {
        return 0;
    }
    usize::from(grapheme.cell_width())
}

/// Returns the parts of a line between which a row may end: words with the spaces after them, and wide
/// characters one by one.
fn words(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut start = 0;
    let mut before: Option<&str> = None;
    for (index, grapheme) in line.grapheme_indices(true) {
        if before.is_some_and(|before| may_break(before, grapheme)) {
            words.extend(line.get(start..index));
            start = index;
        }
        before = Some(grapheme);
    }
    words.extend(line.get(start..).filter(|rest| !rest.is_empty()));
    words
}

fn may_break(before: &str, after: &str) -> bool {
    let is_wide = |grapheme: &str| grapheme_columns(grapheme) > 1;
    let is_space = |grapheme: &str| grapheme.chars().all(char::is_whitespace);
    if is_space(before) || is_space(after) {
        return !is_space(after);
    }
    (is_wide(before) || is_wide(after)) && !after.chars().all(closes)
}

/// Returns whether a character belongs to the one before it.
const fn closes(character: char) -> bool {
    character.is_ascii_punctuation()
        || matches!(
            character,
            '。' | '、'
                | '，'
                | '．'
                | '」'
                | '』'
                | '）'
                | '】'
                | '！'
                | '？'
                | '：'
                | '…'
                | 'ー'
        )
}

struct Rows {
    width: usize,
    indent: usize,
    /// Returns the width of a grapheme cluster in columns.
    measure: fn(&str) -> usize,
    row: String,
    used: usize,
    done: Vec<String>,
}

impl Rows {
    fn new(width: usize, indent: usize, measure: fn(&str) -> usize) -> Self {
        let width = width.max(1);
        Self {
            width,
            // At most a quarter of the width is indentation.
            indent: indent.min(width / 4),
            measure,
            row: String::new(),
            used: 0,
            done: Vec::new(),
        }
    }

    fn add_word(&mut self, word: &str) {
        let bare: usize = word.trim_end().graphemes(true).map(self.measure).sum();
        let is_fresh = self.used == self.start();
        if self.used + bare > self.width && !is_fresh {
            self.end_row();
        }
        for grapheme in word.graphemes(true) {
            let columns = (self.measure)(grapheme);
            if self.used + columns > self.width {
                if grapheme.chars().all(char::is_whitespace) {
                    // Spaces at the end of a row are not shown.
                    continue;
                }
                if self.used > self.start() {
                    self.end_row();
                }
                if columns > self.width.saturating_sub(self.used) {
                    self.push("?", 1);
                    continue;
                }
            }
            self.push(grapheme, columns);
        }
    }

    fn push(&mut self, text: &str, columns: usize) {
        self.row.push_str(text);
        self.used += columns;
    }

    /// Returns the column at which the text of the current row starts.
    fn start(&self) -> usize {
        if self.done.is_empty() { 0 } else { self.indent }
    }

    fn end_row(&mut self) {
        self.done.push(self.row.trim_end().to_owned());
        self.row = " ".repeat(self.indent);
        self.used = self.indent;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_no_wider_than_the_screen_and_lose_nothing_but_spaces() {
        let family = "👨\u{200d}👩\u{200d}👧";
        for text in [
            "",
            "a",
            "several words of a sentence that go on and on",
            "averyveryverylongwordthatfitsnowhereatall and one more",
            "これは日本語の長い文章です。改行は文字の間で起こります。",
            "سلام، می\u{200c}خواهم به خانه بروم و کتاب\u{200c}ها را بخوانم",
            &format!("{family} family {family}{family}{family}"),
            "e\u{301}e\u{301}e\u{301}e\u{301} combining n\u{303}",
            "ｶﾞｷﾞｸﾞ half-width marks",
            "  two spaces first,   three within",
            "one\n\ntwo\nthree four five six seven",
        ] {
            for width in 1..=40 {
                let rows = rows(text, width, 2);
                for row in &rows {
                    assert!(columns(row) <= width, "{width}: {row:?} of {text:?}");
                }
                if width > 8 {
                    let dense = |text: &str| -> String {
                        text.chars().filter(|one| !one.is_whitespace()).collect()
                    };
                    assert_eq!(dense(&rows.concat()), dense(text), "{width}");
                }
            }
        }
    }

    #[test]
    fn rows_end_between_words_and_between_wide_characters() {
        for (text, width, expected) in [
            ("", 10, &[""][..]),
            ("one two three", 9, &["one two", "  three"]),
            ("one two three", 13, &["one two three"]),
            ("one  two", 6, &["one", " two"]),
            ("onetwothreefour", 8, &["onetwoth", "  reefou", "  r"]),
            ("日本語の文章", 8, &["日本語の", "  文章"]),
            ("日本語。", 7, &["日本", " 語。"]),
            ("日本!", 8, &["日本!"]),
            ("a\nb\n\nc", 8, &["a", "  b", "", "  c"]),
            ("日", 1, &["?"]),
        ] {
            assert_eq!(rows(text, width, 2), expected, "{text:?} in {width}");
        }
    }

    #[test]
    fn what_is_cut_says_so() {
        for (text, width, expected) in [
            ("Ann", 3, "Ann"),
            ("Annabelle", 5, "Anna…"),
            ("日本語", 6, "日本語"),
            ("日本語", 5, "日本…"),
            ("日本語", 4, "日…"),
            ("e\u{301}e\u{301}e\u{301}", 2, "e\u{301}…"),
            ("Ann", 1, "…"),
            ("Ann", 0, ""),
        ] {
            assert_eq!(cut(text, width), expected, "{text:?} in {width}");
        }
    }
}
