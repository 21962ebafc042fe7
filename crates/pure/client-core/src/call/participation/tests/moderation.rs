//! Decisions about the call, at room services that take them and at others.

use anteroom_e2ee::{Policy, SignedStatement};

use super::{
    features::{
        admin_of_three, admin_of_two, admin_secret, answer, at, call_member, device_secret, enter,
        entry, events, member_beside_another, with_own_commit,
    },
    *,
};
use crate::{
    BarState, CallEvent, CallModeration, CommandError, GroupEvent,
    call::{group::GroupCommand, participation::moderation::ServicePart},
};

const FEATURES: [&str; 4] = ["member", "group", "statements", "moderation"];

/// Returns the answer to a join of a room service that takes decisions about calls.
fn moderated(features: &[&str], is_admin: bool) -> Value {
    let mut answer = answer(features, &[entry(16, true, true), entry(32, true, true)]);
    answer["isAdmin"] = json!(is_admin);
    answer["approval"] = json!(false);
    answer
}

fn device(member: Option<CallMember>, has_passkey: bool) -> Participation {
    Participation::new(JoinOptions {
        room: room(),
        pass: pass(),
        passkey: has_passkey.then(|| anteroom_protocol::AdminPasskey::random(&mut rng())),
        name: None,
        member,
    })
}

/// Returns the messages that a command sends, but for relays, and whether a refusal is told.
fn performed(participation: &mut Participation, command: Command) -> (Vec<Value>, bool) {
    participation.perform(command, at(3), &mut rng()).unwrap();
    let (mut sent, mut is_refused) = (Vec::new(), false);
    while let Some(effect) = participation.poll_effect().unwrap() {
        match effect {
            ParticipationEffect::Send(text) if !text.contains("relay") => {
                sent.push(serde_json::from_str(&text).unwrap());
            }
            ParticipationEffect::Event(
                CallEvent::GroupRefused(_) | CallEvent::ModerationUnsupported,
            ) => is_refused = true,
            _ => {}
        }
    }
    (sent, is_refused)
}

#[test]
fn decisions_about_the_call_go_to_room_services_that_list_the_feature_alone() {
    let bob = parse_demux(32).unwrap();
    let user = entry(32, true, false)["opaqueUserId"].clone();
    for (command, expected) in [
        (
            Command::LowerHand(bob),
            json!({"type": "lower_hand", "demuxId": 32}),
        ),
        (
            Command::SetApproval(true),
            json!({"type": "approval", "on": true}),
        ),
        (
            Command::Group(GroupCommand::Lock(true)),
            json!({"type": "lock", "locked": true}),
        ),
        (
            Command::Group(GroupCommand::AddCoAdmin(bob)),
            json!({"type": "coadmin", "opaqueUserId": user, "on": true}),
        ),
        (
            Command::Group(GroupCommand::RemoveCoAdmin(bob)),
            json!({"type": "coadmin", "opaqueUserId": user, "on": false}),
        ),
    ] {
        for has_feature in [true, false] {
            let mut ann = device(None, true);
            let features = if has_feature {
                &FEATURES[..]
            } else {
                &FEATURES[..3]
            };
            enter(&mut ann, &moderated(features, true), at(1));
            events(&mut ann);
            let again = match &command {
                Command::LowerHand(device) => Command::LowerHand(*device),
                Command::SetApproval(on) => Command::SetApproval(*on),
                Command::Group(command) => Command::Group(*command),
                other => panic!("{other:?}"),
            };
            let (sent, is_refused) = performed(&mut ann, again);
            let expected: &[Value] = match has_feature {
                true => std::slice::from_ref(&expected),
                false => &[],
            };
            assert_eq!((sent.as_slice(), is_refused), (expected, !has_feature));
        }
    }
}

#[test]
fn a_lock_that_the_group_refuses_for_now_does_not_go_to_the_service_and_its_end_always_does() {
    for (has_admin_key, is_admin, locked, is_sent, is_refused) in [
        // The device is in no group, whose members would decide.
        (true, true, true, false, true),
        (true, true, false, true, true),
        (true, false, false, false, true),
        (false, true, true, true, false),
        (false, true, false, true, false),
        (false, false, true, false, true),
    ] {
        let rights = crate::AdminRights::Secret(admin_secret());
        let member = call_member(has_admin_key).with_rights(&rights);
        let mut ann = device(Some(member), is_admin);
        enter(&mut ann, &moderated(&FEATURES, is_admin), at(1));
        events(&mut ann);
        let lock = Command::Group(GroupCommand::Lock(locked));
        let (sent, refused) = performed(&mut ann, lock);
        let case = (has_admin_key, is_admin, locked);
        assert_eq!(
            (sent.len(), refused),
            (usize::from(is_sent), is_refused),
            "{case:?}"
        );
        // Nobody is made a co-admin at the service whom the group refuses, nor without the passkey.
        let bob = parse_demux(32).unwrap();
        let nominate = Command::Group(GroupCommand::AddCoAdmin(bob));
        let (sent, _) = performed(&mut ann, nominate);
        assert_eq!(
            sent.len(),
            usize::from(!has_admin_key && is_admin),
            "{case:?}"
        );
    }
}

