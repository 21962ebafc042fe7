//! The data directory: its files, and the lock of its use.

use std::{
    fs::{self, DirBuilder, File, TryLockError},
    io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use anyhow::{Context as _, anyhow, bail};

use crate::failure::Failure;

/// The number of attempts to get an occupied lock.
const MOST_TRIES: u32 = 20;
/// The pause between two attempts.
const PAUSE: Duration = Duration::from_millis(20);

/// The directory of the services' persistent files.
#[derive(Clone, Debug)]
pub struct DataDir {
    path: PathBuf,
    is_named: bool,
}

/// The lock of a service on a data directory. It is released on drop, also by a crash.
pub struct Lock {
    _directory: File,
}

impl DataDir {
    /// Returns the directory at this path, which need not exist.
    pub const fn new(path: PathBuf) -> Self {
        Self {
            path,
            is_named: false,
        }
    }

    /// Sets whether the user named the directory. The default one depends on the working directory.
    pub fn named(self, is_named: bool) -> Self {
        Self { is_named, ..self }
    }

    /// Returns whether the user named the directory.
    pub const fn is_named(&self) -> bool {
        self.is_named
    }

    /// Returns the path from the root, without symbolic links, if the directory is there.
    pub fn canonical(&self) -> PathBuf {
        fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone())
    }

    /// Returns the path as the user gave it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the configuration file.
    pub fn config(&self) -> PathBuf {
        self.path.join("anteroom.toml")
    }

    /// Returns the file of the master key.
    pub fn master_key(&self) -> PathBuf {
        self.path.join("master.key")
    }

    /// Returns the file with the addresses of the services.
    pub fn listen(&self) -> PathBuf {
        self.path.join("listen.json")
    }

    /// Returns the issuer's events that wait for its webhook.
    pub fn issuer_webhook(&self) -> PathBuf {
        self.path.join("issuer-webhook")
    }

    /// Returns the room service's events that wait for its webhook.
    pub fn rooms_webhook(&self) -> PathBuf {
        self.path.join("rooms-webhook")
    }

    /// Returns the file with the last time that the issuer trusted.
    pub fn issuer_clock(&self) -> PathBuf {
        self.path.join("issuer-clock.json")
    }

    /// Returns the file with the last time that the room service trusted.
    pub fn rooms_clock(&self) -> PathBuf {
        self.path.join("rooms-clock.json")
    }

    /// Returns the file with the names of the databases that were created in the directory.
    pub fn installation(&self) -> PathBuf {
        self.path.join("installation.json")
    }

    /// Returns the folder in which a restore verifies its files. A directory with this folder is half
    /// restored.
    pub fn restoring(&self) -> PathBuf {
        self.path.join("restoring")
    }

    /// Returns the name of that folder after the restore, until it is removed.
    pub fn restored(&self) -> PathBuf {
        self.path.join("restored")
    }

    /// Returns the params that clients on this machine pinned.
    pub fn pins(&self) -> PathBuf {
        self.path.join("pins.json")
    }

    /// Creates the directory, with access for this user only, if it does not exist. Returns whether it was
    /// created.
    pub fn create(&self) -> anyhow::Result<bool> {
        let complain = || format!("the data directory {} cannot be made", self.path.display());
        if self.path.is_dir() {
            return Ok(false);
        }
        if let Some(parent) = self.path.parent() {
            fs::create_dir_all(parent).with_context(complain)?;
        }
        match DirBuilder::new().mode(0o700).create(&self.path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && self.path.is_dir() => {
                Ok(false)
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                bail!(
                    Failure::failed(complain())
                        .with_reason(anyhow!("there is a file in its place"))
                        .next("Name a directory with --data")
                )
            }
            Err(error) => Err(error).with_context(complain),
        }
    }

    /// Locks the directory against other services. Writes nothing.
    pub fn lock(&self) -> anyhow::Result<Lock> {
        let path = self.path.display();
        let directory = File::open(&self.path)
            .with_context(|| format!("the data directory {path} cannot be opened"))?;
        let mut tries = 0;
        let locked = loop {
            match directory.try_lock() {
                // A command holds the lock for a moment to check whether services run.
                Err(TryLockError::WouldBlock) if tries < MOST_TRIES => {
                    tries += 1;
                    thread::sleep(PAUSE);
                }
                locked => break locked,
            }
        };
        match locked {
            Ok(()) => Ok(Lock {
                _directory: directory,
            }),
            Err(TryLockError::WouldBlock) => {
                let what = format!("another `anteroom serve` uses the data directory {path}");
                bail!(Failure::failed(what).next("Stop it, or name another directory with --data"))
            }
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("the data directory {path} cannot be locked"))
            }
        }
    }

    /// Returns whether services use the directory. Files of killed services do not count.
    pub fn is_in_use(&self) -> bool {
        let directory = File::open(&self.path);
        directory.is_ok_and(|it| matches!(it.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_new_directory_is_for_its_owner_alone() {
        let dir = TempDir::new().unwrap();
        let data = DataDir::new(dir.path().join("deep/er"));
        assert!(data.create().unwrap());
        assert!(!data.create().unwrap());
        let mode = fs::metadata(data.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }

    #[test]
    fn only_one_holds_the_lock() {
        let dir = TempDir::new().unwrap();
        let data = DataDir::new(dir.path().to_owned());
        let held = data.lock().unwrap();
        assert!(data.lock().is_err());
        assert!(data.is_in_use());
        drop(held);
        assert!(data.lock().is_ok());
    }
}
