//! Descriptions: sentences with code in backticks.

use maud::{Markup, html};

use super::anchor;

/// A description in a line.
pub(super) fn text(text: &str) -> Markup {
    marked(text, false)
}

/// The description of an answer that reports a problem: its codes lead to their list.
pub(super) fn problem_text(text: &str) -> Markup {
    marked(text, true)
}

fn marked(text: &str, links_codes: bool) -> Markup {
    html! {
        @for part in parts(text) {
            @match part {
                Part::Plain(text) => (text),
                Part::Code(code) if links_codes && is_problem_code(code) => {
                    a href={ "#" (anchor::code(code)) } { code { (code) } }
                }
                Part::Code(code) => code { (code) },
            }
        }
    }
}

/// The problem codes in the description of an answer that reports a problem.
pub(super) fn problem_codes(text: &str) -> impl Iterator<Item = &str> {
    parts(text).filter_map(|part| match part {
        Part::Code(code) if is_problem_code(code) => Some(code),
        Part::Code(_) | Part::Plain(_) => None,
    })
}

/// The first sentence of a description, without backticks.
pub(super) fn first_sentence(text: &str) -> String {
    let plain = text.replace('`', "");
    let sentence = plain.split_once(". ").map_or(&*plain, |(first, _)| first);
    sentence.trim_end_matches('.').to_owned()
}

enum Part<'a> {
    Plain(&'a str),
    Code(&'a str),
}

fn parts(text: &str) -> impl Iterator<Item = Part<'_>> {
    let pieces = text.split('`').enumerate();
    let parts = pieces.map(|(index, piece)| match index % 2 {
        0 => Part::Plain(piece),
        _ => Part::Code(piece),
    });
    parts.filter(|part| !matches!(part, Part::Plain("")))
}

fn is_problem_code(code: &str) -> bool {
    let is_of_code = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    code.starts_with(|first: char| first.is_ascii_uppercase()) && code.bytes().all(is_of_code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_in_backticks_is_code_and_all_else_is_escaped() {
        for (given, expected) in [
            ("", ""),
            ("A `b` <c>.", "A <code>b</code> &lt;c&gt;."),
            ("`{\"a\": 1}`", "<code>{&quot;a&quot;: 1}</code>"),
            ("`<b>`", "<code>&lt;b&gt;</code>"),
            ("one ` alone", "one <code> alone</code>"),
        ] {
            assert_eq!(text(given).into_string(), expected);
        }
    }

    #[test]
    fn codes_of_problems_lead_to_their_list_and_other_code_does_not() {
        let given = "`A_B1`, `Location`, `a`, `ÄB`, `` and A";
        assert_eq!(problem_codes(given).collect::<Vec<_>>(), ["A_B1"]);
        let shown = problem_text(given).into_string();
        assert!(shown.starts_with("<a href=\"#code-A_B1\"><code>A_B1</code></a>, <code>Location"));
        assert_eq!(shown.matches("href").count(), 1);
    }

    #[test]
    fn a_summary_is_the_first_sentence() {
        for (given, expected) in [
            ("Starts a session.", "Starts a session"),
            ("Deletes `it`. And more.", "Deletes it"),
            ("v1.2 without an end", "v1.2 without an end"),
            ("", ""),
        ] {
            assert_eq!(first_sentence(given), expected);
        }
    }
}
