//! The rule about sizes: a file or crate that takes long to read says why it is one.

use std::collections::BTreeMap;

use super::{Violation, project::Project, without_excused};

/// The lines that a file has at most.
const FILE: usize = 400;

/// The lines that a file of tests has at most.
const TESTS: usize = 600;

/// The lines of sources that a crate has at most, without files of tests.
const CRATE: usize = 6_000;

/// Files and crates that are larger, with the reason.
const REASONS: &[(&str, &str)] = &[
    (
        "crates/apps/server",
        "a third are the settings, whose comments are their documentation",
    ),
    (
        "crates/apps/call-terminal",
        "one view of a call, whose rows, sentences and marks are drawn from the same state",
    ),
    (
        "crates/apps/anteroom/tests/cli/errors.rs",
        "one table of mistakes and their messages",
    ),
    (
        "crates/apps/anteroom/tests/cli/stored_credentials.rs",
        "one story, from the first credential to the last",
    ),
    (
        "crates/apps/user-cli",
        "all that a person's commands do and keep, in sealed files that they share",
    ),
    (
        "crates/pure/client-core",
        "all decisions of a client of both services, for every kind of client",
    ),
    (
        "crates/pure/e2ee",
        "statements, the rules about them, the group and its frames, which every member checks as one",
    ),
    (
        "crates/pure/sfu",
        "the media of one call: each rule stands alone, and one state machine puts them together",
    ),
    (
        "crates/pure/e2ee-session",
        "one device's part in a group: each input is a decision about the same seat",
    ),
    (
        "crates/pure/sfu",
        "the media of one call: every rule decides about the same devices and slots",
    ),
    (
        "crates/services/accounts",
        "logins, sign-ups, sessions and devices change the same rows in one transaction",
    ),
    (
        "crates/services/rooms",
        "links, calls, the socket and the pool of media servers, which share one state",
    ),
    (
        "crates/store/store-sqlite",
        "one file format with its migrations: the tables of both services share rows, keys and statements",
    ),
    (
        "crates/testkit",
        "a server of each kind that tests of other crates talk to, and what they ask of it",
    ),
    (
        "crates/testkit/src/rooms.rs",
        "one server with all that a test may ask of it",
    ),
    (
        "tools/load",
        "soak, attacks and the load of measurements, over the same accounts, links and services",
    ),
];

/// Checks all sources of the project.
#[must_use]
pub fn violations(project: &Project) -> Vec<Violation> {
    let sources = project.texts(".rs");
    violations_of(
        sources.map(|(file, text)| (file, text.lines().count())),
        REASONS,
    )
}

/// Checks files with their numbers of lines.
fn violations_of<'a>(
    files: impl IntoIterator<Item = (&'a str, usize)>,
    reasons: &[(&str, &str)],
) -> Vec<Violation> {
    let mut large = BTreeMap::new();
    let mut crates: BTreeMap<&str, usize> = BTreeMap::new();
    for (file, lines) in files {
        let most = if is_test(file) { TESTS } else { FILE };
        if lines > most {
            large.insert(file, (lines, most));
        }
        if let Some((folder, _)) = file.split_once("/src/").filter(|_| !is_test(file)) {
            *crates.entry(folder).or_default() += lines;
        }
    }
    let crates = crates.into_iter().filter(|(_, lines)| *lines > CRATE);
    large.extend(crates.map(|(folder, lines)| (folder, (lines, CRATE))));
    let violations = large.into_iter().map(|(path, (lines, most))| {
        let rule = format!(
            "has {lines} lines, and more than {most} are hard to read as one: split it, or say in the \
             table of sizes why it is one"
        );
        Violation::new(path, rule)
    });
    without_excused(
        violations.collect(),
        reasons,
        |named, path| named == path,
        "is not there, or short enough: take its line out of the table of sizes",
    )
}

/// Whether a file holds tests alone. A suite that all implementations pass is tests too.
fn is_test(file: &str) -> bool {
    file.contains("/tests/") || file.ends_with("/tests.rs") || file.contains("/src/conformance/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(files: &[(&'static str, usize)], reasons: &[(&str, &str)]) -> Vec<String> {
        let violations = violations_of(files.iter().copied(), reasons);
        violations.into_iter().map(|one| one.place).collect()
    }

    #[test]
    fn a_large_file_or_crate_needs_a_reason() {
        for (files, place) in [
            (&[("crates/x/src/a.rs", 400)][..], None),
            (&[("crates/x/src/a.rs", 401)], Some("crates/x/src/a.rs")),
            (
                &[("crates/x/examples/a.rs", 401)],
                Some("crates/x/examples/a.rs"),
            ),
            (&[("crates/x/tests/a.rs", 600)], None),
            (&[("crates/x/tests/a.rs", 601)], Some("crates/x/tests/a.rs")),
            (&[("crates/x/src/conformance/a.rs", 600)], None),
            (&[("crates/x/src/a/tests.rs", 600)], None),
            (
                &[("crates/x/src/a/tests.rs", 601)],
                Some("crates/x/src/a/tests.rs"),
            ),
        ] {
            assert_eq!(places(files, &[]), Vec::from_iter(place), "{files:?}");
            if let Some(place) = place {
                assert_eq!(places(files, &[(place, "a reason")]), [""; 0]);
            }
        }
        let many = [("crates/x/src/a.rs", 400); 15];
        assert_eq!(places(&many, &[]), [""; 0]);
        let many = [("crates/x/src/a.rs", 400); 16];
        assert_eq!(places(&many, &[]), ["crates/x"]);
        assert_eq!(places(&many, &[("crates/x", "a reason")]), [""; 0]);
        let tests = [("crates/x/tests/a.rs", 400); 16];
        assert_eq!(places(&tests, &[]), [""; 0]);
    }

    #[test]
    fn a_reason_for_what_is_short_is_noticed() {
        let reasons = [("crates/x/src/a.rs", "a reason"), ("crates/y", "a reason")];
        let small = [("crates/x/src/a.rs", 400)];
        assert_eq!(places(&small, &reasons), ["crates/x/src/a.rs", "crates/y"]);
    }
}
