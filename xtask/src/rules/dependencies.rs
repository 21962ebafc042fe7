//! The permitted dependencies of crates, compared with `cargo metadata` and `cargo tree`.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::Command,
};

use anyhow::{Context, Result, ensure};
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

use super::Violation;

/// Each crate with the workspace's crates that it may depend on outside its tests. The testkit is in none of
/// the lists, since it is only ever a dev-dependency.
const LAYERS: &[(&str, &[&str])] = &[
    ("anteroom-sigma", &[]),
    ("anteroom-kvac", &["anteroom-sigma"]),
    ("anteroom-protocol", &["anteroom-kvac"]),
    ("anteroom-call", &["anteroom-protocol"]),
    ("anteroom-store", &["anteroom-protocol"]),
    (
        "anteroom-store-sqlite",
        &["anteroom-protocol", "anteroom-store"],
    ),
    ("anteroom-runtime", &["anteroom-protocol"]),
    ("anteroom-http-server", &["anteroom-runtime"]),
    ("anteroom-mail", &["anteroom-runtime"]),
    ("anteroom-pages", &["anteroom-http-server"]),
    ("anteroom-oidc", &["anteroom-protocol", "anteroom-runtime"]),
    ("anteroom-webhook", &["anteroom-runtime"]),
    ("anteroom-turn", &["anteroom-protocol", "anteroom-runtime"]),
    (
        "anteroom-issuer",
        &[
            "anteroom-http-server",
            "anteroom-mail",
            "anteroom-oidc",
            "anteroom-pages",
            "anteroom-protocol",
            "anteroom-turn",
            "anteroom-runtime",
            "anteroom-store",
        ],
    ),
    (
        "anteroom-rooms",
        &[
            "anteroom-call",
            "anteroom-http-server",
            "anteroom-pages",
            "anteroom-protocol",
            "anteroom-runtime",
            "anteroom-store",
        ],
    ),
    ("anteroom-client", &["anteroom-protocol"]),
    (
        "anteroom-console",
        &["anteroom-client", "anteroom-protocol", "anteroom-runtime"],
    ),
    (
        "anteroom-server",
        &[
            "anteroom-client",
            "anteroom-console",
            "anteroom-http-server",
            "anteroom-issuer",
            "anteroom-mail",
            "anteroom-oidc",
            "anteroom-pages",
            "anteroom-protocol",
            "anteroom-turn",
            "anteroom-rooms",
            "anteroom-runtime",
            "anteroom-store",
            "anteroom-store-sqlite",
            "anteroom-webhook",
        ],
    ),
    (
        "anteroom-user-cli",
        &[
            "anteroom-client",
            "anteroom-console",
            "anteroom-protocol",
            "anteroom-runtime",
            "anteroom-store",
        ],
    ),
    (
        "anteroom",
        &[
            "anteroom-client",
            "anteroom-console",
            "anteroom-issuer",
            "anteroom-mail",
            "anteroom-protocol",
            "anteroom-turn",
            "anteroom-user-cli",
            "anteroom-runtime",
            "anteroom-server",
            "anteroom-store",
            "anteroom-store-sqlite",
            "anteroom-webhook",
        ],
    ),
    (
        "anteroom-testkit",
        &[
            "anteroom-call",
            "anteroom-client",
            "anteroom-http-server",
            "anteroom-issuer",
            "anteroom-kvac",
            "anteroom-mail",
            "anteroom-pages",
            "anteroom-oidc",
            "anteroom-protocol",
            "anteroom-turn",
            "anteroom-rooms",
            "anteroom-runtime",
            "anteroom-store",
            "anteroom-store-sqlite",
        ],
    ),
    // A program of the tests: it reads a running issuer's keys from its database.
    (
        "interop-peer",
        &[
            "anteroom-client",
            "anteroom-protocol",
            "anteroom-store",
            "anteroom-store-sqlite",
        ],
    ),
    // A program of the tests too: it knows the services only as their users do.
    ("anteroom-load", &["anteroom-client", "anteroom-protocol"]),
    // Tools that work in their own process.
    ("anteroom-bench", &["anteroom-protocol", "anteroom-sigma"]),
    ("anteroom-vectors", &["anteroom-protocol", "anteroom-sigma"]),
    // Knows none of them, so that it is built in seconds: it runs them.
    ("xtask", &[]),
];

/// The services. Neither may reach the other, nor depend on it in its tests.
const APART: [&str; 2] = ["anteroom-issuer", "anteroom-rooms"];

/// Third-party packages that only the named crates may depend on directly, by prefix.
const RESERVED: &[(&str, &[&str])] = &[("sqlx", &["anteroom-store-sqlite"])];

/// The pure crates: no I/O, no clock, no ambient randomness and no async in them or below them.
const PURE: &[&str] = &[
    "anteroom-sigma",
    "anteroom-kvac",
    "anteroom-protocol",
    "anteroom-call",
];

/// Packages that are impure, or do not exist on `wasm32-unknown-unknown`.
const IMPURE: &[&str] = &[
    "async-io",
    "async-std",
    "async-trait",
    "axum",
    "chrono",
    "futures",
    "futures-core",
    "futures-util",
    "getrandom",
    "hyper",
    "mio",
    "rand",
    "rayon",
    "reqwest",
    "ring",
    "rustix",
    "smol",
    "socket2",
    "sqlx",
    "time",
    "tokio",
    "web-time",
];

