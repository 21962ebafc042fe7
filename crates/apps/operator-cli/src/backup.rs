//! `anteroom backup`

pub(crate) mod manifest;

use std::{
    fs::{self, Permissions},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use anteroom_console::{
    context::Context,
    data_dir::DataDir,
    environment::{self, Environment},
    failure::Failure,
    fields::Fields,
    files, os, progress,
};
use anteroom_server::{database::ServiceSchema, databases, master_key};
use anteroom_store_sqlite::{IssuerSchema, RoomsSchema, SqliteDatabase};
use anyhow::{Context as _, bail};
use serde::Serialize;

use self::manifest::{Entry, Manifest};

use crate::operator_changes::ChangedServices;

/// Copies the databases to a new folder, also while the services run.
///
/// The folder appears complete: it is written under another name in the same directory and renamed. It never
/// contains the master key, since a holder of both could read everything.
pub async fn run(
    folder: &Path,
    configuration: Option<PathBuf>,
    context: &Context,
    changes: &ChangedServices,
) -> anyhow::Result<()> {
    let parent = check_place(folder)?;
    let unfinished = tempfile::Builder::new()
        .prefix(".anteroom-backup-")
        .permissions(Permissions::from_mode(0o700))
        .tempdir_in(&parent)
        .map_err(|error| {
            let parent = parent.display();
            Failure::failed(format!("the backup cannot be written to {parent}"))
                .with_reason(error)
                .next("Name a folder in one that is there and that you can write to")
        })?;
    let copies = DataDir::new(unfinished.path().to_owned());
    let key = master_key_file(context)?;
    // The issuer's database is copied last: the room service takes over params from it, never the reverse.
    let copying = async {
        let rooms = copy::<RoomsSchema>(&context.data, &copies).await?;
        let issuer = copy::<IssuerSchema>(&context.data, &copies).await?;
        anyhow::Ok((rooms, issuer))
    };
    let (rooms, issuer) = progress::during("Copying the databases", copying).await?;
    if master_key_file(context)? != key {
        bail!(Failure::failed("the master key was changed meanwhile").next("Run the backup again"));
    }
    let files: Vec<Entry> = issuer.into_iter().chain(rooms).collect();
    if files.is_empty() {
        bail!(databases::no_database(&context.data));
    }
    let manifest = Manifest::new(os::now(), files);
    let written = manifest
        .write(copies.path())
        .and_then(|()| files::sync(copies.path()))
        .and_then(|()| fs::rename(unfinished.path(), folder))
        .and_then(|()| files::sync(&parent));
    written.map_err(|error| {
        Failure::failed(format!("the backup cannot be put to {}", folder.display()))
            .with_reason(error)
            .next("Give a new name, or an empty folder that is no mount point")
    })?;
    changes.add_both();
    // The temporary folder is empty now.
    drop(unfinished);
    let needs = RestoreRequirements::find(configuration, context)?;
    let report = Report {
        folder,
        manifest: &manifest,
        needs: &needs,
    };
    context.show(&report, &text(folder, &manifest, &needs))
}

/// Checks that the path is free, and returns its parent folder.
fn check_place(folder: &Path) -> anyhow::Result<PathBuf> {
    let shown = folder.display();
    let entries = files::if_there(fs::read_dir(folder))
        .with_context(|| format!("{shown} cannot take the backup"))?;
    if entries.is_some_and(|mut entries| entries.next().is_some()) {
        let failure = Failure::failed(format!("{shown} is not empty"));
        bail!(failure.next("Name a new folder for the backup"));
    }
    match (folder.parent(), folder.file_name()) {
        (Some(parent), Some(_)) if parent.as_os_str().is_empty() => Ok(PathBuf::from(".")),
        (Some(parent), Some(_)) => Ok(parent.to_owned()),
        _ => bail!(
            Failure::failed(format!("{shown} is no name for a new folder"))
                .next("Name a new folder for the backup")
        ),
    }
}

/// Returns the file of the master key, unless a variable holds the key. A rotation replaces this file: copies
/// made during a rotation would be under two keys.
fn master_key_file(context: &Context) -> anyhow::Result<Option<(u64, u64)>> {
    let Ok(file) = master_key::file(&context.data, &context.environment) else {
        return Ok(None);
    };
    if master_key::next_to(&file).symlink_metadata().is_ok() {
        let failure = Failure::failed("the master key is being changed, or that was cut off");
        bail!(failure.next("Finish it with `anteroom keys rotate master`"));
    }
    let file = fs::metadata(&file).ok();
    Ok(file.map(|file| (file.dev(), file.ino())))
}

/// Copies a database, if it exists.
async fn copy<S: ServiceSchema>(data: &DataDir, copies: &DataDir) -> anyhow::Result<Option<Entry>> {
    if !databases::is_initialised::<S>(data).await? {
        return Ok(None);
    }
    let (from, to) = (S::path(data), S::path(copies));
    let copied = SqliteDatabase::<S>::copy(&from, &to)
        .await
        .with_context(|| format!("the database {} cannot be copied", from.display()))?;
    Entry::of(S::NAME, &to, &copied)
        .map(Some)
        .with_context(|| format!("the copy of {} cannot be read", from.display()))
}

/// A backup, with the further files and variables that a restore needs.
#[derive(Serialize)]
struct Report<'a> {
    folder: &'a Path,
    #[serde(flatten)]
    manifest: &'a Manifest,
    #[serde(flatten)]
    needs: &'a RestoreRequirements<'a>,
}

/// The files and variables outside the backup that a restore needs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RestoreRequirements<'a> {
    /// The file of the master key, unless a variable holds the key.
    master_key_file: Option<PathBuf>,
    /// The variable that holds the master key.
    master_key_variable: Option<&'a str>,
    /// The configuration file, if there is one. It may name further files.
    configuration: Option<PathBuf>,
    /// The variables that hold other secrets.
    secrets: Vec<&'a str>,
}

impl RestoreRequirements<'static> {
    fn find(configuration: Option<PathBuf>, context: &Context) -> anyhow::Result<Self> {
        let variables = [environment::MASTER_KEY, environment::MASTER_KEY_FILE];
        let variable = given(&context.environment, &variables)?.first().copied();
        Ok(Self {
            master_key_file: variable.is_none().then(|| context.data.master_key()),
            master_key_variable: variable,
            configuration,
            secrets: given(&context.environment, &environment::SECRETS)?,
        })
    }
}

fn text(folder: &Path, manifest: &Manifest, needs: &RestoreRequirements<'_>) -> String {
    let (variable, file) = (needs.master_key_variable, &needs.master_key_file);
    let configuration = needs.configuration.as_ref();
    let mut kept = Fields::new(15)
        .optional(
            "master key",
            variable.map(|it| format!("where {it} has it from")),
        )
        .optional("master key", file.as_ref().map(|file| file.display()))
        .optional(
            "configuration",
            configuration.map(|path| format!("{}, and the files it names", path.display())),
        );
    for variable in &needs.secrets {
        kept = kept.line("secret", variable);
    }
    format!(
        "Wrote a backup to {}.\n\n{}\n\n\
         It is sealed: without the master key nobody can read it, you included. Keep these too,\n\
         and the master key apart from the backups:\n\n{}",
        folder.display(),
        manifest.text(),
        kept.text()
    )
}

/// Returns the variables that are set.
fn given<'a>(environment: &Environment, variables: &[&'a str]) -> anyhow::Result<Vec<&'a str>> {
    let mut given = Vec::new();
    for variable in variables {
        if environment.text(variable)?.is_some() {
            given.push(*variable);
        }
    }
    Ok(given)
}
