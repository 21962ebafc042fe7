//! `anteroom keys rotate`: newer keys, under services that run.

use std::{num::NonZeroU32, path::PathBuf, time::Duration};

use anteroom_accounts::TOKEN_KEY_GRACE;
use anteroom_console::{
    context::Context,
    failure::Failure,
    os,
    terminal::{confirm, day, print, print_json},
};
use anteroom_protocol::{ParamsId, Timestamp};
use anteroom_server::{
    database::ServiceSchema as _,
    databases::Databases,
    params::{self, StartTime},
};
use anteroom_store::{
    ServerParamsKind,
    keys::{KeyDatabase, KeyId, KeyPurpose},
};
use anteroom_store_sqlite::IssuerSchema;
use anyhow::bail;
use serde::Serialize;
use tokio::time::sleep;

use super::{master, progress::Progress};

use crate::{
    arguments::{KeysRotate, RotatedKind},
    operator_changes::ChangedServices,
};

/// The number of values that one transaction re-seals, which holds the file's write lock for some
/// milliseconds.
const BATCH: NonZeroU32 = NonZeroU32::new(200).unwrap();
/// The pause between transactions, in which other processes can write.
const PAUSE: Duration = Duration::from_millis(5);

/// The report of a rotation of any key. Members of other kinds are empty.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    /// The new keys of the databases.
    made: Vec<StoredKey>,
    /// The removed keys of the databases.
    forgotten: Vec<StoredKey>,
    /// The new server params.
    params: Vec<NewParamsReport>,
    /// The server params that have an end now.
    ended: Vec<ParamsEndReport>,
    /// The files of the new and the old master key.
    master_key_file: Option<PathBuf>,
    old_master_key_file: Option<PathBuf>,
}

impl Report {
    fn print_changes(&self, changes: &ChangedServices) {
        for key in &self.made {
            changes.add(key.service);
        }
        if !self.params.is_empty() {
            changes.add(IssuerSchema::SERVICE);
        }
        if self.master_key_file.is_some() {
            changes.add_both();
        }
    }
}

#[derive(Serialize)]
struct StoredKey {
    service: &'static str,
    id: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NewParamsReport {
    id: String,
    not_before: u64,
}

/// Server params with the first moment at which they are invalid.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ParamsEndReport {
    id: String,
    not_after: u64,
}

impl ParamsEndReport {
    pub(super) fn new((id, end): &(ParamsId, Timestamp)) -> Self {
        Self {
            id: id.to_hex(),
            not_after: end.as_secs(),
        }
    }
}

/// The sentence of params that have an end. Announced and revoked ones have ended.
pub(super) fn ended_sentence(params: &str, end: Timestamp, now: Timestamp) -> String {
    if end <= now {
        format!("{params} have ended: nothing is issued or verified under them.")
    } else {
        format!("{params} are good until {}.", day(end))
    }
}

/// The output during a rotation: lines for a person, or a report at its end.
struct Progression {
    json: bool,
    report: Report,
}

impl Progression {
    fn say(&self, line: &str) -> anyhow::Result<()> {
        if !self.json {
            print(line)?;
        }
        Ok(())
    }
}

/// Makes a newer key of a kind, in each database that has one.
pub async fn run(
    options: &KeysRotate,
    context: &Context,
    changes: &ChangedServices,
) -> anyhow::Result<()> {
    let now = os::now();
    confirm_loss(options)?;
    let mut progression = Progression {
        json: context.json,
        report: Report::default(),
    };
    let rotated = rotate_kind(options, context, now, &mut progression).await;
    progression.report.print_changes(changes);
    rotated?;
    if context.json {
        print_json(&progression.report)?;
    }
    Ok(())
}

