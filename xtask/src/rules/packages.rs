//! Packages of npm and Python that the tests use: under which licences, and pinned by which hashes.
//!
//! None of them is part of the product. Crates are checked by `cargo deny`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Violation, project::Project};

/// The lock files of npm.
const LOCKS: [&str; 2] = [
    "tests/interop/package-lock.json",
    "tests/browser/package-lock.json",
];

/// The lists of Python packages.
const REQUIREMENTS: [&str; 2] = [
    "tests/interop/openapi/requirements.txt",
    "xtask/requirements.txt",
];

/// Licences of npm packages, as the lock files write them.
const LICENSES: [&str; 3] = ["(MIT OR CC0-1.0)", "Apache-2.0", "MIT"];

/// Copyleft packages. The tests run them in processes of their own, and no distributed file contains them.
const COPYLEFT: [(&str, &str); 2] = [
    ("@signalapp/libsignal-client", "AGPL-3.0-only"),
    ("axe-core", "MPL-2.0"),
];

/// A lock file of npm.
#[derive(Deserialize)]
struct Lock {
    packages: BTreeMap<String, LockedPackage>,
}

#[derive(Deserialize)]
struct LockedPackage {
    license: Option<String>,
    integrity: Option<String>,
}

/// Checks all lock files and requirements of the project.
#[must_use]
pub fn violations(project: &Project) -> Vec<Violation> {
    let text = |file| project.text(file).unwrap_or_default();
    let locks = LOCKS.map(|file| violations_of_lock(file, text(file)));
    let lists = REQUIREMENTS.map(|file| violations_of_requirements(file, text(file)));
    [locks.concat(), lists.concat()].concat()
}

/// Checks the text of a lock file with this name.
#[must_use]
pub fn violations_of_lock(file: &str, text: &str) -> Vec<Violation> {
    let lock: Lock = match serde_json::from_str(text) {
        Ok(lock) => lock,
        Err(error) => {
            let rule = format!("is no lock file of npm: {error}");
            return vec![Violation::new(file, rule)];
        }
    };
    let mut violations = Vec::new();
    // The entry without a name is the project's own.
    for (place, package) in lock.packages.iter().filter(|(place, _)| !place.is_empty()) {
        let name = place
            .rsplit_once("node_modules/")
            .map_or(place.as_str(), |(_, name)| name);
        let license = package.license.as_deref().unwrap_or("none");
        if !LICENSES.contains(&license) && !COPYLEFT.contains(&(name, license)) {
            violations.push(Violation::new(
                file,
                format!("{name} has the licence {license}, which is not among those allowed"),
            ));
        }
        if !is_sha512(package.integrity.as_deref()) {
            violations.push(Violation::new(
                file,
                format!("{name} is not pinned by a SHA-512 hash"),
            ));
        }
    }
    violations
}

fn is_sha512(integrity: Option<&str>) -> bool {
    integrity.is_some_and(|integrity| integrity.starts_with("sha512-"))
}

/// Checks the text of a list of Python packages with this name. A line that ends with a backslash continues
/// in the next one.
#[must_use]
pub fn violations_of_requirements(file: &str, text: &str) -> Vec<Violation> {
    text.replace("\\\n", " ")
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let name = words.next().filter(|name| !name.starts_with('#'))?;
            let pinned =
                name.contains("==") && words.any(|word| word.starts_with("--hash=sha256:"));
            (!pinned).then(|| {
                Violation::new(
                    file,
                    format!("{name} is not pinned by version and SHA-256 hash"),
                )
            })
        })
        .collect()
}
