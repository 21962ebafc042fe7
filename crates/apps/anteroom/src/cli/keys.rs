//! The command line of keys.

use std::path::PathBuf;

use clap::{Args, CommandFactory as _, Subcommand, ValueEnum, error::ErrorKind};

use super::Cli;

#[derive(Subcommand)]
pub(crate) enum Keys {
    /// List the keys of the databases that are here, without any secret
    List,
    /// Make a newer key; services that run take it over within seconds
    Rotate(KeysRotate),
    /// Write the issuer's public server params, for clients to pin
    ExportPublic {
        /// The file, which must not exist yet; "-" is standard output
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Pin public server params that you have from whoever runs the issuer
    Trust {
        /// A file that `keys export-public` wrote
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The issuer's address [env: ANTEROOM_ISSUER_URL] [default: the one that serves DIR]
        #[arg(long, value_name = "URL")]
        issuer: Option<String>,
    },
    /// Write the issuer's generic server params, secrets included, to a new file for you alone
    Export {
        /// The file, which must not exist yet
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Read generic server params into the room service's database
    Import {
        /// A file that `keys export` wrote; delete it afterwards
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Make a new database of the room service, without its links, where there was one
        #[arg(long)]
        new: bool,
    },
}

#[derive(Args)]
pub(crate) struct KeysRotate {
    /// Which key
    #[arg(value_enum)]
    pub(crate) kind: RotatedKind,
    /// Server params only: in how many days the new ones issue. Clients must pin them until then
    /// [default: 7]
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(2..=90))]
    days: Option<u16>,
    /// Server params only: the new ones issue at once. Clients that have not pinned them are refused
    /// by their own rules until they do
    #[arg(long, conflicts_with = "days")]
    pub(crate) now: bool,
    /// With --now, after a leak: credentials made under the old ones are worth nothing from now on
    #[arg(long, requires = "now")]
    pub(crate) revoke: bool,
    /// Do not ask where the old key is of no use afterwards: with --revoke, and for the key of events
    #[arg(long)]
    pub(crate) yes: bool,
}

impl KeysRotate {
    /// In how many days new server params issue.
    pub(crate) fn days(&self) -> u16 {
        self.days.unwrap_or(7)
    }

    /// Refuses the flags of server params for keys of other kinds, which are replaced at once.
    pub(super) fn check(&self) -> Result<(), clap::Error> {
        let flag = match (self.now, self.days) {
            (true, _) => "--now",
            (false, Some(_)) => "--days",
            (false, None) => return Ok(()),
        };
        if self.kind.is_of_params() {
            return Ok(());
        }
        let message = format!(
            "the argument '{flag}' is for server params alone, generic and group: all other keys are \
             replaced at once without it"
        );
        Err(Cli::command().error(ErrorKind::ArgumentConflict, message))
    }
}

impl RotatedKind {
    const fn is_of_params(self) -> bool {
        matches!(self, Self::Generic | Self::Group)
    }
}

/// What can be rotated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RotatedKind {
    /// What sealed values are sealed with: they are all sealed anew
    Data,
    /// What access tokens are signed with
    Token,
    /// What pseudonyms in events are made with: all names change
    Event,
    /// Server params of call-link credentials
    Generic,
    /// Server params of group credentials
    Group,
    /// What all keys of both databases are wrapped with
    Master,
}
