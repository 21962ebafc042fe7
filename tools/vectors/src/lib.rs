//! Known answers of the formats: reads folders of vector files and checks all of their fields.
//!
//! A file is a JSON list of entries of one kind. The file's name determines the kind, or for other names the
//! members of its first entry. The report of a file lists the entries that differ, each with its first
//! difference. A folder without vector files and an unreadable one are errors; no function panics on an
//! input.

mod call_links;
mod check;
mod groups;
mod hellos;
mod member_presentations;
mod proofs;
mod root_keys;
mod sho;

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

use serde::de::DeserializeOwned;
use serde_json::Value;

use self::check::{Check, Mismatch};

/// A kind of entries: the name of their file, members that identify them, and their check.
type Kind = (&'static str, [&'static str; 2], fn(Vec<Value>) -> Outcome);

const KINDS: [Kind; 7] = [
    ("sho", ["squeeze_lengths", "hmac_sha256"], |entries| {
        check_entries(entries, sho::check)
    }),
    ("proofs", ["statement", "proof"], |entries| {
        check_entries(entries, proofs::check)
    }),
    ("call-links", ["root_key", "create"], |entries| {
        check_entries(entries, call_links::check)
    }),
    ("groups", ["group_master_key", "endorsements"], |entries| {
        check_entries(entries, groups::check)
    }),
    ("root-keys", ["crn", "v0"], |entries| {
        check_entries(entries, root_keys::check)
    }),
    ("hellos", ["hello", "sealed"], |entries| {
        check_entries(entries, hellos::check)
    }),
    (
        "member-presentations",
        ["member_key", "presentation"],
        |entries| check_entries(entries, member_presentations::check),
    ),
];

/// Returns the kind of a file with this stem and these entries.
fn kind_of(stem: &str, entries: &[Value]) -> Option<&'static Kind> {
    let first = entries.first().and_then(Value::as_object);
    let has = |member| first.is_some_and(|entry| entry.contains_key(member));
    let named = KINDS.iter().find(|(name, ..)| *name == stem);
    named.or_else(|| {
        KINDS
            .iter()
            .find(|(_, members, _)| members.iter().all(|member| has(*member)))
    })
}

/// The result of one file's check.
#[derive(Debug)]
pub struct Report {
    /// The file.
    pub path: PathBuf,
    /// The outcome.
    pub outcome: Outcome,
}

/// The outcome of one file's check.
#[derive(Debug)]
pub enum Outcome {
    /// All entries are correct.
    Passed {
        /// The number of entries.
        entries: usize,
        /// The number of comparisons and verifications.
        checks: usize,
    },
    /// Some entries are incorrect.
    Failed {
        /// The number of entries.
        entries: usize,
        /// The incorrect entries.
        failures: Vec<Failure>,
    },
    /// The file is not a vector file of a known kind.
    Unreadable(String),
}

/// An incorrect entry.
#[derive(Debug)]
pub struct Failure {
    /// The index of the entry in the file, from 0.
    pub entry: usize,
    /// The first mismatch.
    pub mismatch: Mismatch,
}

impl Report {
    /// Returns whether every entry is correct.
    #[must_use]
    pub const fn passed(&self) -> bool {
        matches!(self.outcome, Outcome::Passed { .. })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        match &self.outcome {
            Outcome::Passed { entries, checks } => {
                write!(f, "ok      {name}: {entries} entries, {checks} checks")
            }
            Outcome::Failed { entries, failures } => {
                write!(
                    f,
                    "FAILED  {name}: {} of {entries} entries do not hold",
                    failures.len()
                )?;
                for Failure { entry, mismatch } in failures {
                    write!(f, "\n        entry {entry}, {mismatch}")?;
                }
                Ok(())
            }
            Outcome::Unreadable(reason) => write!(f, "FAILED  {name}: {reason}"),
        }
    }
}

/// Checks every vector file (`*.json`) of a folder, in the order of their names.
///
/// # Errors
/// The folder is not readable or contains no vector file.
pub fn check_folder(folder: &Path) -> io::Result<Vec<Report>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            paths.push(path);
        }
    }
    if paths.is_empty() {
        return Err(io::Error::new(
            io::ErrorKind::NotFound,
            "no *.json file in this folder",
        ));
    }
    paths.sort();
    Ok(paths.into_iter().map(check_file).collect())
}

fn check_file(path: PathBuf) -> Report {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let outcome = match fs::read_to_string(&path) {
        Ok(text) => check_text(&stem, &text),
        Err(error) => Outcome::Unreadable(format!("not readable: {error}")),
    };
    Report { path, outcome }
}

/// Checks the text of a file with this stem of its name.
#[must_use]
pub fn check_text(stem: &str, text: &str) -> Outcome {
    let entries: Vec<Value> = match serde_json::from_str(text) {
        Ok(entries) => entries,
        Err(error) => return Outcome::Unreadable(format!("not a JSON list of entries: {error}")),
    };
    if entries.is_empty() {
        return Outcome::Unreadable("no entries".to_owned());
    }
    match kind_of(stem, &entries) {
        Some((.., check)) => check(entries),
        None => Outcome::Unreadable("entries of no known kind".to_owned()),
    }
}

fn check_entries<E: DeserializeOwned>(
    entries: Vec<Value>,
    check: impl Fn(&E, &mut Check) -> Result<(), Mismatch>,
) -> Outcome {
    let count = entries.len();
    let mut checks = Check::default();
    let mut failures = Vec::new();
    for (entry, value) in entries.into_iter().enumerate() {
        let outcome = serde_json::from_value(value)
            .map_err(|error| Mismatch::new("the entry", error.to_string()))
            .and_then(|parsed| check(&parsed, &mut checks));
        if let Err(mismatch) = outcome {
            failures.push(Failure { entry, mismatch });
        }
    }
    if failures.is_empty() {
        Outcome::Passed {
            entries: count,
            checks: checks.count(),
        }
    } else {
        Outcome::Failed {
            entries: count,
            failures,
        }
    }
}
