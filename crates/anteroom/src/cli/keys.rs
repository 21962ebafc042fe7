//! The command line of keys.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Subcommand)]
pub(crate) enum Keys {
    /// List the keys of the databases that are here, without any secret
    List {
        /// Print one line of JSON
        #[arg(long)]
        json: bool,
    },
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
    #[arg(long, value_name = "DAYS", default_value_t = 7,
        value_parser = clap::value_parser!(u16).range(2..=90))]
    pub(crate) days: u16,
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

/// The kinds of keys that can be rotated.
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
