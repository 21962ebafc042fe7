//! The services of a case with accounts, links and certificates.

use std::{
    convert::Infallible,
    net::{SocketAddr, TcpListener, UdpSocket},
    path::Path,
    sync::Arc,
    time::Duration,
};

use anteroom_client::{CallEvent, RoomsClient, Timeouts};
use anteroom_protocol::{AdminPasskey, RootKey};
use anyhow::{Context as _, Result};
use futures::future::join;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use super::{
    admin::{self, Admin},
    bystanders::Bystanders,
    case::Case,
    certificate::Certificate,
    clients::{LegitimateClients, Operation, TIMEOUTS},
    login::Login,
    measurements::{self, AdminRounds, PhaseMeasurements},
    slow_proxy::SlowProxy,
};
use crate::{
    accounts::{Link, LoadAccount},
    attacker::{Attack, Target},
    os,
    server::{Server, ServerSetup},
};

/// An admin and six guests.
const CLIENTS: usize = 7;
/// The number of addresses of legitimate logins, each with an account of its own: with 10 logins a minute
/// from each, the operations stay below the limit.
const LOGINS: u8 = 20;
/// The interval at which the resources of the services are measured.
const LOOK: Duration = Duration::from_millis(100);

/// Running services, their clients, and the data of their attacker.
pub(super) struct Testbed {
    case: Case,
    server: Server,
    clients: Arc<LegitimateClients>,
    /// The link whose call is attacked.
    attacked: Link,
    /// Presentations of the attacker's accounts that an admin has admitted.
    members: Vec<String>,
    /// A presentation of the attacker's account that is never admitted.
    stranger: String,
    authorization: String,
    create: String,
    /// The port of media, and those who talk, where it is the target.
    media: Option<(SocketAddr, Bystanders)>,
    _place: ServerSetup,
    _folder: TempDir,
}

impl Testbed {
    pub(super) async fn new(anteroom: &Path, case: Case) -> Result<Self> {
        let folder = TempDir::new()?;
        let mut setup = ServerSetup::new(anteroom, None)?;
        let mut certificate = None;
        if case.is_encrypted() {
            let (file, key) = (folder.path().join("rooms.pem"), folder.path().join("key"));
            certificate = Some(Certificate::write(&file, &key)?);
            setup = setup
                .with_setting("ANTEROOM_ROOMS_TLS_CERTIFICATE", &file.display())
                .with_setting("ANTEROOM_ROOMS_TLS_KEY", &key.display());
        }
        let with_logins = case.operations().contains(&Operation::Login);
        if with_logins {
            // Clients and attacker name the source addresses of logins, as proxies do.
            setup = setup.with_setting("ANTEROOM_HTTP_TRUSTED_PROXIES", &"127.0.0.1,127.0.0.2");
        }
        let media = if case.is_on_media() {
            let port = free_port()?;
            setup = setup
                .with_setting("ANTEROOM_MEDIA_PORT", &port.port())
                .with_setting("ANTEROOM_MEDIA_THREADS", &1);
            Some(port)
        } else {
            None
        };
        let server = setup.start().await?;
        let addresses = server.addresses.clone();
        let added = setup.add().await?;
        let stranger = LoadAccount::new(added.credentials()?, &addresses).await?;
        let create = stranger.create_presentation(&addresses).await?;
        let count = CLIENTS + case.members();
        let mut accounts = LoadAccount::add(&setup, &addresses, count).await?;
        let crowd = accounts.split_off(CLIENTS);
        let (host, guests) = accounts.split_first().context("nobody is there")?;
        let client = RoomsClient::new(&addresses.rooms, TIMEOUTS)?;
        let links = if case.is_encrypted() {
            [unused_link(), unused_link()]
        } else {
            let calm = RoomsClient::new(&addresses.rooms, Timeouts::default())?;
            let meeting = host.create_link(&addresses, &calm, "Meeting").await?;
            let attacked = host.create_link(&addresses, &calm, "Attacked").await?;
            approve_all(&calm, &meeting, host, guests).await?;
            approve_all(&calm, &attacked, host, &crowd).await?;
            [meeting, attacked]
        };
        let [meeting, attacked] = links;
        let present = |account: &LoadAccount| {
            let one = account.presentations(&attacked, 1)?.pop();
            one.context("no presentation")
        };
        let members = crowd.iter().map(present).collect::<Result<_>>()?;
        let stranger = present(&stranger)?;
        let logins = if with_logins {
            logins(&setup, &addresses.host_of_issuer()?).await?
        } else {
            Vec::new()
        };
        let media = match media {
            Some(port) => Some((port, Bystanders::join(&setup, &addresses).await?)),
            None => None,
        };
        Ok(Self {
            case,
            server,
            clients: Arc::new(LegitimateClients::new(
                addresses,
                client,
                accounts,
                meeting,
                logins,
                certificate,
            )?),
            members,
            stranger,
            attacked,
            authorization: added.authorization(),
            create,
            media,
            _place: setup,
            _folder: folder,
        })
    }

