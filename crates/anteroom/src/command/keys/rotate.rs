//! `anteroom keys rotate`: newer keys, under services that run.

use std::{num::NonZeroU32, time::Duration};

use anteroom_issuer::TOKEN_KEY_GRACE;
use anteroom_protocol::Timestamp;
use anteroom_service::Clock as _;
use anteroom_store::{
    ServerParamsKind,
    keys::{KeyDatabase, KeyId, KeyPurpose},
};
use anyhow::{Context as _, bail};
use tokio::time::sleep;

use super::{master, progress::Progress};
use crate::{
    cli::{KeysRotate, RotatedKind},
    data_dir::DataDir,
    databases::Databases,
    environment::Environment,
    os::{self, OsClock},
    params::{self, Start},
    terminal::{day, print},
};

/// Values that are sealed anew in one transaction: some milliseconds of the file's write lock.
const BATCH: NonZeroU32 = NonZeroU32::new(200).unwrap();
/// Others write in between.
const PAUSE: Duration = Duration::from_millis(5);

pub(super) async fn run(
    options: &KeysRotate,
    data: &DataDir,
    environment: &Environment,
) -> anyhow::Result<()> {
    let now = OsClock.now();
    if options.kind == RotatedKind::Master {
        return master::rotate(data, environment, now).await;
    }
    let databases = Databases::open(data, environment, now).await?;
    let rotated = match options.kind {
        RotatedKind::Data => rotate_data(&databases, now).await,
        RotatedKind::Token => rotate_token(&databases, now).await,
        RotatedKind::Event => rotate_event(&databases, now).await,
        RotatedKind::Generic => {
            rotate_params(&databases, ServerParamsKind::Generic, options, now).await
        }
        RotatedKind::Group | RotatedKind::Master => {
            rotate_params(&databases, ServerParamsKind::Group, options, now).await
        }
    };
    databases.close().await;
    rotated
}

/// Damage at one service is told at the end: the other one's values are sealed anew all the same.
async fn rotate_data(databases: &Databases, now: Timestamp) -> anyhow::Result<()> {
    let mut damaged = Vec::new();
    for (service, keys) in databases.keys() {
        let id = rotate(&*keys, KeyPurpose::Data, now).await?;
        print(&format!("{service}: data key {id} seals from now on"))?;
        let unreadable = reseal(service, &*keys).await?;
        if unreadable > 0 {
            damaged.push(format!(
                "{service}: {unreadable} sealed values cannot be opened: they were damaged, and stay \
                 as they are; so do the data keys they name"
            ));
        }
        let retired = keys.retire(KeyPurpose::Data, now, now).await?;
        say_retired(service, "data", &retired)?;
    }
    if !damaged.is_empty() {
        bail!(damaged.join("\n"));
    }
    Ok(())
}

/// Seals all values anew, and says how many cannot be opened. A service that runs may do the same:
/// neither is in the other's way.
async fn reseal(service: &str, keys: &dyn KeyDatabase) -> anyhow::Result<u64> {
    let stale = keys.sealed_values().await?.stale;
    let mut progress = Progress::new(service, stale);
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

async fn rotate_token(databases: &Databases, now: Timestamp) -> anyhow::Result<()> {
    let issuer = databases.issuer.as_ref().context(NO_ISSUER)?;
    let keys = issuer.key_database();
    let id = rotate(&*keys, KeyPurpose::Token, now).await?;
    print(&format!(
        "issuer: token key {id} signs from now on; the one before verifies for another {} minutes",
        TOKEN_KEY_GRACE / 60
    ))?;
    let over = now.minus(TOKEN_KEY_GRACE);
    let retired = keys.retire(KeyPurpose::Token, over, now).await?;
    say_retired("issuer", "token", &retired)
}

async fn rotate_event(databases: &Databases, now: Timestamp) -> anyhow::Result<()> {
    for (service, keys) in databases.keys() {
        let id = rotate(&*keys, KeyPurpose::Event, now).await?;
        // Nothing needs the old one: without it, nobody can tell whom the old pseudonyms meant.
        let retired = keys.retire(KeyPurpose::Event, now, now).await?;
        print(&format!(
            "{service}: event key {id} makes the pseudonyms from now on: none is what it was"
        ))?;
        say_retired(service, "event", &retired)?;
    }
    Ok(())
}

const NO_ISSUER: &str = "there is no issuer's database here: rotate its keys where it is, and carry \
                         generic params over with `anteroom keys export` and `anteroom keys import`";

async fn rotate_params(
    databases: &Databases,
    kind: ServerParamsKind,
    options: &KeysRotate,
    now: Timestamp,
) -> anyhow::Result<()> {
    let issuer = databases.issuer.as_ref().context(NO_ISSUER)?;
    let start = if options.now {
        Start::Now {
            revoke: options.revoke,
        }
    } else {
        Start::InDays(options.days)
    };
    let rotated = params::rotate(issuer, kind, start, now, &mut os::rng()).await?;
    if rotated.made.is_empty() {
        bail!(
            "there are no {} params yet: `anteroom serve` makes the first",
            kind.as_str()
        );
    }
    for (id, what) in &rotated.made {
        let from = if options.now {
            "at once".to_owned()
        } else {
            format!("from {} on", day(rotated.not_before))
        };
        print(&format!("Made {what} {id}, which issue {from}."))?;
    }
    for (id, end) in &rotated.ended {
        print(&format!(
            "The old ones, {id}, are good until {}.",
            day(*end)
        ))?;
    }
    print(
        "Give the new ids to the people who use the issuer: clients take them from nobody but them.",
    )?;
    if kind == ServerParamsKind::Generic {
        if let Some(rooms) = &databases.rooms {
            // An issuer that runs here waits for nobody else.
            let records = params::all(issuer).await?;
            params::share(rooms, &records.readable).await?;
        }
        print(
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

fn say_retired(service: &str, kind: &str, retired: &[KeyId]) -> anyhow::Result<()> {
    for id in retired {
        print(&format!(
            "{service}: {kind} key {} is forgotten",
            id.as_u32()
        ))?;
    }
    Ok(())
}
