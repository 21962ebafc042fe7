//! Key packages and Welcomes that are made to harm others.

use anteroom_client::{Admission, DemuxId, GroupEvent, MemberPublicKey, RemovalReason};
use anteroom_e2ee::CommitRefusal;
use futures::FutureExt as _;

use super::{
    call::{Call, left},
    insider::PlayedDevice,
    mls_member::MlsCandidate,
};
use crate::{
    person::{TestUser, talk, together},
    stage::{RoomSettings, Stage, all_at_once},
};

#[tokio::test]
async fn key_packages_and_welcomes_that_harm() {
    all_at_once([
        equal_keys_in_two_key_packages_break_no_group().boxed(),
        equal_keys_in_two_key_packages_keep_no_group_from_its_start().boxed(),
        an_insider_that_adds_somebody_anew_by_an_old_key_package_is_left_out().boxed(),
        a_member_that_a_welcome_names_gets_the_commit_too().boxed(),
        welcomes_that_do_not_open_put_a_newcomer_off_no_group().boxed(),
        a_device_of_another_user_comes_in_under_no_name_but_its_own().boxed(),
    ])
    .await;
}

/// Two devices whose key packages have the same keys: MLS refuses a commit with both.
async fn devices_with_equal_keys(stage: &Stage) -> [(PlayedDevice, MlsCandidate); 2] {
    let mut devices = Vec::new();
    for number in [20, 21] {
        let played = PlayedDevice::join(stage, &stage.account().await, number).await;
        let candidate = played.candidate(&played.leaf(Admission::None), 500);
        devices.push((played, candidate));
    }
    let Ok(devices) = devices.try_into() else {
        panic!("there are two");
    };
    devices
}

fn key_of(played: &PlayedDevice) -> MemberPublicKey {
    played.key.member_key.public()
}

async fn equal_keys_in_two_key_packages_break_no_group() {
    let stage = Stage::new(RoomSettings::WITHOUT_ADMIN).await;
    let people = [stage.guest("Ann", 1).await, stage.guest("Bob", 2).await];
    together(&people.each_ref(), &[]).await;
    let [(one, first), (other, second)] = devices_with_equal_keys(&stage).await;
    let _asking = one.device.keep_asking(&first.key_package);
    // The first one has asked when the second one is told so.
    other.device.key_package_of(one.device.demux).await;
    let _also_asking = other.device.keep_asking(&second.key_package);
    // Somebody who comes after them comes in.
    let carl = stage.guest("Carl", 3).await;
    let [ann, bob] = &people;
    let everybody = [ann, bob, &carl];
    together(&everybody, &[key_of(&one)]).await;
    talk(&everybody, "all the same").await;
    for person in [ann, bob] {
        assert!(person.group_events(left).is_empty(), "{}", person.name);
    }
}

async fn equal_keys_in_two_key_packages_keep_no_group_from_its_start() {
    let stage = Stage::new(RoomSettings::WITHOUT_ADMIN).await;
    let [(one, first), (other, second)] = devices_with_equal_keys(&stage).await;
    let _asking = [
        one.device.keep_asking(&first.key_package),
        other.device.keep_asking(&second.key_package),
    ];
    let people = [stage.guest("Ann", 1).await, stage.guest("Bob", 2).await];
    for person in &people {
        person
            .until("the group", |seen| {
                let members = &seen.group.members;
                let has = |one: &TestUser| {
                    let mut members = members.iter();
                    members.any(|member| member.claims.member_key == one.key)
                };
                people.iter().all(has).then_some(())
            })
            .await;
    }
    talk(&people.each_ref(), "together").await;
}

/// The private keys of the old key package are gone: who was added anew by it would be out.
async fn an_insider_that_adds_somebody_anew_by_an_old_key_package_is_left_out() {
    let mut call = Call::start(RoomSettings::STRICT).await;
    let carl = &call.people[2];
    let member = &mut call.insider.member;
    let old = call.insider.played.device.key_package_of(carl.device());
    let old = member.opened(&old.await);
    let victim = member.leaf_of(&carl.key);
    let commit = member.commit(true, |builder| {
        builder.propose_removals([victim]).propose_adds([old])
    });
    call.insider.send(&commit);
    call.assert_refused(Some(CommitRefusal::Removal)).await;
}

