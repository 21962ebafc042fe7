//! The tokens of Rust source text, as far as the rules need them.

use std::iter;

/// A word, a mark or a literal, with its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    /// An identifier without `r#`, `::`, one character of punctuation, or [`LITERAL`].
    pub(crate) text: &'a str,
    pub(crate) line: usize,
}

/// The text of every literal.
pub(crate) const LITERAL: &str = "\"";

impl Token<'_> {
    /// Returns whether the token is an identifier or a keyword.
    pub(crate) fn is_word(&self) -> bool {
        self.text.chars().next().is_some_and(starts_word)
    }
}

/// Returns the tokens of a text. Comments, lifetimes and white space are none.
pub(crate) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    let mut line = 1;
    while let Some(first) = rest.chars().next() {
        let (length, token) = next(rest, first);
        let (consumed, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        if let Some(text) = token {
            found.push(Token { text, line });
        }
        line += consumed.bytes().filter(|byte| *byte == b'\n').count();
        rest = after;
    }
    found
}

/// Returns the length of what a text begins with, and its token.
fn next(text: &str, first: char) -> (usize, Option<&str>) {
    match first {
        '/' if text.starts_with("//") => (text.find('\n').unwrap_or(text.len()), None),
        '/' if text.starts_with("/*") => (block_comment(text), None),
        '"' => (quoted(text, '"'), Some(LITERAL)),
        '\'' => char_or_lifetime(text),
        _ if starts_word(first) => word_or_literal(text),
        _ if first.is_ascii_digit() => (number(text), Some(LITERAL)),
        ':' if text.starts_with("::") => (2, Some("::")),
        _ if first.is_whitespace() => (first.len_utf8(), None),
        _ => (first.len_utf8(), text.get(..first.len_utf8())),
    }
}

fn starts_word(c: char) -> bool {
    c == '_' || c.is_alphabetic()
}

fn word(text: &str) -> &str {
    let end = text.find(|c: char| c != '_' && !c.is_alphanumeric());
    text.get(..end.unwrap_or(text.len())).unwrap_or(text)
}

/// A word, a raw identifier, or a literal with a prefix such as `b"…"` or `r#"…"#`.
fn word_or_literal(text: &str) -> (usize, Option<&str>) {
    let start = word(text);
    let after = text.get(start.len()..).unwrap_or_default();
    match start {
        "b" if after.starts_with('\'') => {
            let (length, _) = char_or_lifetime(after);
            (start.len() + length, Some(LITERAL))
        }
        "b" | "c" if after.starts_with('"') => (start.len() + quoted(after, '"'), Some(LITERAL)),
        "r" | "br" | "cr" => {
            let hashes = after.bytes().take_while(|byte| *byte == b'#').count();
            let inside = after.get(hashes..).unwrap_or_default();
            if let Some(inside) = inside.strip_prefix('"') {
                let end: String = iter::once('"').chain(iter::repeat_n('#', hashes)).collect();
                let length = inside.find(&end).map_or(inside.len(), |at| at + end.len());
                return (start.len() + hashes + 1 + length, Some(LITERAL));
            }
            if hashes == 1 && inside.starts_with(starts_word) {
                let name = word(inside);
                return (start.len() + hashes + name.len(), Some(name));
            }
            (start.len(), Some(start))
        }
        _ => (start.len(), Some(start)),
    }
}

/// Returns the length of a literal from its first quote to its last.
fn quoted(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            _ if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

fn char_or_lifetime(text: &str) -> (usize, Option<&str>) {
    let mut chars = text.chars().skip(1);
    let content = chars.next();
    if content == Some('\\') || chars.next() == Some('\'') {
        return (quoted(text, '\''), Some(LITERAL));
    }
    (1 + word(text.get(1..).unwrap_or_default()).len(), None)
}

fn number(text: &str) -> usize {
    let whole = word(text).len();
    let after = text.get(whole..).unwrap_or_default();
    match after.strip_prefix('.') {
        Some(fraction) if fraction.starts_with(|c: char| c.is_ascii_digit()) => {
            whole + 1 + word(fraction).len()
        }
        _ => whole,
    }
}

fn block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_into_words_marks_and_literals() {
        for (text, expected) in [
            ("use a::b;", "use a :: b ;"),
            ("a // b\nc /* d /* e */ f */ g", "a c g"),
            (r#"a("b\"c") d"#, "a ( \" ) d"),
            (r##"r#"b"c"# d"##, "\" d"),
            ("r\"b\\\" d", "\" d"),
            ("br\"b\" b\"c\" c\"d\" b'e' f", "\" \" \" \" f"),
            ("r#type r", "type r"),
            ("'a' '\\'' '\\u{1f}' '\"' 'é' b", "\" \" \" \" \" b"),
            ("&'a str, 'static", "& str ,"),
            ("0..1_0 1.5e3 0x1f a.0.b", "\" . . \" \" \" a . \" . b"),
            ("\"open", "\""),
            ("/* open", ""),
            ("'", ""),
            ("größe", "größe"),
        ] {
            let found: Vec<&str> = tokens(text).iter().map(|token| token.text).collect();
            assert_eq!(found.join(" "), expected, "{text}");
        }
    }

    #[test]
    fn a_token_has_its_line() {
        let text = "a\n/*\n*/ \"\n\" b";
        let lines: Vec<usize> = tokens(text).iter().map(|token| token.line).collect();
        assert_eq!(lines, [1, 3, 4]);
    }
}
