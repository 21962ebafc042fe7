//! Lies about who is there: the roster is the service's word, and decides nothing alone.

use std::time::Duration;

use anteroom_client::{
    Aci, Admission, DemuxId, GroupEvent, LeaveReason, Listing, OpaqueUserId, RemovalReason, RootKey,
};
use anteroom_e2ee::{AdmissionError, CommitError, CommitRefusal};
use anteroom_runtime::Entropy as _;
use anteroom_testkit::{Hop, SeededEntropy};
use anteroom_wire::rooms::socket::{DeviceBody, ServerMessage};
use tokio::time::sleep;

use crate::{
    accomplice,
    lying_stage::{LyingStage, change_devices},
    stage::RoomSettings,
};

/// The number of a device that nobody has.
const INVENTED: u32 = 16 * 60_000;

fn invented() -> DemuxId {
    DemuxId::new(INVENTED).unwrap()
}

/// Makes the user id of no account: the service can make points, and knows no key of the room.
fn no_account() -> OpaqueUserId {
    let other = RootKey::generate_v0(&mut *SeededEntropy::new(9).rng());
    let params = other.secret_params();
    OpaqueUserId::of_ciphertext(&params.encrypt(&Aci::from_bytes([9; 16]).into()))
}

/// Puts a device that nobody has into the first roster of everybody. The service cannot seal its hello.
fn invent(stage: &LyingStage, user: &OpaqueUserId) {
    let user = user.as_str().to_owned();
    stage.service.lie(move |mut hop| {
        if let Hop::ToClient(_, ServerMessage::Joined(joined)) = &mut hop {
            let device = DeviceBody {
                demux_id: INVENTED,
                opaque_user_id: Some(user.clone().into()),
                hand_raised_at: None,
                lost: false,
                admin: true,
                coadmin: false,
                guest: false,
                hello: None,
                member: None,
                media: None,
            };
            joined.participants.insert(0, device);
        }
        vec![hop]
    });
}

pub(crate) async fn an_invented_device_is_in_no_group() {
    let mut stage = LyingStage::new(RoomSettings::OPEN).await;
    invent(&stage, &no_account());
    for _ in 0..3 {
        stage.join(false).await;
    }
    stage.meet(&[0, 1, 2], "beside nobody").await;
    for person in &stage.people {
        person.read(|seen| {
            let mut active = seen.roster.active.iter();
            assert!(active.any(|one| one.demux == invented()), "it is shown");
            assert!(seen.group.member(invented()).is_none(), "as no member");
        });
    }
}

pub(crate) async fn an_invented_user_who_asks_is_told_and_not_added() {
    for (settings, is_account, refusal) in [
        (RoomSettings::OPEN, false, CommitRefusal::Account),
        (
            RoomSettings::STRICT,
            true,
            CommitRefusal::Admission(AdmissionError::Missing),
        ),
    ] {
        let mut stage = LyingStage::new(settings).await;
        let user = match is_account {
            true => accomplice::user(&stage),
            false => no_account(),
        };
        invent(&stage, &user);
        for _ in 0..2 {
            stage.join(true).await;
        }
        stage.are_together(&[0, 1]).await;
        let leaf = accomplice::leaf(&stage, 50, (user.clone(), invented()), Admission::None);
        let body = accomplice::asking(&stage, 50, leaf);
        for _ in 0..3 {
            for to in 0..2 {
                stage.tell_relay(to, invented(), &body);
            }
            // The time after which a key package counts as said again.
            sleep(Duration::from_millis(1_100)).await;
        }
        stage.meet(&[0, 1], "without the invented user").await;
        for person in &stage.people {
            let told = person.group_events(|event| match event {
                GroupEvent::NotAdmitted { refusal, claims } => {
                    Some((*refusal, claims.user.clone()))
                }
                _ => None,
            });
            assert_eq!(told, [(refusal, user.clone())], "once");
        }
    }
}

