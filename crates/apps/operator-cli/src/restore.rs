//! `anteroom restore`

mod staging;

use std::path::Path;

use anteroom_console::{
    context::Context, data_dir::DataDir, environment, failure::Failure, os, progress,
};
use anteroom_server::{
    database::{self, ServiceSchema},
    installation, master_key,
};
use anteroom_store::{MasterKey, StoreError};
use anteroom_store_sqlite::{IssuerSchema, RoomsSchema, SqliteDatabase, SqliteOptions};
use anyhow::{Context as _, bail};
use serde::Serialize;

use self::staging::StagingDirectory;

use crate::{backup::manifest::Manifest, operator_changes::ChangedServices};

#[derive(Serialize)]
struct Report<'a> {
    data: &'a Path,
    #[serde(flatten)]
    manifest: &'a Manifest,
}

/// Restores the databases of a backup into a data directory that has none.
///
/// The files and the master key are verified before any file is put in its place. Single-use values and
/// running calls are not restored.
pub async fn run(
    folder: &Path,
    context: &Context,
    changes: &ChangedServices,
) -> anyhow::Result<()> {
    let data = &context.data;
    let manifest = Manifest::read(folder, &[IssuerSchema::NAME, RoomsSchema::NAME])?;
    let Some(key) = master_key::find(data, &context.environment)? else {
        let next = format!(
            "Put it to {}, or name it with {}",
            data.master_key().display(),
            environment::MASTER_KEY_FILE
        );
        bail!(Failure::failed("the master key of the backup is needed").next(next));
    };
    let made = data.create()?;
    let putting = put(folder, &manifest, data, &key);
    let restored = progress::during("Restoring the databases", putting).await;
    if restored.is_err() && made {
        // The directory is empty, as it was created.
        let _ = std::fs::remove_dir(data.path());
    }
    restored?;
    changes.add_both();
    let report = Report {
        data: data.path(),
        manifest: &manifest,
    };
    let text = format!(
        "Restored the backup {} into {}.\n\n{}\n\n\
         Sessions, links in mails, invites and calls that were on are gone: people log in again.\n\
         Everything else is as it was then. Do again what has to last: accounts and devices deleted\n\
         or disabled, passwords changed, links revoked or deleted, and keys rotated since.\n\
         Then start `anteroom serve`.",
        manifest.origin(),
        data.path().display(),
        manifest.text()
    );
    context.show(&report, &text)
}

async fn put(
    folder: &Path,
    manifest: &Manifest,
    data: &DataDir,
    key: &MasterKey,
) -> anyhow::Result<()> {
    let _lock = data.lock()?;
    staging::undo(data)?;
    staging::refuse_databases(data)?;
    let staging = StagingDirectory::make(data)?;
    for entry in &manifest.files {
        let to = staging.staged().path().join(&entry.name);
        entry.take_out(folder, &to)?;
    }
    for entry in &manifest.files {
        if entry.name == IssuerSchema::NAME {
            prepare::<IssuerSchema>(manifest, staging.staged(), key).await?;
        } else {
            prepare::<RoomsSchema>(manifest, staging.staged(), key).await?;
        }
    }
    let names = || manifest.files.iter().map(|entry| entry.name.as_str());
    staging.put_in_place(names())?;
    installation::add_restored(data, names())
}

/// Opens a database with the key, migrates it, and deletes what must not be restored.
async fn prepare<S: ServiceSchema>(
    manifest: &Manifest,
    staged: &DataDir,
    key: &MasterKey,
) -> anyhow::Result<()> {
    let complain = || {
        format!(
            "{} of the backup {} cannot be opened",
            S::NAME,
            manifest.origin()
        )
    };
    let options = SqliteOptions::new(S::path(staged)).create(false);
    let database = SqliteDatabase::<S>::open(&options, key, os::now(), &mut os::rng())
        .await
        .with_context(complain)?;
    let forgotten: Result<u64, StoreError> = database.delete_transient_rows().await;
    database.close().await;
    forgotten.with_context(complain)?;
    database::side_file(&S::path(staged)).map_or(Ok(()), |left| {
        bail!("{} was not closed: {} is left", S::NAME, left.display())
    })
}
