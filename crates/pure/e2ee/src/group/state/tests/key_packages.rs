//! Key packages with which MLS makes no commit, or one that some of the members refuse.

use openmls::prelude::{Capabilities, ExtensionType, Lifetime};

use super::*;
use crate::group::{crypto::CIPHERSUITE, leaf::capabilities, mls::lifetime};

const DAY: u64 = anteroom_protocol::DAY;

/// Opens a key package with these capabilities.
fn opened(capabilities: Capabilities, lifetime: Lifetime) -> Result<Applicant, GroupFailure> {
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let (key, leaf) = member(4);
    let storage = Storage::default();
    let body = {
        let provider = Provider::new(&storage, &mut rng);
        let bundle = KeyPackage::builder()
            .leaf_node_capabilities(capabilities)
            .leaf_node_extensions(leaf.extensions().unwrap())
            .key_package_lifetime(lifetime)
            .build(
                CIPHERSUITE,
                &provider,
                &MemberSigner(&key),
                leaf.credential(),
            )
            .unwrap();
        let message = MlsMessageOut::from(bundle.key_package().clone());
        message.to_bytes().unwrap()
    };
    let kind = HandshakeKind::KeyPackage;
    let sealed = link().handshake.seal(kind, None, &body, &mut rng).unwrap();
    Applicant::open(&link(), &sealed)
}

#[test]
fn a_key_package_that_does_not_support_the_extensions_of_the_group_is_no_applicant() {
    let applicant = opened(capabilities(), lifetime(now()));
    assert!(applicant.is_ok());
    let own = [0xf201, 0xf204].map(ExtensionType::Unknown);
    let few = Capabilities::builder()
        .ciphersuites(vec![CIPHERSUITE])
        .extensions(own.to_vec())
        .build();
    let applicant = opened(few, lifetime(now()));
    assert_eq!(applicant.err(), Some(GroupFailure::KeyPackage));
}

#[test]
fn a_key_package_is_fresh_while_wrong_clocks_take_it_too() {
    let now = now();
    let at = |before: u64, after: u64| {
        let lifetime = Lifetime::init(now.minus(before).as_secs(), now.plus(after).as_secs());
        opened(capabilities(), lifetime).unwrap().is_fresh(now)
    };
    assert!(at(DAY, 2 * DAY) && at(DAY / 2, DAY / 2));
    assert!(!at(DAY / 2 - 1, DAY));
    assert!(!at(DAY, DAY / 2 - 1), "it ends soon");
}

#[test]
fn a_key_that_two_key_packages_or_a_member_have_is_seen_before_a_commit() {
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let mut groups = three(&mut rng);
    let open = |one: &Candidate| Applicant::open(&link(), one.key_package()).unwrap();
    let twins = [5, 6].map(|number| {
        let mut rng = ChaCha20Rng::seed_from_u64(77);
        open(&candidate(number, &mut rng))
    });
    let other = open(&candidate(7, &mut rng));
    assert!(twins[0].shares_key(&twins[1]) && !twins[0].shares_key(&other));
    let roster = RosterHistory::default();
    let world = surroundings(&roster);
    let change = GroupChange {
        add: twins.to_vec(),
        ..GroupChange::default()
    };
    let failure = groups[0].commit(&change, &world, &mut rng).err();
    assert_eq!(failure, Some(GroupFailure::Mls));
    // The group goes on.
    let [first, second] = twins;
    assert!(!groups[0].shares_key(&first));
    let change = GroupChange {
        add: vec![first, other],
        ..GroupChange::default()
    };
    let commit = groups[0].commit(&change, &world, &mut rng).unwrap();
    let own = groups[0].receive_commit(commit.epoch, &commit.body, &world);
    assert!(own.is_ok());
    assert!(groups[0].shares_key(&second), "a member has it now");
}
