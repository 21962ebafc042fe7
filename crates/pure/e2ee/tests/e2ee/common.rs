//! Values that the tests share.

use anteroom_e2ee::{
    AdminKey, AdminSecret, Approval, BarredEntry, Certificate, CertificateChain, CertificateKey,
    CoAdmin, DeviceSecret, IdentityKey, Lock, MemberKey, Policy, SignedCertificate,
    SignedStatement, Statement, StatementKey,
};
use anteroom_protocol::{
    Aci, DAY, EraId, HOUR, OpaqueUserId, Restrictions, RoomId, RootKey, Timestamp,
};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};

/// A moment of 2026.
pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_796_000_000);

pub(crate) fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

pub(crate) fn root_key(seed: u64) -> RootKey {
    RootKey::generate_v0(&mut rng(seed))
}

pub(crate) fn room(number: u8) -> RoomId {
    RoomId::from_bytes([number; 32])
}

pub(crate) fn era(number: u8) -> EraId {
    EraId::from_bytes([number; 16])
}

/// A user id of the length of those of call links.
pub(crate) fn user(number: u64) -> OpaqueUserId {
    let mut bytes = [0; 65];
    rng(number).fill_bytes(&mut bytes[1..]);
    OpaqueUserId::parse(&hex::encode(bytes)).unwrap()
}

/// An admin, a co-admin and a member of a room.
pub(crate) struct RoomKeys {
    pub(crate) room: RoomId,
    pub(crate) era: EraId,
    pub(crate) admin: AdminKey,
    pub(crate) co_admin: MemberKey,
    pub(crate) member: MemberKey,
}

/// The people of the room 1 in the era 1.
pub(crate) fn people() -> RoomKeys {
    people_of(room(1))
}

/// The people of a room in the era 1.
pub(crate) fn people_of(room: RoomId) -> RoomKeys {
    let member_key = |number| DeviceSecret::from_bytes([number; 32]).member_key(&room);
    RoomKeys {
        room,
        era: era(1),
        admin: AdminSecret::from_bytes([2; 32]).admin_key(&room),
        co_admin: member_key(3),
        member: member_key(4),
    }
}

impl RoomKeys {
    pub(crate) fn policy(&self, restrictions: Restrictions) -> Policy {
        Policy {
            room: self.room,
            restrictions,
            counter: 7,
            since: NOW.minus(DAY),
            until: NOW.plus(DAY),
            void_before: NOW.minus(10 * DAY),
            void_here: NOW.minus(20 * DAY),
            era: Some(self.era),
            co_admins: vec![CoAdmin {
                user: user(3),
                member_key: self.co_admin.public(),
            }],
        }
    }

    pub(crate) fn approval(&self) -> Approval {
        Approval {
            room: self.room,
            user: user(4),
            member_key: self.member.public(),
            issued: NOW.minus(HOUR),
            expires: NOW.plus(DAY),
        }
    }

    pub(crate) fn barred(&self) -> BarredEntry {
        BarredEntry {
            room: self.room,
            user: user(4),
            member_key: None,
            time: NOW,
        }
    }

    pub(crate) fn lock(&self, on: bool) -> Lock {
        Lock {
            room: self.room,
            era: self.era,
            on,
            time: NOW,
        }
    }

    /// A certificate of the member's account and its chain, with the issuer's key.
    pub(crate) fn certificate(&self) -> (CertificateKey, SignedCertificate, CertificateChain) {
        let issuer = CertificateKey::from_seed(&[5; 32]);
        let identity = IdentityKey::from_seed(&[6; 32]);
        let certificate = Certificate {
            account: Aci::from_bytes([7; 16]),
            is_guest: true,
            identity_key: identity.public(),
            last_day: NOW.start_of_day(),
        };
        let signed = certificate.sign(&issuer);
        let chain = signed.present(&identity, &self.room, &self.member.public());
        (issuer, signed, chain)
    }
}

/// Signs a statement with the admin key.
pub(crate) fn by_admin<S: Statement>(people: &RoomKeys, statement: &S) -> SignedStatement<S> {
    SignedStatement::sign(statement, &StatementKey::Admin(&people.admin)).unwrap()
}

/// Signs a statement with the co-admin's member key.
pub(crate) fn by_co_admin<S: Statement>(people: &RoomKeys, statement: &S) -> SignedStatement<S> {
    SignedStatement::sign(statement, &StatementKey::CoAdmin(&people.co_admin)).unwrap()
}
