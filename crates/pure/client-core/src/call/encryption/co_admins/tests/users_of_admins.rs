//! Leaves that name the user of an admin.

use super::*;

/// Any member can name the user of an admin in a leaf of its own making, under a number of nobody or of its other seat.
#[test]
fn a_co_admin_puts_out_a_leaf_that_names_an_admins_user_and_is_not_listed_so() {
    for (number, listing) in [(6, Listing::Unlisted), (5, Listing::Contradicted)] {
        for (scope, verdict) in [
            (BarScope::Device, CoAdminVerdict::Remove),
            (BarScope::User, CoAdminVerdict::Block),
        ] {
            let mut encryption = co_admin(false, Roster::default());
            encryption.lobby.roster.active = vec![admins(4, 4), listed(OWN, OWN), listed(5, 5)];
            let ghost = MemberStatus {
                listing,
                ..member_of(number, 7, AdmissionReason::Open)
            };
            let ghost = |person| {
                let mut ghost = ghost.clone();
                ghost.claims.user = user(person);
                ghost
            };
            let state = |ghost| GroupState {
                members: vec![
                    member_of(4, 4, AdmissionReason::Admin),
                    member_of(OWN, OWN, AdmissionReason::Open),
                    ghost,
                ],
                may_send: true,
                has_admin: true,
                is_co_admin: true,
                has_admin_device: true,
                ..GroupState::default()
            };
            // The entry names the key, and not the user of somebody else.
            for person in [4, OWN] {
                let scope = state(ghost(person)).bar_scope(demux(number), scope);
                assert_eq!(scope, BarScope::Device);
            }
            let of_own = state(ghost(7)).bar_scope(demux(number), scope);
            assert_eq!(of_own, scope);
            encryption.told = Some(state(ghost(4)));
            let told = encryption.told.clone();
            while encryption.poll_effect().is_some() {}
            let (time, rng) = (at(3), &mut rng());
            let _ = encryption.bar(demux(number), scope, Surroundings { time, rng });
            // The session was asked to sign, which has no group here.
            let asked = refusals(&mut encryption);
            assert!(matches!(asked[..], [GroupError::Command(_)]), "{number}");
            if listing == Listing::Unlisted {
                encryption.told = told;
                encryption.decide(demux(number), verdict, Surroundings { time, rng });
                assert_eq!(refusals(&mut encryption), [], "{number}");
            }
        }
    }
}
