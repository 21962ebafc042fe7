//! The people of the tests and their devices.

use std::sync::LazyLock;

use anteroom_e2ee::{
    AdminKey, AdminSecret, Admission, Approval, DeviceSecret, MemberKey, Policy, SignedStatement,
    StatementKey,
};
use anteroom_e2ee_session::SessionOptions;
use anteroom_protocol::{DAY, EraId, HOUR, OpaqueUserId, Restrictions, RootKey, Timestamp};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};

pub(crate) const ERA: EraId = EraId::from_bytes([1; 16]);

pub(crate) fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// The time at which the tests began.
static START: LazyLock<Timestamp> = LazyLock::new(read_clock);

pub(crate) fn system_time() -> Timestamp {
    *START
}

/// The system's time: openmls compares lifetimes of key packages with it.
#[expect(
    clippy::disallowed_methods,
    reason = "openmls compares lifetimes of key packages with the system's clock"
)]
fn read_clock() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Timestamp::from_secs(since.unwrap().as_secs())
}

pub(crate) fn root_key() -> RootKey {
    RootKey::generate_v0(&mut rng(1))
}

pub(crate) fn admin_key() -> AdminKey {
    AdminSecret::from_bytes([2; 32]).admin_key(&root_key().room_id())
}

pub(crate) fn user(number: u32) -> OpaqueUserId {
    let mut bytes = [0; 65];
    rng(u64::from(number)).fill_bytes(&mut bytes[1..]);
    OpaqueUserId::parse(&hex::encode(bytes)).unwrap()
}

pub(crate) fn member_key(number: u32) -> MemberKey {
    let secret = [u8::try_from(number).unwrap(); 32];
    DeviceSecret::from_bytes(secret).member_key(&root_key().room_id())
}

pub(crate) fn policy(restrictions: Restrictions, counter: u64) -> SignedStatement<Policy> {
    let now = system_time();
    let policy = Policy {
        room: root_key().room_id(),
        restrictions,
        counter,
        since: now.minus(HOUR),
        until: now.plus(DAY),
        void_before: Timestamp::from_secs(0),
        void_here: Timestamp::from_secs(0),
        era: None,
        co_admins: Vec::new(),
    };
    SignedStatement::sign(&policy, &StatementKey::Admin(&admin_key())).unwrap()
}

pub(crate) fn approval(number: u32) -> SignedStatement<Approval> {
    let now = system_time();
    let approval = Approval {
        room: root_key().room_id(),
        user: user(number),
        member_key: member_key(number).public(),
        issued: now.minus(HOUR),
        expires: now.plus(DAY),
    };
    SignedStatement::sign(&approval, &StatementKey::Admin(&admin_key())).unwrap()
}

/// The device of a person with a number, in a room whose policy asks for nothing.
pub(crate) fn person(number: u32) -> SessionOptions {
    SessionOptions {
        root_key: root_key(),
        admin: Some(admin_key().public()),
        admin_key: None,
        member_key: member_key(number),
        user: user(number),
        admission: Admission::None,
        late_approvals: Vec::new(),
        name: Some(format!("Person {number}")),
        certificate: None,
        certificate_keys: Vec::new(),
        policy: Some(policy(Restrictions::None, 1)),
        max_devices: 2,
        is_account: Box::new(|_| true),
    }
}

/// The same for an admin.
pub(crate) fn admin(number: u32) -> SessionOptions {
    SessionOptions {
        admin_key: Some(admin_key()),
        ..person(number)
    }
}
