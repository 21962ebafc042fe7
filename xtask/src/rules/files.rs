//! Texts that no file of the project may contain.

use std::{collections::BTreeSet, fs, io, path::Path, process::Command};

use anyhow::{Context, Result, ensure};

use super::Violation;

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

/// Checks all files of the project: those that are under version control or could be.
///
/// # Errors
/// If git cannot list them, or one is not readable.
pub fn violations(root: &Path) -> Result<Vec<Violation>> {
    let files = project_files(root)?;
    let mut violations: Vec<Violation> = REQUIRED
        .iter()
        .filter(|required| !files.iter().any(|file| file == *required))
        .map(|required| Violation::new(*required, "must be part of the project"))
        .collect();
    for file in &files {
        match fs::read_to_string(root.join(file)) {
            Ok(text) => violations.extend(violations_of(file, &text)),
            // A picture or the like.
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {}
            // The file was deleted, but is still under version control.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(error).with_context(|| format!("{file} is not readable"));
            }
        }
    }
    Ok(violations)
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

/// The names of all files that are under version control or could be, from the root.
pub(super) fn project_files(root: &Path) -> Result<Vec<String>> {
    let output = Command::new("git")
        .current_dir(root)
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .output()
        .context("git does not start")?;
    ensure!(
        output.status.success(),
        "git ls-files fails: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    // In a merge, a file in conflict is listed once for each version.
    let files: BTreeSet<String> = String::from_utf8_lossy(&output.stdout)
        .split('\0')
        .filter(|file| !file.is_empty())
        .map(str::to_owned)
        .collect();
    Ok(files.into_iter().collect())
}

/// Returns the Rust files of the project with their texts.
///
/// # Errors
/// If git cannot list them, or one is not readable.
pub fn rust_sources(root: &Path) -> Result<Vec<(String, String)>> {
    let files = project_files(root)?;
    let files = files.into_iter().filter(|file| file.ends_with(".rs"));
    files
        // A file that was deleted may still be under version control.
        .filter(|file| root.join(file).exists())
        .map(|file| {
            let text = fs::read_to_string(root.join(&file));
            let text = text.with_context(|| format!("{file} is not readable"))?;
            Ok((file, text))
        })
        .collect()
}
