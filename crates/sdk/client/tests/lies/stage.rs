//! A room at real services, and the accounts that use it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anteroom_client::{
    Aci, AdminRights, AdminSecret, Approval, CallLink, CallMember, CallStatements, CreatePass,
    DayRange, DeviceCredentials, DeviceId, DeviceSecret, IssuerClient, JoinOptions, MemoryPins,
    MemoryStatements, OperatingSystem, OwnDevice, Pass, Randomness, RoomStatements, RoomsClient,
    RootKey, System as _, Timeouts, Timestamp, Trust, TrustedParams,
};
use anteroom_issuer::IssuingParams;
use anteroom_protocol::Mode;
use anteroom_runtime::{Clock as _, Entropy as _};
use anteroom_store::{RoomsDatabase as _, TransactionName};
use anteroom_testkit::{TestIssuer, TestIssuerOptions, TestRooms, TestRoomsOptions};
use futures::future::{BoxFuture, join_all};
use rand_core::CryptoRng;
use secrecy::SecretString;
use tokio::time::timeout;

use crate::person::TestUser;

/// The maximum time until something that a story waits for has happened.
const LIMIT: Duration = Duration::from_secs(80);

/// The number of stages, which draw different random numbers.
static STAGES: AtomicU64 = AtomicU64::new(0);

/// Runs stories together, each to its end.
pub(crate) async fn all_at_once<const N: usize>(stories: [BoxFuture<'static, ()>; N]) {
    let ends = join_all(stories.map(tokio::spawn)).await;
    let failed = ends.iter().filter(|end| end.is_err()).count();
    assert_eq!(failed, 0, "so many of the {N} stories fail");
}

/// Waits for something that has to happen. `what` says whose wait it is if it does not.
pub(crate) async fn within<T>(found: impl Future<Output = T>, what: impl FnOnce() -> String) -> T {
    match timeout(LIMIT, found).await {
        Ok(found) => found,
        Err(_) => panic!("{}", what()),
    }
}

/// The settings of a room.
#[derive(Clone, Copy)]
pub(crate) struct RoomSettings {
    /// Whether the room service keeps a lobby.
    pub(crate) lobby: Approval,
    /// Whether the policy of the admins asks for approvals.
    pub(crate) policy: Approval,
    /// Whether the link names the admin key.
    pub(crate) has_admin: bool,
}

impl RoomSettings {
    /// The service lets everybody pass, and the members want an approval: the lobby of the service is of no
    /// account.
    pub(crate) const STRICT: Self = Self {
        lobby: Approval::Off,
        policy: Approval::Required,
        has_admin: true,
    };

    /// The policy asks for nothing.
    pub(crate) const OPEN: Self = Self {
        lobby: Approval::Off,
        policy: Approval::Off,
        has_admin: true,
    };

    /// The service decides.
    pub(crate) const WITHOUT_ADMIN: Self = Self {
        lobby: Approval::Off,
        policy: Approval::Off,
        has_admin: false,
    };
}

/// A room at an issuer and a room service of its own.
pub(crate) struct Stage {
    pub(crate) issuer: TestIssuer,
    pub(crate) rooms: TestRooms,
    pub(crate) link: CallLink,
    pub(crate) rights: AdminRights,
}

/// An account with credentials.
#[derive(Clone)]
pub(crate) struct Account {
    pub(crate) aci: Aci,
    pub(crate) pass: Pass,
}

/// A device that joins.
pub(crate) struct Joiner<'a> {
    pub(crate) account: &'a Account,
    pub(crate) name: &'a str,
    /// The number of the device secret: the same one gives the same member key.
    pub(crate) secret: u8,
    pub(crate) is_admin: bool,
    /// The statements that the device has kept.
    pub(crate) store: Arc<MemoryStatements>,
    /// The base URL of the room service for this device.
    pub(crate) url: &'a str,
}

impl Stage {
    /// Starts the services, and creates a room.
    pub(crate) async fn new(settings: RoomSettings) -> Self {
        let seed = 1_000 * STAGES.fetch_add(1, Ordering::SeqCst);
        let rooms = TestRooms::start_with(TestRoomsOptions {
            seed,
            devices_per_user: 64,
            ..TestRoomsOptions::default()
        });
        let rooms = rooms.await;
        let issuer = issuer_of(&rooms, seed).await;
        let key = RootKey::generate_v1(&mut *rooms.entropy().rng());
        let rights = AdminRights::Secret(AdminSecret::random(&mut *rooms.entropy().rng()));
        let mut stage = Self {
            issuer,
            rooms,
            link: CallLink {
                host: String::new(),
                is_plain: false,
                admin: rights
                    .link_key(&key.room_id())
                    .filter(|_| settings.has_admin),
                root_key: key,
                params: None,
                without_certificates: false,
            },
            rights,
        };
        stage.create(settings).await;
        stage
    }

