//! A group of three members, one of whom is removed, with the keys that each has for frames.

use core::time::Duration;
use std::time::{SystemTime, UNIX_EPOCH};

use anteroom_client_media::EpochFrames;
use anteroom_e2ee::{
    ABSENCE, AdminKey, AdminSecret, Admission, Applicant, Approval, Candidate, Certificate,
    CertificateKey, ContextChange, DeviceSecret, EraHistory, Group, GroupChange, GroupLink,
    GroupStart, IdentityKey, MemberKey, MemberLeaf, Moment, Policy, RosterHistory, SignedStatement,
    StatementKey, Surroundings,
};
use anteroom_protocol::{
    Aci, DAY, DemuxId, EraId, HOUR, OpaqueUserId, Restrictions, RoomId, RootKey, Timestamp,
};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};

/// The knowledge of the members about the epochs before and after the removal.
pub(crate) struct GroupKeys {
    pub(crate) sender: [EpochFrames; 2],
    pub(crate) member: [EpochFrames; 2],
    /// The removed member knows nothing of the second.
    pub(crate) removed: EpochFrames,
}

/// The keys of a room.
struct Room {
    id: RoomId,
    admin: AdminKey,
    link: GroupLink,
    context: ContextChange,
    roster: RosterHistory,
    now: Timestamp,
    moment: Moment,
}

/// Returns the time of the system: MLS checks the lifetime of a key package by it.
#[expect(clippy::disallowed_methods, reason = "MLS reads the same clock")]
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    Timestamp::from_secs(since.unwrap().as_secs())
}

impl GroupKeys {
    /// Lets a device found the group, take in two others, and remove one of them.
    pub(crate) fn new() -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let room = Room::new(&mut rng);
        let surroundings = room.surroundings();
        let (member_key, leaf) = room.device(1);
        let start = GroupStart {
            link: room.link.clone(),
            member_key,
            leaf: &leaf,
            number: 1,
            context: &room.context,
            history: EraHistory::of_founder(),
        };
        let mut sender = Group::start(start, &surroundings, &mut rng).unwrap();
        let candidates = [2, 3].map(|number| {
            let (key, leaf) = room.device(number);
            let link = room.link.clone();
            Candidate::new(link, key, leaf, EraHistory::default(), room.now, &mut rng).unwrap()
        });
        let applicants = candidates.iter();
        let applicants = applicants.map(|one| Applicant::open(&room.link, one.key_package()));
        let change = GroupChange {
            add: applicants.collect::<Result<_, _>>().unwrap(),
            ..GroupChange::default()
        };
        let commit = sender.commit(&change, &surroundings, &mut rng).unwrap();
        sender
            .receive_commit(commit.epoch, &commit.body, &surroundings)
            .unwrap();
        let (_, welcome) = commit.welcome.as_ref().unwrap();
        let [mut member, mut removed] = candidates.map(|candidate| {
            let epoch = commit.epoch.next();
            let joined = candidate.join(epoch, welcome, &room.context, &surroundings);
            joined.unwrap().0
        });
        let [before, of_member, of_removed] =
            [&sender, &member, &removed].map(|group| group.frames().unwrap());

        let change = GroupChange {
            remove: [of_removed.own_leaf].into(),
            ..GroupChange::default()
        };
        let commit = sender.commit(&change, &surroundings, &mut rng).unwrap();
        let receive = |group: &mut Group| {
            let change = group.receive_commit(commit.epoch, &commit.body, &surroundings);
            change.unwrap().frames
        };
        let after = [&mut sender, &mut member].map(|group| receive(group).unwrap());
        assert!(receive(&mut removed).is_none());
        let [after, after_of_member] = after;
        Self {
            sender: [before, after],
            member: [of_member, after_of_member],
            removed: of_removed,
        }
    }
}

impl Room {
    /// Creates a room whose roster lists nobody, so that each device may be removed.
    fn new(rng: &mut ChaCha20Rng) -> Self {
        let now = now();
        let root_key = RootKey::generate_v0(rng);
        let (id, era) = (root_key.room_id(), EraId::from_bytes([1; 16]));
        let admin = AdminSecret::random(rng).admin_key(&id);
        let policy = Policy {
            room: id,
            restrictions: Restrictions::AdminApproval,
            counter: 1,
            since: now.minus(DAY),
            until: now.plus(DAY),
            void_before: now.minus(10 * DAY),
            void_here: now.minus(10 * DAY),
            era: Some(era),
            co_admins: Vec::new(),
        };
        let policy = SignedStatement::sign(&policy, &StatementKey::Admin(&admin)).unwrap();
        let start = Moment::new(Duration::ZERO);
        let mut roster = RosterHistory::default();
        roster.update([].into(), start);
        Self {
            id,
            link: GroupLink::new(&root_key, era, Some(admin.public())),
            context: ContextChange {
                policy: Some(policy),
                ..ContextChange::default()
            },
            admin,
            roster,
            now,
            moment: start.plus(ABSENCE),
        }
    }

    fn surroundings(&self) -> Surroundings<'_> {
        Surroundings {
            is_account: &|_| true,
            max_devices: 1,
            roster: &self.roster,
            now: self.now,
            moment: self.moment,
        }
    }

    /// Returns the key and the leaf of a device, which belongs to a user of its own.
    fn device(&self, number: u8) -> (MemberKey, MemberLeaf) {
        let user = OpaqueUserId::parse(&format!("{number:02x}").repeat(65)).unwrap();
        let key = DeviceSecret::from_bytes([number; 32]).member_key(&self.id);
        let approval = Approval {
            room: self.id,
            user: user.clone(),
            member_key: key.public(),
            issued: self.now.minus(HOUR),
            expires: self.now.plus(DAY),
        };
        let approval = SignedStatement::sign(&approval, &StatementKey::Admin(&self.admin)).unwrap();
        let identity = IdentityKey::from_seed(&[number; 32]);
        let certificate = Certificate {
            account: Aci::from_bytes([number; 16]),
            is_guest: false,
            identity_key: identity.public(),
            last_day: self.now.start_of_day(),
        };
        let certificate = certificate.sign(&CertificateKey::from_seed(&[9; 32]));
        let certificate = certificate.present(&identity, &self.id, &key.public());
        let leaf = MemberLeaf {
            user,
            demux_id: DemuxId::new(u32::from(number) * 16).unwrap(),
            member_key: key.public(),
            admission: Admission::Approval(approval),
            serial: 1,
            name: Some(format!("Person {number}")),
            certificate: Some(certificate),
        };
        (key, leaf)
    }
}
