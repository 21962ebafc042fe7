//! Auth presentations that are bound to a member key.

use crate::common::{CallLinkFixture, Seed, TODAY, flips};
use anteroom_protocol::*;

fn present(fixture: &CallLinkFixture, member: Option<&MemberKey>, seed: u64) -> AuthPresentation {
    let CallLinkFixture {
        auth,
        aci,
        public,
        link,
        ..
    } = fixture;
    let randomness = Seed::new(seed).randomness();
    auth.present_for(aci, TODAY, public, link, member, randomness)
        .unwrap()
}

#[test]
fn a_presentation_verifies_for_its_member_key_alone() {
    let members = [
        None,
        Some(MemberKey::from_bytes([1; 32])),
        Some(MemberKey::from_bytes([2; 32])),
        Some(MemberKey::from_bytes([0; 32])),
    ];
    for mode in [Mode::Legacy, Mode::Standard] {
        let fixture = CallLinkFixture::new(mode, 1);
        let link = fixture.link.public_params();
        for (seed, made_for) in (10..).zip(members) {
            let presentation = present(&fixture, made_for.as_ref(), seed);
            for shown_for in members {
                let verified =
                    presentation.verify_for(TODAY, &fixture.secret, &link, shown_for.as_ref());
                let holds = made_for == shown_for;
                assert_eq!(
                    verified.is_ok(),
                    holds,
                    "{mode:?}, {:?} for {:?}",
                    made_for.map(|member| member.as_bytes()[0]),
                    shown_for.map(|member| member.as_bytes()[0])
                );
            }
            let unbound = presentation.verify(TODAY, &fixture.secret, &link);
            assert_eq!(unbound.is_ok(), made_for.is_none(), "{mode:?}");
        }
    }
}

#[test]
fn a_member_key_that_differs_in_one_bit_is_another() {
    let member = MemberKey::from_bytes([7; 32]);
    for mode in [Mode::Legacy, Mode::Standard] {
        let fixture = CallLinkFixture::new(mode, 1);
        let link = fixture.link.public_params();
        let presentation = present(&fixture, Some(&member), 10);
        for (bit, flipped) in flips(member.as_bytes()) {
            let other = MemberKey::from_bytes(flipped.try_into().unwrap());
            let verified = presentation.verify_for(TODAY, &fixture.secret, &link, Some(&other));
            assert_eq!(verified, Err(VerifyError), "{mode:?}, bit {bit}");
        }
    }
}

#[test]
fn a_presentation_contains_nothing_of_its_member_key_and_is_as_long_as_others() {
    let member = MemberKey::from_bytes(Seed::new(3).bytes());
    for mode in [Mode::Legacy, Mode::Standard] {
        let fixture = CallLinkFixture::new(mode, 1);
        let bound = present(&fixture, Some(&member), 10).to_bytes();
        assert_eq!(bound.len(), fixture.auth_presentation.to_bytes().len());
        for run in member.as_bytes().windows(4) {
            assert!(!bound.windows(4).any(|bytes| bytes == run), "{mode:?}");
        }
    }
}
