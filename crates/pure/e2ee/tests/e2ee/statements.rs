//! Statements: what they say, who may sign them, and that nothing but the whole of one counts.

use anteroom_e2ee::{
    AdminSecret, AdminSignature, Approval, Authority, BarredEntry, CertificateChain,
    CertificateError, CertificateKey, CoAdmin, DeviceSecret, Lock, Policy, SignedCertificate,
    SignedStatement, Statement, StatementError, StatementKey,
};
use anteroom_protocol::{Aci, DAY, OpaqueUserId, Restrictions, Timestamp};

use crate::common::{NOW, by_admin, by_co_admin, era, people, room, user};

/// Tries every shortening, every changed byte and a surplus byte.
fn only_the_whole_counts<S: Statement>(signed: &SignedStatement<S>, authority: &Authority<'_>) {
    let bytes = signed.as_bytes();
    let counts = |bytes: &[u8]| {
        SignedStatement::<S>::parse(bytes)
            .is_ok_and(|parsed| parsed.verify(signed.claimed().room(), authority).is_ok())
    };
    assert!(counts(bytes));
    for length in 0..bytes.len() {
        assert!(!counts(&bytes[..length]), "{length}");
    }
    for index in 0..bytes.len() {
        let mut changed = bytes.to_vec();
        changed[index] ^= 1;
        assert!(!counts(&changed), "{index}");
    }
    assert!(!counts(&[bytes, &[0]].concat()));
}

#[test]
fn nothing_but_the_whole_statement_counts() {
    let people = people();
    let policy = people.policy(Restrictions::None);
    let admin = people.admin.public();
    let authority = Authority {
        admin: &admin,
        co_admins: &policy.co_admins,
    };
    only_the_whole_counts(&by_admin(&people, &people.approval()), &authority);
    only_the_whole_counts(&by_co_admin(&people, &people.approval()), &authority);
    only_the_whole_counts(&by_admin(&people, &policy), &authority);
    only_the_whole_counts(&by_admin(&people, &people.barred()), &authority);
    only_the_whole_counts(&by_co_admin(&people, &people.barred()), &authority);
    only_the_whole_counts(&by_admin(&people, &people.lock(true)), &authority);
    only_the_whole_counts(&by_co_admin(&people, &people.lock(false)), &authority);
}

#[test]
fn only_keys_that_count_sign() {
    let people = people();
    let policy = people.policy(Restrictions::None);
    let (admin, stranger) = (
        people.admin.public(),
        AdminSecret::from_bytes([9; 32]).admin_key(&people.room),
    );
    let alone = Authority::of_admin(&admin);
    let with_co_admin = Authority {
        admin: &admin,
        co_admins: policy.co_admins_in(people.era),
    };
    let approval = by_co_admin(&people, &people.approval());
    let unauthorized = Err(StatementError::Unauthorized);
    assert!(approval.verify(&people.room, &with_co_admin).is_ok());
    assert_eq!(approval.verify(&people.room, &alone), unauthorized);
    let by_stranger =
        SignedStatement::sign(&people.approval(), &StatementKey::Admin(&stranger)).unwrap();
    let forged = by_stranger.verify(&people.room, &with_co_admin);
    assert_eq!(forged, Err(StatementError::Signature));
    let elsewhere = approval.verify(&room(2), &with_co_admin);
    assert_eq!(elsewhere, Err(StatementError::OtherRoom));
    let own_policy = by_co_admin(&people, &policy);
    let promoted = own_policy.verify(&people.room, &with_co_admin);
    assert_eq!(promoted, Err(StatementError::Unauthorized));
    assert_eq!(policy.co_admins_in(era(2)), &[]);
}

