//! An issuer and a room service with the same params, and accounts that use both.

use std::sync::atomic::{AtomicUsize, Ordering};

use anteroom_client::{
    CallEvent, CallSession, CreatePass, DayRange, DeviceCredentials, DeviceId, IssuerClient,
    JoinOptions, MemoryPins, Pass, RoomsClient, RoomsError, Timeouts, Trust, TrustedParams,
};
use anteroom_issuer::{CertificateParams, DatedParams, IssuingParams};
use anteroom_protocol::{
    Aci, AdminPasskey, CallLink, LinkAdminKey, Mode, OpaqueUserId, Randomness, RootKey, ServiceId,
    Timestamp,
};
use anteroom_runtime::{Clock as _, Entropy as _};
use anteroom_store::{RoomsDatabase as _, TransactionName};
use anteroom_testkit::{
    LogGuard, LyingRooms, SeededEntropy, TestAccount, TestIssuer, TestIssuerOptions, TestRooms,
    TestRoomsOptions,
};
use rand_core::CryptoRng;
use secrecy::SecretString;

pub(crate) struct RoomsFixture {
    pub(crate) issuer: TestIssuer,
    pub(crate) rooms: TestRooms,
    pub(crate) entropy: SeededEntropy,
    /// The way to the room service as to one of an earlier version, which takes no decisions about calls.
    earlier: Option<EarlierRooms>,
}

struct EarlierRooms {
    service: LyingRooms,
    people: AtomicUsize,
}

/// An account with clients of both services.
pub(crate) struct TestUser {
    pub(crate) aci: Aci,
    pub(crate) pass: Pass,
    pub(crate) rooms: RoomsClient,
    /// The name with which it joins.
    pub(crate) name: Option<String>,
    issuer: IssuerClient,
    params: TrustedParams,
}

impl RoomsFixture {
    pub(crate) async fn start() -> Self {
        Self::start_with(TestRoomsOptions::default()).await
    }

    pub(crate) async fn start_with(options: TestRoomsOptions) -> Self {
        let rooms = TestRooms::start_with(options).await;
        Self::of_rooms(rooms, TestIssuerOptions::default()).await
    }

    /// Starts services that take guests.
    pub(crate) async fn with_guests() -> Self {
        Self::with_guests_at(TestRoomsOptions::default().now).await
    }

    /// Starts services that take guests, with this time.
    pub(crate) async fn with_guests_at(now: Timestamp) -> Self {
        let rooms = TestRooms::start_with(TestRoomsOptions {
            now,
            ..TestRoomsOptions::default()
        });
        let rooms = rooms.await;
        rooms.add_guest_params().await;
        let options = TestIssuerOptions {
            now,
            ..TestIssuerOptions::with_guests()
        };
        Self::of_rooms(rooms, options).await
    }

    async fn of_rooms(rooms: TestRooms, options: TestIssuerOptions) -> Self {
        let name = TransactionName::new("test");
        let mut reader = rooms.database.read(name).await.unwrap();
        let records = reader.server_params().await.unwrap();
        let certificates = DatedParams {
            params: CertificateParams::random(&mut *SeededEntropy::new(98).rng()),
            not_before: Timestamp::from_secs(0),
            not_after: None,
        };
        let params = IssuingParams::from_records(Mode::Standard, &records)
            .unwrap()
            .with_certificates(vec![certificates]);
        let issuer = TestIssuer::start_with_params(options, params).await;
        Self {
            issuer,
            rooms,
            entropy: SeededEntropy::new(99),
            earlier: None,
        }
    }

    /// Starts services of which the room service seems to be of an earlier version, without the feature
    /// `moderation`, to all people.
    pub(crate) async fn without_moderation() -> Self {
        let fixture = Self::start().await;
        let service = LyingRooms::before(fixture.rooms.base_url()).await;
        service.leave_out("moderation");
        let earlier = Some(EarlierRooms {
            service,
            people: AtomicUsize::default(),
        });
        Self { earlier, ..fixture }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.issuer.clock.now()
    }

    pub(crate) fn rng(&self) -> Box<dyn CryptoRng + Send> {
        self.entropy.rng()
    }

