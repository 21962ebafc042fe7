//! The room service.

use std::{collections::BTreeSet, fs, future, num::NonZeroUsize, path::Path, sync::Arc, thread};

use anteroom_console::{
    data_dir::DataDir,
    environment::{self, Environment},
    failure::Failure,
    os::{OsClock, OsEntropy},
};
use anteroom_http_server::RouteOperation;
use anteroom_protocol::Timestamp;
use anteroom_rooms::{
    ExternalMediaServer, GroupCallKey, Media, Node, Origin, Rooms, RoomsParts, RoomsSettings,
    SfuSettings, StoredParams,
};
use anteroom_runtime::{Clock, Entropy, Pseudonymizer, spawn_task, task_span};
use anteroom_store::{
    MasterKey, RoomsDatabase as _, ServerParamsKind, ServerParamsRecord, StoreError,
    TransactionName,
};
use anteroom_store_sqlite::{RoomsSchema, SqliteRooms};
use anyhow::{Context as _, bail};
use axum::Router;
use tokio::{
    sync::{Mutex, watch},
    task::JoinHandle,
};
use tracing::Instrument as _;
use zeroize::Zeroizing;

use super::{
    DatabaseFailure, EventSinks, OpenServices, ServiceContext, Telemetry,
    keys::RoomsKeyState,
    open_limits,
    purge_pause::{self, Decision, PurgePause},
    runner::{HostedService, Slots},
    stopped,
    stored_params::{FaultLog, MergedParams},
};

use crate::{
    database::{self, ServiceSchema as _},
    databases,
    installation::Installation,
    media::OpenMedia,
    params::{self, ParamsOwner},
    settings::{self, MediaKind},
};

const LOOK: TransactionName = TransactionName::new("look at the newest link");

/// The failure of a room service without server params.
pub const NO_PARAMS: &str = "the room service has no server params";
/// The next step of a room service without params.
pub const GET_PARAMS: &str = "Write the issuer's to a file with `anteroom keys export --out \
    FILE`, and read it here with `anteroom keys import FILE`";

/// The room service, ready to answer.
pub struct OpenRooms {
    /// The database, which is open.
    pub database: SqliteRooms,
    params: Vec<ServerParamsRecord>,
    rooms: Rooms,
    events: EventSinks,
    purge_pause: Arc<parking_lot::Mutex<PurgePause>>,
}

impl OpenRooms {
    /// Opens the database and takes over params.
    pub async fn open(
        context: &ServiceContext,
        key: &MasterKey,
        issuers: &[ServerParamsRecord],
        faults: &FaultLog,
        now: Timestamp,
    ) -> anyhow::Result<Self> {
        let ServiceContext {
            settings,
            data,
            environment,
            installation,
            url,
            telemetry: Telemetry { events, metrics },
            media,
        } = context;
        let opening = async {
            let database: SqliteRooms =
                databases::open_store(data, environment, installation, key, now).await?;
            let params = take_over(&database, issuers, faults).await?;
            anyhow::Ok((database, params))
        };
        let (database, params) = opening.await.context(DatabaseFailure)?;
        let rooms = Rooms::new(RoomsParts {
            database: Arc::new(database.clone()),
            clock: Arc::new(OsClock) as Arc<dyn Clock>,
            entropy: Arc::new(OsEntropy) as Arc<dyn Entropy>,
            keys: anteroom_rooms::verifier_keys(&params.records)?,
            events: events.sink(),
            limiter: open_limits(),
            pseudonymizer: pseudonymizer(&database),
            http: settings.http.http_limits(),
            metrics: metrics.clone(),
            verifications: thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            media: media.as_ref().map(OpenMedia::backend),
            dependencies: events.dependencies(),
            settings: RoomsSettings {
                verifications: settings.limits.verifications.into(),
                guest_joins: settings.limits.guest_joins.into(),
                program_page: settings.program_page()?,
                ..room_settings(&settings.rooms, environment, url)?
            },
        })?;
        if params.is_incomplete(now) {
            rooms.set_stored_params(StoredParams::Incomplete);
        }
        let looking = async { database.read(LOOK).await?.newest_link().await };
        let newest_link = looking.await.context(DatabaseFailure)?;
        let purge_pause = PurgePause::open(data.rooms_clock(), newest_link);
        rooms.recover().await;
        Ok(Self {
            database,
            params: params.records,
            rooms,
            events: events.clone(),
            purge_pause: Arc::new(parking_lot::Mutex::new(purge_pause)),
        })
    }

