//! Legitimate clients, from 127.0.0.1: those of the client library, on new connections and on persistent
//! ones.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anteroom_client::{
    CallEvent, CallSession, DayRange, IssuerClient, Recipient, RoomsClient, SeatStatus, Timeouts,
};
use anyhow::{Context as _, Result, bail, ensure};
use futures::{FutureExt as _, future::try_join_all};
use strum::IntoStaticStr;
use tokio::{
    net::TcpStream,
    sync::Mutex,
    task::JoinSet,
    time::{Instant, interval, timeout},
};
use tokio_rustls::client::TlsStream;

use super::{
    admin::{join, wait_for},
    certificate::Certificate,
    login::Login,
};
use crate::{
    accounts::{Link, LoadAccount},
    http::{Connection, Request},
    os,
    server::Addresses,
};

/// The time limits of legitimate clients, shorter than the default, so that a measurement ends.
pub(super) const TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(2),
    request: Duration::from_secs(4),
};
/// The time limit of a whole operation.
const WITHIN: Duration = Duration::from_secs(5);

/// An operation of legitimate clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub(super) enum Operation {
    /// The issuer's params, on a new connection.
    Params,
    /// The same on a kept connection.
    ParamsKept,
    /// A credential for today, on a new connection.
    Credentials,
    /// A login, on a new connection.
    Login,
    /// A create credential, a new link, and its name.
    CreateLink,
    /// A link's state, on a new connection.
    Link,
    /// The same on a kept connection.
    LinkKept,
    /// A seat in a call, on a new socket.
    Join,
    /// The seat again after a lost connection.
    Resume,
    /// A message from a device in a call to another.
    Relay,
    /// A TLS handshake and one request.
    Handshake,
    /// A request on a kept TLS connection.
    HandshakeKept,
}

/// An operation, whether it was answered, and how long it took.
pub(super) type Outcome = (Operation, Result<(), String>, Duration);

/// All legitimate clients.
pub(super) struct LegitimateClients {
    addresses: Addresses,
    /// The client with persistent connections.
    pub(super) client: RoomsClient,
    issuer: IssuerClient,
    /// The first is the admin of all links.
    pub(super) accounts: Vec<LoadAccount>,
    meeting: Link,
    /// The devices that send and receive messages.
    pair: Mutex<Option<[CallSession; 2]>>,
    /// The device that loses its connection repeatedly.
    stay: Mutex<Option<CallSession>>,
    logins: Vec<Login>,
    certificate: Option<Certificate>,
    kept: Mutex<Option<Connection<TlsStream<TcpStream>>>>,
    turn: AtomicUsize,
}

impl Operation {
    pub(super) fn name(self) -> &'static str {
        self.into()
    }

    /// Returns the interval at which operations start, whatever their duration.
    const fn every(self) -> Duration {
        Duration::from_millis(match self {
            Self::CreateLink | Self::Resume => 1_000,
            Self::Credentials | Self::Join => 500,
            Self::Login => 350,
            _ => 200,
        })
    }
}

impl LegitimateClients {
    pub(super) fn new(
        addresses: Addresses,
        client: RoomsClient,
        accounts: Vec<LoadAccount>,
        meeting: Link,
        logins: Vec<Login>,
        certificate: Option<Certificate>,
    ) -> Result<Self> {
        let device = accounts.first().context("nobody is there")?.device.clone();
        Ok(Self {
            issuer: IssuerClient::new(&addresses.issuer, device, TIMEOUTS)?,
            addresses,
            client,
            accounts,
            meeting,
            pair: Mutex::new(None),
            stay: Mutex::new(None),
            logins,
            certificate,
            kept: Mutex::new(None),
            turn: AtomicUsize::new(0),
        })
    }

    /// Starts operations for the duration, and waits for the last answers.
    pub(super) async fn run(
        self: Arc<Self>,
        operations: &[Operation],
        duration: Duration,
    ) -> Result<Vec<Outcome>> {
        let end = Instant::now() + duration;
        let outcomes = try_join_all(
            operations
                .iter()
                .map(|operation| self.repeat(*operation, end)),
        )
        .await?;
        Ok(outcomes.into_iter().flatten().collect())
    }

    async fn repeat(self: &Arc<Self>, operation: Operation, end: Instant) -> Result<Vec<Outcome>> {
        let mut clock = interval(operation.every());
        let mut operations = JoinSet::new();
        while Instant::now() < end {
            clock.tick().await;
            let clients = Arc::clone(self);
            operations.spawn(async move {
                let start = Instant::now();
                let done = timeout(WITHIN, clients.once(operation)).await;
                let done = done.unwrap_or_else(|_| bail!("no answer in time"));
                let outcome = done.map_err(|error| format!("{}: {error:#}", operation.name()));
                (operation, outcome, start.elapsed())
            });
        }
        let mut outcomes = Vec::new();
        while let Some(outcome) = operations.join_next().await {
            outcomes.push(outcome?);
        }
        Ok(outcomes)
    }

