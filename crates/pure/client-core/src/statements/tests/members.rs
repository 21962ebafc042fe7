//! Approvals beside the members of the group.

use super::*;
use crate::{
    Admission, AdmissionReason, CertificateStatus, GroupState, Listing, MemberLeaf, MemberStatus,
};

#[test]
fn nothing_is_signed_for_somebody_whom_the_room_service_lists_with_the_number_of_a_member() {
    let rights = AdminRights::Secret(secret(1));
    let (bob, policy) = (participant(2, "0b"), AdminStatement::default());
    let claims = MemberLeaf {
        user: user("0b"),
        demux_id: bob.demux,
        member_key: device(2).public(),
        admission: Admission::None,
        serial: 1,
        name: None,
        certificate: None,
    };
    let group = CallEvent::GroupChanged(Box::new(GroupState {
        members: vec![MemberStatus {
            leaf: 1,
            claims,
            name: None,
            reason: AdmissionReason::Admin,
            is_own: false,
            is_confirmed: true,
            is_compared: false,
            listing: Listing::Unlisted,
            certificate: CertificateStatus::Missing,
        }],
        ..GroupState::default()
    }));
    for (number, id, omission) in [
        (2, "0b", None),
        (3, "0c", Some(StatementOmission::Changed)),
        (2, "0c", Some(StatementOmission::Changed)),
        (3, "0b", Some(StatementOmission::Changed)),
    ] {
        let waiting = Participant {
            demux: bob.demux,
            ..participant(number, id)
        };
        let roster = CallEvent::Roster(Roster {
            active: Vec::new(),
            pending: vec![waiting],
            pending_count: 1,
        });
        for events in [[&group, &roster], [&roster, &group]] {
            let mut call = CallStatements::new(&link(1), statements(), None, Some(&rights));
            call.observe(&seat(&["statements"], &policy, Vec::new()), NOW);
            for event in events {
                call.observe(event, NOW);
            }
            assert_eq!(call.omission(bob.demux, NOW), omission, "{number} {id}");
        }
    }
}
