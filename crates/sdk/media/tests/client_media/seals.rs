//! Frames are for the members of the group alone.

use anteroom_client_media::{SealError, SendError, SendOutcome};

use crate::meeting::{Meeting, meanwhile, sound};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_without_the_keys_of_a_group() {
    let mut meeting = Meeting::new();
    let mut device = meeting.join(0);
    device.until_connected().await;
    let refused = device.say(&sound(0)).await;
    assert_eq!(refused, Err(SendError::Seal(SealError::NoEpoch)));
    meeting.add_epoch(&device, 1).await;
    assert_eq!(device.say(&sound(0)).await, Ok(SendOutcome::Sent));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_while_the_group_is_not_confirmed() {
    let (_meeting, devices) = Meeting::of(1).await;
    let device = &devices[0];
    for (may_send, expected) in [
        (false, Err(SendError::Unconfirmed)),
        (true, Ok(SendOutcome::Sent)),
    ] {
        device.allow(may_send).await;
        assert_eq!(device.say(&sound(0)).await, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_without_the_keys_hears_nothing_and_counts_it() {
    let (mut meeting, mut devices) = Meeting::of(2).await;
    let mut outsider = meeting.join(2);
    outsider.until_connected().await;
    let [sender, member] = devices.get_disjoint_mut([0, 1]).unwrap();
    let listening = async {
        while outsider.sender.counts().refused < 10 {
            member.until_frame(|_| true).await;
        }
    };
    meanwhile(listening, async |number| {
        sender.say(&sound(number)).await.unwrap();
    })
    .await;
    assert_eq!(outsider.sender.counts().opened, 0);
    // The keys of the epoch of the others open what comes then.
    meeting.add_epoch(&outsider, 1).await;
    let heard = outsider.until_frame(|_| true);
    let heard = meanwhile(heard, async |number| {
        sender.say(&sound(number)).await.unwrap();
    });
    assert_eq!(heard.await.sender, sender.id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_epoch_takes_over_without_a_gap() {
    let (meeting, mut devices) = Meeting::of(2).await;
    let [sender, listener] = devices.get_disjoint_mut([0, 1]).unwrap();
    let mut numbers = Vec::new();
    let listening = async {
        loop {
            let frame = listener.until_frame(|_| true).await;
            let number = u16::from_be_bytes(*frame.data.last_chunk().unwrap());
            numbers.push(number);
            if frame.epoch.epoch == 2 {
                return;
            }
            if numbers.len() == 10 {
                // The sender has merged the commit, the listener merges it later.
                meeting.add_epoch(sender, 2).await;
            }
            if numbers.len() == 20 {
                meeting.add_epoch(listener, 2).await;
            }
        }
    };
    meanwhile(listening, async |number| {
        sender.say(&sound(number)).await.unwrap();
    })
    .await;
    assert!(
        numbers.is_sorted_by(|one, next| one + 1 == *next),
        "{numbers:?}"
    );
    assert_eq!(listener.sender.counts().refused, 0);
}
