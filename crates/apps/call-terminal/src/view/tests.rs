mod changes;
mod decisions;
mod former_call;
mod moderation;
mod outside;
mod proofs;
mod refusals;
mod rights;
mod sent_moderation;

use anteroom_client::{
    AdminStatement, Approval, Chat, DenialReason, EndReason, EraId, LinkState, OpaqueUserId,
    OpenError, Participant, RoomName, RoomsError, SeatInfo, SeatStatus,
};
use anteroom_protocol::{Aci, GuestAdmission, RootKey, Timestamp};
use zeroize::Zeroizing;

use super::{rosters::GATHERING, *};
use crate::{input::Decision, known_devices::TagLookup, tag::TagPrefix, wait::Wait};

const NOW: Duration = Duration::from_secs(100);
const ADMITTED: CallEvent = CallEvent::Admitted { statement: None };

pub(crate) fn device(number: u32) -> DemuxId {
    DemuxId::new(number).unwrap()
}

fn participant(number: u32) -> Participant {
    participant_with(number, None, None)
}

/// The keys of a room.
pub(crate) fn room_params() -> CallLinkSecretParams {
    let key = RootKey::from_bytes(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
    key.unwrap().secret_params()
}

/// A device that joined with this name, of the account with these bytes.
pub(crate) fn participant_with(
    number: u32,
    name: Option<&str>,
    account: Option<u8>,
) -> Participant {
    let user = account.map(|byte| {
        let user = room_params().encrypt(&Aci::from_bytes([byte; 16]).into());
        OpaqueUserId::parse(&hex::encode(user.to_bytes())).unwrap()
    });
    Participant {
        demux: device(number),
        user,
        hand_raised_at: None,
        is_lost: false,
        is_admin: false,
        is_co_admin: false,
        is_guest: false,
        media: anteroom_protocol::media::PerSource::default(),
        name: name.map(ToOwned::to_owned),
        member: None,
        stated_key: None,
    }
}

pub(crate) fn roster(active: &[u32], pending: &[u32]) -> Roster {
    let list = |numbers: &[u32]| numbers.iter().copied().map(participant).collect();
    Roster {
        active: list(active),
        pending: list(pending),
        pending_count: pending.len(),
    }
}

pub(crate) fn joined(status: SeatStatus, is_admin: bool, roster: Roster) -> CallEvent {
    joined_in(1, 16, status, is_admin, roster)
}

fn joined_in(era: u8, own: u32, status: SeatStatus, is_admin: bool, roster: Roster) -> CallEvent {
    CallEvent::Joined(Box::new(SeatInfo {
        demux: device(own),
        era: EraId::from_bytes([era; 16]),
        status,
        is_admin,
        max_devices: 8,
        roster,
        link: LinkState {
            approval: Approval::Required,
            name: RoomName::Known("Tea".to_owned()),
            revoked: false,
            guests: GuestAdmission::Wait,
            expiration: Timestamp::from_secs(1),
            deletion: Timestamp::from_secs(2),
            admin_statement: AdminStatement::default(),
        },
        media: None,
        features: Vec::new(),
        statement: None,
    }))
}

fn message(from: u32, chat: &Chat) -> CallEvent {
    CallEvent::Message {
        from: device(from),
        message: Zeroizing::new(chat.to_bytes().unwrap().to_vec()),
    }
}

pub(crate) fn hello(from: u32, name: &str) -> CallEvent {
    let name = name.to_owned();
    message(from, &Chat::Hello { name })
}

pub(crate) fn text(from: u32, text: &str) -> CallEvent {
    let text = text.to_owned();
    message(from, &Chat::Text { text })
}

fn lines(entries: &[Entry]) -> Vec<String> {
    entries.iter().flat_map(|entry| entry.lines(None)).collect()
}

/// Returns the lines that an event and the time after it tell.
fn told(view: &mut View, event: &CallEvent) -> Vec<String> {
    let mut told = lines(&view.apply(event, NOW));
    told.extend(lines(&view.tick(NOW + GATHERING)));
    told
}

#[test]
fn whom_an_admin_sent_away_is_told_as_the_admins_deed_and_not_as_a_departure() {
    for (decision, before, expected) in [
        (
            Decision::Deny,
            roster(&[16], &[32]),
            "You do not let #2000 in. A second /deny of the account, by you or another admin, blocks it for the rest \
             of this call.",
        ),
        (
            Decision::Remove,
            roster(&[16, 32], &[]),
            "You send #2000 away.",
        ),
        (
            Decision::Block,
            roster(&[16, 32], &[]),
            "You block #2000 for the rest of this call.",
        ),
    ] {
        let mut view = View::default();
        told(&mut view, &joined(SeatStatus::Active, true, before));
        assert_eq!(lines(&[view.decide(decision, device(32))]), [expected]);
        let gone = CallEvent::Roster(roster(&[16], &[]));
        assert!(told(&mut view, &gone).is_empty(), "{decision:?}");
        // The next departure is that device's own.
        told(&mut view, &CallEvent::Roster(roster(&[16, 32], &[])));
        assert_eq!(told(&mut view, &gone), ["#2000 left."]);
        // A decision that the room service refused changes nothing.
        told(&mut view, &CallEvent::Roster(roster(&[16, 32], &[])));
        view.decide(decision, device(32));
        told(
            &mut view,
            &CallEvent::Refused {
                code: "not_admin".to_owned(),
                message: "no".to_owned(),
            },
        );
        assert_eq!(told(&mut view, &gone), ["#2000 left."]);
    }
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
            joined(SeatStatus::Active, true, roster(&[16], &[])),
            &["You are in \"Tea\", as an admin."][..],
        ),
        (
            CallEvent::Roster(roster(&[16], &[32])),
            &["#2000 waits in the lobby: /admit #2000 or /deny #2000"],
        ),
        (
            CallEvent::Roster(roster(&[16, 32], &[])),
            &["#2000 joined."],
        ),
        (hello(32, "Bob"), &["#2000 is called \"Bob\"."]),
        (hello(32, "Bob"), &[]),
        (text(32, "hello"), &["#2000 \"Bob\": hello"]),
        (CallEvent::Roster(raised), &["#2000 \"Bob\" raised a hand."]),
        (
            CallEvent::Roster(roster(&[16, 32], &[])),
            &["#2000 \"Bob\" has the hand down again."],
        ),
        (
            CallEvent::Roster(lost),
            &["#2000 \"Bob\" has lost the connection."],
        ),
        (
            CallEvent::Roster(roster(&[16, 32], &[])),
            &["#2000 \"Bob\" is connected again."],
        ),
        (hello(48, "Bob"), &["#3000 is called \"Bob\"."]),
        (hello(32, ""), &[]),
        (
            CallEvent::Roster(roster(&[16], &[])),
            &["#2000 \"Bob\" left."],
        ),
        (
            CallEvent::Unreadable {
                from: device(48),
                reason: OpenError::Replayed,
            },
            &["! What came as a message of #3000 \"Bob\" is not shown: it was delivered before."],
        ),
    ];
    for (event, expected) in steps {
        assert_eq!(told(&mut view, &event), expected, "{event:?}");
    }
}