/// The group can know of no right that the room service still gives, as after a lost message.
#[test]
fn the_end_of_a_co_admins_right_goes_to_the_service_whatever_the_group_says() {
    let rights = crate::AdminRights::Secret(admin_secret());
    let member = call_member(true).with_rights(&rights);
    let mut ann = device(Some(member), true);
    enter(&mut ann, &moderated(&FEATURES, true), at(1));
    events(&mut ann);
    let bob = parse_demux(32).unwrap();
    let user = entry(32, true, false)["opaqueUserId"].clone();
    let off = json!({"type": "coadmin", "opaqueUserId": user, "on": false});
    let take_back = || Command::Group(GroupCommand::RemoveCoAdmin(bob));
    let (sent, is_refused) = performed(&mut ann, take_back());
    assert_eq!((&sent[..], is_refused), (&[off.clone()][..], true));
    // The right of somebody who has left would count on the return.
    let alone = json!({
        "type": "participants", "eraId": "07".repeat(16), "active": [entry(16, true, true)],
        "pending": [],
    });
    ann.receive(&alone.to_string(), at(2), &mut rng()).unwrap();
    let (sent, _) = performed(&mut ann, take_back());
    assert_eq!(sent, [off]);
}

/// A member can claim any user in its leaf.
#[test]
fn the_users_of_a_co_admin_are_those_that_the_service_lists() {
    // Without an admin key nobody proves the user of a leaf.
    for has_admin_key in [true, false] {
        let mut ann = match has_admin_key {
            true => admin_of_two(),
            false => member_beside_another(),
        };
        ann.options.passkey = Some(anteroom_protocol::AdminPasskey::random(&mut rng()));
        if let Some(state) = &mut ann.resume_state {
            state.moderation = Some(CallModeration {
                is_locked: false,
                asks_approval: false,
                is_admin: true,
            });
        }
        let claimed = entry(32, true, true)["opaqueUserId"].clone();
        let other = Aci::from_bytes([9; 16]);
        let other = hex::encode(room().secret_params().encrypt(&other.into()).to_bytes());
        let mut listed = entry(32, true, false);
        listed["opaqueUserId"] = json!(other);
        let roster = json!({
            "type": "participants", "eraId": "07".repeat(16), "pending": [],
            "active": [entry(16, true, true), listed],
        });
        ann.receive(&roster.to_string(), at(5), &mut rng()).unwrap();
        events(&mut ann);
        let bob = parse_demux(32).unwrap();
        let users = |sent: Vec<Value>| {
            let of = |message: &Value| (message["opaqueUserId"].clone(), message["on"].clone());
            let sent = sent.iter().filter(|one| one["type"] == "coadmin");
            sent.map(of).collect::<Vec<_>>()
        };
        let command = Command::Group(GroupCommand::AddCoAdmin(bob));
        let (sent, _) = performed(&mut ann, command);
        assert_eq!(users(sent), [(json!(other), json!(true))]);
        let command = Command::Group(GroupCommand::RemoveCoAdmin(bob));
        let (sent, _) = performed(&mut ann, command);
        let mut expected = vec![(json!(other), json!(false))];
        expected.extend(has_admin_key.then_some((claimed, json!(false))));
        assert_eq!(users(sent), expected);
    }
}

#[test]
fn who_blocks_a_device_of_the_own_account_is_refused_and_not_blocked() {
    let mut ann = member_beside_another();
    let bob = parse_demux(32).unwrap();
    let (sent, is_refused) = performed(&mut ann, Command::Block(bob));
    assert_eq!((sent.as_slice(), is_refused), (&[][..], true));
    // The other device alone goes.
    let (sent, _) = performed(&mut ann, Command::Remove(bob));
    assert_eq!(sent, [json!({"type": "remove", "demuxId": 32})]);
}

#[test]
fn what_is_not_as_the_link_says_is_told_after_the_join_and_each_change_after_that() {
    let told = |participation: &mut Participation| {
        let told = events(participation).into_iter();
        let told = told.filter_map(|event| match event {
            CallEvent::Moderation(moderation) => Some(moderation),
            _ => None,
        });
        told.collect::<Vec<_>>()
    };
    let mut ann = device(None, false);
    let usual = moderated(&FEATURES, false);
    enter(&mut ann, &usual, at(1));
    assert_eq!(told(&mut ann), []);
    let change = json!({"type": "moderation", "locked": true, "approval": true, "isAdmin": true});
    let effect = ann.receive(&change.to_string(), at(2), &mut rng()).unwrap();
    let expected = CallModeration {
        is_locked: true,
        asks_approval: true,
        is_admin: true,
    };
    let MessageEffect::Event(CallEvent::Moderation(moderation)) = effect else {
        panic!("{effect:?}");
    };
    assert_eq!(moderation, expected);
    // A resume tells what has changed meanwhile.
    let mut resumed = moderated(&FEATURES, true);
    resumed["participants"][0]["coadmin"] = json!(true);
    resumed["locked"] = json!(true);
    resumed["approval"] = json!(true);
    enter(&mut ann, &resumed, at(3));
    assert_eq!(told(&mut ann), []);
    enter(&mut ann, &usual, at(4));
    let usual = CallModeration {
        is_locked: false,
        asks_approval: false,
        is_admin: false,
    };
    assert_eq!(told(&mut ann), [usual]);
}

