//! Changes of keys and params by other processes, which running services detect.

use std::{
    num::NonZeroU32,
    sync::{Arc, OnceLock},
    time::Duration,
};

use anteroom_accounts::TOKEN_KEY_GRACE;
use anteroom_console::os::{self, OsClock};
use anteroom_issuer::{Issuer, IssuingParams};
use anteroom_protocol::Mode;
use anteroom_rooms::{Rooms, StoredParams};
use anteroom_runtime::{Clock as _, spawn_task, task_span, ticks};
use anteroom_store::{
    KeyOwner, ServerParamsRecord,
    keys::{KeyDatabase, KeyId, KeyPurpose},
};
use anteroom_store_sqlite::{SqliteIssuer, SqliteRooms};
use anyhow::Context as _;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::{Mutex, watch},
    task::JoinHandle,
    time::sleep,
};
use tracing::Instrument as _;

use super::{
    stopped,
    stored_params::{FaultLog, MergedParams},
};

use crate::params::{self, ParamsOwner};

/// The number of values that one transaction re-seals, which holds the file's write lock for some
/// milliseconds.
const BATCH: NonZeroU32 = NonZeroU32::new(100).unwrap();
/// The pause between transactions, in which requests can write.
const PAUSE: Duration = Duration::from_millis(20);

/// The issuer of this process.
pub struct IssuerKeyState {
    pub database: SqliteIssuer,
    pub issuer: Issuer,
    pub mode: Mode,
    /// The params in use. The lock is held during each check of the database.
    pub params: Mutex<Vec<ServerParamsRecord>>,
}

/// The room service of this process.
pub struct RoomsKeyState {
    pub database: SqliteRooms,
    /// The keys of the room service, once it is open.
    pub rooms: Rooms,
    /// The params in use. The lock is held during each check of the database.
    pub params: Mutex<Vec<ServerParamsRecord>>,
}

/// The open services of this process. Each is set once, at the start or later.
#[derive(Default)]
pub struct OpenServices {
    /// The keys of the issuer, once it is open.
    pub issuer: OnceLock<IssuerKeyState>,
    /// The keys of the room service, once it is open.
    pub rooms: OnceLock<RoomsKeyState>,
    /// The damaged params that are logged already.
    pub faults: FaultLog,
}

impl OpenServices {
    /// Checks the databases for other server params, and copies the issuer's to the room service.
    ///
    /// The room service comes first, since it must know the params under which the issuer issues.
    pub async fn reload_params(&self) -> anyhow::Result<()> {
        let Some(watched) = self.issuer.get() else {
            return self.reload_rooms(&[]).await;
        };
        let mut in_use = watched.params.lock().await;
        let merged = MergedParams::new(&in_use, params::all(&watched.database).await?);
        self.faults.report(ParamsOwner::Issuer, &merged);
        self.reload_rooms(&merged.records).await?;
        if merged.differs(&in_use) {
            let params = IssuingParams::from_records(watched.mode, &merged.records)?;
            watched.issuer.replace_params(params);
            tracing::info!("the issuer has other server params");
            *in_use = merged.records;
        }
        Ok(())
    }

    async fn reload_rooms(&self, issuers: &[ServerParamsRecord]) -> anyhow::Result<()> {
        let Some(watched) = self.rooms.get() else {
            return Ok(());
        };
        let mut in_use = watched.params.lock().await;
        let mut stored = params::of_rooms(&watched.database).await?;
        let mut shared = Ok(());
        if params::lacks(&stored, issuers) {
            self.faults.report(
                ParamsOwner::Rooms,
                &MergedParams::new(&in_use, stored.clone()),
            );
            shared = params::share(&watched.database, issuers).await.map(drop);
            stored = params::of_rooms(&watched.database).await?;
        }
        let merged = MergedParams::new(&in_use, stored);
        self.faults.report(ParamsOwner::Rooms, &merged);
        let incomplete = merged.is_incomplete(OsClock.now());
        watched.rooms.set_stored_params(if incomplete {
            StoredParams::Incomplete
        } else {
            StoredParams::Complete
        });
        if merged.differs(&in_use) {
            let keys = anteroom_rooms::verifier_keys(&merged.records)?;
            watched.rooms.replace_keys(keys);
            tracing::info!("the room service verifies under other server params");
            *in_use = merged.records;
        }
        shared
    }
}

/// Loads newer keys and params, re-seals values, and retires old keys.
pub struct KeyMaintenance {
    services: Arc<OpenServices>,
    every: Duration,
}