#[test]
fn names_and_accounts_stand_where_somebody_is_told_of() {
    let mut view = View::default().with_room(room_params());
    view.apply(&joined(SeatStatus::Active, true, roster(&[16], &[])), NOW);
    view.tick(NOW + GATHERING);
    let guests = |list: &[Participant]| Roster {
        pending_count: list.len(),
        pending: list.to_vec(),
        ..roster(&[16], &[])
    };
    let bob = participant_with(32, Some("Bob"), Some(0xb0));
    let unnamed = participant_with(48, None, Some(0xc0));
    let one = CallEvent::Roster(guests(std::slice::from_ref(&bob)));
    assert_eq!(
        told(&mut view, &one),
        ["#2000 \"Bob\" (id#b0b0b0b0) waits in the lobby: /admit #2000 or /deny #2000"]
    );
    let two = CallEvent::Roster(guests(&[bob.clone(), unnamed.clone()]));
    assert_eq!(
        told(&mut view, &two),
        ["#3000 id#c0c0c0c0 waits in the lobby: /admit #3000 or /deny #3000"]
    );
    assert_eq!(
        lines(&view.everyone(NOW)),
        [
            "  You (in the call)",
            "  #2000 \"Bob\" (in the lobby for 0 s) id#b0b0b0b0",
            "  #3000 id#c0c0c0c0 (in the lobby for 0 s)",
        ]
    );
    let mut inside = guests(&[]);
    inside.active.extend([bob, unnamed]);
    assert_eq!(
        told(&mut view, &CallEvent::Roster(inside)),
        ["2 people joined: #2000 \"Bob\", #3000 id#c0c0c0c0."]
    );
    // A message with the name of the join changes nothing.
    assert!(told(&mut view, &hello(32, "Bob")).is_empty());
    assert_eq!(
        told(&mut view, &hello(32, "Rob")),
        ["#2000 is called \"Rob\"."]
    );
    for (number, expected) in [
        (
            32,
            "#2000 \"Rob\" has the account b0b0b0b0-b0b0-b0b0-b0b0-b0b0b0b0b0b0, as told by the server.",
        ),
        (64, "! the room service does not tell the account of #4000"),
    ] {
        assert_eq!(view.account(device(number)).lines(None), [expected]);
    }
}

