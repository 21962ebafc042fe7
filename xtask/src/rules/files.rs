//! Texts that no file of the project may contain.

use super::{Violation, project::Project};

/// The banned texts, each in two halves so that this file does not contain them, with the suffixes of the
/// files they apply to and the rule.
const BANNED: &[([&str; 2], &[&str], &str)] = &[
    (["todo", "!("], &["rs"], "nothing is left to do"),
    (["unimplemented", "!("], &["rs"], "nothing is left to do"),
    (["#[", "ignore"], &["rs"], "no test is skipped"),
    (
        ["#[", "allow("],
        &["rs"],
        "exceptions are `expect` with a reason",
    ),
    (
        ["#![", "allow("],
        &["rs"],
        "exceptions are `expect` with a reason",
    ),
    ([".sk", "ip("], &["mjs"], "no test is skipped"),
    ([".on", "ly("], &["mjs"], "no test is skipped"),
    (
        ["\"resolved\"", ":"],
        &["package-lock.json"],
        "the lock names no download address",
    ),
    (
        ["source = \"git", "+"],
        &["Cargo.lock"],
        "no dependency from a git repository",
    ),
    (["/", "work/"], &[""], "no path of a machine"),
    (["/", "root/"], &[""], "no path of a machine"),
    (["/home", "/"], &[""], "no path of a machine"),
    (["/Users", "/"], &[""], "no path of a machine"),
];

/// Files that must be part of the project.
const REQUIRED: &[&str] = &[
    ".ci/run",
    ".github/workflows/advisories.yml",
    ".github/workflows/test.yml",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "SECURITY.md",
    "deny.toml",
    "docs/architecture.md",
    "docs/glossary.md",
    "docs/protocol.md",
    "docs/threat-model.md",
    "tests/browser/package-lock.json",
    "tests/interop/openapi/requirements.txt",
    "tests/interop/package-lock.json",
    "xtask/requirements.txt",
];

/// Checks all files of the project.
#[must_use]
pub fn violations(project: &Project) -> Vec<Violation> {
    let missing = REQUIRED.iter().filter(|file| !project.has_file(file));
    let missing = missing.map(|file| Violation::new(*file, "must be part of the project"));
    let texts = project.texts("");
    missing
        .chain(texts.flat_map(|(file, text)| violations_of(file, text)))
        .collect()
}

/// Checks the text of a file with this name.
#[must_use]
pub fn violations_of(file: &str, text: &str) -> Vec<Violation> {
    let rules: Vec<(String, &str)> = BANNED
        .iter()
        .filter(|(_, suffixes, _)| suffixes.iter().any(|suffix| file.ends_with(suffix)))
        .map(|(halves, _, rule)| (halves.concat(), *rule))
        .collect();
    text.lines()
        .enumerate()
        .flat_map(|(index, line)| {
            rules
                .iter()
                .filter(move |(banned, _)| line.contains(banned.as_str()))
                .map(move |(_, rule)| Violation::new(format!("{file}:{}", index + 1), *rule))
        })
        .collect()
}
