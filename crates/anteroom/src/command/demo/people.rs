//! One of the people: an account, and what their device does with it.

use anteroom_client::{
    Account, CallEvent, CallSession, Chat, CreatePass, CredentialCache, DemuxId, DeviceCredentials,
    DeviceId, IssuerClient, JoinOptions, MemoryPins, Pass, Recipient, RoomsClient, Timeouts, Trust,
};
use anteroom_protocol::{AdminPasskey, CallLink, Randomness, RootKey, ServiceId};
use anteroom_service::{Clock as _, Entropy as _};
use anyhow::{Context as _, bail};
use secrecy::SecretString;

use super::side::Sides;
use crate::{
    command::account_add::NewAccount,
    os::{self, OsClock, OsEntropy},
};

pub(super) struct Person {
    pub(super) name: &'static str,
    pub(super) account: NewAccount,
    pub(super) rooms: RoomsClient,
    issuer: IssuerClient,
    pins: MemoryPins,
    cache: CredentialCache,
    call: Option<CallSession>,
}

impl Person {
    pub(super) async fn new(name: &'static str, sides: &Sides) -> anyhow::Result<Self> {
        let account = sides.add_account().await?;
        let device = DeviceCredentials::new(
            account.account.aci,
            DeviceId::FIRST,
            SecretString::from(account.password.as_str()),
        );
        let timeouts = Timeouts::default();
        Ok(Self {
            name,
            issuer: IssuerClient::new(&sides.issuer_url, device, timeouts)?,
            rooms: RoomsClient::new(&sides.rooms_url, timeouts)?,
            pins: MemoryPins::default(),
            cache: CredentialCache::new(),
            account,
            call: None,
        })
    }

    /// Today's right to use links, out of a week's credentials.
    pub(super) async fn pass(&self, link: &CallLink) -> anyhow::Result<Pass> {
        let now = OsClock.now();
        let params = self
            .issuer
            .params_for_link(link, &self.pins, Trust::FirstUse, now)
            .await?;
        let account: Account = self.issuer.whoami().await?;
        let day = self
            .cache
            .day(&self.issuer, &account, &params, now, now)
            .await?;
        Ok(Pass::new(account.aci, &day.auth, &params)?)
    }

    /// The right to create the link of a room.
    pub(super) async fn create_pass(&self, room: &RootKey) -> anyhow::Result<CreatePass> {
        let now = OsClock.now();
        let params = self.issuer.params(&self.pins, Trust::FirstUse, now).await?;
        let randomness = Randomness::random(&mut os::rng());
        let issued = self
            .issuer
            .create_credential(&room.room_id(), &params, now, randomness)
            .await?;
        Ok(CreatePass::new(self.account.account.aci, &issued, &params)?)
    }

    /// What the room service calls this person in a room.
    pub(super) fn opaque_id(&self, room: &RootKey) -> Vec<u8> {
        let id = ServiceId::Aci(self.account.account.aci);
        room.secret_params().encrypt(&id).to_bytes()
    }

    pub(super) async fn join(
        &mut self,
        link: &CallLink,
        passkey: Option<AdminPasskey>,
    ) -> anyhow::Result<()> {
        let options = JoinOptions {
            room: link.root_key.clone(),
            pass: self.pass(link).await?,
            passkey,
        };
        let call = self.rooms.join(options, OsEntropy.rng()).await?;
        self.call = Some(call);
        Ok(())
    }

    pub(super) fn call(&self) -> anyhow::Result<&CallSession> {
        self.call.as_ref().context("they are in no call")
    }

    pub(super) async fn say(&self, text: &str) -> anyhow::Result<()> {
        let text = text.to_owned();
        let bytes = Chat::Text { text }.to_bytes()?;
        self.call()?.send(Recipient::All, &bytes).await?;
        Ok(())
    }

    /// Waits for a line that somebody says.
    pub(super) async fn hear(&mut self) -> anyhow::Result<String> {
        self.wait_for("a message", |event| match event {
            CallEvent::Message { message, .. } => match Chat::from_bytes(message) {
                Some(Chat::Text { text }) => Some(text),
                _ => None,
            },
            _ => None,
        })
        .await
    }

    /// Waits until somebody is in the lobby.
    pub(super) async fn see_waiting(&mut self) -> anyhow::Result<DemuxId> {
        self.wait_for("somebody in the lobby", |event| match event {
            CallEvent::Roster(roster) => roster.pending.first().map(|one| one.demux),
            CallEvent::Joined(joined) => joined.roster.pending.first().map(|one| one.demux),
            _ => None,
        })
        .await
    }

    /// Waits for an event that means something.
    pub(super) async fn wait_for<T>(
        &mut self,
        what: &str,
        meaning: impl Fn(&CallEvent) -> Option<T>,
    ) -> anyhow::Result<T> {
        let name = self.name;
        let call = self.call.as_mut().context("they are in no call")?;
        while let Some(event) = call.next().await {
            if let Some(found) = meaning(&event) {
                return Ok(found);
            }
            if let CallEvent::Ended(ending) = event {
                bail!("the call ended for {name} ({ending:?}), who waited for {what}");
            }
        }
        bail!("the call ended for {name}, who waited for {what}")
    }

    pub(super) async fn leave(&mut self) {
        if let Some(call) = self.call.take() {
            call.leave().await;
        }
    }
}
