//! Devices with the link that ask to be added and may not be in.

use anteroom_client::{Admission, BarState, DemuxId, GroupEvent, OpaqueUserId};
use anteroom_e2ee::{AdmissionError, CommitRefusal};
use futures::FutureExt as _;

use super::{
    call::{Call, INSIDER},
    insider::PlayedDevice,
    mls_member::{MlsCandidate, PlayedKey},
};
use crate::{
    person::{talk, together},
    stage::{RoomSettings, Stage, all_at_once},
};

#[tokio::test]
async fn devices_that_may_not_be_in() {
    all_at_once([
        somebody_with_the_link_who_asks_under_many_keys_is_told_once_and_not_added().boxed(),
        an_invented_user_who_asks_is_not_added().boxed(),
        a_member_that_an_admin_put_out_does_not_come_back().boxed(),
    ])
    .await;
}

/// Returns what a person is told of a device that may not be in.
fn not_admitted(device: DemuxId) -> impl Fn(&GroupEvent) -> Option<CommitRefusal> {
    move |event| match event {
        GroupEvent::NotAdmitted { claims, refusal } => {
            (claims.demux_id == device).then_some(*refusal)
        }
        _ => None,
    }
}

async fn somebody_with_the_link_who_asks_under_many_keys_is_told_once_and_not_added() {
    let stage = Stage::new(RoomSettings::STRICT).await;
    let [ann, bob] = [stage.admin("Ann", 1).await, stage.guest("Bob", 2).await];
    ann.approve(bob.device()).await;
    together(&[&ann, &bob], &[]).await;
    let played = PlayedDevice::join(&stage, &stage.account().await, 20).await;
    let room = stage.link.root_key.room_id();
    let asking: Vec<_> = (20..30)
        .map(|number| {
            let key = PlayedKey::new(&room, number);
            let mut leaf = played.leaf(Admission::None);
            leaf.member_key = key.member_key.public();
            let candidate = MlsCandidate::new(&played.keys, &key, &leaf, u64::from(number));
            played.device.keep_asking(&candidate.key_package)
        })
        .collect();
    let told = not_admitted(played.device.demux);
    for person in [&ann, &bob] {
        person.group_event("who asks", &told).await;
    }
    let carl = stage.guest("Carl", 3).await;
    ann.approve(carl.device()).await;
    let everybody = [&ann, &bob, &carl];
    together(&everybody, &[]).await;
    talk(&everybody, "among themselves").await;
    for person in [&ann, &bob] {
        let missing = CommitRefusal::Admission(AdmissionError::Missing);
        assert_eq!(person.group_events(&told), [missing], "{}", person.name);
    }
    drop(asking);
}

/// The roster shows another user at the device: the room service would have to lie too for it to be told.
async fn an_invented_user_who_asks_is_not_added() {
    let stage = Stage::new(RoomSettings::OPEN).await;
    let [ann, bob] = [stage.admin("Ann", 1).await, stage.guest("Bob", 2).await];
    together(&[&ann, &bob], &[]).await;
    let played = PlayedDevice::join(&stage, &stage.account().await, 20).await;
    let mut leaf = played.leaf(Admission::None);
    leaf.user = OpaqueUserId::parse(&"07".repeat(65)).unwrap();
    let candidate = played.candidate(&leaf, 20);
    let _asking = played.device.keep_asking(&candidate.key_package);
    let carl = stage.guest("Carl", 3).await;
    let everybody = [&ann, &bob, &carl];
    together(&everybody, &[]).await;
    talk(&everybody, "among themselves").await;
}

/// The room service lets it into the call again, as every account.
async fn a_member_that_an_admin_put_out_does_not_come_back() {
    let Call {
        stage,
        people: [ann, bob, carl],
        insider,
    } = Call::start(RoomSettings::STRICT).await;
    let device = insider.played.device.demux;
    ann.command(move |call| Box::pin(call.remove(device)));
    let removed = ann.group_event("the removal", |event| match event {
        GroupEvent::Barred { claims, state } => {
            (*state == BarState::Removed).then_some(claims.demux_id)
        }
        _ => None,
    });
    assert_eq!(removed.await, device);
    together(&[&ann, &bob, &carl], &[]).await;
    let played = PlayedDevice::join(&stage, &insider.account, INSIDER).await;
    let approval = insider.approval.unwrap();
    let candidate = played.candidate(&played.leaf(Admission::Approval(approval)), 20);
    let _asking = played.device.keep_asking(&candidate.key_package);
    let barred = CommitRefusal::Admission(AdmissionError::Barred);
    let told = not_admitted(played.device.demux);
    for person in [&ann, &bob, &carl] {
        assert_eq!(person.group_event("who asks", &told).await, barred);
    }
    let dora = stage.guest("Dora", 4).await;
    ann.approve(dora.device()).await;
    let everybody = [&ann, &bob, &carl, &dora];
    together(&everybody, &[]).await;
    talk(&everybody, "without the insider").await;
}