    /// Returns the public routes.
    pub fn router(&self) -> Router {
        anteroom_rooms::router(self.rooms.clone())
    }

    /// Ends all calls, so that their sockets close.
    pub async fn end_calls(&self) {
        self.rooms.close().await;
    }
}

impl HostedService for OpenRooms {
    const NAME: &'static str = "room service";
    const OPERATIONS: &'static [RouteOperation] = anteroom_rooms::OPERATIONS;
    const INTERNAL_OPERATIONS: &'static [RouteOperation] = anteroom_rooms::INTERNAL_OPERATIONS;

    fn process_router() -> Router {
        anteroom_rooms::process_router()
    }

    async fn open(
        context: &ServiceContext,
        key: &MasterKey,
        services: &OpenServices,
    ) -> anyhow::Result<Self> {
        let issuers = match services.issuer.get() {
            Some(issuer) => issuer.params.lock().await.clone(),
            None => Vec::new(),
        };
        Self::open(context, key, &issuers, &services.faults, OsClock.now()).await
    }

    async fn publish(&self, _: &ServiceContext, services: &OpenServices, slots: &Slots) {
        // A service opens only once.
        let _ = services.rooms.set(RoomsKeyState {
            database: self.database.clone(),
            rooms: self.rooms.clone(),
            params: Mutex::new(self.params.clone()),
        });
        slots
            .internal
            .set(anteroom_rooms::internal_router(self.rooms.clone()));
        slots.public.set(self.router());
    }

    fn start_background(&self, stopping: watch::Receiver<bool>) -> JoinHandle<()> {
        let rooms = self.rooms.clone();
        let purged = rooms.clone();
        let deciding = purge_pause::decide_daily(
            Arc::clone(&self.purge_pause),
            "Links past their end",
            stopping.clone(),
            move |decision| {
                purged.set_purging(decision == Decision::Purge);
                future::ready(())
            },
        );
        let deciding = deciding.instrument(task_span("purge"));
        spawn_task("rooms", async move {
            tokio::join!(rooms.run_background(stopped(stopping)), deciding);
        })
    }

    async fn close(self) -> anyhow::Result<()> {
        self.events.close().await?;
        self.database.close().await;
        Ok(())
    }
}

/// Takes over the issuer's params, and returns all params of the room service.
async fn take_over(
    database: &SqliteRooms,
    issuers: &[ServerParamsRecord],
    faults: &FaultLog,
) -> anyhow::Result<MergedParams> {
    params::share(database, issuers)
        .await
        .context("the server params cannot be taken over")?;
    let stored = params::of_rooms(database).await?;
    let is_damaged = !stored.damaged.is_empty();
    let merged = MergedParams::new(&[], stored);
    faults.report(ParamsOwner::Rooms, &merged);
    // Params of guests alone serve nobody else.
    let is_generic = |record: &ServerParamsRecord| record.kind == ServerParamsKind::Generic;
    let is_without = !merged.records.iter().any(is_generic);
    if is_without && is_damaged {
        return Err(StoreError::Damaged {
            source: "no server params of the room service can be read".into(),
        }
        .into());
    }
    if is_without {
        bail!(Failure::failed(NO_PARAMS).next(GET_PARAMS));
    }
    Ok(merged)
}