    async fn create(&mut self, settings: RoomSettings) {
        let (account, issuer, params) = self.signed_up().await;
        let key = &self.link.root_key;
        let room = key.room_id();
        let randomness = Randomness::random(&mut *self.rng());
        let issued = issuer.create_credential(&room, &params, self.day(), randomness);
        let pass = CreatePass::new(account.aci, &issued.await.unwrap(), &params).unwrap();
        let signer = self.rights.signer(&room).unwrap();
        let policy = signer.policy(settings.policy, None, OperatingSystem.now());
        let (policy, passkey) = (policy.unwrap(), self.rights.passkey(&room));
        let client = RoomsClient::new(self.rooms.base_url(), Timeouts::default()).unwrap();
        let mut rng = self.rng();
        let created = client.create_with(key, &pass, &passkey, settings.lobby, &policy, &mut *rng);
        self.link.root_key = created.await.unwrap().root_key;
    }

    pub(crate) fn rng(&self) -> Box<dyn CryptoRng + Send> {
        self.rooms.entropy().rng()
    }

    /// The time of the services, which stands still.
    pub(crate) fn day(&self) -> Timestamp {
        self.issuer.clock.now()
    }

    /// Creates an account, and fetches its credentials.
    pub(crate) async fn account(&self) -> Account {
        self.signed_up().await.0
    }

    async fn signed_up(&self) -> (Account, IssuerClient, TrustedParams) {
        let account = self.issuer.add_account(false).await;
        let password = SecretString::from(account.password.as_str());
        let device = DeviceCredentials::new(account.aci, DeviceId::PRIMARY, password);
        let client = IssuerClient::new(self.issuer.base_url(), device, Timeouts::default());
        let client = client.unwrap();
        let pins = MemoryPins::default();
        let params = client.params(&pins, Trust::FirstUse, self.day()).await;
        let params = params.unwrap();
        let week = DayRange::week_from(self.day());
        let days = client.auth_credentials(week, &params, self.day()).await;
        let pass = Pass::new(account.aci, days.unwrap().first().unwrap(), &params).unwrap();
        let account = Account {
            aci: account.aci,
            pass,
        };
        (account, client, params)
    }

    /// Lets a device of the SDK join.
    pub(crate) async fn join(&self, joiner: Joiner<'_>) -> TestUser {
        let Joiner {
            account,
            name,
            secret,
            is_admin,
            store,
            url,
        } = joiner;
        let secret = DeviceSecret::from_bytes([secret; 32]);
        let rights = Some(&self.rights).filter(|_| is_admin);
        let mut member = CallMember::new(&secret, &self.link).unwrap();
        if let Some(rights) = rights {
            member = member.with_rights(rights);
        }
        let statements = RoomStatements::load(&self.link, &*store).unwrap();
        if let Some(statements) = &statements {
            member = member.with_statements(statements, OperatingSystem.now());
        }
        let root_key = &self.link.root_key;
        let own = OwnDevice::new(&self.link, account.aci, member.key());
        let options = JoinOptions {
            room: root_key.clone(),
            pass: account.pass.clone(),
            passkey: rights.map(|rights| rights.passkey(&root_key.room_id())),
            name: Some(name.to_owned()),
            member: Some(member),
        };
        let client = RoomsClient::new(url, Timeouts::default()).unwrap();
        let mut call = client.join(options, self.rng()).await.unwrap();
        if let Some(statements) = statements {
            let own = Some(own.clone());
            let statements = CallStatements::new(&self.link, statements, own, rights);
            call = call.with_statements(statements, store, Arc::new(OperatingSystem));
        }
        TestUser::start(name, own, call).await
    }

    /// Lets an admin join.
    pub(crate) async fn admin(&self, name: &str, secret: u8) -> TestUser {
        self.newcomer(name, secret, true).await
    }

    /// Lets somebody join whom no admin has let in.
    pub(crate) async fn guest(&self, name: &str, secret: u8) -> TestUser {
        self.newcomer(name, secret, false).await
    }

    async fn newcomer(&self, name: &str, secret: u8, is_admin: bool) -> TestUser {
        let joiner = Joiner {
            account: &self.account().await,
            name,
            secret,
            is_admin,
            store: Arc::default(),
            url: self.rooms.base_url(),
        };
        self.join(joiner).await
    }
}

/// Starts an issuer with the params of a room service.
async fn issuer_of(rooms: &TestRooms, seed: u64) -> TestIssuer {
    let mut reader = rooms
        .database
        .read(TransactionName::new("test"))
        .await
        .unwrap();
    let records = reader.server_params().await.unwrap();
    let params = IssuingParams::from_records(Mode::Standard, &records).unwrap();
    let options = TestIssuerOptions {
        seed,
        ..TestIssuerOptions::default()
    };
    TestIssuer::start_with_params(options, params).await
}
