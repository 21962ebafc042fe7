//! The database files of the services.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use anteroom_console::data_dir::DataDir;
use anteroom_store_sqlite::{IssuerSchema, RoomsSchema, Schema};

/// The schema of a service, with the place of its database file.
pub trait ServiceSchema: Schema {
    /// The file's name, in data directories and in backups.
    const NAME: &'static str;
    /// The service's name, on the command line.
    const SERVICE: &'static str;

    /// Returns its path in a data directory.
    fn path(data: &DataDir) -> PathBuf {
        data.path().join(Self::NAME)
    }
}

impl ServiceSchema for IssuerSchema {
    const NAME: &'static str = "issuer.db";
    const SERVICE: &'static str = "issuer";
}

impl ServiceSchema for RoomsSchema {
    const NAME: &'static str = "rooms.db";
    const SERVICE: &'static str = "rooms";
}

/// Returns whether there is a non-empty file.
pub fn is_there(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.len() > 0)
}

/// Returns a file beside a database that SQLite would treat as a part of it.
pub fn side_file(database: &Path) -> Option<PathBuf> {
    ["-wal", "-shm", "-journal"]
        .into_iter()
        .map(|suffix| {
            let mut name = OsString::from(database);
            name.push(suffix);
            PathBuf::from(name)
        })
        .find(|path| path.symlink_metadata().is_ok())
}
