//! Accounts at a real issuer with links at a real room service, on one mock clock.

use std::collections::HashMap;

use anteroom_client::{
    Approval, CallEvent, CreatePass, CredentialStore, DayRange, DeviceCredentials, DeviceId,
    IdentityKey, IssuerClient, JoinOptions, MemoryPins, Pass, RoomsClient, Timeouts, Trust,
    TrustedParams,
};
use anteroom_issuer::{DatedParams, IssuerLimits, IssuingParams};
use anteroom_protocol::{
    AdminPasskey, CallLink, GenericSecretParams, Mode, Randomness, RootKey, Timestamp,
};
use anteroom_runtime::{Clock as _, Entropy as _, Event};
use anteroom_testkit::{TestAccount, TestIssuer, TestIssuerOptions, TestRooms, TestRoomsOptions};
use rand_core::CryptoRng;
use secrecy::SecretString;

use crate::matching::Times;

/// The source of the credentials for a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CredentialSource {
    /// The client's store, which is renewed by its own schedule.
    Stored,
    /// The issuer, at every visit.
    OnDemand,
}

/// Both services, under the same generic params.
pub(crate) struct Services {
    pub(crate) issuer: TestIssuer,
    pub(crate) rooms: TestRooms,
}

pub(crate) struct TimingUser {
    pub(crate) account: TestAccount,
    pub(crate) store: CredentialStore,
    issuer: IssuerClient,
    rooms: RoomsClient,
    pins: MemoryPins,
    link: Option<CallLink>,
}

impl Services {
    pub(crate) async fn start(seed: u64, now: Timestamp) -> Self {
        let params = || {
            let randomness = Randomness::from_bytes([7; 32]);
            GenericSecretParams::generate(Mode::Standard, randomness)
        };
        let live = DatedParams {
            params: params(),
            not_before: Timestamp::from_secs(0),
            not_after: None,
        };
        let issuing = IssuingParams::new(Mode::Standard, vec![live], Vec::new());
        let options = TestIssuerOptions {
            now,
            seed,
            limits: IssuerLimits::default(),
            ..TestIssuerOptions::default()
        };
        let issuer = TestIssuer::start_with_params(options, issuing).await;
        let options = TestRoomsOptions {
            now,
            seed,
            ..TestRoomsOptions::default()
        };
        let rooms = TestRooms::start_with_params(options, params()).await;
        Self { issuer, rooms }
    }

    pub(crate) fn set_clocks(&self, now: Timestamp) {
        self.issuer.clock.set(now);
        self.rooms.clock.set(now);
    }

    /// Returns the times of the events since the last call, by the pseudonym in the payload's `member`.
    fn times(events: Vec<Event>, member: &str) -> HashMap<String, Times> {
        let mut times: HashMap<String, Times> = HashMap::new();
        for event in events {
            let pseudonym = event.payload().get(member).and_then(|text| text.as_str());
            if let Some(pseudonym) = pseudonym {
                let seen = times.entry(pseudonym.to_owned()).or_default();
                seen.push(event.time().as_secs());
            }
        }
        times
    }

    /// Returns the times at which the issuer saw each of these accounts since the last call.
    pub(crate) fn times_of_accounts(&self, people: &[TimingUser]) -> Vec<Times> {
        let times = Self::times(self.issuer.events.take(), "account_id");
        let pseudonym = |person: &TimingUser| {
            let aci = &person.account.aci;
            self.issuer.pseudonymizer.account(aci).to_string()
        };
        let found = people.iter().map(|one| times.get(&pseudonym(one)).cloned());
        found.map(Option::unwrap_or_default).collect()
    }

    /// Returns the times at which the room service saw the room of each of these accounts.
    pub(crate) fn times_of_rooms(&self, events: Vec<Event>, people: &[TimingUser]) -> Vec<Times> {
        let times = Self::times(events, "room");
        let pseudonym = |person: &TimingUser| {
            let link = person.link.as_ref().unwrap();
            let room = link.root_key.room_id().to_hex();
            self.rooms.pseudonymizer.room(&room).to_string()
        };
        let found = people.iter().map(|one| times.get(&pseudonym(one)).cloned());
        found.map(Option::unwrap_or_default).collect()
    }
}

/// Returns the identity key of all devices: its value changes no time.
fn identity() -> IdentityKey {
    IdentityKey::from_seed(&[7; 32])
}

