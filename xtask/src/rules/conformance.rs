//! The conformance table: each of its lines names tests, and the tests exist.

use std::collections::{BTreeMap, BTreeSet};

use super::{Violation, project::Project};

/// The page with the table.
const PAGE: &str = "docs/conformance.md";

/// The sections that must be there, by their numbers and names.
const SECTIONS: [&str; 5] = [
    "1. group-call-signaling",
    "2. encrypted-group-metadata",
    "3. voip-call-signaling",
    "4. login",
    "5. device-management",
];

/// The text that replaces a test in lines about groups.
const WITHOUT_GROUPS: &str = "groups are not built yet";

/// The only section whose lines may have no test.
const GROUPS_SECTION: &str = "2. encrypted-group-metadata";

/// A line of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    number: usize,
    section: String,
    name: String,
    proof: String,
}

/// Checks the page against the tests of the project.
#[must_use]
pub fn violations(project: &Project) -> Vec<Violation> {
    let lines = lines_of(project.text(PAGE).unwrap_or_default());
    let mut violations = Vec::new();
    for section in SECTIONS {
        if !lines.iter().any(|line| line.section == section) {
            let rule = format!("the section `{section}` has no line");
            violations.push(Violation::new(PAGE, rule));
        }
    }
    let mut files = BTreeMap::new();
    for line in &lines {
        let place = format!("{PAGE}:{}", line.number);
        let named = tests_of(&line.proof);
        let is_excused = line.proof.contains(WITHOUT_GROUPS) && line.section == GROUPS_SECTION;
        if named.is_empty() && !is_excused {
            let rule = format!("`{}` has no test", line.name);
            violations.push(Violation::new(&place, rule));
        }
        for test in named {
            let Some((file, name)) = test.split_once("::") else {
                let rule = format!("`{test}` is not written as path::test");
                violations.push(Violation::new(&place, rule));
                continue;
            };
            let known = files
                .entry(file)
                .or_insert_with(|| project.text(file).map(|text| tests_in(file, text)));
            let rule = match known {
                None => format!("there is no file {file}"),
                Some(tests) if !tests.contains(name) => format!("{file} has no test `{name}`"),
                Some(_) => continue,
            };
            violations.push(Violation::new(&place, rule));
        }
    }
    violations
}

/// Returns the rows of the tables below the sections' headings. The last cell is the proof, the one before it
/// the requirement.
fn lines_of(page: &str) -> Vec<Line> {
    let mut section = String::new();
    let mut lines = Vec::new();
    let mut is_head = true;
    for (index, text) in page.lines().enumerate() {
        if let Some(heading) = text.strip_prefix("## ") {
            heading.trim().clone_into(&mut section);
        }
        let Some(row) = text.trim().strip_prefix('|') else {
            is_head = true;
            continue;
        };
        let is_rule = row.chars().all(|c| matches!(c, '|' | '-' | ':' | ' '));
        if std::mem::take(&mut is_head) || is_rule || section.is_empty() {
            continue;
        }
        let cells: Vec<&str> = row
            .trim_end_matches('|')
            .split(" | ")
            .map(str::trim)
            .collect();
        if let [names @ .., proof] = cells.as_slice() {
            lines.push(Line {
                number: index + 1,
                section: section.clone(),
                name: names.join(" · ").replace('`', ""),
                proof: (*proof).to_owned(),
            });
        }
    }
    lines
}

/// Returns the texts in backquotes, each `path/to/file.rs::test_name`.
fn tests_of(proof: &str) -> Vec<&str> {
    proof.split('`').skip(1).step_by(2).collect()
}

/// Returns the names of the tests in a file: functions under a test attribute, and tests of Node.js by their
/// first argument.
fn tests_in(file: &str, text: &str) -> BTreeSet<String> {
    if file.ends_with(".mjs") {
        return quoted_after(text, &["test(", "it("]);
    }
    let mut tests = BTreeSet::new();
    let mut is_test = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            is_test = true;
            continue;
        }
        let function = line
            .strip_prefix("async fn ")
            .or_else(|| line.strip_prefix("fn "));
        if let Some(rest) = function {
            let end = rest.find(['(', '<']).unwrap_or(rest.len());
            if std::mem::take(&mut is_test) {
                tests.extend(rest.get(..end).map(str::to_owned));
            }
        } else if !line.starts_with("#[") && !line.starts_with("//") {
            is_test &= line.is_empty();
        }
    }
    tests
}