    async fn once(&self, operation: Operation) -> Result<()> {
        let mut rng = os::rng();
        match operation {
            Operation::Params => drop(self.fresh_issuer()?.1.published_params().await?),
            Operation::ParamsKept => drop(self.issuer.published_params().await?),
            Operation::Credentials => {
                let (account, issuer) = self.fresh_issuer()?;
                let now = os::now();
                let today = DayRange::new(now.start_of_day(), now.start_of_day())?;
                let params = &account.params;
                drop(issuer.auth_credentials(today, params, now).await?);
            }
            Operation::Login => self.log_in().await?,
            Operation::CreateLink => {
                let client = self.fresh_client()?;
                let account = self.account()?;
                drop(account.create_link(&self.addresses, &client, "New").await?);
            }
            Operation::Link => {
                let (room, pass) = (&self.meeting.room, &self.account()?.pass);
                drop(self.fresh_client()?.link(room, pass, &mut rng).await?);
            }
            Operation::LinkKept => {
                let (room, pass) = (&self.meeting.room, &self.account()?.pass);
                drop(self.client.link(room, pass, &mut rng).await?);
            }
            Operation::Join => {
                let session = self.join(self.account()?).await?;
                tokio::spawn(session.leave());
            }
            Operation::Resume => self.resume().await?,
            Operation::Relay => self.relay().await?,
            Operation::Handshake => {
                self.ask(&mut self.open_tls().await?).await?;
            }
            Operation::HandshakeKept => self.ask_again().await?,
        }
        Ok(())
    }

    /// Loses the connection of a device, and restores its seat.
    async fn resume(&self) -> Result<()> {
        let mut stay = self.stay.lock().await;
        let mut session = match stay.take() {
            Some(session) => session,
            None => self.join(self.account()?).await?,
        };
        // Events since the last call. The loss caused here follows them.
        while let Some(Some(_)) = session.next().now_or_never() {}
        session.reconnect().await?;
        while let Some(event) = session.next().await {
            match event {
                CallEvent::Restored { .. } => {
                    *stay = Some(session);
                    return Ok(());
                }
                CallEvent::Ended(ending) => bail!("the stay ended: {ending:?}"),
                _ => {}
            }
        }
        bail!("the stay is over")
    }

    /// Sends a message from one device to another.
    async fn relay(&self) -> Result<()> {
        let mut pair = self.pair.lock().await;
        let [mut speaker, mut listener] = match pair.take() {
            Some(pair) => pair,
            None => {
                let [speaker, listener, ..] = &*self.accounts else {
                    bail!("too few people");
                };
                let client = self.fresh_client()?;
                let (speaker, _) = join(&client, &self.meeting, speaker, true).await?;
                [speaker, self.join(listener).await?]
            }
        };
        while let Some(Some(_)) = speaker.next().now_or_never() {}
        let said = self.turn.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        speaker.send(Recipient::All, &said).await?;
        let heard = |event: &CallEvent| matches!(event, CallEvent::Message { message, .. } if message.as_slice() == said);
        wait_for(&mut listener, heard).await?;
        *pair = Some([speaker, listener]);
        Ok(())
    }

    /// Takes a seat in the meeting, on a new socket.
    async fn join(&self, account: &LoadAccount) -> Result<CallSession> {
        let client = self.fresh_client()?;
        let (session, joined) = join(&client, &self.meeting, account, false).await?;
        ensure!(joined.status == SeatStatus::Active, "an approval is gone");
        Ok(session)
    }

    async fn log_in(&self) -> Result<()> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let count = self.logins.len().max(1);
        let login = self.logins.get(turn % count).context("nobody logs in")?;
        login.log_in(&self.addresses.host_of_issuer()?).await
    }

    async fn open_tls(&self) -> Result<Connection<TlsStream<TcpStream>>> {
        let certificate = self.certificate.as_ref().context("no certificate")?;
        let stream = certificate
            .connect(&self.addresses.host_of_rooms()?)
            .await?;
        Ok(Connection::over(stream))
    }

    async fn ask(&self, connection: &mut Connection<TlsStream<TcpStream>>) -> Result<()> {
        let host = self.addresses.host_of_rooms()?;
        let request = Request::get("/health/live", &host, "", 204);
        connection.exchange(&request).await?;
        Ok(())
    }

    async fn ask_again(&self) -> Result<()> {
        let mut kept = self.kept.lock().await;
        let mut connection = match kept.take() {
            Some(connection) => connection,
            None => self.open_tls().await?,
        };
        self.ask(&mut connection).await?;
        *kept = Some(connection);
        Ok(())
    }

    /// Returns an account with a new connection to the issuer.
    fn fresh_issuer(&self) -> Result<(&LoadAccount, IssuerClient)> {
        let account = self.account()?;
        let device = account.device.clone();
        let issuer = IssuerClient::new(&self.addresses.issuer, device, TIMEOUTS)?;
        Ok((account, issuer))
    }

    fn fresh_client(&self) -> Result<RoomsClient> {
        Ok(RoomsClient::new(&self.addresses.rooms, TIMEOUTS)?)
    }

    /// Returns the guests in turn.
    fn account(&self) -> Result<&LoadAccount> {
        let guests = self.accounts.get(1..).unwrap_or_default();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let guest = guests.get(turn % guests.len().max(1));
        guest.context("nobody is there")
    }
}
