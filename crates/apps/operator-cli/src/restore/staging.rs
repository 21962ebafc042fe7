//! Moves files from the staging folder into place, so that a crash leaves all or none.
//!
//! The folder `restoring` in the data directory holds the files while they are verified. They get hard links
//! with their names in the data directory, and then the folder is renamed: this is the moment at which the
//! restore takes effect. As long as the folder has its first name, no command opens a database beside it, and
//! the next restore removes the links.

use std::{
    fs::{self, DirBuilder, Metadata},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _},
    path::Path,
};

use anteroom_console::{data_dir::DataDir, failure::Failure, files};
use anteroom_server::database::{self, ServiceSchema};
use anteroom_store_sqlite::{IssuerSchema, RoomsSchema};
use anyhow::{Context as _, bail};

/// The folder of a running restore. Removed on drop.
pub(super) struct StagingDirectory {
    data: DataDir,
    staged: DataDir,
}

/// Removes the files of an interrupted restore.
pub(super) fn undo(data: &DataDir) -> anyhow::Result<()> {
    let (restoring, restored) = (data.restoring(), data.restored());
    for place in [IssuerSchema::path(data), RoomsSchema::path(data)] {
        let Some(name) = place.file_name() else {
            continue;
        };
        if same_file(&place, &restoring.join(name))? {
            fs::remove_file(&place).with_context(|| cannot("be removed", &place))?;
        }
    }
    for folder in [restoring, restored] {
        files::if_there(fs::remove_dir_all(&folder))
            .with_context(|| cannot("be removed", &folder))?;
    }
    Ok(())
}

/// Refuses a directory with a database, or with side files of one: SQLite would treat them as parts of the
/// restored database.
pub(super) fn refuse_databases(data: &DataDir) -> anyhow::Result<()> {
    for path in [IssuerSchema::path(data), RoomsSchema::path(data)] {
        let there = metadata(&path)?.map(|_| path.clone());
        if let Some(there) = there.or_else(|| database::side_file(&path)) {
            let what = format!(
                "{} is there already, and a restore overwrites nothing",
                there.display()
            );
            bail!(Failure::failed(what).next(
                "Move the old databases out of the directory first, with the files whose names \
                 begin like theirs"
            ));
        }
    }
    Ok(())
}

impl StagingDirectory {
    pub(super) fn make(data: &DataDir) -> anyhow::Result<Self> {
        let folder = data.restoring();
        DirBuilder::new()
            .mode(0o700)
            .create(&folder)
            .with_context(|| cannot("be made", &folder))?;
        Ok(Self {
            data: data.clone(),
            staged: DataDir::new(folder),
        })
    }

    /// Returns the folder, with the names of a data directory.
    pub(super) const fn staged(&self) -> &DataDir {
        &self.staged
    }

    pub(super) fn put_in_place<'a>(
        self,
        names: impl Iterator<Item = &'a str>,
    ) -> anyhow::Result<()> {
        let (data, staged) = (self.data.path(), self.staged.path());
        sync(staged)?;
        for name in names {
            let place = data.join(name);
            // A link, unlike a rename, never replaces an existing file.
            fs::hard_link(staged.join(name), &place)
                .with_context(|| cannot("be put in place", &place))?;
        }
        sync(data)?;
        let done = self.data.restored();
        fs::rename(staged, &done).with_context(|| cannot("be renamed", staged))?;
        sync(data)
    }
}

impl Drop for StagingDirectory {
    fn drop(&mut self) {
        // The next restore removes what cannot be removed now. After the renaming the rest is harmless, and
        // before it the restore must be repeated.
        if let Err(error) = undo(&self.data) {
            tracing::warn!("{error:#}");
        }
    }
}

fn same_file(one: &Path, other: &Path) -> anyhow::Result<bool> {
    let identity = |metadata: Metadata| (metadata.dev(), metadata.ino());
    let one = metadata(one)?.map(identity);
    Ok(one.is_some() && one == metadata(other)?.map(identity))
}

fn metadata(path: &Path) -> anyhow::Result<Option<Metadata>> {
    files::if_there(fs::symlink_metadata(path)).with_context(|| cannot("be read", path))
}

fn sync(folder: &Path) -> anyhow::Result<()> {
    files::sync(folder).with_context(|| cannot("be written to", folder))
}

fn cannot(what: &str, path: &Path) -> String {
    format!("{} cannot {what}", path.display())
}
