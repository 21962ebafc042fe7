//! The issuer's database, opened with its master key.

use anteroom_protocol::Timestamp;
use anteroom_store::MasterKey;
use anteroom_store_sql::{SqliteIssuer, SqliteOptions};
use anyhow::{Context as _, bail};

use crate::{data_dir::DataDir, environment::Environment, master_key, os};

/// Opens the database, and makes it (and a master key, if none is given) at the first start.
///
/// A database with a wrong or missing master key is refused, and nothing is written.
pub(crate) async fn open_or_create(
    data: &DataDir,
    environment: &Environment,
    now: Timestamp,
) -> anyhow::Result<SqliteIssuer> {
    let found = master_key::find(data, environment)?;
    let key = match found {
        Some(key) => key,
        None if is_initialised(data).await? => bail!(missing_key(data)),
        None => {
            let key = master_key::create(data)?;
            tracing::info!(
                "made the master key {}: without it the database cannot be read, \
                 so keep a copy, away from copies of the database",
                data.master_key().display()
            );
            key
        }
    };
    let database = open(data, &key, now, true).await?;
    if database.created() {
        tracing::info!("made the database {}", data.database().display());
    }
    Ok(database)
}

/// Opens a database that is there.
pub(crate) async fn open_existing(
    data: &DataDir,
    environment: &Environment,
    now: Timestamp,
) -> anyhow::Result<SqliteIssuer> {
    if !is_initialised(data).await? {
        bail!(
            "there is no database in {}: start `anteroom serve` first, or name the directory with --data",
            data.path().display()
        );
    }
    match master_key::find(data, environment)? {
        Some(key) => open(data, &key, now, false).await,
        None => bail!(missing_key(data)),
    }
}

async fn is_initialised(data: &DataDir) -> anyhow::Result<bool> {
    let path = data.database();
    SqliteIssuer::is_initialised(&path)
        .await
        .with_context(|| complaint(data))
}

async fn open(
    data: &DataDir,
    key: &MasterKey,
    now: Timestamp,
    create: bool,
) -> anyhow::Result<SqliteIssuer> {
    let options = SqliteOptions::new(data.database()).create(create);
    SqliteIssuer::open(&options, key, now, &mut os::rng())
        .await
        .with_context(|| complaint(data))
}

fn complaint(data: &DataDir) -> String {
    format!(
        "the database {} cannot be opened",
        data.database().display()
    )
}

fn missing_key(data: &DataDir) -> String {
    format!(
        "the master key of {} is missing: put it back to {} or name it with \
         ANTEROOM_MASTER_KEY_FILE; nothing was changed",
        data.database().display(),
        data.master_key().display()
    )
}
