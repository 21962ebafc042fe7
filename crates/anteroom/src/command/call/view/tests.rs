use anteroom_client::{EraId, OpenError, RoomsError};
use anteroom_protocol::Timestamp;
use zeroize::Zeroizing;

use super::*;

fn device(number: u32) -> DemuxId {
    DemuxId::new(number).unwrap()
}

fn participant(number: u32) -> Participant {
    Participant {
        demux: device(number),
        user: None,
        hand_raised_at: None,
        is_lost: false,
    }
}

fn roster(active: &[u32], pending: &[u32]) -> Roster {
    let list = |numbers: &[u32]| numbers.iter().copied().map(participant).collect();
    Roster {
        active: list(active),
        pending: list(pending),
        pending_count: pending.len(),
    }
}

fn joined(standing: Standing, is_admin: bool, roster: Roster) -> CallEvent {
    CallEvent::Joined(Box::new(Joined {
        demux: device(16),
        era: EraId::from_bytes([1; 16]),
        standing,
        is_admin,
        max_devices: 8,
        roster,
        link: LinkState {
            approval: Approval::Required,
            name: RoomName::Known("Tea".to_owned()),
            revoked: false,
            expiration: Timestamp::from_secs(1),
            deletion: Timestamp::from_secs(2),
        },
        features: Vec::new(),
    }))
}

fn message(from: u32, chat: &Chat) -> CallEvent {
    CallEvent::Message {
        from: device(from),
        message: Zeroizing::new(chat.to_bytes().unwrap().to_vec()),
    }
}

fn hello(from: u32, name: &str) -> CallEvent {
    let name = name.to_owned();
    message(from, &Chat::Hello { name })
}

fn text(from: u32, text: &str) -> CallEvent {
    let text = text.to_owned();
    message(from, &Chat::Text { text })
}

/// An admin alone in a call for which two wait.
pub(in crate::command::call) fn admin_with_two_waiting() -> View {
    let mut view = View::default();
    view.apply(&joined(Standing::Active, true, roster(&[16], &[32, 48])));
    view
}

/// The short numbers of those who wait in [`admin_with_two_waiting`].
pub(in crate::command::call) const fn roster_of_two_waiting() -> [u32; 2] {
    [1, 2]
}

#[test]
fn an_admin_is_told_who_comes_waits_speaks_and_leaves() {
    let mut view = View::default();
    let raised = {
        let mut raised = roster(&[16, 32], &[]);
        raised.active[1].hand_raised_at = Some(1);
        raised
    };
    let lost = {
        let mut lost = roster(&[16, 32], &[]);
        lost.active[1].is_lost = true;
        lost
    };
    let steps = [
        (
            joined(Standing::Active, true, roster(&[16], &[])),
            &["You are in \"Tea\", as an admin."][..],
        ),
        (
            CallEvent::Roster(roster(&[16], &[32])),
            &["#1 waits in the lobby: /admit 1 or /deny 1"],
        ),
        (CallEvent::Roster(roster(&[16, 32], &[])), &["#1 is here."]),
        (hello(32, "Bob"), &["#1 is called Bob."]),
        (hello(32, "Bob"), &[]),
        (text(32, "hello"), &["Bob#1: hello"]),
        (CallEvent::Roster(raised), &["Bob#1 raised a hand."]),
        (
            CallEvent::Roster(roster(&[16, 32], &[])),
            &["Bob#1 lowered the hand."],
        ),
        (CallEvent::Roster(lost), &["Bob#1 has lost the connection."]),
        (
            CallEvent::Roster(roster(&[16, 32], &[])),
            &["Bob#1 is connected again."],
        ),
        (hello(48, "Bob"), &["#2 is called Bob."]),
        (hello(32, ""), &[]),
        (CallEvent::Roster(roster(&[16], &[])), &["Bob#1 left."]),
        (
            CallEvent::Unreadable {
                from: device(48),
                reason: OpenError::Replayed,
            },
            &["! What came as Bob#2's is not shown: it was delivered before."],
        ),
    ];
    for (event, expected) in steps {
        assert_eq!(view.apply(&event), expected, "{event:?}");
    }
}

#[test]
fn a_guest_waits_and_is_told_the_end() {
    let mut view = View::default();
    let waiting = view.apply(&joined(Standing::Pending, false, roster(&[32], &[16])));
    let expected = "You wait in the lobby of \"Tea\" until an admin lets you in.";
    assert_eq!(waiting, [expected, "#1 is here."]);
    assert!(view.take_greetings().is_empty(), "who waits is silent");
    assert_eq!(view.apply(&CallEvent::Admitted), ["You were let in."]);
    assert_eq!(view.take_greetings(), [Recipient::All]);
    view.apply(&CallEvent::Roster(roster(&[16, 32], &[])));
    assert!(view.take_greetings().is_empty());
    view.apply(&CallEvent::Roster(roster(&[16, 32, 48], &[])));
    assert_eq!(view.take_greetings(), [Recipient::One(device(48))]);
    // Guests are told how many wait.
    let mut waiting = roster(&[16, 32, 48], &[]);
    for (pending_count, expected) in [
        (1, &["Somebody waits in the lobby."][..]),
        (2, &["2 wait in the lobby."]),
        (1, &[]),
    ] {
        waiting.pending_count = pending_count;
        assert_eq!(view.apply(&CallEvent::Roster(waiting.clone())), expected);
    }
    for (ending, expected) in [
        (
            Ending::Displaced,
            "The call is full, and an admin needed your place.",
        ),
        (
            Ending::Denied(DenialReason::Admin),
            "An admin did not let you in.",
        ),
        (
            Ending::Denied(DenialReason::Ended),
            "The call ended before you were let in.",
        ),
        (
            Ending::Failed(RoomsError::Lost),
            "The call is over for you: the connection",
        ),
    ] {
        let lines = view.apply(&CallEvent::Ended(ending));
        assert!(lines[0].starts_with(expected), "{lines:?}");
    }
}

#[test]
fn a_place_is_said_to_be_kept_only_where_the_room_service_may_keep_it() {
    let mut view = View::default();
    let entered = joined(Standing::Active, false, roster(&[16], &[]));
    let ended = CallEvent::Refused {
        code: "ended".to_owned(),
        message: "The call has ended.".to_owned(),
    };
    for (event, expected) in [
        (&entered, "You are in"),
        (&CallEvent::Lost, "keeps your place for 30 seconds"),
        (&entered, "You are in"),
        (&ended, "The room service has ended the call"),
        (&CallEvent::Lost, "Your place is not kept"),
        (&entered, "You are in"),
        (&CallEvent::Lost, "keeps your place for 30 seconds"),
    ] {
        let lines = view.apply(event);
        assert!(lines[0].contains(expected), "{lines:?} lacks {expected:?}");
    }
}

#[test]
fn numbers_stand_for_devices_and_a_new_place_forgets_them() {
    let mut view = admin_with_two_waiting();
    assert_eq!(view.device(1), Some(device(32)));
    assert_eq!(view.device(2), Some(device(48)));
    for number in [0, 3, u32::MAX] {
        assert_eq!(view.device(number), None);
    }
    assert_eq!(
        view.everyone(),
        [
            "  You (in the call)",
            "  #1 (in the lobby)",
            "  #2 (in the lobby)"
        ]
    );
    view.apply(&joined(Standing::Active, true, roster(&[16], &[48])));
    assert_eq!(view.device(1), Some(device(48)));
}