#[test]
fn who_is_let_in_is_told_the_names_that_the_lobby_hid() {
    let mut view = View::default().with_room(room_params());
    let inside = |name| Roster {
        active: vec![participant_with(32, name, Some(0xa0))],
        ..roster(&[], &[])
    };
    let pending = joined(SeatStatus::Pending, false, inside(None));
    assert_eq!(told(&mut view, &pending)[1], "#2000 id#a0a0a0a0 is here.");
    let named = CallEvent::Roster(inside(Some("Ann")));
    assert!(view.apply(&named, NOW).is_empty());
    assert_eq!(
        told(&mut view, &ADMITTED),
        ["You were let in.", "#2000 is called \"Ann\"."]
    );
}

#[test]
fn a_guest_waits_and_is_told_the_end() {
    let mut view = View::default();
    let pending = joined(SeatStatus::Pending, false, roster(&[32], &[]));
    let expected = "You wait in the lobby of \"Tea\" until an admin lets you in.";
    assert_eq!(told(&mut view, &pending), [expected, "#2000 is here."]);
    assert!(view.take_greetings().is_empty(), "who waits is silent");
    assert_eq!(told(&mut view, &ADMITTED), ["You were let in."]);
    assert_eq!(view.take_greetings(), [Recipient::All]);
    told(&mut view, &CallEvent::Roster(roster(&[16, 32], &[])));
    assert!(view.take_greetings().is_empty());
    told(&mut view, &CallEvent::Roster(roster(&[16, 32, 48], &[])));
    assert_eq!(view.take_greetings(), [Recipient::One(device(48))]);
    // Guests receive the number of waiting devices.
    let mut waiting = roster(&[16, 32, 48], &[]);
    for (pending_count, expected) in [
        (1, &["Somebody waits in the lobby."][..]),
        (2, &["2 people wait in the lobby."]),
        (1, &[]),
    ] {
        waiting.pending_count = pending_count;
        assert_eq!(
            told(&mut view, &CallEvent::Roster(waiting.clone())),
            expected
        );
    }
    for (ending, expected) in [
        (
            EndReason::Displaced,
            "The call is full, and an admin needed your place.",
        ),
        (
            EndReason::Denied(DenialReason::Admin),
            "An admin did not let you in.",
        ),
        (
            EndReason::Denied(DenialReason::Ended),
            "The call ended before you were let in: everybody left, or the room service has stopped or lost it. Join \
             again to wait for the next one.",
        ),
        (
            EndReason::Failed(RoomsError::Lost),
            "The call is over for you: the connection",
        ),
    ] {
        let lines = told(&mut view, &CallEvent::Ended(ending));
        assert!(lines[0].starts_with(expected), "{lines:?}");
    }
}

#[test]
fn joins_of_several_people_are_one_line_and_come_before_what_they_say() {
    let mut view = View::default();
    view.apply(&joined(SeatStatus::Active, true, roster(&[16], &[])), NOW);
    let mut active = vec![16];
    for number in 2..=25 {
        active.push(number * 16);
        assert!(
            view.apply(&CallEvent::Roster(roster(&active, &[])), NOW)
                .is_empty()
        );
        let name = format!("P{number}");
        assert!(view.apply(&hello(number * 16, &name), NOW).is_empty());
    }
    assert_eq!(view.deadline(), Some(NOW + GATHERING));
    assert!(view.tick(NOW).is_empty(), "they are gathered for a while");
    let said = lines(&view.apply(&text(400, "hi"), NOW));
    assert_eq!(
        said,
        [
            "24 people joined: #2000 \"P2\", #3000 \"P3\", #4000 \"P4\", #5000 \"P5\" and 20 more.",
            "#s000 \"P25\": hi",
        ]
    );
    assert_eq!(view.deadline(), None);
}

