//! The services' databases, opened with the master key.

use std::sync::Arc;

use anteroom_console::{
    data_dir::DataDir,
    environment::{self, Environment},
    failure::Failure,
    os,
};
use anteroom_protocol::Timestamp;
use anteroom_store::{MasterKey, StoreError, keys::KeyDatabase};
use anteroom_store_sqlite::{
    FileFailure, IssuerSchema, RoomsSchema, SqliteDatabase, SqliteIssuer, SqliteOptions,
    SqliteRooms,
};
use anyhow::bail;
use rustix::{
    fs::{Access, access},
    io::Errno,
};

use crate::{
    database::{ServiceSchema, is_there},
    installation::Installation,
    master_key,
};

/// Returns the master key. Creates one if none is given and there is no database: existing data is unreadable
/// under a new key. Opens no database.
pub fn find_or_make_key(
    data: &DataDir,
    environment: &Environment,
    installation: &Installation,
) -> anyhow::Result<MasterKey> {
    refuse_half_restored(data)?;
    if let Some(key) = master_key::find(data, environment)? {
        if installation.is_new()
            && let Some(source) = master_key::outside(environment)?
        {
            tracing::warn!(
                "the data directory {} is empty and the master key comes from {source}: new \
                 databases are made, without accounts and links. If there are databases under \
                 this key, stop, and mount their directory or name it with --data",
                data.path().display()
            );
        }
        return Ok(key);
    }
    if is_there(&IssuerSchema::path(data)) {
        bail!(missing_key::<IssuerSchema>(data));
    }
    if is_there(&RoomsSchema::path(data)) {
        bail!(missing_key::<RoomsSchema>(data));
    }
    installation.permit_key()?;
    let key = master_key::create_at(&data.master_key())?;
    tracing::info!(
        "made the master key {}: without it the databases cannot be read, \
         so keep a copy, away from copies of the databases",
        data.master_key().display()
    );
    Ok(key)
}

/// Opens a database. Creates it if there was none before.
///
/// Refuses a database under another master key, and writes nothing then. While the database is open, the
/// master key may change at its source.
pub async fn open_store<S: ServiceSchema>(
    data: &DataDir,
    environment: &Environment,
    installation: &Installation,
    key: &MasterKey,
    now: Timestamp,
) -> anyhow::Result<SqliteDatabase<S>> {
    refuse_half_restored(data)?;
    let is_missing = !is_there(&S::path(data));
    if is_missing {
        installation.permit::<S>()?;
        refuse_other_key::<IssuerSchema>(data, key, now).await?;
        refuse_other_key::<RoomsSchema>(data, key, now).await?;
    }
    let (place, environment) = (data.clone(), environment.clone());
    let options = SqliteOptions::new(S::path(data))
        .create(is_missing)
        .master_source(move || master_key::find(&place, &environment).ok().flatten());
    let database = SqliteDatabase::<S>::open(&options, key, now, &mut os::rng())
        .await
        .map_err(|error| open_failure::<S>(data, error))?;
    if database.created() {
        tracing::info!("made the database {}", S::path(data).display());
    }
    Ok(database)
}

/// Refuses a key that is not the key of the other existing database, before a database is created: all
/// databases of a directory are under one key.
async fn refuse_other_key<S: ServiceSchema>(
    data: &DataDir,
    key: &MasterKey,
    now: Timestamp,
) -> anyhow::Result<()> {
    if is_there(&S::path(data)) {
        open::<S>(data, key, now).await?.close().await;
    }
    Ok(())
}

/// Opens an existing database.
pub async fn open_existing<S: ServiceSchema>(
    data: &DataDir,
    environment: &Environment,
    now: Timestamp,
) -> anyhow::Result<SqliteDatabase<S>> {
    if !is_initialised::<S>(data).await? {
        bail!(no_database(data));
    }
    match master_key::find(data, environment)? {
        Some(key) => open(data, &key, now).await,
        None => bail!(missing_key::<S>(data)),
    }
}

/// The databases of a data directory: at least one.
pub struct Databases {
    /// The issuer's.
    pub issuer: Option<SqliteIssuer>,
    /// The room service's.
    pub rooms: Option<SqliteRooms>,
}