    /// Returns the target of an attack on these services.
    pub(super) fn target(&self, attack: Attack, connections: u32) -> Result<Target> {
        let addresses = &self.server.addresses;
        Ok(Target {
            attack,
            issuer: addresses.host_of_issuer()?,
            rooms: addresses.host_of_rooms()?,
            connections,
            room: self.attacked.room.room_id().to_hex(),
            members: self.members.clone(),
            stranger: self.stranger.clone(),
            create: self.create.clone(),
            authorization: self.authorization.clone(),
            media: self.media.as_ref().map(|(port, _)| *port),
            insider: self.media.as_ref().map(|(_, talk)| talk.insider.clone()),
        })
    }

    /// Runs legitimate clients for the duration, and measures their results.
    pub(super) async fn measure(&self, duration: Duration) -> Result<PhaseMeasurements> {
        let mut measurements = PhaseMeasurements::default();
        let mut holdings = Vec::new();
        let (start, used) = (Instant::now(), os::processor_time(self.server.pid())?);
        let clients = Arc::clone(&self.clients).run(self.case.operations(), duration);
        let talking = async {
            match &self.media {
                Some((_, bystanders)) => bystanders.measure(duration).await.map(Some),
                None => Ok(None),
            }
        };
        let running = async {
            let (outcomes, media) = join(clients, talking).await;
            anyhow::Ok((outcomes?, media?))
        };
        let looking = async {
            loop {
                holdings.push(self.server.resource_usage()?);
                sleep(LOOK).await;
            }
        };
        let (outcomes, media) = tokio::select! {
            outcomes = running => outcomes?,
            failure = looking => {
                let failure: Result<Infallible> = failure;
                match failure.context("the services have ended")? {}
            }
        };
        measurements.media = media;
        for (operation, outcome, latency) in outcomes {
            measurements.add(operation.name(), outcome, latency);
        }
        for resource_usage in holdings {
            measurements.note(resource_usage);
        }
        let used = os::processor_time(self.server.pid())? - used;
        measurements.server_cpu = measurements::share(used, start.elapsed());
        Ok(measurements)
    }

    /// Lets an admin act in the attacked call until `end`; `None` if no call is attacked.
    pub(super) async fn run_admin(
        &self,
        attack: Attack,
        end: Instant,
    ) -> Result<Option<AdminRounds>> {
        if !self.case.is_on_call() {
            return Ok(None);
        }
        let clients = &self.clients;
        let (admin, guests) = clients.accounts.split_first().context("nobody is there")?;
        let slow = if attack == Attack::RelaysToSlowAdmin {
            let host = self.server.addresses.host_of_rooms()?;
            Some(SlowProxy::open(host.parse()?).await?)
        } else {
            None
        };
        let url = slow.as_ref().map(SlowProxy::url);
        let url = url.as_ref().unwrap_or(&self.server.addresses.rooms);
        let admin = Admin {
            line: RoomsClient::new(url, TIMEOUTS)?,
            client: &clients.client,
            link: &self.attacked,
            admin,
            guests,
        };
        Ok(Some(admin.act_until(end).await))
    }

    /// Fails if the services have ended or panicked.
    pub(super) fn check(&mut self) -> Result<()> {
        self.server.check_alive()
    }
}

/// Finds a port that is free over UDP and TCP.
fn free_port() -> Result<SocketAddr> {
    for _ in 0..100 {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        let port = socket.local_addr()?;
        if TcpListener::bind(port).is_ok() {
            return Ok(port);
        }
    }
    anyhow::bail!("no port is free over UDP and TCP")
}

/// Generates a link that is not created.
fn unused_link() -> Link {
    let mut rng = os::rng();
    Link {
        room: RootKey::generate_v0(&mut rng),
        passkey: AdminPasskey::random(&mut rng),
        name: String::new(),
    }
}

/// Admits all accounts once, so that they need not wait again.
async fn approve_all(
    client: &RoomsClient,
    link: &Link,
    host: &LoadAccount,
    guests: &[LoadAccount],
) -> Result<()> {
    let (mut host, _) = admin::join(client, link, host, true).await?;
    for guest in guests {
        let (mut guest, joined) = admin::join(client, link, guest, false).await?;
        host.approve(joined.demux).await?;
        admin::wait_for(&mut guest, |event| {
            matches!(event, CallEvent::Admitted { .. })
        })
        .await?;
        guest.leave().await;
    }
    host.leave().await;
    Ok(())
}

/// Returns logins with earlier successes from their addresses.
async fn logins(setup: &ServerSetup, issuer: &str) -> Result<Vec<Login>> {
    let mut logins = Vec::new();
    for number in 0..LOGINS {
        let login = Login::new(number);
        setup.add_login(&login.email, Login::PASSWORD).await?;
        login.log_in(issuer).await?;
        logins.push(login);
    }
    Ok(logins)
}
