//! Two programs with the files of one device.

use anteroom_client::{Approval, GroupEvent};

use crate::group::{Room, group_event, group_of, heard, own_device, said};

#[tokio::test]
async fn the_second_of_two_programs_of_a_device_is_told_and_the_others_go_on() {
    let (room, ann) = Room::create(Approval::Off, true).await;
    let bob = room.fixture.person().await;
    let mut anns = room.join(&ann, "Ann", 1, true).await;
    own_device(&mut anns).await;
    let mut bobs = room.join(&bob, "Bob", 2, false).await;
    let first = own_device(&mut bobs).await;
    group_of(&mut anns, 2).await;
    group_of(&mut bobs, 2).await;
    let mut copies = room.join(&bob, "Bob", 2, false).await;
    let told = group_event(&mut copies, |event| match event {
        GroupEvent::Elsewhere(device) => Some(device),
        _ => None,
    });
    assert_eq!(told.await, first);
    anns.say("is that you twice?").await.unwrap();
    assert_eq!(heard(&mut bobs).await, said("Ann", "is that you twice?"));
    bobs.say("yes").await.unwrap();
    assert_eq!(heard(&mut anns).await, said("Bob", "yes"));
    // The first one goes.
    bobs.leave().await;
    group_of(&mut copies, 2).await;
    copies.say("once now").await.unwrap();
    assert_eq!(heard(&mut anns).await, said("Bob", "once now"));
}