    pub(crate) fn new_room(&self) -> (RootKey, AdminPasskey) {
        let room = RootKey::generate_v1(&mut *self.rng());
        let passkey = AdminPasskey::random(&mut *self.rng());
        let guard = LogGuard::global();
        guard.watch_bytes("room id", room.room_id().as_bytes());
        guard.watch_bytes("root key", &room.to_bytes());
        guard.watch_bytes("passkey", passkey.as_bytes());
        (room, passkey)
    }

    pub(crate) async fn person(&self) -> TestUser {
        let account = self.issuer.add_account(false).await;
        let url = match &self.earlier {
            Some(earlier) => {
                let number = earlier.people.fetch_add(1, Ordering::Relaxed);
                earlier.service.url(number)
            }
            None => self.rooms.base_url().to_owned(),
        };
        self.person_at(&account, &url).await
    }

    /// Creates a person who reaches the services by these URLs.
    pub(crate) async fn person_through(&self, issuer: &str, rooms: &str) -> TestUser {
        let account = self.issuer.add_account(false).await;
        self.client_of(&account, issuer, rooms).await
    }

    /// Creates a client of the account at the room service with this URL.
    pub(crate) async fn person_at(&self, account: &TestAccount, url: &str) -> TestUser {
        self.client_of(account, self.issuer.base_url(), url).await
    }

    async fn client_of(&self, account: &TestAccount, issuer: &str, rooms: &str) -> TestUser {
        let password = SecretString::from(account.password.as_str());
        let device = DeviceCredentials::new(account.aci, DeviceId::PRIMARY, password);
        let issuer = IssuerClient::new(issuer, device, Timeouts::default()).unwrap();
        let params = issuer
            .params(&MemoryPins::default(), Trust::FirstUse, self.now())
            .await
            .unwrap();
        let week = DayRange::week_from(self.now());
        let days = issuer.auth_credentials(week, &params, self.now()).await;
        let pass = Pass::new(account.aci, days.unwrap().first().unwrap(), &params).unwrap();
        TestUser {
            aci: account.aci,
            pass,
            rooms: RoomsClient::new(rooms, Timeouts::default()).unwrap(),
            name: None,
            issuer,
            params,
        }
    }

    pub(crate) async fn create_pass(&self, person: &TestUser, room: &RootKey) -> CreatePass {
        let randomness = Randomness::random(&mut *self.rng());
        let issued = person
            .issuer
            .create_credential(&room.room_id(), &person.params, self.now(), randomness)
            .await
            .unwrap();
        CreatePass::new(person.aci, &issued, &person.params).unwrap()
    }

    pub(crate) async fn join(
        &self,
        person: &TestUser,
        room: &RootKey,
        passkey: Option<&AdminPasskey>,
    ) -> Result<CallSession, RoomsError> {
        let options = JoinOptions {
            room: room.clone(),
            pass: person.pass.clone(),
            passkey: passkey.cloned(),
            name: person.name.clone(),
            member: None,
        };
        person.rooms.join(options, self.rng()).await
    }
}

/// Waits for the first event for which `meaning` returns a value, and drops the events before it.
pub(crate) async fn wait_for<T>(
    call: &mut CallSession,
    mut meaning: impl FnMut(CallEvent) -> Option<T>,
) -> T {
    let mut others = Vec::new();
    while let Some(event) = call.next().await {
        others.push(format!("{event:?}"));
        if let Some(found) = meaning(event) {
            return found;
        }
    }
    panic!("the call is over: {others:#?}");
}

/// Returns the link of a room, with the key of its admins.
pub(crate) fn link(room: &RootKey, admin: Option<LinkAdminKey>) -> CallLink {
    CallLink {
        host: String::new(),
        is_plain: false,
        root_key: room.clone(),
        params: None,
        without_certificates: false,
        admin,
    }
}

/// Returns the id under which a room knows an account.
pub(crate) fn opaque_id(aci: Aci, room: &RootKey) -> OpaqueUserId {
    let user = room.secret_params().encrypt(&ServiceId::Aci(aci));
    OpaqueUserId::parse(&hex::encode(user.to_bytes())).unwrap()
}