impl TimingUser {
    /// Creates an account that logs in now, which fetches the first credentials.
    pub(crate) async fn new<R: CryptoRng + Send>(services: &Services, rng: &mut R) -> Self {
        let account = services.issuer.add_account(false).await;
        let device = DeviceCredentials::new(
            account.aci,
            DeviceId::PRIMARY,
            SecretString::from(account.password.as_str()),
        );
        let timeouts = Timeouts::default();
        let issuer = IssuerClient::new(services.issuer.base_url(), device, timeouts).unwrap();
        let (pins, now) = (MemoryPins::default(), services.issuer.clock.now());
        let listing = issuer.published_params().await.unwrap();
        let params = listing.clone().trusted(&pins, Trust::FirstUse, now);
        let params = params.unwrap();
        let supply = issuer
            .credential_supply(&params, &identity(), now, rng)
            .await
            .unwrap();
        Self {
            store: CredentialStore::new(account.aci, listing, supply, now, rng),
            rooms: RoomsClient::new(services.rooms.base_url(), timeouts).unwrap(),
            account,
            issuer,
            pins,
            link: None,
        }
    }

    pub(crate) async fn renew<R: CryptoRng + Send>(&mut self, now: Timestamp, rng: &mut R) {
        let listing = self.issuer.published_params().await.unwrap();
        let params = self.params(now);
        let identity = identity();
        let supply = self.issuer.credential_supply(&params, &identity, now, rng);
        self.store.renew(listing, supply.await.unwrap(), now, rng);
    }

    pub(crate) async fn create_link<R: CryptoRng + Send>(
        &mut self,
        source: CredentialSource,
        now: Timestamp,
        rng: &mut R,
    ) {
        let (key, pass) = self.create_pass(source, now, rng).await;
        let passkey = AdminPasskey::random(rng);
        let created = self.rooms.create(&key, &pass, &passkey, Approval::Off, rng);
        self.link = Some(CallLink {
            host: "rooms.example".to_owned(),
            is_plain: false,
            root_key: created.await.unwrap().root_key,
            params: Some(pass.params()),
            without_certificates: false,
            admin: None,
        });
    }

    /// Joins the call of the account's link, and leaves it. Returns the events of the visit.
    pub(crate) async fn visit(
        &self,
        source: CredentialSource,
        now: Timestamp,
        services: &Services,
    ) -> Vec<Event> {
        let options = JoinOptions {
            room: self.link.as_ref().unwrap().root_key.clone(),
            pass: self.pass(source, now).await,
            passkey: None,
            name: None,
            member: None,
        };
        let rng = services.rooms.entropy().rng();
        let mut call = self.rooms.join(options, rng).await.unwrap();
        while !matches!(call.next().await.unwrap(), CallEvent::Joined(_)) {}
        call.leave().await;
        let events = &services.rooms.events;
        vec![
            events.next("call.started").await,
            events.next("call.ended").await,
        ]
    }

    async fn pass(&self, source: CredentialSource, now: Timestamp) -> Pass {
        match source {
            CredentialSource::Stored => self.store.pass(&self.params(now), now).unwrap(),
            CredentialSource::OnDemand => {
                let params = self.fetched_params(now).await;
                let week = DayRange::week_from(now);
                let issued = self.issuer.auth_credentials(week, &params, now).await;
                Pass::new(self.account.aci, &issued.unwrap()[0], &params).unwrap()
            }
        }
    }

    async fn create_pass<R: CryptoRng + Send>(
        &mut self,
        source: CredentialSource,
        now: Timestamp,
        rng: &mut R,
    ) -> (RootKey, CreatePass) {
        if source == CredentialSource::Stored {
            let params = self.params(now);
            return {
                let service = self.rooms.base_url();
                self.store.take_spare_link(&params, now, service).unwrap()
            };
        }
        let params = self.fetched_params(now).await;
        let key = RootKey::generate_v1(rng);
        let (room, randomness) = (key.room_id(), Randomness::random(rng));
        let issued = self
            .issuer
            .create_credential(&room, &params, now, randomness)
            .await
            .unwrap();
        let pass = CreatePass::new(self.account.aci, &issued, &params).unwrap();
        (key, pass)
    }

    fn params(&self, now: Timestamp) -> TrustedParams {
        let listing = self.store.listing().clone();
        listing.trusted(&self.pins, Trust::PinnedOnly, now).unwrap()
    }

    async fn fetched_params(&self, now: Timestamp) -> TrustedParams {
        let params = self.issuer.params(&self.pins, Trust::PinnedOnly, now);
        params.await.unwrap()
    }
}