async fn rotate_kind(
    options: &KeysRotate,
    context: &Context,
    now: Timestamp,
    progression: &mut Progression,
) -> anyhow::Result<()> {
    if options.kind == RotatedKind::Master {
        let rotated = master::rotate(context, now).await?;
        progression.report.master_key_file = Some(rotated.file.clone());
        progression.report.old_master_key_file = Some(rotated.old_file.clone());
        progression.say(&format!(
            "{} holds the new master key: keep a copy, away from copies of the databases. The old \
             one is kept as {}: it opens older backups. Destroy it with the last of them.",
            rotated.file.display(),
            rotated.old_file.display()
        ))?;
    } else {
        let databases = Databases::open(&context.data, &context.environment, now).await?;
        let rotated = rotate_stored(&databases, options, now, progression).await;
        databases.close().await;
        rotated?;
    }
    Ok(())
}

/// Asks for confirmation if the old key becomes unusable.
fn confirm_loss(options: &KeysRotate) -> anyhow::Result<()> {
    if options.revoke {
        return confirm(
            options.yes,
            "End all credentials that were made under the old params, at once? They cannot be taken \
             back into force.",
        );
    }
    if options.kind == RotatedKind::Event {
        return confirm(
            options.yes,
            "Forget the key of the pseudonyms? Nobody can tell afterwards whom the old ones meant.",
        );
    }
    Ok(())
}

async fn rotate_stored(
    databases: &Databases,
    options: &KeysRotate,
    now: Timestamp,
    progression: &mut Progression,
) -> anyhow::Result<()> {
    match options.kind {
        RotatedKind::Data => rotate_data(databases, now, progression).await,
        RotatedKind::Token => rotate_token(databases, now, progression).await,
        RotatedKind::Event => rotate_event(databases, now, progression).await,
        RotatedKind::Generic => {
            let kind = ServerParamsKind::Generic;
            rotate_params(databases, kind, options, now, progression).await
        }
        RotatedKind::Group | RotatedKind::Master => {
            let kind = ServerParamsKind::Group;
            rotate_params(databases, kind, options, now, progression).await
        }
    }
}

/// Damage in one database is reported at the end; the values of the other one are re-sealed in any case.
async fn rotate_data(
    databases: &Databases,
    now: Timestamp,
    progression: &mut Progression,
) -> anyhow::Result<()> {
    let mut damaged = Vec::new();
    for (service, keys) in databases.keys() {
        let id = rotate(&*keys, KeyPurpose::Data, now).await?;
        progression.report.made.push(StoredKey { service, id });
        progression.say(&format!("{service}: data key {id} seals from now on"))?;
        let unreadable = reseal(service, &*keys, progression.json).await?;
        if unreadable > 0 {
            damaged.push(format!(
                "{service}: {unreadable} sealed values cannot be opened: they were damaged, and stay \
                 as they are; so do the data keys they name"
            ));
        }
        let retired = keys.retire(KeyPurpose::Data, now, now).await?;
        print_retired(service, "data", &retired, progression)?;
    }
    if !damaged.is_empty() {
        bail!(damaged.join("\n"));
    }
    Ok(())
}

/// Re-seals all values, and returns the number of those that cannot be opened. A running service may do the
/// same at the same time without conflict.
async fn reseal(service: &str, keys: &dyn KeyDatabase, json: bool) -> anyhow::Result<u64> {
    let stale = keys.sealed_values().await?.stale;
    let mut progress = Progress::new(service, stale, json);
    let mut rng = os::rng();
    let (mut cursor, mut unreadable) = (None, 0);
    loop {
        let step = keys.reseal(cursor, BATCH, &mut rng).await?;
        progress.advance(step.values)?;
        unreadable += step.unreadable;
        cursor = step.next;
        if cursor.is_none() {
            break;
        }
        if step.values > 0 {
            sleep(PAUSE).await;
        }
    }
    progress.finish(unreadable == 0)?;
    Ok(unreadable)
}

