//! `anteroom keys rotate master`: wraps all keys with another master key.
//!
//! ```text
//! 1. FILE.next   the next key, written before anything depends on it
//! 2. databases   each in one transaction: all its keys, and the check of the master key
//! 3. FILE.*.old  stores the old key, for older backups
//! 4. FILE        is replaced by the next key, by a rename
//! ```
//!
//! Running services continue with their keys, and read the key from the file when there are newer keys.
//!
//! An interrupted rotation continues when the command runs again: a database opens with one of the two keys.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use anteroom_console::{context::Context, data_dir::DataDir, files, os};
use anteroom_protocol::Timestamp;
use anteroom_server::{database::ServiceSchema, databases, master_key};
use anteroom_store::{KeyError, MasterKey, StoreError};
use anteroom_store_sqlite::{IssuerSchema, RoomsSchema};
use anyhow::{Context as _, bail};
use sha2::{Digest as _, Sha256};

/// The files of the master keys.
pub(super) struct MasterRotation {
    /// The file of the new key.
    pub(super) file: PathBuf,
    /// The file of the old key.
    pub(super) old_file: PathBuf,
}

pub(super) async fn rotate(context: &Context, now: Timestamp) -> anyhow::Result<MasterRotation> {
    let Context {
        data, environment, ..
    } = context;
    let issuer = databases::is_initialised::<IssuerSchema>(data).await?;
    let rooms = databases::is_initialised::<RoomsSchema>(data).await?;
    if !issuer && !rooms {
        bail!(databases::no_database(data));
    }
    let file = master_key::file(data, environment)?;
    let old = match (master_key::find(data, environment)?, issuer) {
        (Some(key), _) => key,
        (None, true) => bail!(databases::missing_key::<IssuerSchema>(data)),
        (None, false) => bail!(databases::missing_key::<RoomsSchema>(data)),
    };
    let _lock = lock(&file)?;
    let path = master_key::next_to(&file);
    let resumed = master_key::read_if_there(&path)?;
    let next = match resumed {
        Some(next) => next,
        None => {
            // A wrong key is detected before anything is changed.
            if issuer {
                check_key::<IssuerSchema>(data, &old, now).await?;
            }
            if rooms {
                check_key::<RoomsSchema>(data, &old, now).await?;
            }
            master_key::create_at(&path)?
        }
    };
    if issuer {
        rewrap::<IssuerSchema>(data, &old, &next, now).await?;
    }
    if rooms {
        rewrap::<RoomsSchema>(data, &old, &next, now).await?;
    }
    let old_file = keep_old(&file, &old)?;
    put_in_place(&path, &file)?;
    Ok(MasterRotation { file, old_file })
}

/// Checks that a database opens with a key.
async fn check_key<S: ServiceSchema>(
    data: &DataDir,
    key: &MasterKey,
    now: Timestamp,
) -> anyhow::Result<()> {
    databases::open::<S>(data, key, now).await?.close().await;
    Ok(())
}

async fn rewrap<S: ServiceSchema>(
    data: &DataDir,
    old: &MasterKey,
    next: &MasterKey,
    now: Timestamp,
) -> anyhow::Result<()> {
    let database = match databases::open::<S>(data, old, now).await {
        Ok(database) => database,
        Err(error) if is_wrong_key(&error) => {
            // An earlier, interrupted attempt has converted this database, or neither key belongs to it.
            return check_key::<S>(data, next, now).await;
        }
        Err(error) => return Err(error),
    };
    let rewrapped = database.key_database().rewrap(next, &mut os::rng()).await;
    database.close().await;
    rewrapped.with_context(|| format!("the keys of {}", S::path(data).display()))
}

/// Locks the change of a key against another change of the same key.
fn lock(file: &Path) -> anyhow::Result<File> {
    let path = file.with_added_extension("lock");
    let complain = || format!("{} cannot be locked", path.display());
    let lock = File::create(&path).with_context(complain)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => bail!("the master key is being changed already"),
        Err(TryLockError::Error(error)) => Err(error).with_context(complain),
    }
}

/// Stores the old key under a name of its own, for older backups.
fn keep_old(file: &Path, old: &MasterKey) -> anyhow::Result<PathBuf> {
    let digest = Sha256::digest(old.to_text().as_bytes());
    let name = hex::encode(digest.get(..4).unwrap_or_default());
    let old_file = file.with_added_extension(format!("{name}.old"));
    match fs::hard_link(file, &old_file) {
        // An interrupted change has stored it before.
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(error).with_context(|| format!("{} cannot be kept", old_file.display()))
        }
        _ => Ok(old_file),
    }
}

fn put_in_place(next: &Path, file: &Path) -> anyhow::Result<()> {
    fs::rename(next, file)
        .and_then(|()| files::sync_directory(file))
        .with_context(|| {
            format!(
                "{} cannot take the place of {}",
                next.display(),
                file.display()
            )
        })
}

fn is_wrong_key(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        matches!(
            cause.downcast_ref(),
            Some(StoreError::Keys(KeyError::WrongMasterKey))
        )
    })
}