impl KeyMaintenance {
    /// Starts the checks of these services, one in every interval. SIGHUP triggers a check, and no longer ends
    /// the process.
    pub fn start(
        services: Arc<OpenServices>,
        every: Duration,
        stopping: watch::Receiver<bool>,
    ) -> anyhow::Result<JoinHandle<()>> {
        let hangup = signal(SignalKind::hangup()).context("signals cannot be received")?;
        let this = Self { services, every };
        Ok(spawn_task("keys", async move {
            let maintenance = this.run_maintenance(stopping.clone());
            let maintenance = maintenance.instrument(task_span("key-reseal"));
            let reload = this.reload(hangup, stopping.clone());
            let reload = reload.instrument(task_span("key-reload"));
            tokio::join!(reload, maintenance);
        }))
    }

    async fn reload(&self, mut hangup: Signal, stopping: watch::Receiver<bool>) {
        let mut ticks = ticks(self.every);
        let mut failure = None;
        loop {
            let asked = tokio::select! {
                () = stopped(stopping.clone()) => return,
                _ = ticks.tick() => false,
                _ = hangup.recv() => true,
            };
            match self.services.reload_params().await {
                Ok(()) => {
                    failure = None;
                    if asked {
                        tracing::info!("SIGHUP: looked for other keys");
                    }
                }
                // The params in use do not change.
                Err(error) => report_once(
                    &mut failure,
                    format!("server params cannot be read again: {error:#}"),
                ),
            }
        }
    }

    async fn run_maintenance(&self, stopping: watch::Receiver<bool>) {
        let (mut issuer, mut rooms) = (None, None);
        let work = async {
            let mut ticks = ticks(self.every);
            let mut failure = None;
            loop {
                ticks.tick().await;
                let mut is_well = true;
                if let (None, Some(watched)) = (&issuer, self.services.issuer.get()) {
                    issuer = Some(ResealTask::new(watched.database.key_database()));
                }
                if let (None, Some(watched)) = (&rooms, self.services.rooms.get()) {
                    rooms = Some(ResealTask::new(watched.database.key_database()));
                }
                for database in issuer.iter_mut().chain(&mut rooms) {
                    if let Err(error) = database.run().await {
                        is_well = false;
                        report_once(
                            &mut failure,
                            format!("old keys cannot be let go: {error:#}"),
                        );
                    }
                }
                if is_well {
                    failure = None;
                }
            }
        };
        // Every step is a transaction: an interrupted one has no effect.
        tokio::select! {
            () = stopped(stopping) => {}
            () = work => {}
        }
    }
}

/// A database whose old keys are retired when no value needs them.
struct ResealTask {
    keys: Arc<dyn KeyDatabase>,
    /// The data key under which all readable values are sealed. Further attempts would change nothing.
    done_for: Option<KeyId>,
}

impl ResealTask {
    const fn new(keys: Arc<dyn KeyDatabase>) -> Self {
        Self {
            keys,
            done_for: None,
        }
    }

    async fn run(&mut self) -> anyhow::Result<()> {
        let now = OsClock.now();
        if self.keys.owner() == KeyOwner::Issuer {
            let over = now.minus(TOKEN_KEY_GRACE);
            let retired = self.keys.retire(KeyPurpose::Token, over, now).await?;
            say_retired("token", &retired);
        }
        let entries = self.keys.keys().await?;
        let live = entries
            .iter()
            .filter(|key| key.purpose == KeyPurpose::Data && key.retired.is_none());
        let newest = live.clone().map(|key| key.id).max();
        if live.count() > 1 && self.done_for != newest {
            self.reseal().await?;
            let retired = self.keys.retire(KeyPurpose::Data, now, now).await?;
            say_retired("data", &retired);
            self.done_for = newest;
        }
        Ok(())
    }

    async fn reseal(&self) -> anyhow::Result<()> {
        let (mut cursor, mut values, mut unreadable) = (None, 0, 0);
        loop {
            let step = self.keys.reseal(cursor, BATCH, &mut os::rng()).await?;
            values += step.values;
            unreadable += step.unreadable;
            cursor = step.next;
            if cursor.is_none() {
                break;
            }
            if step.values > 0 {
                sleep(PAUSE).await;
            }
        }
        if values > 0 {
            tracing::info!(values, "sealed anew under the newest data key");
        }
        if unreadable > 0 {
            tracing::error!(
                unreadable,
                "sealed values cannot be opened: they stay as they are, and so do their data keys"
            );
        }
        Ok(())
    }
}

/// Logs a failure, unless it equals the last logged one.
fn report_once(last: &mut Option<String>, failure: String) {
    if last.as_ref() != Some(&failure) {
        tracing::error!("{failure}");
        *last = Some(failure);
    }
}

fn say_retired(kind: &str, retired: &[KeyId]) {
    for id in retired {
        tracing::info!(
            "{kind} key {} is forgotten: nothing needs it any more",
            id.as_u32()
        );
    }
}
