//! A room and its people.

use std::time::{SystemTime, UNIX_EPOCH};

use anteroom_call::{ConnectionId, ResumeSecret, Role};
use anteroom_e2ee::{
    AdminKey, AdminSecret, Admission, Approval, DeviceSecret, EpochFrames, FrameOpener,
    FrameSealer, MemberKey, Moment, Policy, SignedStatement, StatementKey,
};
use anteroom_e2ee_session::{Event, Input, Session, SessionOptions};
use anteroom_protocol::{DAY, DemuxId, EraId, OpaqueUserId, Restrictions, RootKey, Timestamp};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};

/// The maximum number of devices of a user in a call.
pub(crate) const MAX_DEVICES: usize = 2;

pub(crate) fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

/// The system's time: openmls compares lifetimes of key packages with it.
#[expect(
    clippy::disallowed_methods,
    reason = "openmls compares lifetimes of key packages with the system's clock"
)]
pub(crate) fn system_time() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    Timestamp::from_secs(since.unwrap().as_secs())
}

/// The user id of a person. Those of people up to 999 are accounts of the room.
pub(crate) fn user(number: u64) -> OpaqueUserId {
    let mut bytes = [0; 65];
    rng(number).fill_bytes(&mut bytes[1..]);
    OpaqueUserId::parse(&hex::encode(bytes)).unwrap()
}

/// The number of a user that the service invents, and that is no account.
pub(crate) const INVENTED: u64 = 1_000;

/// A room as its admin knows it.
#[derive(Clone)]
pub(crate) struct Room {
    pub(crate) root_key: RootKey,
    pub(crate) era: EraId,
    /// The admin key that the link names.
    pub(crate) admin: Option<AdminKey>,
    /// The policy that the service has.
    pub(crate) policy: Option<SignedStatement<Policy>>,
    pub(crate) restrictions: Restrictions,
}

impl Room {
    /// A room without an admin key, where the service decides.
    pub(crate) fn without_admin() -> Self {
        Self {
            root_key: RootKey::generate_v0(&mut rng(7)),
            era: EraId::from_bytes([7; 16]),
            admin: None,
            policy: None,
            restrictions: Restrictions::None,
        }
    }

    /// A room with an admin key, whose policy asks for nothing.
    pub(crate) fn open() -> Self {
        Self::with_policy(Restrictions::None)
    }

    /// A room whose policy asks for approval.
    pub(crate) fn strict() -> Self {
        Self::with_policy(Restrictions::AdminApproval)
    }

    fn with_policy(restrictions: Restrictions) -> Self {
        let mut room = Self::without_admin();
        let secret = AdminSecret::from_bytes([8; 32]);
        room.admin = Some(secret.admin_key(&room.root_key.room_id()));
        room.restrictions = restrictions;
        room.policy = Some(room.sign_policy(restrictions, 1));
        room
    }

    pub(crate) fn sign_policy(
        &self,
        restrictions: Restrictions,
        counter: u64,
    ) -> SignedStatement<Policy> {
        let since = system_time().start_of_day();
        let policy = Policy {
            room: self.root_key.room_id(),
            restrictions,
            counter,
            since,
            until: since.plus(30 * DAY),
            void_before: Timestamp::from_secs(0),
            void_here: Timestamp::from_secs(0),
            era: None,
            co_admins: Vec::new(),
        };
        let key = StatementKey::Admin(self.admin.as_ref().unwrap());
        SignedStatement::sign(&policy, &key).unwrap()
    }

    /// The approval of a person.
    pub(crate) fn approval(&self, number: u64) -> SignedStatement<Approval> {
        let issued = system_time().minus(60);
        let approval = Approval {
            room: self.root_key.room_id(),
            user: user(number),
            member_key: self.member_key(number).public(),
            issued,
            expires: issued.plus(Approval::DEFAULT_VALIDITY),
        };
        let key = StatementKey::Admin(self.admin.as_ref().unwrap());
        SignedStatement::sign(&approval, &key).unwrap()
    }

    pub(crate) fn member_key(&self, number: u64) -> MemberKey {
        let mut secret = [0; 32];
        rng(10_000 + number).fill_bytes(&mut secret);
        DeviceSecret::from_bytes(secret).member_key(&self.root_key.room_id())
    }

    /// The options of a person who has not been here before.
    pub(crate) fn options(&self, number: u64) -> SessionOptions {
        SessionOptions {
            root_key: self.root_key.clone(),
            admin: self.admin.as_ref().map(AdminKey::public),
            admin_key: None,
            member_key: self.member_key(number),
            user: user(number),
            admission: Admission::None,
            late_approvals: Vec::new(),
            name: Some(format!("Person {number}")),
            certificate: None,
            certificate_keys: Vec::new(),
            policy: None,
            max_devices: MAX_DEVICES,
            is_account: Box::new(|one| *one != user(INVENTED)),
        }
    }

    /// A person without an approval.
    pub(crate) fn person(&self, number: u64) -> TestUser {
        TestUser::new(self.options(number), Role::Guest)
    }

    /// A person with an approval from an earlier call.
    pub(crate) fn approved(&self, number: u64) -> TestUser {
        let mut options = self.options(number);
        options.admission = Admission::Approval(self.approval(number));
        TestUser::new(options, Role::Guest)
    }

    /// A person with the admin secret.
    pub(crate) fn admin(&self, number: u64) -> TestUser {
        let mut options = self.options(number);
        options.admin_key.clone_from(&self.admin);
        TestUser::new(options, Role::Admin)
    }
}

/// A person in the call: a session, and what the client around it keeps.
pub(crate) struct TestUser {
    pub(crate) session: Session,
    pub(crate) user: OpaqueUserId,
    pub(crate) member_key: MemberKey,
    pub(crate) role: Role,
    pub(crate) connection: Option<ConnectionId>,
    pub(crate) demux: Option<DemuxId>,
    pub(crate) resume: Option<ResumeSecret>,
    /// The time by which the person's clock is ahead, in seconds.
    pub(crate) ahead: u64,
    /// Whether the person has left, or was sent away.
    pub(crate) is_over: bool,
    pub(crate) events: Vec<Event>,
    /// The messages for a person without a session, whom the test plays itself.
    pub(crate) inbox: Option<Vec<Input>>,
    pub(crate) sealer: FrameSealer,
    pub(crate) opener: FrameOpener,
    /// The newest policy and the approval that the client has stored.
    pub(crate) policy: Option<SignedStatement<Policy>>,
    pub(crate) approval: Option<SignedStatement<Approval>>,
}

impl TestUser {
    pub(crate) fn new(options: SessionOptions, role: Role) -> Self {
        Self {
            user: options.user.clone(),
            member_key: options.member_key.clone(),
            session: Session::new(options),
            role,
            connection: None,
            demux: None,
            resume: None,
            ahead: 0,
            is_over: false,
            events: Vec::new(),
            inbox: None,
            sealer: FrameSealer::new(),
            opener: FrameOpener::new(),
            policy: None,
            approval: None,
        }
    }

    /// Stores what an event says is to be stored.
    pub(crate) fn keep(&mut self, event: &Event) {
        match event {
            Event::Policy(policy) => self.policy = Some(policy.clone()),
            Event::Approved(approval) => self.approval = Some(approval.clone()),
            _ => {}
        }
    }

    pub(crate) fn take_frames(&mut self, frames: EpochFrames, now: Moment) {
        let added = frames.has_new_members;
        self.sealer
            .add_epoch(&frames.key, frames.own_leaf, added, now)
            .unwrap();
        self.opener
            .add_epoch(frames.key, frames.leaves, &frames.stayed, now)
            .unwrap();
    }
}