fn quoted_after(text: &str, calls: &[&str]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for line in text.lines().map(str::trim) {
        for call in calls {
            let Some(rest) = line.strip_prefix(call) else {
                continue;
            };
            let Some(quote) = rest
                .chars()
                .next()
                .filter(|c| matches!(c, '\'' | '"' | '`'))
            else {
                continue;
            };
            names.extend(rest.split(quote).nth(1).map(str::to_owned));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    const TESTS: &str = "
        #[test]
        fn shown() {}

        #[tokio::test(start_paused = true)]
        #[expect(clippy::unwrap_used, reason = \"a test\")]
        async fn awaited() {}

        fn helper() {}
    ";

    fn project(page: &str) -> Project {
        Project::of([
            (PAGE, page),
            ("tests/a.rs", TESTS),
            ("test/b.test.mjs", "test('a page opens', async () => {\n"),
        ])
    }

    fn page(row: &str) -> String {
        let mut page = String::from("# Conformance\n\n| Not | a line |\n|---|---|\n| x | |\n");
        for section in SECTIONS {
            page.push_str(&format!(
                "\n## {section}\n\n| Line | Test |\n|---|---|\n| good | `tests/a.rs::shown` |\n"
            ));
            if section == GROUPS_SECTION {
                page.push_str(row);
                page.push('\n');
            }
        }
        page
    }

    fn rules(page: &str) -> Vec<String> {
        let violations = violations(&project(page));
        violations.into_iter().map(|one| one.rule).collect()
    }

    #[test]
    fn a_line_is_held_to_tests_that_exist() {
        for (row, expected) in [
            ("| x | y | `tests/a.rs::awaited` |", None),
            ("| x | `tests/a.rs::shown`, `tests/a.rs::awaited` |", None),
            ("| x | `test/b.test.mjs::a page opens` |", None),
            ("| group send | groups are not built yet |", None),
            ("| x | |", Some("`x` has no test")),
            ("| x | y | — |", Some("`x · y` has no test")),
            (
                "| x | `tests/a.rs::helper` |",
                Some("tests/a.rs has no test `helper`"),
            ),
            (
                "| x | `tests/a.rs::other` |",
                Some("tests/a.rs has no test `other`"),
            ),
            (
                "| x | `tests/c.rs::shown` |",
                Some("there is no file tests/c.rs"),
            ),
            (
                "| x | `shown` |",
                Some("`shown` is not written as path::test"),
            ),
            (
                "| x | `test/b.test.mjs::another` |",
                Some("test/b.test.mjs has no test `another`"),
            ),
        ] {
            let found = rules(&page(row));
            assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{row}");
        }
    }

    #[test]
    fn no_section_is_empty_or_excused_but_that_of_groups() {
        let whole = page("");
        assert_eq!(rules(&whole), Vec::<String>::new());
        let without = whole.replace("## 4. login", "## 4. something else");
        assert_eq!(rules(&without), ["the section `4. login` has no line"]);
        let headless = whole.replace(
            "## 5. device-management\n\n| Line | Test |\n|---|---|\n| good | `tests/a.rs::shown` |",
            "## 5. device-management",
        );
        assert_eq!(
            rules(&headless),
            ["the section `5. device-management` has no line"]
        );
        let excused = format!("{whole}| a login | groups are not built yet |\n");
        assert_eq!(rules(&excused), ["`a login` has no test"]);
    }

    #[test]
    fn a_violation_names_its_line() {
        let page = page("| unshown | |");
        let violations = violations(&project(&page));
        let number = page
            .lines()
            .position(|line| line == "| unshown | |")
            .unwrap()
            + 1;
        assert_eq!(violations[0].place, format!("{PAGE}:{number}"));
    }
}