async fn a_member_that_a_welcome_names_gets_the_commit_too() {
    let mut call = Call::start(RoomSettings::STRICT).await;
    let (newcomer, key) = call.other_device(20, 1);
    let member = &mut call.insider.member;
    let commit = member.commit(true, |builder| builder.propose_adds([newcomer]));
    let victim = vec![call.people[2].device().number()];
    call.insider.send_with(&commit, Some((victim, &[1; 200])));
    for person in &call.people {
        let added = person.group_event("the other device", |event| match event {
            GroupEvent::MemberAdded { member, .. } => Some(member.claims.member_key),
            _ => None,
        });
        assert_eq!(added.await, key);
    }
    talk(&call.people.each_ref(), "afterwards").await;
    let out = |event: &GroupEvent| {
        left(event).is_some() || matches!(event, GroupEvent::WelcomeRefused { .. })
    };
    assert!(!call.people[2].has_seen(out));
}

/// The insider has been in the call for longest, so that the others let it commit first.
async fn welcomes_that_do_not_open_put_a_newcomer_off_no_group() {
    let Call {
        stage,
        people: [ann, bob, carl],
        mut insider,
    } = Call::start(RoomSettings::OPEN).await;
    drop(ann);
    together(&[&bob, &carl], &[insider.key()]).await;
    let dora = stage.guest("Dora", 4).await;
    let mut asked = insider.played.device.key_package_of(dora.device()).await;
    for round in 1..=2 {
        insider.follow().await;
        let member = &mut insider.member;
        let newcomer = member.opened(&asked);
        let former = Some(&dora.key).filter(|_| round > 1);
        let former: Vec<_> = former.map(|key| member.leaf_of(key)).into_iter().collect();
        let commit = member.commit(true, |builder| {
            builder.propose_removals(former).propose_adds([newcomer])
        });
        let mut welcome = commit.welcome.clone().unwrap();
        welcome[40] ^= 1;
        let to = vec![dora.device().number()];
        insider.send_with(&commit, Some((to, &welcome)));
        let told = dora
            .until("Welcomes that do not open", |seen| {
                let told: Vec<_> = seen.group_events(welcome_refused).collect();
                (told.len() == round).then_some(told)
            })
            .await;
        let expected = (insider.played.device.demux, true);
        assert_eq!(told, vec![expected; round]);
        let device = &insider.played.device;
        asked = device.other_key_package_of(dora.device(), &asked).await;
    }
    // A leaf of hers is there since the first round: the others have made it anew twice.
    for person in [&bob, &carl] {
        person
            .until("another leaf of Dora", |seen| {
                let anew = seen.group_events(|event| match event {
                    GroupEvent::MemberRemoved { claims, reason, .. } => (claims.member_key
                        == dora.key)
                        .then(|| assert_eq!(*reason, RemovalReason::AddedAnew)),
                    _ => None,
                });
                (anew.count() == 2).then_some(())
            })
            .await;
    }
    let everybody = [&bob, &carl, &dora];
    together(&everybody, &[insider.key()]).await;
    talk(&everybody, "together").await;
}

fn welcome_refused(event: &GroupEvent) -> Option<(DemuxId, bool)> {
    match event {
        GroupEvent::WelcomeRefused {
            from, asks_again, ..
        } => Some((*from, *asks_again)),
        _ => None,
    }
}

async fn a_device_of_another_user_comes_in_under_no_name_but_its_own() {
    let stage = Stage::new(RoomSettings::WITHOUT_ADMIN).await;
    let [ann, bob] = [stage.guest("Ann", 1).await, stage.guest("Bob", 2).await];
    together(&[&ann, &bob], &[]).await;
    let played = PlayedDevice::join(&stage, &stage.account().await, 20).await;
    let mut leaf = played.leaf(Admission::None);
    leaf.user = bob.user.clone();
    let candidate = played.candidate(&leaf, 20);
    let _asking = played.device.keep_asking(&candidate.key_package);
    let carl = stage.guest("Carl", 3).await;
    let everybody = [&ann, &bob, &carl];
    together(&everybody, &[]).await;
    talk(&everybody, "among themselves").await;
}
