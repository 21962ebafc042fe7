//! Ways to the media server.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use crate::meeting::{Device, Meeting, meanwhile, sound};

pub(crate) async fn until_heard(sender: &Device, listener: &mut Device) {
    let id = sender.id;
    let heard = listener.until_frame(|frame| frame.sender == id);
    meanwhile(heard, async |number| {
        // There may be no connection for a moment.
        let _lost = sender.say(&sound(number)).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_udp_leads_nowhere_tcp_carries_everything() {
    let mut meeting = Meeting::new();
    // The way over UDP is blocked: the answer's addresses for it lead to nobody.
    meeting.tampering = Arc::new(|answer| {
        let lines = answer.split_inclusive('\n');
        let lines = lines.map(|line| match line.contains(" udp ") {
            true => line.replace("127.0.0.1", "127.0.0.9"),
            false => line.to_owned(),
        });
        lines.collect()
    });
    let mut blocked = meeting.join(0);
    meeting.tampering = Arc::new(|answer| answer);
    let mut other = meeting.join(1);
    blocked.until_connected().await;
    other.until_connected().await;
    for device in [&blocked, &other] {
        meeting.add_epoch(device, 1).await;
    }
    until_heard(&blocked, &mut other).await;
    until_heard(&other, &mut blocked).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_of_ice_goes_on_in_the_same_connection() {
    let (_meeting, mut devices) = Meeting::of(2).await;
    let [first, second] = devices.get_disjoint_mut([0, 1]).unwrap();
    until_heard(first, second).await;
    first.restart();
    first.until_connected().await;
    until_heard(first, second).await;
    until_heard(second, first).await;
    assert_eq!(*first.offers.lock().unwrap(), [1, 1]);
    assert_eq!(first.sender.counts().refused, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_of_ice_that_leads_nowhere_leaves_the_way_that_works() {
    let mut meeting = Meeting::new();
    let is_blocked = Arc::new(AtomicBool::new(false));
    let blocked = Arc::clone(&is_blocked);
    meeting.tampering = Arc::new(move |answer| match blocked.load(Ordering::SeqCst) {
        true => answer.replace(" 127.0.0.1 ", " 127.0.0.9 "),
        false => answer,
    });
    let (mut first, mut second) = (meeting.join(0), meeting.join(1));
    for device in [&mut first, &mut second] {
        device.until_connected().await;
    }
    for device in [&first, &second] {
        meeting.add_epoch(device, 1).await;
    }
    is_blocked.store(true, Ordering::SeqCst);
    first.restart();
    while first.answers.lock().unwrap().len() < 2 {
        tokio::task::yield_now().await;
    }
    until_heard(&first, &mut second).await;
    until_heard(&second, &mut first).await;
    assert_eq!(*first.offers.lock().unwrap(), [1, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_answer_that_is_none_another_connection_is_offered() {
    let mut meeting = Meeting::new();
    meeting.tampering = Arc::new(|_| "v=0\r\n".to_owned());
    let device = meeting.join(0);
    let offers = Arc::clone(&device.offers);
    let asked = async {
        while offers.lock().unwrap().len() < 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(core::time::Duration::from_secs(60), asked)
        .await
        .unwrap();
    assert_eq!(*offers.lock().unwrap(), [1, 2]);
}
