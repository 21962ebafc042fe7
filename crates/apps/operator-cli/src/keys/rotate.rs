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

/// A rotation and its output: lines for a person, or a report at its end.
struct Rotation {
    json: bool,
    now: Timestamp,
    report: Report,
}

/// Makes a newer key of a kind, in each database that has one.
pub async fn run(
    options: &KeysRotate,
    context: &Context,
    changes: &ChangedServices,
) -> anyhow::Result<()> {
    let mut rotation = Rotation {
        json: context.json,
        now: os::now(),
        report: Report::default(),
    };
    confirm_loss(options)?;
    let rotated = rotation.run(options, context).await;
    rotation.report.print_changes(changes);
    rotated?;
    if context.json {
        print_json(&rotation.report)?;
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

impl Rotation {
    async fn run(&mut self, options: &KeysRotate, context: &Context) -> anyhow::Result<()> {
        if options.kind == RotatedKind::Master {
            return self.rotate_master(context).await;
        }
        let databases = Databases::open(&context.data, &context.environment, self.now).await?;
        let rotated = match options.kind {
            RotatedKind::Data => self.rotate_data(&databases).await,
            RotatedKind::Token => self.rotate_token(&databases).await,
            RotatedKind::Event => self.rotate_event(&databases).await,
            RotatedKind::Generic => {
                let kind = ServerParamsKind::Generic;
                self.rotate_params(&databases, kind, options).await
            }
            RotatedKind::Guest => {
                let kind = ServerParamsKind::Guest;
                self.rotate_params(&databases, kind, options).await
            }
            RotatedKind::Certificates => {
                let kind = ServerParamsKind::Certificates;
                self.rotate_params(&databases, kind, options).await
            }
            RotatedKind::Group | RotatedKind::Master => {
                let kind = ServerParamsKind::Group;
                self.rotate_params(&databases, kind, options).await
            }
        };
        databases.close().await;
        rotated
    }

    fn say(&self, line: &str) -> anyhow::Result<()> {
        if self.json { Ok(()) } else { print(line) }
    }

    async fn rotate_master(&mut self, context: &Context) -> anyhow::Result<()> {
        let rotated = master::rotate(context, self.now).await?;
        let line = format!(
            "{} holds the new master key: keep a copy, away from copies of the databases. The old \
             one is kept as {}: it opens older backups. Destroy it with the last of them.",
            rotated.file.display(),
            rotated.old_file.display()
        );
        self.report.master_key_file = Some(rotated.file);
        self.report.old_master_key_file = Some(rotated.old_file);
        self.say(&line)
    }

    /// Damage in one database is reported at the end; the values of the other one are re-sealed in any case.
    async fn rotate_data(&mut self, databases: &Databases) -> anyhow::Result<()> {
        let mut damaged = Vec::new();
        for (service, keys) in databases.keys() {
            let id = self.make_key(service, &*keys, KeyPurpose::Data).await?;
            self.say(&format!("{service}: data key {id} seals from now on"))?;
            let unreadable = reseal(service, &*keys, self.json).await?;
            if unreadable > 0 {
                damaged.push(format!(
                    "{service}: {unreadable} sealed values cannot be opened: they were damaged, and stay \
                     as they are; so do the data keys they name"
                ));
            }
            self.retire(service, &*keys, KeyPurpose::Data, self.now)
                .await?;
        }
        if !damaged.is_empty() {
            bail!(damaged.join("\n"));
        }
        Ok(())
    }

    async fn rotate_token(&mut self, databases: &Databases) -> anyhow::Result<()> {
        let issuer = databases.issuer.as_ref().ok_or_else(no_issuer)?;
        let (service, keys) = (IssuerSchema::SERVICE, issuer.key_database());
        let id = self.make_key(service, &*keys, KeyPurpose::Token).await?;
        self.say(&format!(
            "issuer: token key {id} signs from now on; the one before verifies for another {} minutes",
            TOKEN_KEY_GRACE / 60
        ))?;
        let over = self.now.minus(TOKEN_KEY_GRACE);
        self.retire(service, &*keys, KeyPurpose::Token, over).await
    }

    async fn rotate_event(&mut self, databases: &Databases) -> anyhow::Result<()> {
        for (service, keys) in databases.keys() {
            let id = self.make_key(service, &*keys, KeyPurpose::Event).await?;
            // Before any output: an output that fails must not leave the old key, with which the old
            // pseudonyms can be resolved.
            let retired = keys.retire(KeyPurpose::Event, self.now, self.now).await?;
            self.say(&format!(
                "{service}: event key {id} makes the pseudonyms from now on: none is what it was"
            ))?;
            self.report_retired(service, KeyPurpose::Event, &retired)?;
        }
        Ok(())
    }

    async fn rotate_params(
        &mut self,
        databases: &Databases,
        kind: ServerParamsKind,
        options: &KeysRotate,
    ) -> anyhow::Result<()> {
        let issuer = databases.issuer.as_ref().ok_or_else(no_issuer)?;
        let start = if options.now {
            StartTime::Now {
                revoke: options.revoke,
            }
        } else {
            StartTime::InDays(options.days())
        };
        let rotated = params::rotate(issuer, kind, start, self.now, &mut os::rng()).await?;
        if rotated.made.is_empty() {
            let failure = Failure::failed(format!("there are no {} params yet", kind.as_str()));
            let next = match kind {
                ServerParamsKind::Guest => {
                    "Start `anteroom serve` with guests (accounts.guests), which makes the first"
                }
                ServerParamsKind::Generic
                | ServerParamsKind::Group
                | ServerParamsKind::Certificates => "Start `anteroom serve`, which makes the first",
            };
            bail!(failure.next(next));
        }
        let from = if options.now {
            "at once".to_owned()
        } else {
            format!("from {} on", day(rotated.not_before))
        };
        for (id, what) in &rotated.made {
            self.report.params.push(NewParamsReport {
                id: id.to_hex(),
                not_before: rotated.not_before.as_secs(),
            });
            self.say(&format!("Made {what} {id}, which issue {from}."))?;
        }
        for (id, end) in &rotated.ended {
            let params = format!("The old ones, {id},");
            self.say(&ended_sentence(&params, *end, self.now))?;
        }
        self.report.ended = rotated.ended.iter().map(ParamsEndReport::new).collect();
        self.say(
            "Give the new ids to the people who use the issuer: clients take them from nobody but them.",
        )?;
        if !kind.is_shared() {
            return Ok(());
        }
        if let Some(rooms) = &databases.rooms {
            // A room service on this machine receives the params now, so that its issuer can issue under them
            // without an import.
            let records = params::all(issuer).await?;
            params::share(rooms, &records.readable).await?;
        }
        self.say("A room service that runs apart needs them before: `anteroom keys export` and `import`.")
    }

    /// Makes a newer key, and returns its id.
    async fn make_key(
        &mut self,
        service: &'static str,
        keys: &dyn KeyDatabase,
        purpose: KeyPurpose,
    ) -> anyhow::Result<u32> {
        let id = keys.rotate(purpose, self.now, &mut os::rng()).await?;
        let id = id.as_u32();
        self.report.made.push(StoredKey { service, id });
        Ok(id)
    }

    /// Removes the keys that were replaced until a moment.
    async fn retire(
        &mut self,
        service: &'static str,
        keys: &dyn KeyDatabase,
        purpose: KeyPurpose,
        until: Timestamp,
    ) -> anyhow::Result<()> {
        let retired = keys.retire(purpose, until, self.now).await?;
        self.report_retired(service, purpose, &retired)
    }

    fn report_retired(
        &mut self,
        service: &'static str,
        purpose: KeyPurpose,
        retired: &[KeyId],
    ) -> anyhow::Result<()> {
        for id in retired {
            let (kind, id) = (purpose.as_str(), id.as_u32());
            self.report.forgotten.push(StoredKey { service, id });
            self.say(&format!("{service}: {kind} key {id} is forgotten"))?;
        }
        Ok(())
    }
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

/// The failure of a command on keys of the issuer where its database is not.
fn no_issuer() -> Failure {
    Failure::failed("there is no issuer's database here").next(
        "Rotate its keys where it is, and carry generic params over with `anteroom keys export` and \
         `anteroom keys import`",
    )
}
