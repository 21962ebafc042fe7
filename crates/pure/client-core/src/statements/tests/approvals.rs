//! Approvals that are signed and kept.

use super::*;

#[test]
fn an_approval_is_signed_for_a_key_that_device_and_room_service_state_alike() {
    let (signer, mut kept) = (signer(), statements());
    let (bob, key) = (participant(2, "0b"), device(2).public());
    let approval = signer
        .approval(&bob, None, &BarredList::default(), NOW)
        .unwrap();
    assert!(kept.see_approval(&approval, &user("0b"), &key, ERA, NOW));
    assert_eq!(approvals(&kept, &key, NOW), [NOW.as_secs()]);
    let last = NOW.plus(Approval::DEFAULT_VALIDITY);
    assert!(approvals(&kept, &key, last).is_empty());
    for device in [
        Participant {
            member: Some(device(3).public().named()),
            ..bob.clone()
        },
        Participant {
            stated_key: None,
            ..bob.clone()
        },
        Participant {
            member: None,
            ..bob.clone()
        },
        Participant { user: None, ..bob },
    ] {
        assert!(
            signer
                .approval(&device, None, &BarredList::default(), NOW)
                .is_err()
        );
    }
}

#[test]
fn approvals_of_others_and_of_strangers_are_not_kept() {
    let mut kept = statements();
    let (bob, key) = (participant(2, "0b"), device(2).public());
    let good = signer()
        .approval(&bob, None, &BarredList::default(), NOW)
        .unwrap();
    let others = StatementSigner::new(&secret(2), &room());
    for (approval, id, key) in [
        (good.clone(), "0c", key),
        (good, "0b", device(3).public()),
        (
            others
                .approval(&bob, None, &BarredList::default(), NOW)
                .unwrap(),
            "0b",
            key,
        ),
        (ApprovalStatement::new(*b"yes").unwrap(), "0b", key),
    ] {
        assert!(!kept.see_approval(&approval, &user(id), &key, ERA, NOW));
    }
    assert!(kept == statements());
}

#[test]
fn a_co_admin_approves_in_the_era_of_the_policy_that_names_it() {
    let mut kept = statements();
    let (co_admin, key) = (device(1), device(2).public());
    let approval = |issued: u64| {
        let issued = NOW.plus(issued);
        let approval = Approval {
            room: room(),
            user: user("0b"),
            member_key: key,
            issued,
            expires: issued.plus(DAY),
        };
        shown(&sign(&approval, &StatementKey::CoAdmin(&co_admin)))
    };
    assert!(!kept.see_approval(&approval(0), &user("0b"), &key, ERA, NOW));
    let policy = Policy {
        room: room(),
        restrictions: Restrictions::AdminApproval,
        counter: 1,
        since: NOW,
        until: NOW.plus(1),
        void_before: Timestamp::from_secs(0),
        void_here: Timestamp::from_secs(0),
        era: Some(ERA),
        co_admins: vec![CoAdmin {
            user: user("0a"),
            member_key: co_admin.public(),
        }],
    };
    let admin = secret(1).admin_key(&room());
    let policy = sign(&policy, &StatementKey::Admin(&admin));
    kept.see_policy(&AdminStatement::new(policy.as_bytes()).unwrap());
    let other_era = EraId::from_bytes([8; 16]);
    assert!(!kept.see_approval(&approval(0), &user("0b"), &key, other_era, NOW));
    assert!(kept.see_approval(&approval(1), &user("0b"), &key, ERA, NOW));
    let early = approval(CLOCK_TOLERANCE / 2 + 1);
    assert!(!kept.see_approval(&early, &user("0b"), &key, ERA, NOW));
    // That of the admin stands beside it, and the newest one is the first.
    let bob = participant(2, "0b");
    let by_admin = signer()
        .approval(&bob, None, &BarredList::default(), NOW.plus(2))
        .unwrap();
    assert!(kept.see_approval(&by_admin, &user("0b"), &key, ERA, NOW));
    assert!(kept.see_approval(&approval(0), &user("0b"), &key, ERA, NOW));
    let newest = [2, 1].map(|issued| NOW.plus(issued).as_secs());
    assert_eq!(approvals(&kept, &key, NOW), newest);
}

/// One of a later time would stand before all that are signed until then.
#[test]
fn an_approval_of_a_later_time_is_kept_beside_the_others_until_members_add_by_it() {
    let (store, signer) = (MemoryStatements::default(), signer());
    let (bob, key) = (participant(2, "0b"), device(2).public());
    let latest = NOW.plus(CLOCK_TOLERANCE - 60);
    let kept = |now| {
        let kept = RoomStatements::load(&link(1), &store).unwrap().unwrap();
        let late = kept.late_approvals(&key, now);
        let late: Vec<u64> = late.map(|one| one.claimed().issued.as_secs()).collect();
        (approvals(&kept, &key, now), late)
    };
    let see = |issued: Timestamp, now| {
        let approval = signer.approval(&bob, None, &BarredList::default(), issued);
        let mut kept = RoomStatements::load(&link(1), &store).unwrap().unwrap();
        assert!(kept.see_approval(&approval.unwrap(), &user("0b"), &key, ERA, now));
        kept.keep(&store);
    };
    let late = latest.plus(9);
    let [first, second, last] = [NOW, latest, late].map(Timestamp::as_secs);
    see(late, NOW);
    assert_eq!(kept(NOW), (vec![], vec![last]));
    see(NOW, NOW);
    see(late, NOW);
    assert_eq!(kept(NOW), (vec![first], vec![last]));
    see(latest, NOW);
    assert_eq!(kept(NOW), (vec![second], vec![last]));
    // The program may have ended before that.
    let due = NOW.plus(9);
    assert_eq!(kept(due), (vec![last, second], vec![]));
    see(late, due);
    assert_eq!(kept(due), (vec![last], vec![]));
    // They are few.
    for seconds in 1..=40 {
        see(late.plus(seconds), NOW);
    }
    let (_, late) = kept(NOW);
    assert_eq!(late, (last + 25..=last + 40).collect::<Vec<_>>());
}

#[test]
fn an_approval_that_a_removal_gives_is_kept_although_the_program_ends_before_members_add_by_it() {
    let own = OwnDevice {
        user: user("0b"),
        member_key: device(2).public(),
    };
    let mut call = CallStatements::new(&link(1), statements(), Some(own), None);
    call.observe(&seat(&[], &AdminStatement::default(), Vec::new()), NOW);
    let issued = NOW.plus(CLOCK_TOLERANCE);
    let late = signer().approval(&participant(2, "0b"), None, &BarredList::default(), issued);
    let late = SignedStatement::parse(late.unwrap().as_bytes()).unwrap();
    let told = CallEvent::Group(Box::new(GroupEvent::LateApproval(late)));
    assert!(call.observe(&told, NOW));
    assert!(!call.observe(&told, NOW), "it is known");
    let (store, key) = (MemoryStatements::default(), device(2).public());
    call.keep(&store);
    let kept = RoomStatements::load(&link(1), &store).unwrap().unwrap();
    assert!(approvals(&kept, &key, NOW).is_empty());
    assert_eq!(approvals(&kept, &key, NOW.plus(60)), [issued.as_secs()]);
    let passing = call.with_passing_device();
    let store = MemoryStatements::default();
    passing.keep(&store);
    let kept = RoomStatements::load(&link(1), &store).unwrap().unwrap();
    assert!(kept == statements());
}