#[test]
fn a_statement_is_not_taken_for_one_of_another_kind() {
    let people = people();
    let approval = by_admin(&people, &people.approval());
    let malformed = Some(StatementError::Malformed);
    let bytes = approval.as_bytes();
    assert_eq!(SignedStatement::<Policy>::parse(bytes).err(), malformed);
    assert_eq!(
        SignedStatement::<BarredEntry>::parse(bytes).err(),
        malformed
    );
    assert_eq!(SignedStatement::<Lock>::parse(bytes).err(), malformed);
}

#[test]
fn statements_are_as_long_as_their_kind_allows() {
    let people = people();
    let longest = OpaqueUserId::parse(&"ab".repeat(128)).unwrap();
    let approval = Approval {
        user: longest.clone(),
        ..people.approval()
    };
    assert!(by_co_admin(&people, &approval).as_bytes().len() <= 512);
    assert_eq!(by_admin(&people, &people.approval()).as_bytes().len(), 215);
    let co_admin = |number: u8| CoAdmin {
        user: user(u64::from(number)),
        member_key: DeviceSecret::from_bytes([number; 32])
            .member_key(&people.room)
            .public(),
    };
    let mut policy = people.policy(Restrictions::None);
    policy.co_admins = (0..8).map(co_admin).collect();
    assert!(by_admin(&people, &policy).as_bytes().len() <= 1024);
    policy.co_admins.push(co_admin(9));
    let key = StatementKey::Admin(&people.admin);
    let forbidden = Some(StatementError::Forbidden);
    assert_eq!(SignedStatement::sign(&policy, &key).err(), forbidden);
    policy.co_admins = vec![
        CoAdmin {
            user: longest,
            ..co_admin(1)
        };
        6
    ];
    assert_eq!(SignedStatement::sign(&policy, &key).err(), forbidden);
}

#[test]
fn nobody_signs_what_nobody_accepts() {
    let people = people();
    let key = StatementKey::Admin(&people.admin);
    let half_a_byte = OpaqueUserId::parse("abc").unwrap();
    let approvals = [
        Approval {
            expires: NOW,
            issued: NOW,
            ..people.approval()
        },
        Approval {
            user: half_a_byte,
            ..people.approval()
        },
    ];
    let forbidden = Some(StatementError::Forbidden);
    for approval in approvals {
        assert_eq!(SignedStatement::sign(&approval, &key).err(), forbidden);
    }
    let policy = people.policy(Restrictions::None);
    let policies = [
        Policy {
            until: policy.since,
            ..policy.clone()
        },
        Policy {
            until: policy.since.plus(90 * DAY + 1),
            ..policy.clone()
        },
        Policy {
            era: None,
            void_here: Timestamp::from_secs(0),
            ..policy.clone()
        },
        Policy {
            era: None,
            co_admins: Vec::new(),
            ..policy.clone()
        },
        Policy {
            void_here: policy.void_before.plus(1),
            ..policy.clone()
        },
        Policy {
            co_admins: [&policy.co_admins[..], &policy.co_admins].concat(),
            ..policy.clone()
        },
    ];
    for policy in policies {
        assert_eq!(SignedStatement::sign(&policy, &key).err(), forbidden);
    }
    let longest = Policy {
        until: policy.since.plus(90 * DAY),
        ..policy
    };
    assert!(SignedStatement::sign(&longest, &key).is_ok());
}

#[test]
fn the_order_of_policies_is_the_same_for_everybody() {
    let people = people();
    let older = people.policy(Restrictions::None);
    let newer = Policy {
        counter: 8,
        since: older.since.minus(DAY),
        ..older.clone()
    };
    let later = Policy {
        since: older.since.plus(1),
        ..older.clone()
    };
    let stricter = Policy {
        restrictions: Restrictions::AdminApproval,
        ..older.clone()
    };
    let [older, newer, later, stricter] =
        [&older, &newer, &later, &stricter].map(|policy| by_admin(&people, policy));
    assert!(newer.supersedes(&older) && !older.supersedes(&newer));
    assert!(newer.supersedes(&later) && later.supersedes(&older));
    assert!(stricter.supersedes(&older) != older.supersedes(&stricter));
    assert!(!older.supersedes(&older));
}

