//! The packages of others below the pure crates and below `cargo xtask`, as `cargo tree` lists them.

use std::{collections::BTreeSet, path::Path};

use anyhow::Result;

use super::{Violation, dependencies::Graph, layers::pure_crates};
use crate::command::StepCommand;

/// Packages that are impure, do not exist on `wasm32-unknown-unknown`, or describe an API for its service
/// alone, which turns on a feature for it.
const IMPURE: &str = "\
    async-io async-std async-trait axum chrono futures futures-core futures-util getrandom hyper \
    mio rand rayon reqwest ring rustix smol socket2 sqlx time tokio utoipa web-time";

/// Packages that a pure crate has below it nonetheless: the crate, the package, and the reason. The crate's
/// documentation names them.
const EXCUSED: &[(&str, &str, &str)] = &[
    ("anteroom-client-core", "getrandom", BELOW_E2EE),
    ("anteroom-client-core", "rayon", BELOW_E2EE),
    (
        "anteroom-e2ee",
        "getrandom",
        "sframe turns on its feature for browsers, and never calls it",
    ),
    (
        "anteroom-e2ee",
        "rayon",
        "openmls computes the paths of a commit on it",
    ),
    ("anteroom-sfu", "getrandom", CONNECTIONS),
    ("anteroom-sfu", "rand", CONNECTIONS),
    ("anteroom-sfu", "time", CONNECTIONS),
    ("anteroom-e2ee-session", "getrandom", CALLS_E2EE),
    ("anteroom-e2ee-session", "rayon", CALLS_E2EE),
];

const CONNECTIONS: &str =
    "str0m draws keys, credentials and SSRCs of connections itself, and makes certificates";
const CALLS_E2EE: &str = "anteroom-e2ee, whose groups it keeps, has it below it";
const BELOW_E2EE: &str = "anteroom-e2ee, whose certificates it verifies, has it below it";

/// The program of `cargo xtask`, and packages that take longer to build than it may take as a whole, since a
/// contributor waits for it before the first check runs.
const XTASK: &str = "xtask";
const HEAVY: &str = "\
    aes aws-lc-rs curve25519-dalek hyper openssl regex ring rustls sha2 sqlx tokio toml tracing";

/// The maximum number of third-party packages that it may be built from.
const MOST_PACKAGES: usize = 40;

/// Returns the packages that make a pure crate of this workspace impure, with the features that it is built
/// with on its own.
///
/// # Errors
/// `cargo tree` fails.
pub fn impurities(root: &Path, graph: &Graph) -> Result<Vec<Violation>> {
    let mut violations = Vec::new();
    for crate_name in pure_crates() {
        if graph.has(crate_name) {
            let below = packages_below(root, crate_name)?;
            violations.extend(impurities_of(crate_name, &below));
        }
    }
    Ok(violations)
}

/// Returns the packages below a crate that make it impure, and its exceptions that are not needed.
#[must_use]
pub fn impurities_of(crate_name: &str, below: &BTreeSet<String>) -> Vec<Violation> {
    let excused: BTreeSet<&str> = EXCUSED
        .iter()
        .filter(|(name, ..)| *name == crate_name)
        .map(|(_, package, _)| *package)
        .collect();
    let impure = IMPURE
        .split(' ')
        .filter(|impure| below.contains(*impure) && !excused.contains(*impure))
        .map(|impure| format!("is pure and must not have {impure} below it"));
    let stale = excused
        .iter()
        .filter(|package| !below.contains(**package))
        .map(|package| format!("has no {package} below it: remove the exception"));
    impure
        .chain(stale)
        .map(|rule| Violation::new(crate_name, rule))
        .collect()
}

/// Returns the packages that make `cargo xtask` slow to build.
///
/// # Errors
/// `cargo tree` fails.
pub fn slow_packages(root: &Path) -> Result<Vec<Violation>> {
    Ok(slow_packages_of(&packages_below(root, XTASK)?))
}

/// Returns the packages below a program that make it slow to build.
#[must_use]
pub fn slow_packages_of(below: &BTreeSet<String>) -> Vec<Violation> {
    let mut violations: Vec<Violation> = HEAVY
        .split(' ')
        .filter(|heavy| below.contains(*heavy))
        .map(|heavy| {
            Violation::new(
                XTASK,
                format!("is built in seconds and must not have {heavy} below it"),
            )
        })
        .collect();
    if below.len() > MOST_PACKAGES {
        violations.push(Violation::new(
            XTASK,
            format!(
                "is built from {} packages, of which {MOST_PACKAGES} are allowed",
                below.len()
            ),
        ));
    }
    violations
}

/// Returns every package that a crate is built from.
fn packages_below(root: &Path, crate_name: &str) -> Result<BTreeSet<String>> {
    let output = StepCommand::cargo(root)
        .args(["tree", "--package", crate_name])
        .args(["--edges", "normal", "--prefix", "none", "--format", "{p}"])
        .output()?;
    let names = output.lines().filter_map(|line| line.split(' ').next());
    Ok(names.map(str::to_owned).collect())
}
