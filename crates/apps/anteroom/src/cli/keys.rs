//! The command line of keys.

use std::path::PathBuf;

use anteroom_operator_cli::arguments::KeysRotate;
use clap::Subcommand;

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