/// The program of `cargo xtask`, and packages that take longer to build than it may take as a whole, since a
/// contributor waits for it before the first check runs.
const XTASK: &str = "xtask";
const HEAVY: &[&str] = &[
    "aes",
    "aws-lc-rs",
    "curve25519-dalek",
    "hyper",
    "openssl",
    "regex",
    "ring",
    "rustls",
    "sha2",
    "sqlx",
    "tokio",
    "toml",
    "tracing",
];

/// The maximum number of third-party packages that it may be built from.
const MOST_PACKAGES: usize = 40;

/// The crates of the workspace with their dependencies.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    members: BTreeMap<String, Vec<Dependency>>,
}

/// One edge of the graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    /// The package depended on.
    pub name: String,
    /// Whether only tests see it.
    pub dev: bool,
}

impl Graph {
    /// Reads the workspace whose root this is.
    ///
    /// # Errors
    /// If `cargo metadata` fails.
    pub fn read(root: &Path) -> Result<Self> {
        let metadata = MetadataCommand::new()
            .current_dir(root)
            .no_deps()
            .exec()
            .context("cargo metadata fails")?;
        Ok(Self::from(&metadata))
    }

    /// Adds a crate.
    #[must_use]
    pub fn with(mut self, name: &str, dependencies: impl IntoIterator<Item = Dependency>) -> Self {
        self.members
            .insert(name.to_owned(), dependencies.into_iter().collect());
        self
    }

    /// Returns all violations in the graph.
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        let mut violations = Vec::new();
        for (name, dependencies) in &self.members {
            self.check_layer(name, dependencies, &mut violations);
            check_reserved(name, dependencies, &mut violations);
        }
        for (from, to) in [(APART[0], APART[1]), (APART[1], APART[0])] {
            if self.reaches(from, to) {
                violations.push(Violation::new(from, format!("must not reach {to}")));
            }
        }
        violations
    }

    fn check_layer(
        &self,
        name: &str,
        dependencies: &[Dependency],
        violations: &mut Vec<Violation>,
    ) {
        let Some((_, allowed)) = LAYERS.iter().find(|(layer, _)| *layer == name) else {
            violations.push(Violation::new(
                name,
                "has no place in the layers: give it one in the dependency rules",
            ));
            return;
        };
        for dependency in dependencies {
            let ours = self.members.contains_key(&dependency.name);
            // Tests may use crates above or beside, except those of the other service.
            let permitted = if dependency.dev {
                !(APART.contains(&name) && APART.contains(&dependency.name.as_str()))
            } else {
                allowed.contains(&dependency.name.as_str())
            };
            if ours && !permitted {
                violations.push(Violation::new(
                    name,
                    format!("must not depend on {}", dependency.name),
                ));
            }
        }
    }

    /// Returns whether a crate depends on another, directly or not, outside of tests.
    fn reaches(&self, from: &str, to: &str) -> bool {
        let mut seen = BTreeSet::new();
        let mut open = vec![from];
        while let Some(name) = open.pop() {
            for dependency in self.members.get(name).into_iter().flatten() {
                if dependency.dev || !seen.insert(dependency.name.as_str()) {
                    continue;
                }
                if dependency.name == to {
                    return true;
                }
                open.push(&dependency.name);
            }
        }
        false
    }
}

fn check_reserved(name: &str, dependencies: &[Dependency], violations: &mut Vec<Violation>) {
    for (prefix, holders) in RESERVED {
        let reserved = |dependency: &&Dependency| dependency.name.starts_with(prefix);
        if let Some(dependency) = dependencies.iter().find(reserved)
            && !holders.contains(&name)
        {
            violations.push(Violation::new(
                name,
                format!(
                    "must not depend on {}: only {} may",
                    dependency.name,
                    holders.join(", ")
                ),
            ));
        }
    }
}

impl From<&Metadata> for Graph {
    fn from(metadata: &Metadata) -> Self {
        metadata
            .workspace_packages()
            .into_iter()
            .fold(Self::default(), |graph, package| {
                let dependencies = package.dependencies.iter().map(|dependency| Dependency {
                    name: dependency.name.clone(),
                    dev: dependency.kind == DependencyKind::Development,
                });
                graph.with(&package.name, dependencies)
            })
    }
}

/// Returns the packages that make a pure crate of this workspace impure, with the features that it is built
/// with on its own.
///
/// # Errors
/// `cargo tree` fails.
pub fn impurities(root: &Path, graph: &Graph) -> Result<Vec<Violation>> {
    let mut violations = Vec::new();
    for crate_name in PURE {
        if graph.members.contains_key(*crate_name) {
            let below = packages_below(root, crate_name)?;
            violations.extend(impurities_of(crate_name, &below));
        }
    }
    Ok(violations)
}

/// Returns the packages below a crate that make it impure.
#[must_use]
pub fn impurities_of(crate_name: &str, below: &BTreeSet<String>) -> Vec<Violation> {
    IMPURE
        .iter()
        .filter(|impure| below.contains(**impure))
        .map(|impure| {
            Violation::new(
                crate_name,
                format!("is pure and must not have {impure} below it"),
            )
        })
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
        .iter()
        .filter(|heavy| below.contains(**heavy))
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
    let output = Command::new(env!("CARGO"))
        .current_dir(root)
        .args(["tree", "--package", crate_name])
        .args(["--edges", "normal", "--prefix", "none", "--format", "{p}"])
        .output()
        .context("cargo tree does not start")?;
    ensure!(
        output.status.success(),
        "cargo tree fails: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| line.split(' ').next())
        .map(str::to_owned)
        .collect())
}
