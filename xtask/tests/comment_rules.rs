//! The rule about comments notices lines that begin with a question word.

use xtask::rules::comments::{places_of, violations_above};

#[test]
fn a_comment_line_that_begins_with_a_question_word_is_counted_with_its_line() {
    for comment in [
        ["/// Wh", "at it holds."].concat(),
        ["//! Wh", "o may join."].concat(),
        ["// Wh", "om the room asks."].concat(),
        ["    /// Wh", "ose turn it is."].concat(),
        ["    // Wh", "oever comes first."].concat(),
        ["//Wh", "atever was sent."].concat(),
        ["/// Wh", "at, then?"].concat(),
    ] {
        assert_eq!(
            places_of("a.rs", &format!("fn first() {{}}\n{comment}\n")),
            ["a.rs:2"],
            "{comment}"
        );
    }
}

#[test]
fn other_lines_are_not_counted() {
    for line in [
        "/// Counts the members.",
        "/// whose connection is closed.",
        "/// Whole numbers only.",
        "/// The members who joined.",
        "let text = \"What\"; // Whole.",
        "Who();",
        "//",
    ] {
        assert_eq!(places_of("a.rs", line), [""; 0], "{line}");
    }
}

#[test]
fn lines_are_violations_only_above_the_limit() {
    let places = || vec!["a.rs:1".to_owned(), "b.rs:7".to_owned()];
    assert_eq!(violations_above(2, places()), []);
    let violations = violations_above(1, places());
    assert_eq!(violations.len(), 2);
    assert_eq!(violations[1].place, "b.rs:7");
    assert!(violations[1].rule.contains("(2 do, 1 may)"));
}
