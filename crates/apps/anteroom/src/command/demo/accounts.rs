//! An account of the demo, and the actions of its device.

use anteroom_client::{
    CallEvent, CallSession, Chat, CreatePass, CredentialStore, DemuxId, DeviceCredentials,
    DeviceId, IssuerClient, JoinOptions, MemoryPins, Pass, Pin, PinStore as _, Recipient,
    RoomsClient, Timeouts, Trust,
};
use anteroom_console::os::{self, OsEntropy};
use anteroom_operator_cli::account_add::NewAccount;
use anteroom_protocol::{AdminPasskey, CallLink, RootKey, ServiceId};
use anteroom_runtime::Entropy as _;
use anyhow::{Context as _, bail};
use secrecy::SecretString;

use super::services::DemoServices;

pub(super) struct DemoAccount {
    pub(super) name: &'static str,
    pub(super) account: NewAccount,
    pub(super) rooms: RoomsClient,
    pins: MemoryPins,
    credentials: CredentialStore,
    call: Option<CallSession>,
}

impl DemoAccount {
    pub(super) async fn new(name: &'static str, services: &DemoServices) -> anyhow::Result<Self> {
        let account = services.add_account().await?;
        let device = DeviceCredentials::new(
            account.account.aci,
            DeviceId::PRIMARY,
            SecretString::from(account.password.as_str()),
        );
        let timeouts = Timeouts::default();
        let issuer = IssuerClient::new(&services.issuer_url, device, timeouts)?;
        let pins = MemoryPins::default();
        Ok(Self {
            name,
            rooms: RoomsClient::new(&services.rooms_url, timeouts)?,
            credentials: first_renewal(&issuer, &pins).await?,
            pins,
            account,
            call: None,
        })
    }

    /// Returns the ids of the issuer's params that the device has pinned.
    pub(super) fn pinned(&self) -> anyhow::Result<String> {
        let pins = self.pins.pins()?;
        let pin = |pin: &Pin| format!("{} {}", pin.kind(), pin.id());
        Ok(pins.pins().iter().map(pin).collect::<Vec<_>>().join(", "))
    }

    /// Returns today's right to use links, from the stored credentials.
    pub(super) fn pass(&self, link: &CallLink) -> anyhow::Result<Pass> {
        let now = os::now();
        let listing = self.credentials.listing().clone();
        let params = listing.trusted_for_link(link, &self.pins, Trust::FirstUse, now)?;
        let pass = self.credentials.pass(&params, now);
        pass.context("there is no credential of today")
    }

    /// Returns a root key with the right to create its room, out of the stored ones.
    pub(super) fn create_pass(&mut self) -> anyhow::Result<(RootKey, CreatePass)> {
        let now = os::now();
        let listing = self.credentials.listing().clone();
        let params = listing.trusted(&self.pins, Trust::FirstUse, now)?;
        let service = self.rooms.base_url();
        let credential = self.credentials.take_spare_link(&params, now, service);
        credential.context("there is no credential for creating a link")
    }

    /// Returns the room service's identifier of this account in a room.
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
            pass: self.pass(link)?,
            passkey,
            name: Some(self.name.to_owned()),
            member: None,
        };
        let call = self.rooms.join(options, OsEntropy.rng()).await?;
        self.call = Some(call);
        Ok(())
    }

    pub(super) fn call(&mut self) -> anyhow::Result<&mut CallSession> {
        self.call.as_mut().context("they are in no call")
    }

    pub(super) async fn say(&mut self, text: &str) -> anyhow::Result<()> {
        let text = text.to_owned();
        let bytes = Chat::Text { text }.to_bytes()?;
        self.call()?.send(Recipient::All, &bytes).await?;
        Ok(())
    }

    /// Waits for a message, and returns its text.
    pub(super) async fn next_message(&mut self) -> anyhow::Result<String> {
        self.wait_for("a message", |event| match event {
            CallEvent::Message { message, .. } => match Chat::from_bytes(message) {
                Some(Chat::Text { text }) => Some(text),
                _ => None,
            },
            _ => None,
        })
        .await
    }

    /// Waits until a device is in the lobby.
    pub(super) async fn see_waiting(&mut self) -> anyhow::Result<DemuxId> {
        self.wait_for("somebody in the lobby", |event| match event {
            CallEvent::Roster(roster) => roster.pending.first().map(|one| one.demux),
            CallEvent::Joined(joined) => joined.roster.pending.first().map(|one| one.demux),
            _ => None,
        })
        .await
    }

    /// Waits for an event for which `meaning` returns a value.
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

/// Fetches a week of credentials and some for creating links, as every client does.
async fn first_renewal(
    issuer: &IssuerClient,
    pins: &MemoryPins,
) -> anyhow::Result<CredentialStore> {
    let (now, mut rng) = (os::now(), os::rng());
    let listing = issuer.published_params().await?;
    let params = listing.clone().trusted(pins, Trust::FirstUse, now)?;
    let identity = CredentialStore::identity(None, &mut rng);
    let supply = issuer
        .credential_supply(&params, &identity, now, &mut rng)
        .await?;
    let aci = issuer.authentication().aci();
    Ok(CredentialStore::new(aci, listing, supply, now, &mut rng))
}
