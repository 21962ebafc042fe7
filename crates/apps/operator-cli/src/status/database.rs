//! A database in numbers.

use std::{collections::BTreeMap, ffi::OsString, fs, path::Path};

use anteroom_console::data_dir::DataDir;
use anteroom_protocol::{DAY, Timestamp};
use anteroom_server::{database::ServiceSchema, params};
use anteroom_store::{
    IssuerDatabase as _, RoomsDatabase as _, StoredServerParams, TransactionName, keys::KeyDatabase,
};
use anteroom_store_sqlite::{IssuerSchema, RoomsSchema, SqliteIssuer, SqliteRooms};
use serde::Serialize;

const COUNT: TransactionName = TransactionName::new("count rows");

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DatabaseStatus {
    pub(super) service: &'static str,
    /// The size of the file and its write-ahead log, in bytes.
    pub(super) size: u64,
    pub(super) rows: BTreeMap<&'static str, u64>,
    /// The keys in use: the newest of each purpose.
    pub(super) keys: Vec<KeyStatus>,
    pub(super) server_params: Vec<ParamsStatus>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct KeyStatus {
    pub(super) kind: &'static str,
    pub(super) id: u32,
    pub(super) created: u64,
    pub(super) age_days: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ParamsStatus {
    pub(super) kind: &'static str,
    pub(super) id: String,
    pub(super) not_before: u64,
    pub(super) not_after: Option<u64>,
    pub(super) age_days: u64,
}

impl DatabaseStatus {
    pub(super) async fn of_issuer(
        database: &SqliteIssuer,
        data: &DataDir,
        now: Timestamp,
    ) -> anyhow::Result<Self> {
        let counts = database.read(COUNT).await?.counts(now).await?;
        let rows = [
            ("accounts", counts.accounts),
            ("disabledAccounts", counts.disabled_accounts),
            ("guestAccounts", counts.guest_accounts),
            ("devices", counts.devices),
            ("sessions", counts.sessions),
            ("waitingSignUps", counts.sign_ups),
            ("invites", counts.invites),
            ("lockedAddresses", counts.locked_addresses),
        ];
        let params = params::all(database).await?;
        let keys = database.key_database();
        Self::new::<IssuerSchema>(data, &rows, &*keys, &params, now).await
    }

    pub(super) async fn of_rooms(
        database: &SqliteRooms,
        data: &DataDir,
        now: Timestamp,
    ) -> anyhow::Result<Self> {
        let counts = database.read(COUNT).await?.counts(now).await?;
        let rows = [
            ("links", counts.links),
            ("revokedLinks", counts.revoked_links),
            ("expiredLinks", counts.expired_links),
            ("liveCalls", counts.calls),
        ];
        let params = params::of_rooms(database).await?;
        let keys = database.key_database();
        Self::new::<RoomsSchema>(data, &rows, &*keys, &params, now).await
    }

    async fn new<S: ServiceSchema>(
        data: &DataDir,
        rows: &[(&'static str, u64)],
        keys: &dyn KeyDatabase,
        params: &StoredServerParams,
        now: Timestamp,
    ) -> anyhow::Result<Self> {
        let days = |since: Timestamp| now.as_secs().saturating_sub(since.as_secs()) / DAY;
        let mut newest = BTreeMap::new();
        for key in keys.keys().await? {
            if key.retired.is_none() {
                // The keys come by ascending id: the last one of a purpose is in use.
                newest.insert(key.purpose.as_str(), key);
            }
        }
        let keys = newest.values().map(|key| KeyStatus {
            kind: key.purpose.as_str(),
            id: key.id.as_u32(),
            created: key.created.as_secs(),
            age_days: days(key.created),
        });
        let params = params.readable.iter().map(|record| ParamsStatus {
            kind: record.kind.as_str(),
            id: record.id.to_string(),
            not_before: record.not_before.as_secs(),
            not_after: record.not_after.map(Timestamp::as_secs),
            age_days: days(record.not_before),
        });
        Ok(Self {
            service: S::SERVICE,
            size: size(&S::path(data)),
            rows: rows.iter().copied().collect(),
            keys: keys.collect(),
            server_params: params.collect(),
        })
    }
}

fn size(path: &Path) -> u64 {
    let mut log = OsString::from(path);
    log.push("-wal");
    let length = |path: &Path| fs::metadata(path).map_or(0, |metadata| metadata.len());
    length(path).saturating_add(length(Path::new(&log)))
}