pub(crate) async fn a_device_that_asks_under_many_keys_is_told_once() {
    let mut stage = LyingStage::new(RoomSettings::STRICT).await;
    let user = accomplice::user(&stage);
    invent(&stage, &user);
    for _ in 0..2 {
        stage.join(true).await;
    }
    stage.are_together(&[0, 1]).await;
    for number in 50..60 {
        let claims = (user.clone(), invented());
        let leaf = accomplice::leaf(&stage, number, claims, Admission::None);
        let body = accomplice::asking(&stage, number, leaf);
        stage.tell_relay(0, invented(), &body);
    }
    stage.meet(&[0, 1], "without them").await;
    let missing = CommitRefusal::Admission(AdmissionError::Missing);
    let told = stage.people[0].group_events(|event| match event {
        GroupEvent::NotAdmitted { refusal, .. } => Some(*refusal),
        _ => None,
    });
    assert_eq!(told, [missing]);
}

pub(crate) async fn a_device_that_all_rosters_leave_out_is_taken_out_and_comes_back() {
    let stage = LyingStage::together(3, 1).await;
    let left_out = stage.device(2);
    let listed: Vec<_> = (0..2).map(|to| stage.listed(to, left_out)).collect();
    for to in 0..2 {
        stage.tell_roster(to, Vec::new(), &[left_out]);
    }
    let key = stage.people[2].key;
    for who in 0..2 {
        stage
            .sees(who, 2, "a member that is not listed", |member| {
                member.listing == Listing::Unlisted
            })
            .await;
        stage.people[who]
            .group_event("an absent member", |event| match event {
                GroupEvent::MemberRemoved { reason, claims, .. } => {
                    assert_eq!((*reason, claims.member_key), (RemovalReason::Absent, key));
                    Some(())
                }
                _ => None,
            })
            .await;
    }
    // The device itself is listed by its own roster, and sees after 3 s that it is no late one.
    stage.people[2]
        .group_event("that it was taken out", |event| match event {
            GroupEvent::Left(reason) => {
                assert_eq!(*reason, LeaveReason::RefusedCommit);
                Some(())
            }
            _ => None,
        })
        .await;
    for (to, device) in listed.into_iter().enumerate() {
        stage.tell_roster(to, vec![device], &[]);
    }
    stage.meet(&[0, 1, 2], "listed again").await;
}

pub(crate) async fn a_device_that_the_roster_of_the_committer_leaves_out_stays() {
    let stage = LyingStage::together(3, 0).await;
    let (left_out, committer) = (stage.device(2), stage.people[0].key);
    stage.tell_roster(0, Vec::new(), &[left_out]);
    for person in &stage.people[1..] {
        person
            .group_event("a refused commit", |event| match event {
                GroupEvent::CommitRefused {
                    committer: claims,
                    error: CommitError::Refused { refusal, .. },
                    ..
                } => {
                    let key = claims.as_ref().unwrap().member_key;
                    assert_eq!((key, *refusal), (committer, CommitRefusal::Removal));
                    Some(())
                }
                _ => None,
            })
            .await;
    }
    stage.people[0]
        .group_event("that others refuse", |event| {
            matches!(event, GroupEvent::RefusedByOther { .. }).then_some(())
        })
        .await;
    // The deceived committer is out of the next group, the innocent one is in.
    stage.meet(&[1, 2], "without the committer").await;
    assert!(!stage.people[0].read(|seen| seen.group.may_send));
}

pub(crate) async fn swapped_devices_are_shown_by_their_leaves() {
    let mut stage = LyingStage::together(3, 1).await;
    let devices = [1, 2].map(|who| stage.device(who).number());
    let swapped = move |device: u32| match device {
        one if one == devices[0] => devices[1],
        other if other == devices[1] => devices[0],
        other => other,
    };
    for to in 0..3 {
        let listed = [1, 2].map(|who| {
            let mut device = stage.listed(to, stage.device(who));
            device.demux_id = swapped(device.demux_id);
            device
        });
        stage.tell_roster(to, listed.into(), &[]);
    }
    stage.service.lie(move |mut hop| {
        if let Hop::ToClient(_, ServerMessage::Relay { from, .. }) = &mut hop {
            *from = swapped(*from);
        }
        change_devices(&mut hop, |device| {
            device.demux_id = swapped(device.demux_id);
        });
        vec![hop]
    });
    for other in 1..3 {
        stage
            .sees(0, other, "a member that the roster contradicts", |member| {
                member.listing == Listing::Contradicted
            })
            .await;
    }
    // Each text is shown at the person whose leaf has said it.
    stage.talk(&[0, 1, 2], "in each other's place").await;
    stage.join(false).await;
    stage.meet(&[0, 1, 2, 3], "with one more").await;
}
