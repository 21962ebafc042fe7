//! The room of a call, and the leaves of its devices.

use anteroom_e2ee::{
    AdminKey, AdminSecret, Admission, Applicant, Approval, Candidate, Certificate, CertificateKey,
    ContextChange, DeviceSecret, EraHistory, GroupLink, IdentityKey, MemberKey, MemberLeaf, Moment,
    Policy, RosterHistory, SignedCertificate, SignedStatement, StatementKey, Surroundings,
};
use anteroom_protocol::{
    Aci, DAY, DemuxId, EraId, HOUR, OpaqueUserId, Restrictions, RoomId, RootKey, Timestamp,
};
use anyhow::{Context as _, Result};
use rand_chacha::ChaCha20Rng;

/// The length of the user ids of call links, in bytes.
const USER_ID_LENGTH: usize = 65;

/// The keys of a room, and the word of its services.
pub(crate) struct Room {
    id: RoomId,
    admin: AdminKey,
    issuer: CertificateKey,
    now: Timestamp,
    roster: RosterHistory,
    pub(crate) link: GroupLink,
    pub(crate) context: ContextChange,
}

impl Room {
    /// Creates a room whose policy asks for approval. The roster lists nobody, so that each device may be taken
    /// out.
    pub(crate) fn new(now: Timestamp, moment: Moment, rng: &mut ChaCha20Rng) -> Result<Self> {
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
        let policy = SignedStatement::sign(&policy, &StatementKey::Admin(&admin))?;
        let mut roster = RosterHistory::default();
        roster.update([].into(), moment);
        Ok(Self {
            id,
            link: GroupLink::new(&root_key, era, Some(admin.public())),
            context: ContextChange {
                policy: Some(policy),
                ..ContextChange::default()
            },
            admin,
            issuer: CertificateKey::random(rng),
            now,
            roster,
        })
    }

    /// Returns the surroundings of a decision at a moment.
    pub(crate) const fn surroundings(&self, moment: Moment) -> Surroundings<'_> {
        Surroundings {
            is_account: &|_| true,
            max_devices: 1,
            roster: &self.roster,
            now: self.now,
            moment,
        }
    }

    /// Returns the key and the leaf of a device, which belongs to a user of its own.
    pub(crate) fn device(&self, number: u32) -> Result<(MemberKey, MemberLeaf)> {
        let user = OpaqueUserId::parse(&hex::encode(bytes::<USER_ID_LENGTH>(number)));
        let user = user.context("no user id")?;
        let key = DeviceSecret::from_bytes(bytes(number)).member_key(&self.id);
        let approval = Approval {
            room: self.id,
            user: user.clone(),
            member_key: key.public(),
            issued: self.now.minus(HOUR),
            expires: self.now.plus(DAY),
        };
        let approval = SignedStatement::sign(&approval, &StatementKey::Admin(&self.admin))?;
        let identity = IdentityKey::from_seed(&bytes(number));
        let certificate = self.certificate(number, &identity);
        let leaf = MemberLeaf {
            user,
            demux_id: DemuxId::new(number * 16).context("no demux id")?,
            member_key: key.public(),
            admission: Admission::Approval(approval),
            serial: 1,
            name: Some(format!("Person {number}")),
            certificate: Some(certificate.present(&identity, &self.id, &key.public())),
        };
        Ok((key, leaf))
    }

    /// Makes the key package of a device.
    pub(crate) fn candidate(&self, number: u32, rng: &mut ChaCha20Rng) -> Result<Candidate> {
        let (key, leaf) = self.device(number)?;
        self.candidate_with(key, leaf, rng)
    }

    /// Makes the key package of a leaf.
    pub(crate) fn candidate_with(
        &self,
        key: MemberKey,
        leaf: MemberLeaf,
        rng: &mut ChaCha20Rng,
    ) -> Result<Candidate> {
        let (link, history) = (self.link.clone(), EraHistory::default());
        Ok(Candidate::new(link, key, leaf, history, self.now, rng)?)
    }

    /// Verifies the key packages of devices.
    pub(crate) fn applicants(&self, candidates: &[Candidate]) -> Result<Vec<Applicant>> {
        let applicants = candidates.iter();
        let applicants = applicants.map(|one| Applicant::open(&self.link, one.key_package()));
        Ok(applicants.collect::<Result<_, _>>()?)
    }

    fn certificate(&self, number: u32, identity: &IdentityKey) -> SignedCertificate {
        let certificate = Certificate {
            account: Aci::from_bytes(bytes(number)),
            is_guest: false,
            identity_key: identity.public(),
            last_day: self.now.start_of_day(),
        };
        certificate.sign(&self.issuer)
    }
}

/// Returns bytes that differ for each number, also in their first half, which names a user.
fn bytes<const N: usize>(number: u32) -> [u8; N] {
    let mut bytes = [0; N];
    for (byte, digit) in bytes
        .iter_mut()
        .zip(number.to_le_bytes().into_iter().cycle())
    {
        *byte = digit;
    }
    bytes
}