#[test]
fn admins_are_marked_where_a_name_cannot_imitate_it() {
    let mut view = View::default();
    view.apply(&joined(SeatStatus::Active, false, roster(&[16], &[])), NOW);
    let mut both = roster(&[16, 32, 48], &[]);
    both.active[1].is_admin = true;
    view.apply(&CallEvent::Roster(both), NOW);
    view.apply(&hello(32, "Ann"), NOW);
    view.apply(&hello(48, "admin #2000 Ann"), NOW);
    view.tick(NOW + GATHERING);
    assert_eq!(
        told(&mut view, &text(32, "hi")),
        ["admin #2000 \"Ann\": hi"]
    );
    let imitation = "#3000 \"admin 2000 Ann\": hi";
    assert_eq!(told(&mut view, &text(48, "hi")), [imitation]);
}

#[test]
fn no_name_can_be_read_as_an_event() {
    let mut view = View::default();
    let imitation = "Zed\" left. admin #0000 \u{201c}Boss";
    let mut entry = joined(SeatStatus::Active, true, roster(&[16, 32], &[]));
    if let CallEvent::Joined(joined) = &mut entry {
        joined.link.name = RoomName::Known("x\". You left. \"Tea".to_owned());
    }
    let room = "\"x'. You left. 'Tea\"";
    let lines = told(&mut view, &entry);
    assert_eq!(lines[0], format!("You are in {room}, as an admin."));
    let changed = match entry {
        CallEvent::Joined(mut joined) => {
            joined.link.approval = Approval::Off;
            told(&mut view, &CallEvent::Link(joined.link))
        }
        _ => Vec::new(),
    };
    assert!(
        changed[0].contains(&format!("is called {room}, ")),
        "{changed:?}"
    );
    let name = "\"Zed' left. admin 0000 'Boss\"";
    for (event, expected) in [
        (hello(32, imitation), format!("#2000 is called {name}.")),
        (text(32, "hi"), format!("#2000 {name}: hi")),
        (
            CallEvent::Roster(roster(&[16], &[])),
            format!("#2000 {name} left."),
        ),
    ] {
        assert_eq!(told(&mut view, &event), [expected]);
    }
}

#[test]
fn a_place_is_said_to_be_kept_only_where_the_room_service_may_keep_it() {
    let mut view = View::default();
    let entered = joined(SeatStatus::Active, false, roster(&[16], &[]));
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
        let lines = told(&mut view, event);
        assert!(lines[0].contains(expected), "{lines:?} lacks {expected:?}");
    }
}

#[test]
fn a_device_that_was_let_in_while_its_connection_was_lost_is_inside() {
    let mut view = View::default();
    told(
        &mut view,
        &joined(SeatStatus::Pending, false, roster(&[32], &[16])),
    );
    told(&mut view, &CallEvent::Lost);
    let restored = || CallEvent::Restored {
        roster: roster(&[16, 32], &[]),
        statement: None,
    };
    let lines = told(&mut view, &restored());
    assert_eq!(lines[0], "The connection is back, and you were let in.");
    assert_eq!(view.connection(NOW), Connection::Inside);
    assert_eq!(view.take_greetings(), [Recipient::All]);

    told(&mut view, &CallEvent::Lost);
    let lines = told(&mut view, &restored());
    assert_eq!(lines, ["The connection is back."]);
    assert!(view.take_greetings().is_empty());
    // A newer statement is no second admission.
    assert!(told(&mut view, &ADMITTED).is_empty());
}

#[test]
fn a_newer_statement_of_the_admins_is_no_change_of_the_link() {
    let mut view = View::default();
    let entered = joined(SeatStatus::Active, false, roster(&[16], &[]));
    told(&mut view, &entered);
    let CallEvent::Joined(joined) = entered else {
        panic!("another event");
    };
    let mut link = joined.link;
    for byte in [1, 2] {
        link.admin_statement = AdminStatement::new([byte]).unwrap();
        assert!(told(&mut view, &CallEvent::Link(link.clone())).is_empty());
    }
    link.revoked = true;
    for expected in [1, 0] {
        let lines = told(&mut view, &CallEvent::Link(link.clone()));
        assert_eq!(lines.len(), expected, "{lines:?}");
    }
}

