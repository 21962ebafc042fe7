//! `anteroom status`: the running services and the stored data with their ages. It shows no secret, no name
//! and no person's address.

mod database;
mod report;
pub(crate) mod service;
mod text;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anteroom_console::{
    context::Context, data_dir::DataDir, failure::Failure, listen::Addresses, os,
};
use anteroom_server::{
    database::ServiceSchema,
    databases::{self, Databases},
    disk::Disk,
    settings::Settings,
};
use anteroom_store_sqlite::{IssuerSchema, RoomsSchema, SchemaState, SqliteDatabase};
use anyhow::bail;

use self::{
    database::DatabaseStatus,
    report::{Events, Mail, Relays, StatusReport},
};

/// Shows the status.
pub async fn run(
    configuration: Option<PathBuf>,
    settings: &Settings,
    context: &Context,
) -> anyhow::Result<()> {
    let data = &context.data;
    let now = os::now();
    refuse_older::<IssuerSchema>(data).await?;
    refuse_older::<RoomsSchema>(data).await?;
    let databases = Databases::open(data, &context.environment, now).await?;
    let mut listed = Vec::new();
    if let Some(issuer) = &databases.issuer {
        listed.push(DatabaseStatus::of_issuer(issuer, data, now).await?);
    }
    if let Some(rooms) = &databases.rooms {
        listed.push(DatabaseStatus::of_rooms(rooms, data, now).await?);
    }
    databases.close().await;
    // Without a file of addresses no service is running.
    let addresses = Addresses::read(data).ok();
    let report = StatusReport {
        version: env!("CARGO_PKG_VERSION"),
        running_version: addresses.as_ref().and_then(|it| it.version.clone()),
        data: data.path().display().to_string(),
        configuration: configuration.map(|path| path.display().to_string()),
        services: service::all(settings, addresses.as_ref()).await,
        databases: listed,
        disk: Disk::of(data).ok(),
        mail: Mail {
            transport: settings.mail.transport,
            server: settings.mail.smtp.host.clone(),
        },
        relays: Relays {
            provider: settings.relays.provider,
            host: settings.relays.hostname.clone(),
            experiment_percent: settings.relay_experiment.percent,
        },
        events: Events {
            issuer_waiting: waiting(
                settings.events.webhook.url.as_deref(),
                &data.issuer_webhook(),
            ),
            rooms_waiting: waiting(
                settings.events.webhook.rooms_url.as_deref(),
                &data.rooms_webhook(),
            ),
        },
    };
    context.show(&report, text::of(&report, now).trim_end())
}

/// Opening a database of an older program would migrate it, which a status command must not do.
async fn refuse_older<S: ServiceSchema>(data: &DataDir) -> anyhow::Result<()> {
    if databases::is_initialised::<S>(data).await?
        && let SchemaState::Older { .. } = SqliteDatabase::<S>::schema_state(&S::path(data)).await?
    {
        bail!(
            Failure::failed(format!("an older program made {}", S::path(data).display())).next(
                "Make a backup with `anteroom backup`, then start the services with this program"
            )
        );
    }
    Ok(())
}

/// Returns the events in a folder, each of which is a file.
fn waiting(url: Option<&str>, folder: &Path) -> Option<usize> {
    url?;
    let entries = fs::read_dir(folder).ok()?;
    let is_event = |entry: &fs::DirEntry| entry.path().extension().is_some_and(|it| it == "json");
    Some(entries.flatten().filter(is_event).count())
}
