//! Checks of the databases: the service they belong to, the program that created them, and whether the master
//! key opens them.

use anteroom_console::{
    data_dir::DataDir, environment::Environment, os::OsClock, terminal::second,
};
use anteroom_protocol::Timestamp;
use anteroom_runtime::Clock as _;
use anteroom_store_sqlite::{IssuerSchema, RoomsSchema, SchemaState, SqliteDatabase};

use super::finding::Finding;

use crate::{
    database::ServiceSchema,
    databases,
    installation::Installation,
    master_key,
    services::{GET_PARAMS, NO_PARAMS},
    settings::{ServiceSelection, Settings},
};

/// The tolerated lead of an earlier clock, in seconds.
const TOLERANCE: u64 = 120;
/// The next step where an error has none of its own.
const PUT_BACK: &str = "put the database back, or restore a backup with `anteroom restore`";

/// Checks the databases of the role. Checks that need the directory or the key are skipped without them,
/// since those problems are reported already.
pub(super) async fn all(
    settings: &Settings,
    data: &DataDir,
    environment: &Environment,
    is_usable: bool,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    if settings.role.issues() {
        findings.extend(one::<IssuerSchema>(settings.role, data, environment, is_usable).await);
    }
    if settings.role.holds_rooms() {
        findings.extend(one::<RoomsSchema>(settings.role, data, environment, is_usable).await);
    }
    findings
}

async fn one<S: ServiceSchema>(
    role: ServiceSelection,
    data: &DataDir,
    environment: &Environment,
    is_usable: bool,
) -> Vec<Finding> {
    let path = S::path(data);
    let state = match databases::is_initialised::<S>(data).await {
        Ok(false) => return vec![missing::<S>(data, role)],
        Ok(true) => SqliteDatabase::<S>::schema_state(&path)
            .await
            .map_err(anyhow::Error::from),
        Err(error) => Err(error),
    };
    match state {
        Ok(SchemaState::Current(_)) if !is_usable => {
            vec![Finding::skipped(
                S::NAME,
                "it is not opened because of the problem above",
            )]
        }
        Ok(SchemaState::Current(version)) => opened::<S>(data, environment, version).await,
        Ok(SchemaState::Older { found, known }) => vec![Finding::problem(
            S::NAME,
            format!("an older program made it: schema {found}, and this program has {known}"),
            "make a backup with `anteroom backup`, then restart the services with this program: \
             their start brings it up to date",
        )],
        Ok(SchemaState::Newer { found, known }) => vec![Finding::problem(
            S::NAME,
            format!("a newer program made it: schema {found}, and this program knows {known}"),
            "install that newer version of anteroom again",
        )],
        Ok(_) => vec![Finding::skipped(S::NAME, "its schema is unknown here")],
        Err(error) => {
            let error = error.context(path.display().to_string());
            vec![Finding::of_error(S::NAME, &error, PUT_BACK)]
        }
    }
}

/// A database that is not there: one that was is lost, and no start makes it again.
fn missing<S: ServiceSchema>(data: &DataDir, role: ServiceSelection) -> Finding {
    let permitted = Installation::inspect(data).and_then(|it| it.permit::<S>());
    match permitted {
        // Its params would come from nowhere.
        Ok(()) if !role.issues() => Finding::problem(S::NAME, NO_PARAMS, GET_PARAMS),
        Ok(()) => Finding::ok(S::NAME, "it is not there: the first start makes it"),
        Err(error) => Finding::of_error(S::NAME, &error, PUT_BACK),
    }
}

async fn opened<S: ServiceSchema>(
    data: &DataDir,
    environment: &Environment,
    version: u64,
) -> Vec<Finding> {
    let now = OsClock.now();
    let Ok(Some(key)) = master_key::find(data, environment) else {
        return vec![Finding::problem(
            S::NAME,
            "there is no master key for it",
            "put the master key back where it was, or name it with ANTEROOM_MASTER_KEY_FILE",
        )];
    };
    let database: SqliteDatabase<S> = match databases::open(data, &key, now).await {
        Ok(database) => database,
        Err(error) => return vec![Finding::of_error(S::NAME, &error, PUT_BACK)],
    };
    let newest = database.key_database().keys().await;
    database.close().await;
    let newest = newest
        .ok()
        .and_then(|keys| keys.iter().map(|key| key.created).max());
    let mut findings = vec![Finding::ok(
        S::NAME,
        format!("the master key opens it; schema {version}"),
    )];
    findings.extend(newest.and_then(|newest| clock(newest, now)));
    findings
}

/// Returns the finding for a key from the future: this clock is slow, or an earlier one was fast.
fn clock(newest: Timestamp, now: Timestamp) -> Option<Finding> {
    (now.plus(TOLERANCE) < newest).then(|| {
        Finding::problem(
            "clock",
            format!(
                "this machine's clock says {}, and a key of the database was made on {}",
                second(now),
                second(newest)
            ),
            "set the clock of this machine, and keep it set with NTP",
        )
    })
}