#[test]
fn tags_and_names_stay_for_the_era_and_a_new_era_forgets_them() {
    let prefix = |text| TagPrefix::parse(text).unwrap();
    let mut view = View::default();
    view.apply(
        &joined(SeatStatus::Active, true, roster(&[16, 32], &[48])),
        NOW,
    );
    view.apply(&hello(32, "Bob"), NOW);
    view.apply(&CallEvent::Roster(roster(&[16], &[48])), NOW);
    let everyone = |view: &View| lines(&view.everyone(NOW + Duration::from_secs(200)));
    let expected = [
        "  You (in the call)",
        "  #3000 (in the lobby for over 3 min)",
    ];
    assert_eq!(everyone(&view), expected);

    // The device gets a new seat in the same era, as after a long loss of the connection.
    view.apply(&CallEvent::Lost, NOW);
    let again = joined_in(1, 64, SeatStatus::Active, true, roster(&[64], &[48]));
    view.apply(&again, NOW);
    assert_eq!(
        view.find(&prefix("2000")),
        TagLookup::Gone("#2000 \"Bob\"".to_owned())
    );
    assert_eq!(view.find(&prefix("3000")), TagLookup::Device(device(48)));
    assert_eq!(everyone(&view)[1], "  #3000 (in the lobby for over 3 min)");

    let other = joined_in(2, 16, SeatStatus::Active, true, roster(&[16, 80], &[]));
    view.apply(&other, NOW);
    assert_eq!(view.find(&prefix("2000")), TagLookup::Unknown);
    assert_eq!(view.find(&prefix("3000")), TagLookup::Unknown);
    assert_eq!(view.find(&prefix("5000")), TagLookup::Device(device(80)));
}

#[test]
fn the_time_waited_counts_from_when_it_was_seen() {
    let mut view = View::default();
    view.apply(&joined(SeatStatus::Active, true, roster(&[16], &[32])), NOW);
    let later = NOW + Duration::from_secs(30);
    view.apply(&CallEvent::Roster(roster(&[16], &[32, 48])), later);
    let waited: Vec<Wait> = view
        .waiting(later + Duration::from_secs(5))
        .iter()
        .map(|row| row.waited)
        .collect();
    let wait = |seconds, is_longer| Wait {
        time: Duration::from_secs(seconds),
        is_longer,
    };
    assert_eq!(waited, [wait(35, true), wait(5, false)]);
    assert_eq!(view.longest_wait(later), Some(wait(30, true)));
}

#[test]
fn a_message_does_not_push_out_everything_else() {
    let mut view = View::default();
    view.apply(
        &joined(SeatStatus::Active, true, roster(&[16, 32], &[])),
        NOW,
    );
    view.tick(NOW + GATHERING);
    let said = told(&mut view, &text(32, &"x\n".repeat(1000)));
    assert_eq!(said.len(), words::MAX_MESSAGE_LINES + 1);
    assert_eq!(said.last().unwrap(), "  | (and 800 more lines)");
    assert!(told(&mut view, &text(32, "\n\n")).is_empty());
}

#[test]
fn another_account_behind_a_number_waits_anew_and_says_why() {
    let mut view = View::of(None).with_room(room_params());
    let waiting = |account: u8| {
        CallEvent::Roster(Roster {
            pending: vec![participant_with(32, Some("Bob"), Some(account))],
            pending_count: 1,
            ..roster(&[16], &[])
        })
    };
    told(
        &mut view,
        &joined(SeatStatus::Active, true, roster(&[16], &[])),
    );
    let request = |account: &str| {
        format!("#2000 \"Bob\" (id#{account}) waits in the lobby: /admit #2000 or /deny #2000")
    };
    assert_eq!(told(&mut view, &waiting(0xb0)), [request("b0b0b0b0")]);
    assert!(told(&mut view, &waiting(0xb0)).is_empty());
    let changed = told(&mut view, &waiting(0xc0));
    assert_eq!(changed[0], request("c0c0c0c0"));
    let reason = "states another account or another key for #2000";
    assert!(changed[1].contains(reason), "{changed:?}");
}
