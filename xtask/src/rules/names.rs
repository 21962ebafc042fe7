//! The rule about the names of types: nouns of the field, no participles and no everyday metaphors.

use super::{Violation, project::Project};

/// The names that no type may have.
const BANNED: &str = "\
    Acquiring Added Admitted Alone Answered Asked Begun Boxed Checked Committed Core Counting \
    Debt Drained Ended Entered Episode Filled Fixed Found Habit Hanging Heard Held Holding Idea \
    Issued Judgement Keeper Kept KeyKeeper Keyed Killed Knowledge Ledger LetIn Letter Limited \
    Listed Listening Locked Looked Mailbox Measured Memo Merged Midnight Named Newcomers \
    Numbered Ours Outbox Panicking Party People Person Pinned Place Places Posting Prepared \
    Presented Published Purged Pushed Received Recollection Refused Refusing Registered Remains \
    Renewed Ring Rotated Scene Scripted Serving Shown Side Sides Siege Sight Sighting Sightings \
    Standing Started Starting Stay Story Taken Theirs Ticket Timed Told Trusted Turn Turns Typed \
    Unwrapped Upkeep Verified Waiting Warned Watched World";

/// The definitions that have such a name nonetheless, as file and name. The list only shrinks.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("crates/services/issuer/tests/http/background.rs", "Scene"),
    (
        "crates/services/issuer/tests/http/device_management.rs",
        "Scene",
    ),
    ("crates/services/issuer/tests/http/identities.rs", "Scene"),
    (
        "crates/services/issuer/tests/http/recent_logins.rs",
        "Scene",
    ),
    ("crates/adapters/oidc/tests/verify.rs", "Scene"),
    (
        "crates/store/store-sqlite/tests/file_conditions/mod.rs",
        "Scene",
    ),
    (
        "crates/store/store-sqlite/tests/issuer_faults/mod.rs",
        "Scene",
    ),
    (
        "crates/store/store-sqlite/tests/rooms_faults/mod.rs",
        "Scene",
    ),
    ("crates/store/store-sqlite/tests/sqlite_copies.rs", "Scene"),
];

/// Checks the definitions of all Rust files of the project, and that each exception is needed.
#[must_use]
pub fn violations(project: &Project) -> Vec<Violation> {
    let sources = project.texts(".rs");
    let definitions = sources.flat_map(|(file, text)| definitions_of(file, text));
    violations_except(EXCEPTIONS, &definitions.collect::<Vec<_>>())
}

/// A definition of a type with a banned name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The file, from the root.
    pub file: String,
    /// The number of the line.
    pub line: usize,
    /// The name.
    pub name: String,
}

/// The definitions of types with a banned name in the text of this file.
#[must_use]
pub fn definitions_of(file: &str, text: &str) -> Vec<Definition> {
    text.lines()
        .enumerate()
        .filter_map(|(index, line)| Some((index, defined_name(line)?)))
        .filter(|(_, name)| BANNED.split(' ').any(|banned| banned == *name))
        .map(|(index, name)| Definition {
            file: file.to_owned(),
            line: index + 1,
            name: name.to_owned(),
        })
        .collect()
}

/// A violation for each definition that is no exception, and for each exception without a definition.
#[must_use]
pub fn violations_except(
    exceptions: &[(&str, &str)],
    definitions: &[Definition],
) -> Vec<Violation> {
    let is_exception = |definition: &&Definition| {
        exceptions.contains(&(definition.file.as_str(), definition.name.as_str()))
    };
    let is_stale = |(file, name): &&(&str, &str)| {
        !definitions
            .iter()
            .any(|definition| definition.file == *file && definition.name == *name)
    };
    let new = definitions
        .iter()
        .filter(|definition| !is_exception(definition))
        .map(|definition| {
            Violation::new(
                format!("{}:{}", definition.file, definition.line),
                format!(
                    "the name of a type is a noun of the field, not `{}`",
                    definition.name
                ),
            )
        });
    let stale = exceptions.iter().filter(is_stale).map(|(file, name)| {
        Violation::new(
            *file,
            format!("does not define `{name}`: remove it from the exceptions of the names"),
        )
    });
    new.chain(stale).collect()
}

/// The name of the type that this line defines.
fn defined_name(line: &str) -> Option<&str> {
    let rest = without_visibility(line.trim_start());
    let (keyword, rest) = rest.split_once(' ')?;
    if !["struct", "enum", "trait", "type", "union"].contains(&keyword) {
        return None;
    }
    rest.split(|character: char| !character.is_alphanumeric() && character != '_')
        .next()
}

fn without_visibility(line: &str) -> &str {
    let Some(rest) = line.strip_prefix("pub") else {
        return line;
    };
    let rest = match rest.strip_prefix('(') {
        Some(scope) => scope.split_once(')').map_or(scope, |(_, rest)| rest),
        None => rest,
    };
    rest.trim_start()
}
