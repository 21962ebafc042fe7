//! The credentials of a user's account at an issuer, in a sealed file, which makes visits to rooms
//! independent of the issuer.
//!
//! One file for each account, in `credentials` in the user's configuration directory, named by a hash of
//! issuer and account. Credentials can be fetched again: an unreadable file is reported, treated as absent,
//! and replaced.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
};

use anteroom_client::{CredentialStore, CredentialSupply, CryptoRng, IdentityKey, PublishedParams};
use anteroom_console::{
    environment::{self, Environment},
    os,
};
use anteroom_protocol::{Aci, Timestamp};
use anyhow::Context as _;

use crate::sealed_file::{FileFormat, SealedFile, file_name};

const KIND: FileFormat = FileFormat {
    format: "anteroom credentials 1",
    old: None,
    noun: "credentials",
    key_name: "credentials.key",
    key_variable: environment::CREDENTIALS_KEY_FILE,
};

/// The file of an account's credentials.
#[derive(Clone, Debug)]
pub(crate) struct CredentialFile {
    file: SealedFile,
    aci: Aci,
}

impl CredentialFile {
    pub(crate) fn of_account(
        environment: &Environment,
        issuer: &str,
        aci: &Aci,
    ) -> anyhow::Result<Self> {
        let owner = owner(issuer, aci);
        let name = format!("credentials/{owner}.sealed");
        Ok(Self {
            file: SealedFile::of_user(&KIND, &name, Some(owner), environment)?,
            aci: *aci,
        })
    }

    /// Returns the name of the account in files: a hash of issuer and account.
    pub(crate) fn owner(&self) -> &str {
        self.file.owner.as_deref().unwrap_or_default()
    }

    /// Returns the stored credentials, if there are any.
    pub(crate) fn load(&self) -> Option<CredentialStore> {
        match self.read() {
            Ok(store) => store,
            Err(error) => {
                tracing::warn!("{error:#}: it is replaced as soon as credentials are fetched");
                None
            }
        }
    }

    /// Returns the identity key of this device: the stored one, or a new one.
    pub(crate) fn identity(&self, rng: &mut impl CryptoRng) -> IdentityKey {
        CredentialStore::identity(self.read().ok().flatten().as_ref(), rng)
    }

    /// Waits until no other process creates a link of the account, until the returned value is dropped.
    pub(crate) fn lock_creation(&self) -> anyhow::Result<File> {
        let creation = SealedFile {
            path: self.file.path.with_extension("creation"),
            ..self.file.clone()
        };
        creation.lock()
    }

    /// Changes the stored credentials, if there are any, under a lock.
    pub(crate) fn change<T>(
        &self,
        change: impl FnOnce(&mut CredentialStore) -> T,
    ) -> anyhow::Result<Option<T>> {
        let _lock = self.file.lock()?;
        let Some(mut store) = self.read()? else {
            return Ok(None);
        };
        let outcome = change(&mut store);
        self.file.write(&store.to_bytes())?;
        Ok(Some(outcome))
    }

    /// Stores the result of a renewal. Returns all credentials, and whether they are stored.
    pub(crate) fn renew(
        &self,
        listing: PublishedParams,
        supply: CredentialSupply,
        now: Timestamp,
    ) -> (CredentialStore, anyhow::Result<()>) {
        let lock = self.file.lock();
        let store = match self.read().ok().flatten() {
            Some(mut store) => {
                store.renew(listing, supply, now, &mut os::rng());
                store
            }
            None => CredentialStore::new(self.aci, listing, supply, now, &mut os::rng()),
        };
        let stored = lock.and_then(|_lock| self.replace(&store));
        (store, stored)
    }

    /// Records that the account is used today, which continues its renewals.
    pub(crate) fn note_use(&self, now: Timestamp) {
        let is_noted = |store: &CredentialStore| store.schedule.last_use() == now.start_of_day();
        if self
            .read()
            .is_ok_and(|store| store.is_none_or(|store| is_noted(&store)))
        {
            return;
        }
        if let Err(error) = self.change(|store| store.schedule.note_use(now)) {
            tracing::warn!("the renewals may end too early: {error:#}");
        }
    }

    /// Removes the credentials, if there are any.
    pub(crate) fn remove(&self) -> anyhow::Result<()> {
        let _lock = self.file.lock()?;
        self.file.remove()
    }

    /// Locks the wait for the next renewal, so that only one process waits; `None` if another one does. The
    /// locked file contains the process's id.
    pub(crate) fn lock_renewal(&self) -> anyhow::Result<Option<File>> {
        let path = self.file.path.with_added_extension("renewal");
        let complain = || format!("{} cannot be locked", path.display());
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(complain)?;
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .with_context(complain)?;
        match file.try_lock() {
            Ok(()) => {
                file.set_len(0).with_context(complain)?;
                writeln!(file, "{}", std::process::id()).with_context(complain)?;
                Ok(Some(file))
            }
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error).with_context(complain),
        }
    }

    fn read(&self) -> anyhow::Result<Option<CredentialStore>> {
        let Some(opened) = self.file.read()? else {
            return Ok(None);
        };
        let store = CredentialStore::from_bytes(&opened.text).map_err(|_| self.file.damaged())?;
        if store.aci() != self.aci {
            return Err(self.file.damaged());
        }
        Ok(Some(store))
    }

    /// An unreadable file may be overwritten, since credentials can be fetched again.
    fn replace(&self, store: &CredentialStore) -> anyhow::Result<()> {
        if self.read().is_err() {
            self.file.remove()?;
        }
        self.file.write(&store.to_bytes())
    }
}

fn owner(issuer: &str, aci: &Aci) -> String {
    file_name(&format!("{issuer}\n{}", aci.to_uuid_string()))
}

#[cfg(test)]
mod tests;