impl Databases {
    /// Opens the existing databases, all with the same master key.
    pub async fn open(
        data: &DataDir,
        environment: &Environment,
        now: Timestamp,
    ) -> anyhow::Result<Self> {
        let holds_rooms = is_initialised::<RoomsSchema>(data).await?;
        let issuer = if is_initialised::<IssuerSchema>(data).await? || !holds_rooms {
            Some(open_existing(data, environment, now).await?)
        } else {
            None
        };
        let rooms = if holds_rooms {
            Some(open_existing(data, environment, now).await?)
        } else {
            None
        };
        Ok(Self { issuer, rooms })
    }

    /// Returns the keys of each, after the name of its service.
    pub fn keys(&self) -> impl Iterator<Item = (&'static str, Arc<dyn KeyDatabase>)> {
        let issuer = self.issuer.as_ref().map(SqliteIssuer::key_database);
        let rooms = self.rooms.as_ref().map(SqliteRooms::key_database);
        let issuer = issuer.map(|keys| ("issuer", keys));
        issuer.into_iter().chain(rooms.map(|keys| ("rooms", keys)))
    }

    /// Waits for the running statements, and closes the files.
    pub async fn close(self) {
        if let Some(issuer) = self.issuer {
            issuer.close().await;
        }
        if let Some(rooms) = self.rooms {
            rooms.close().await;
        }
    }
}

/// Returns whether a database is there. Nothing is created or changed.
pub async fn is_initialised<S: ServiceSchema>(data: &DataDir) -> anyhow::Result<bool> {
    refuse_half_restored(data)?;
    SqliteDatabase::<S>::is_initialised(&S::path(data))
        .await
        .map_err(|error| open_failure::<S>(data, error).into())
}

/// Opens an existing database with a key.
pub async fn open<S: ServiceSchema>(
    data: &DataDir,
    key: &MasterKey,
    now: Timestamp,
) -> anyhow::Result<SqliteDatabase<S>> {
    refuse_half_restored(data)?;
    let options = SqliteOptions::new(S::path(data)).create(false);
    SqliteDatabase::<S>::open(&options, key, now, &mut os::rng())
        .await
        .map_err(|error| open_failure::<S>(data, error).into())
}

/// A database that is missing from such a directory must not be made anew.
pub fn refuse_half_restored(data: &DataDir) -> anyhow::Result<()> {
    if data.restoring().symlink_metadata().is_ok() {
        let what = format!(
            "a restore into {} is under way or was cut off",
            data.path().display()
        );
        bail!(Failure::failed(what).next("Run `anteroom restore` again"));
    }
    Ok(())
}

/// The failure of a command that finds nothing to work with.
pub fn no_database(data: &DataDir) -> Failure {
    Failure::failed(format!("there is no database in {}", data.path().display()))
        .next("Start `anteroom serve` first, or name the directory with --data")
}

/// The failure to open a database.
fn open_failure<S: ServiceSchema>(data: &DataDir, error: StoreError) -> Failure {
    let file = S::path(data);
    let error = match access(&file, Access::READ_OK | Access::WRITE_OK) {
        // SQLite does not tell why it cannot open a file.
        Err(Errno::ACCESS | Errno::ROFS) if matches!(error, StoreError::Unavailable { .. }) => {
            StoreError::Unavailable {
                source: FileFailure::Denied.into(),
            }
        }
        _ => error,
    };
    let path = file.display();
    if master_key::next_to(&data.master_key()).exists() {
        let what = format!(
            "the database {path} cannot be opened, and a change of the master key was cut off"
        );
        return Failure::failed(what)
            .with_reason(error)
            .next("Finish the change with `anteroom keys rotate master`");
    }
    Failure::failed(format!("the database {path} cannot be opened")).with_reason(error)
}

/// The failure where there is a database and no master key.
pub fn missing_key<S: ServiceSchema>(data: &DataDir) -> Failure {
    let what = format!(
        "the master key of {} is missing, and nothing was changed",
        S::path(data).display()
    );
    let next = format!(
        "Put it back to {}, or name it with {}",
        data.master_key().display(),
        environment::MASTER_KEY_FILE
    );
    Failure::failed(what).next(next)
}
