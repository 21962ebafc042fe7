//! The sources of settings: flags, and the file that a command reads in a scope.

use std::{
    io::{self, ErrorKind},
    path::Path,
};

use anteroom_console::failure::Failure;

/// The settings that clients read too. Clients ignore the others, which may belong to a server of another
/// version.
pub(super) const OF_CLIENTS: &[&str] = &["data", "log.format", "log.level"];

/// The settings that a command reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All settings. An unknown name is an error.
    Server,
    /// The settings of clients. Others are ignored.
    Client,
}

impl Scope {
    pub(super) fn reads(self, key: &str) -> bool {
        self == Self::Server || OF_CLIENTS.contains(&key)
    }
}

/// A setting from the command line.
pub struct Flag {
    pub(super) flag: &'static str,
    pub(super) key: &'static str,
    pub(super) text: String,
}

impl Flag {
    /// Returns the setting `key` with this text, as `flag` gives it.
    pub fn new(flag: &'static str, key: &'static str, text: &str) -> Self {
        Self {
            flag,
            key,
            text: text.to_owned(),
        }
    }
}

/// Returns the failure of a configuration file that cannot be read.
pub(super) fn unreadable(path: &Path, error: io::Error) -> Failure {
    let next = match error.kind() {
        ErrorKind::NotFound => "Correct the path in --config or ANTEROOM_CONFIG, or leave both out",
        ErrorKind::IsADirectory => "Name the file in it: --config DIR/anteroom.toml",
        ErrorKind::InvalidData => "Write it as TOML, in UTF-8",
        _ => "Make it readable for this user, or run the command as the user of the service",
    };
    let what = format!("the configuration file {} cannot be read", path.display());
    Failure::new("setting_invalid", what)
        .with_reason(error)
        .next(next)
}