async fn rotate_token(
    databases: &Databases,
    now: Timestamp,
    progression: &mut Progression,
) -> anyhow::Result<()> {
    let issuer = databases.issuer.as_ref().ok_or_else(no_issuer)?;
    let keys = issuer.key_database();
    let id = rotate(&*keys, KeyPurpose::Token, now).await?;
    let service = "issuer";
    progression.report.made.push(StoredKey { service, id });
    progression.say(&format!(
        "issuer: token key {id} signs from now on; the one before verifies for another {} minutes",
        TOKEN_KEY_GRACE / 60
    ))?;
    let over = now.minus(TOKEN_KEY_GRACE);
    let retired = keys.retire(KeyPurpose::Token, over, now).await?;
    print_retired(service, "token", &retired, progression)
}

async fn rotate_event(
    databases: &Databases,
    now: Timestamp,
    progression: &mut Progression,
) -> anyhow::Result<()> {
    for (service, keys) in databases.keys() {
        let id = rotate(&*keys, KeyPurpose::Event, now).await?;
        progression.report.made.push(StoredKey { service, id });
        // The old key is not needed: without it, nobody can resolve the old pseudonyms.
        let retired = keys.retire(KeyPurpose::Event, now, now).await?;
        progression.say(&format!(
            "{service}: event key {id} makes the pseudonyms from now on: none is what it was"
        ))?;
        print_retired(service, "event", &retired, progression)?;
    }
    Ok(())
}

/// The failure of a command on keys of the issuer where its database is not.
fn no_issuer() -> Failure {
    Failure::failed("there is no issuer's database here").next(
        "Rotate its keys where it is, and carry generic params over with `anteroom keys export` and \
         `anteroom keys import`",
    )
}

async fn rotate_params(
    databases: &Databases,
    kind: ServerParamsKind,
    options: &KeysRotate,
    now: Timestamp,
    progression: &mut Progression,
) -> anyhow::Result<()> {
    let issuer = databases.issuer.as_ref().ok_or_else(no_issuer)?;
    let start = if options.now {
        StartTime::Now {
            revoke: options.revoke,
        }
    } else {
        StartTime::InDays(options.days())
    };
    let rotated = params::rotate(issuer, kind, start, now, &mut os::rng()).await?;
    if rotated.made.is_empty() {
        bail!(
            Failure::failed(format!("there are no {} params yet", kind.as_str()))
                .next("Start `anteroom serve`, which makes the first")
        );
    }
    for (id, what) in &rotated.made {
        let from = if options.now {
            "at once".to_owned()
        } else {
            format!("from {} on", day(rotated.not_before))
        };
        progression.report.params.push(NewParamsReport {
            id: id.to_hex(),
            not_before: rotated.not_before.as_secs(),
        });
        progression.say(&format!("Made {what} {id}, which issue {from}."))?;
    }
    for (id, end) in &rotated.ended {
        progression.say(&ended_sentence(&format!("The old ones, {id},"), *end, now))?;
    }
    progression.report.ended = rotated.ended.iter().map(ParamsEndReport::new).collect();
    progression.say(
        "Give the new ids to the people who use the issuer: clients take them from nobody but them.",
    )?;
    if kind == ServerParamsKind::Generic {
        if let Some(rooms) = &databases.rooms {
            // A room service on this machine receives the params now, so that its issuer can issue under them
            // without an import.
            let records = params::all(issuer).await?;
            params::share(rooms, &records.readable).await?;
        }
        progression.say(
            "A room service that runs apart needs them before: `anteroom keys export` and `import`.",
        )?;
    }
    Ok(())
}

async fn rotate(
    keys: &dyn KeyDatabase,
    purpose: KeyPurpose,
    now: Timestamp,
) -> anyhow::Result<u32> {
    let id = keys.rotate(purpose, now, &mut os::rng()).await?;
    Ok(id.as_u32())
}

fn print_retired(
    service: &'static str,
    kind: &str,
    retired: &[KeyId],
    progression: &mut Progression,
) -> anyhow::Result<()> {
    for id in retired.iter().map(|id| id.as_u32()) {
        progression.report.forgotten.push(StoredKey { service, id });
        progression.say(&format!("{service}: {kind} key {id} is forgotten"))?;
    }
    Ok(())
}
