//! Bytes from outside: no parser panics, and nothing that was changed counts.

use anteroom_e2ee::{
    Admission, Applicant, Approval, BarredEntry, CertificateChain, ContextChange, FrameTag, Lock,
    Policy, RoomContext, SignedCertificate, SignedStatement,
};
use anteroom_protocol::Restrictions;
use rand_core::Rng as _;

use crate::{
    call::{Call, surroundings},
    common::{by_admin, people, rng},
};

/// The mutations of each input that are tried.
const ROUNDS: u32 = 400;

/// Gives the input to every parser.
fn parse_all(bytes: &[u8], call: &mut Call) {
    let _ignored = (
        SignedStatement::<Approval>::parse(bytes).is_ok(),
        SignedStatement::<Policy>::parse(bytes).is_ok(),
        SignedStatement::<BarredEntry>::parse(bytes).is_ok(),
        SignedStatement::<Lock>::parse(bytes).is_ok(),
        SignedCertificate::parse(bytes).is_ok(),
        CertificateChain::parse(bytes).is_ok(),
        Admission::parse(bytes).is_ok(),
        RoomContext::parse(bytes).is_ok(),
    );
    assert!(Applicant::open(&call.link, bytes).is_err());
    let now = call.now;
    let world = surroundings(&call.roster, now);
    let member = &mut call.members[0];
    let epoch = member.group.epoch();
    assert!(member.group.receive_commit(epoch, bytes, &world).is_err());
    assert!(member.group.open_message(bytes, now).is_err());
    for clear_length in [0, 1, 10] {
        assert!(
            member
                .opener
                .open(FrameTag(0), bytes, clear_length, now)
                .is_err()
        );
    }
}

#[test]
fn changed_bytes_are_refused_without_a_panic() {
    let mut call = Call::with_members(2);
    let people = people();
    let policy = by_admin(&people, &people.policy(Restrictions::None));
    let context = RoomContext::new(people.room, people.era, Some(people.admin.public()));
    let context = context.with(&ContextChange {
        policy: Some(policy.clone()),
        barred: vec![by_admin(&people, &people.barred())],
        lock: Some(by_admin(&people, &people.lock(true))),
    });
    let approval = by_admin(&people, &people.approval());
    let inputs = [
        policy.as_bytes().to_vec(),
        approval.as_bytes().to_vec(),
        Admission::Approval(approval).to_bytes(),
        context.to_bytes(),
        people.certificate().2.to_bytes(),
        vec![0; 80],
    ];
    let mut rng = rng(4);
    for input in inputs {
        for _ in 0..ROUNDS {
            let mut bytes = input.clone();
            for _ in 0..=rng.next_u32() % 4 {
                let index = usize::try_from(rng.next_u32()).unwrap() % bytes.len();
                match rng.next_u32() % 4 {
                    0 => bytes.truncate(index.max(1)),
                    1 => bytes.insert(index, 0xff),
                    _ => bytes[index] = rng.next_u32().to_le_bytes()[0],
                }
            }
            parse_all(&bytes, &mut call);
        }
    }
}