/// Makes sure that a room service without an issuer beside it has a database, or lost one: params are
/// imported into that, and one that the start made would have none. Nothing is made.
pub fn require_params(data: &DataDir, new: &BTreeSet<&str>) -> anyhow::Result<()> {
    databases::refuse_half_restored(data)?;
    if database::is_there(&RoomsSchema::path(data)) {
        return Ok(());
    }
    let is_lost = Installation::inspect(data)?
        .permit::<RoomsSchema>()
        .is_err();
    if !is_lost || new.contains(RoomsSchema::NAME) {
        bail!(Failure::failed(NO_PARAMS).next(GET_PARAMS));
    }
    Ok(())
}

/// Returns the pseudonyms of the room service's events.
pub fn pseudonymizer(database: &SqliteRooms) -> Pseudonymizer {
    let database = database.clone();
    Pseudonymizer::following(move || {
        Zeroizing::new(*database.storage_keys().event_key().as_bytes())
    })
}

/// Checks the settings of rooms.
pub fn check_room_settings(
    settings: &settings::RoomsSettings,
    environment: &Environment,
) -> anyhow::Result<()> {
    // Any listener address is valid in place of a public URL.
    room_settings(settings, environment, "http://127.0.0.1:1").map(drop)
}

fn room_settings(
    settings: &settings::RoomsSettings,
    environment: &Environment,
    url: &str,
) -> anyhow::Result<RoomsSettings> {
    let url = settings.public_url.as_deref().unwrap_or(url);
    let node = Node::new(&settings.region, url).with_context(|| {
        format!("rooms.public_url {url:?} and rooms.region name no node: an http(s) URL and a word")
    })?;
    let mut rooms = RoomsSettings::embedded(node);
    rooms.max_devices = settings.max_devices;
    rooms.devices_per_user = settings.devices_per_user;
    rooms.epochs = settings.epochs;
    rooms.sockets.connections = settings.sockets.get();
    rooms.sockets.connections_per_address = settings.sockets_per_address.get();
    rooms.sockets.unjoined = settings.unjoined_sockets.get();
    rooms.sockets.unjoined_per_address = settings.unjoined_sockets_per_address.get();
    rooms.group_calls = group_call_key(environment)?;
    for origin in &settings.origins {
        let parsed = Origin::parse(origin)
            .with_context(|| format!("rooms.origins: {origin:?} is no https://host"))?;
        rooms.origins.insert(parsed);
    }
    let mut servers = Vec::new();
    for server in &settings.media_servers {
        let parsed = ExternalMediaServer::parse(server)
            .with_context(|| format!("rooms.media_servers: {server:?} is no URL"))?;
        servers.push(parsed);
    }
    match (settings.media, servers.is_empty()) {
        (MediaKind::Embedded, true) => {}
        (MediaKind::Embedded, false) => {
            bail!("rooms.media_servers are only used with rooms.media = \"sfu\"")
        }
        (MediaKind::Sfu, true) => bail!("rooms.media = \"sfu\" needs rooms.media_servers"),
        (MediaKind::Sfu, false) => rooms.media = Media::Sfu(SfuSettings::of_servers(servers)),
    }
    Ok(rooms)
}

fn group_call_key(environment: &Environment) -> anyhow::Result<Option<GroupCallKey>> {
    let Some(file) = environment.text(environment::GROUP_CALL_KEY_FILE)? else {
        return Ok(None);
    };
    let path = Path::new(file.as_str());
    let bytes = fs::read(path)
        .map(Zeroizing::new)
        .with_context(|| format!("the group call key file {} cannot be read", path.display()))?;
    let text = Zeroizing::new(bytes.trim_ascii_end().to_vec());
    let key = GroupCallKey::new(text).with_context(|| {
        format!(
            "the group call key file {} holds less than 16 bytes",
            path.display()
        )
    })?;
    Ok(Some(key))
}