#[test]
fn a_co_admin_without_the_passkey_has_not_joined_as_an_admin() {
    for is_co_admin in [true, false] {
        let mut answer = moderated(&FEATURES, true);
        answer["participants"][0]["coadmin"] = json!(is_co_admin);
        let ann = device(None, !is_co_admin);
        let read = ann.read_join_answer(&answer.to_string(), true, None);
        let Some(JoinAnswer::Joined(seat)) = read.unwrap() else {
            panic!("no seat");
        };
        assert_eq!(seat.info.is_admin, !is_co_admin);
        assert!(seat.moderation.unwrap().is_admin);
    }
}

#[test]
fn an_admin_without_the_secret_locks_at_the_service_alone() {
    let lock = || ServicePart::Lock(true);
    for (done, is_due) in [
        (Ok(()), true),
        (Err(CommandError::NotAdmin), true),
        (Err(CommandError::Alone), false),
        (Err(CommandError::NotInGroup), false),
    ] {
        let done = done.map_err(GroupError::Command);
        assert_eq!(lock().is_due(done), is_due, "{done:?}");
    }
}

/// No commit comes back to the device.
#[test]
fn changes_of_the_co_admins_go_on_from_those_whose_commits_are_under_way() {
    let [bob, carl] = [32, 48].map(|number| parse_demux(number).unwrap());
    let mut ann = admin_of_three();
    let mut last = Vec::new();
    for (command, is_done, expected) in [
        (GroupCommand::AddCoAdmin(bob), true, &[32][..]),
        (GroupCommand::AddCoAdmin(bob), true, &[32]),
        (GroupCommand::AddCoAdmin(carl), true, &[32, 48]),
        (GroupCommand::RemoveCoAdmin(bob), true, &[48]),
        (GroupCommand::RemoveCoAdmin(bob), false, &[48]),
        (GroupCommand::AddCoAdmin(bob), true, &[32, 48]),
        (GroupCommand::RemoveCoAdmin(carl), true, &[32]),
        (GroupCommand::RemoveCoAdmin(bob), true, &[]),
        (GroupCommand::RemoveCoAdmin(carl), false, &[]),
        (GroupCommand::AddCoAdmin(carl), true, &[48]),
    ] {
        ann.perform(Command::Group(command), at(3), &mut rng())
            .unwrap();
        let mut is_refused = false;
        while let Some(effect) = ann.poll_effect().unwrap() {
            match effect {
                ParticipationEffect::Publish(change) => {
                    let policy = change.admin_statement.unwrap();
                    let policy = SignedStatement::<Policy>::parse(policy.as_bytes()).unwrap();
                    let named = policy.claimed().co_admins.iter();
                    last = named.map(|one| one.member_key).collect();
                }
                ParticipationEffect::Event(CallEvent::GroupRefused(error)) => {
                    assert_eq!(error, GroupError::Command(CommandError::NoCoAdmin));
                    is_refused = true;
                }
                _ => {}
            }
        }
        let is_named = |number: &u32| {
            let key = device_secret(*number).member_key(&room().room_id());
            last.contains(&key.public())
        };
        let named: Vec<u32> = [32, 48].into_iter().filter(is_named).collect();
        assert_eq!(named, expected, "{command:?}");
        assert_eq!((is_refused, last.len()), (!is_done, expected.len()));
    }
}

#[test]
fn a_removal_is_on_its_way_until_it_is_done_or_told_as_not_confirmed() {
    let bob = parse_demux(32).unwrap();
    let states = |ann: &mut Participation| -> Vec<BarState> {
        let told = events(ann).into_iter().filter_map(|event| match event {
            CallEvent::Group(event) => match *event {
                GroupEvent::Barred { state, .. } => Some(state),
                _ => None,
            },
            _ => None,
        });
        told.collect()
    };
    let removing = || {
        let mut ann = admin_of_two();
        assert!(!ann.has_pending_statements());
        let (sent, _) = performed(&mut ann, Command::Remove(bob));
        assert!(ann.has_pending_statements());
        let commit = sent.into_iter().find(|message| message["type"] == "commit");
        (ann, commit.unwrap())
    };
    let (ann, commit) = removing();
    let mut ann = with_own_commit(ann, &commit);
    assert_eq!(states(&mut ann), [BarState::Removed]);
    assert!(!ann.has_pending_statements());
    // The commit does not come back.
    let (mut ann, _) = removing();
    ann.tick(at(5), &mut rng());
    assert!(states(&mut ann).is_empty() && ann.has_pending_statements());
    ann.give_up_removals(at(5).moment);
    assert_eq!(states(&mut ann), [BarState::NotConfirmed]);
    let (mut ann, _) = removing();
    ann.tick(at(7), &mut rng());
    assert_eq!(states(&mut ann), [BarState::NotConfirmed]);
    ann.give_up_removals(at(7).moment);
    assert!(states(&mut ann).is_empty());
}