#[test]
fn none_is_approval_again_in_the_end() {
    let policy = people().policy(Restrictions::None);
    let before = policy.until.minus(1);
    assert_eq!(policy.restrictions_at(before), Restrictions::None);
    let approval = Restrictions::AdminApproval;
    assert_eq!(policy.restrictions_at(policy.until), approval);
    let never = people().policy(approval);
    assert_eq!(never.restrictions_at(before), approval);
}

#[test]
fn approvals_are_void_in_later_eras() {
    let policy = people().policy(Restrictions::AdminApproval);
    assert_eq!(policy.void_before_in(era(1)), policy.void_here);
    assert_eq!(policy.void_before_in(era(2)), policy.void_before);
}

#[test]
fn an_admins_signature_is_for_one_room_era_and_key() {
    let people = people();
    let (admin, key) = (people.admin.public(), people.member.public());
    let signature = AdminSignature::sign(&people.admin, &people.room, people.era, &key);
    let verify = |room, era, key| signature.verify(&admin, &room, era, key).is_ok();
    assert!(verify(people.room, people.era, &key));
    assert!(!verify(room(2), people.era, &key));
    assert!(!verify(people.room, era(2), &key));
    assert!(!verify(people.room, people.era, &people.co_admin.public()));
}

#[test]
fn a_certificate_ties_a_member_key_to_an_account() {
    let people = people();
    let (issuer, signed, chain) = people.certificate();
    let (account, key) = (Aci::from_bytes([7; 16]), people.member.public());
    let verify = |issuer: &CertificateKey, account, room, key, now| {
        let verified = chain.verify(&issuer.public(), account, room, key, now);
        verified.map(|certificate| certificate.is_guest)
    };
    let last_second = NOW.start_of_day().plus(DAY - 1);
    let here = &people.room;
    assert_eq!(verify(&issuer, &account, here, &key, last_second), Ok(true));
    let stranger = CertificateKey::from_seed(&[8; 32]);
    let other_account = Aci::from_bytes([8; 16]);
    let (other_room, other_key) = (room(2), people.co_admin.public());
    for (error, verified) in [
        (
            CertificateError::Issuer,
            verify(&stranger, &account, here, &key, NOW),
        ),
        (
            CertificateError::Device,
            verify(&issuer, &account, &other_room, &key, NOW),
        ),
        (
            CertificateError::Device,
            verify(&issuer, &account, here, &other_key, NOW),
        ),
        (
            CertificateError::Account,
            verify(&issuer, &other_account, here, &key, NOW),
        ),
        (
            CertificateError::Expired,
            verify(&issuer, &account, here, &key, last_second.plus(1)),
        ),
    ] {
        assert_eq!(verified, Err(error));
    }
    let bytes = chain.to_bytes();
    assert_eq!(bytes.len(), CertificateChain::LENGTH);
    assert!(CertificateChain::parse(&bytes) == Ok(chain));
    for length in 0..bytes.len() {
        assert!(CertificateChain::parse(&bytes[..length]).is_err());
    }
    assert!(CertificateChain::parse(&[&bytes[..], &[0]].concat()).is_err());
    assert!(SignedCertificate::parse(&signed.to_bytes()) == Ok(signed));
}

#[test]
fn a_certificate_for_no_key_leaves_its_member_in_and_shows_nothing() {
    let people = people();
    let (issuer, _, chain) = people.certificate();
    let mut bytes = chain.to_bytes();
    let identity_key = 18..50;
    bytes[identity_key].fill(0xff);
    let changed = CertificateChain::parse(&bytes).unwrap();
    assert_eq!(changed.to_bytes(), bytes);
    let (account, key) = (Aci::from_bytes([7; 16]), people.member.public());
    let verified = changed.verify(&issuer.public(), &account, &people.room, &key, NOW);
    assert_eq!(verified.err(), Some(CertificateError::Issuer));
}
