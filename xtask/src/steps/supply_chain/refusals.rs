//! Small workspaces with one violation each, checked under the configuration of this one.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::{Context, Result};
use serde::Deserialize;

use super::deny::Deny;
use crate::{
    command::StepCommand,
    steps::{counts::Counts, report::say},
};

/// Errors of every small workspace: it uses few licences and no exception of `deny.toml`.
const UNUSED: [&str; 3] = [
    "license-not-encountered",
    "unmatched-skip",
    "unused-wrapper",
];

/// The manifest of a package that breaks no rule, without its name and version.
const SOUND: &str = "license = 'MIT'\npublish = false\n";

/// The folder of the git repository that some cases have.
const REPOSITORY: &str = "repository";

/// A workspace with the expected error, in addition to the errors of every small workspace.
struct Case {
    name: &'static str,
    /// The root's dependencies, as lines of its manifest.
    dependencies: &'static str,
    /// The folder, name, version and further manifest lines of each dependency.
    packages: &'static [(&'static str, &'static str, &'static str, &'static str)],
    code: Option<&'static str>,
}

const CASES: [Case; 9] = [
    Case {
        name: "licences and exceptions that no crate needs",
        dependencies: "",
        packages: &[],
        code: None,
    },
    Case {
        name: "a copyleft licence",
        dependencies: "a = { path = '../a' }",
        packages: &[(
            "a",
            "a",
            "1.0.0",
            "license = 'GPL-3.0-only'\npublish = false",
        )],
        code: Some("rejected"),
    },
    Case {
        name: "no licence",
        dependencies: "a = { path = '../a' }",
        packages: &[("a", "a", "1.0.0", "publish = false")],
        code: Some("unlicensed"),
    },
    Case {
        name: "two versions of a cryptographic crate",
        dependencies: "a = { path = '../a', package = 'sha2' }\n\
            b = { path = '../b', package = 'sha2' }",
        packages: &[
            ("a", "sha2", "0.12.0", SOUND),
            ("b", "sha2", "0.13.0", SOUND),
        ],
        code: Some("duplicate"),
    },
    Case {
        name: "an exception for a crate that is there once",
        dependencies: "a = { path = '../a', package = 'sha2' }",
        packages: &[("a", "sha2", "0.10.9", SOUND)],
        code: Some("unnecessary-skip"),
    },
    Case {
        name: "a crate of the tests in the product",
        dependencies: "turn-types = { path = '../a' }",
        packages: &[("a", "turn-types", "1.0.0", SOUND)],
        code: Some("banned"),
    },
    Case {
        name: "a second implementation of TLS",
        dependencies: "openssl = { path = '../a' }",
        packages: &[("a", "openssl", "1.0.0", SOUND)],
        code: Some("banned"),
    },
    Case {
        name: "a dependency without a version in a crate that may be published",
        dependencies: "a = { path = '../a' }",
        packages: &[
            (
                "a",
                "a",
                "1.0.0",
                "license = 'MIT'\n[dependencies]\nb = { path = '../b' }",
            ),
            ("b", "b", "1.0.0", SOUND),
        ],
        code: Some("wildcard"),
    },
    Case {
        name: "a git repository as source",
        dependencies: "a = { git = 'REPOSITORY' }",
        packages: &[(REPOSITORY, "a", "1.0.0", SOUND)],
        code: Some("source-not-allowed"),
    },
];

/// One line of the tool's JSON output.
#[derive(Deserialize)]
struct Finding {
    fields: Fields,
}

#[derive(Deserialize)]
struct Fields {
    code: Option<String>,
    severity: Option<String>,
}

/// Checks each case, and reports those with another result.
pub(super) fn check(deny: &Deny) -> Result<Counts> {
    let mut counts = Counts::default();
    for case in &CASES {
        let found = errors(deny, case).with_context(|| format!("case: {}", case.name))?;
        let expected: BTreeSet<&str> = UNUSED.into_iter().chain(case.code).collect();
        let refused = found
            .iter()
            .map(String::as_str)
            .eq(expected.iter().copied());
        if refused {
            say(&format!("    refused: {}", case.name));
        } else {
            say(&format!(
                "    NOT as expected: {}: found {found:?}, expected {expected:?}",
                case.name
            ));
        }
        counts.note(refused);
    }
    Ok(counts)
}

/// Returns the codes of the errors that the tool finds in a case.
fn errors(deny: &Deny, case: &Case) -> Result<BTreeSet<String>> {
    let folder = tempfile::tempdir()?;
    let repository = folder.path().join(REPOSITORY);
    let address = format!("file://{}", repository.display());
    let dependencies = case.dependencies.replace("REPOSITORY", &address);
    for (place, name, version, manifest) in case.packages {
        write_package(&folder.path().join(place), name, version, manifest)?;
    }
    if repository.exists() {
        commit(&repository)?;
    }
    let root = folder.path().join("root");
    let manifest = format!("{SOUND}[dependencies]\n{dependencies}\n");
    write_package(&root, "root", "1.0.0", &manifest)?;
    let output = deny.check(&root, &["--format", "json"]).captured()?;
    let mut codes = BTreeSet::new();
    for line in output.text.lines().filter(|line| line.starts_with('{')) {
        let Fields { code, severity } = serde_json::from_str::<Finding>(line)?.fields;
        if severity.as_deref() == Some("error") {
            codes.extend(code);
        }
    }
    Ok(codes)
}

fn write_package(folder: &Path, name: &str, version: &str, manifest: &str) -> Result<()> {
    fs::create_dir_all(folder.join("src"))?;
    fs::write(folder.join("src/lib.rs"), "")?;
    fs::write(
        folder.join("Cargo.toml"),
        format!("[package]\nname = '{name}'\nversion = '{version}'\n{manifest}"),
    )?;
    Ok(())
}

/// Makes the folder a git repository with one commit.
fn commit(folder: &Path) -> Result<()> {
    for arguments in [
        &["init", "--quiet"][..],
        &["add", "."],
        &["commit", "--quiet", "--message", "A package"],
    ] {
        StepCommand::program("git", folder)
            .args(["-c", "user.name=test", "-c", "user.email=test@example.org"])
            .args(["-c", "commit.gpgsign=false"])
            .args(arguments)
            .quietly()?;
    }
    Ok(())
}
