//! The actions of the device at the word of others: decisions, links, hints at the admin key.

use super::*;

/// Returns how many messages go to the room service, and how often something is told of decisions of the
/// co-admin with this number.
fn counts(
    encryption: &mut Encryption,
    by: u8,
    second: u64,
    decisions: &[CoAdminDecision],
) -> (usize, usize) {
    while encryption.poll_effect().is_some() {}
    for decision in decisions {
        let claims = member_of(by, by, AdmissionReason::Open).claims;
        encryption.take_decision(claims, decision.clone(), at(second).moment);
    }
    let (mut sent, mut told) = (0, 0);
    while let Some(effect) = encryption.poll_effect() {
        match effect {
            Effect::Send(_) => sent += 1,
            Effect::Event(CallEvent::Decision { .. }) => told += 1,
            _ => {}
        }
    }
    (sent, told)
}

#[test]
fn a_co_admin_has_an_admins_device_send_and_show_so_many_decisions_and_each_once() {
    let mut encryption = admin();
    let about = |number, verdict| CoAdminDecision {
        device: DemuxId::new(16 * number).unwrap(),
        member_key: key(CARL),
        verdict,
    };
    let carl = u32::from(CARL);
    let deny = about(carl, Verdict::Deny);
    let same = vec![deny.clone(); 64];
    assert_eq!(counts(&mut encryption, 2, 10, &same), (1, 1));
    assert_eq!(counts(&mut encryption, 2, 11, &same), (0, 0));
    let other = [about(carl, admission(CARL)), deny.clone()];
    assert_eq!(counts(&mut encryption, 2, 11, &other), (1, 1));
    // The message may have been lost.
    assert_eq!(counts(&mut encryption, 2, 12, &same), (1, 1));
    let invented: Vec<_> = (100..600).map(|one| about(one, Verdict::Deny)).collect();
    assert_eq!(counts(&mut encryption, 2, 13, &invented), (0, 61));
    assert_eq!(
        counts(&mut encryption, 2, 15, std::slice::from_ref(&deny)),
        (0, 0)
    );
    // Another co-admin is heard, and the first one again later.
    assert_eq!(
        counts(&mut encryption, 7, 15, std::slice::from_ref(&deny)),
        (1, 1)
    );
    assert_eq!(counts(&mut encryption, 2, 23, &[deny]), (1, 1));
}

#[test]
fn the_policy_is_published_again_once_for_an_older_one_or_junk_during_the_call() {
    let older = AdminStatement::default();
    let junk = AdminStatement::new(&b"no statement"[..]).unwrap();
    for shown in [older, junk] {
        let mut encryption = part(true, lobby_of(Vec::new()), |options| {
            let admin_key = AdminSecret::from_bytes([9; 32]).admin_key(&room().room_id());
            options.admin_key = Some(admin_key);
        });
        while encryption.poll_effect().is_some() {}
        encryption.see_link(&policy());
        assert!(encryption.poll_effect().is_none());
        encryption.see_link(&shown);
        encryption.see_link(&shown);
        let published = std::iter::from_fn(|| encryption.poll_effect());
        let published: Vec<_> = published
            .filter_map(|effect| match effect {
                Effect::Publish(statement) => Some(statement),
                _ => None,
            })
            .collect();
        assert_eq!(published, [policy()]);
    }
}

#[test]
fn the_word_about_another_admin_key_ends_in_the_group_and_at_another_seat() {
    let differs = SessionEvent::AdminKeyDiffers {
        from: demux(5),
        is_missing: true,
    };
    let entered = SessionEvent::Entered {
        epoch: GroupEpoch { group: 1, epoch: 1 },
        members: Vec::new(),
    };
    let mut there = lobby_of(Vec::new());
    there.active.push(listed(5, 5));
    for (events, seat_number, expected) in [
        (vec![], None, GroupError::NotLetIn),
        (vec![&differs], None, GroupError::AdminKeyDiffers),
        (vec![&differs], Some(OWN), GroupError::AdminKeyDiffers),
        (vec![&differs], Some(8), GroupError::NotLetIn),
        (vec![&differs, &entered], None, GroupError::NotLetIn),
    ] {
        let mut encryption = co_admin(false, there.clone());
        for event in events {
            encryption.see_admin_key(event);
        }
        let (time, rng) = (at(3), &mut rng());
        if let Some(number) = seat_number {
            let mut seat = seat(false, there.clone());
            seat.demux = demux(number);
            encryption.enter(&seat, (None, 0), Surroundings { time, rng });
        }
        encryption.say("hello", false, Surroundings { time, rng });
        encryption.give_up_waiting();
        let mut effects = std::iter::from_fn(|| encryption.poll_effect());
        let told = effects.find_map(|effect| match effect {
            Effect::Event(CallEvent::NotSaid { error, .. }) => Some(error),
            _ => None,
        });
        assert_eq!(told, Some(expected), "{seat_number:?}");
    }
}

#[test]
fn a_co_admin_whom_the_service_calls_an_admin_signs_nothing_more() {
    let carl = lobby_of(vec![listed(CARL, CARL)]);
    let mut encryption = co_admin(false, lobby_of(Vec::new()));
    let told = |person| vec![waiting(&listed(CARL, person)).unwrap()];
    encryption.take_lobby(told(CARL));
    assert!(encryption.decides_through_admins());
    encryption.set_service_rights(true);
    assert!(!encryption.decides_through_admins());
    // The room service shows the lobby now, and nobody else does.
    encryption.take_lobby(told(CARL));
    assert!(encryption.shown_roster().pending.is_empty());
    see(&mut encryption, &carl);
    assert_eq!(encryption.shown_roster().pending.len(), 1);
    let shown = |encryption: &mut Encryption| encryption.approval(demux(CARL), at(3));
    assert!(shown(&mut encryption).unwrap().is_some());
    see(&mut encryption, &lobby_of(vec![listed(CARL, 4)]));
    assert_eq!(shown(&mut encryption), Err(StatementOmission::Changed));

    encryption.told = Some(GroupState {
        members: vec![
            member_of(6, 6, AdmissionReason::Admin),
            member_of(OWN, OWN, AdmissionReason::Open),
        ],
        may_send: true,
        has_admin: true,
        is_co_admin: true,
        has_admin_device: true,
        ..GroupState::default()
    });
    while encryption.poll_effect().is_some() {}
    let (time, rng) = (at(3), &mut rng());
    let _ = encryption.bar(demux(6), BarScope::User, Surroundings { time, rng });
    assert!(encryption.poll_effect().is_none());
    encryption.set_service_rights(false);
    assert!(encryption.decides_through_admins());
}
