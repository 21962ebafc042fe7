//! Section 7: media that end, and devices that leave or come back. The media server is a fake that writes down what it
//! is told.

use anteroom_protocol::media::{SessionDescription, SlotReport, Source, Wanted};
use anteroom_rooms::{MediaEvent, MediaUnavailable, OfferRefusal};
use futures::{FutureExt as _, StreamExt as _};
use serde_json::{Value, json};

use crate::{
    client::{End, TestSocket, demux_id, ids, member_join, set},
    meeting::{KEY, Meeting, device, error, lost, member, offer, other_room, publish, round_trips},
};

#[tokio::test]
async fn a_device_is_told_that_its_connection_has_ended_even_if_its_socket_was_lost_too() {
    let Meeting {
        media,
        rooms,
        link,
        mut host,
        mut guest,
        guest_id,
        guest_aci,
        resume,
        ..
    } = Meeting::connected().await;
    let answer = |session| MediaEvent::Answer {
        device: device(guest_id),
        session,
        answer: SessionDescription::new("v=1".to_owned()),
    };
    media.tells(answer(1));
    guest.next_of("media").await;
    let wanted = |wanted| MediaEvent::Send {
        device: device(guest_id),
        wanted,
    };
    media.tells(wanted(Wanted::default()));
    guest.next_of("send").await;
    let ended = MediaEvent::Disconnected {
        device: device(guest_id),
    };
    media.tells(ended.clone());
    let told = (
        "media_unavailable".to_owned(),
        MediaUnavailable::Disconnected.message().to_owned(),
    );
    assert_eq!(error(&mut guest).await, told);

    drop(guest);
    host.roster(|roster| !lost(roster).is_empty()).await;
    let resuming = |resume: &Value| {
        let mut join = member_join(&rooms, &link, &guest_aci, &KEY);
        set(&mut join, "resume", resume.clone());
        join
    };
    let (mut guest, joined) = TestSocket::joined(&rooms, resuming(&resume)).await;
    assert_eq!(guest.next().await["code"], told.0);
    // The next connection is to send everything at first, and has not ended.
    media.tells(answer(2));
    guest.next_of("media").await;
    drop(guest);
    host.roster(|roster| !lost(roster).is_empty()).await;
    let (mut guest, joined) = TestSocket::joined(&rooms, resuming(&joined["resume"])).await;
    assert_eq!(demux_id(&joined), guest_id);
    media.tells(wanted(Wanted::ALL));
    let sent = loop {
        let message = guest.next().await;
        assert_ne!(message["type"], "error", "{message}");
        if message["type"] == "send" {
            break message;
        }
    };
    assert_eq!(sent["audio"], true);
}

#[tokio::test]
async fn nobody_is_told_that_a_device_is_gone_before_its_media_have_ended() {
    let Meeting {
        media,
        rooms,
        mut host,
        host_id,
        mut guest,
        guest_id,
        ..
    } = Meeting::connected().await;
    // Both know all that was said so far.
    for client in [&mut host, &mut guest] {
        assert_eq!(client.said(&json!({"type": "participants"})).await, [""; 0]);
    }
    let mut elsewhere = other_room(&rooms).await;
    media.hold_ends(true);
    host.send(&json!({"type": "remove", "demuxId": guest_id}))
        .await;
    media.told_until(&format!("-{guest_id}")).await;
    round_trips(&mut elsewhere, 20).await;
    for client in [&mut host, &mut guest] {
        let next = client.0.next().now_or_never();
        assert!(next.is_none(), "told before the end: {next:?}");
    }
    media.hold_ends(false);
    media.told_until(&format!("-{guest_id} done")).await;
    guest.next_of("removed").await;
    assert_eq!(guest.end().await, End::Closed(1000));
    host.roster(|roster| ids(roster, "active") == [host_id])
        .await;
    host.send(&json!({"type": "leave"})).await;
    assert_eq!(host.end().await, End::Closed(1000));
    let told = media.told_until(&format!("-{host_id} done")).await;
    assert_eq!(told[0], format!("-{host_id}"));
}

#[tokio::test]
async fn the_media_of_all_devices_of_a_user_who_is_blocked_end_at_once() {
    let Meeting {
        media,
        rooms,
        link,
        mut host,
        mut guest,
        guest_id,
        guest_aci,
        ..
    } = Meeting::connected().await;
    let (mut second, joined) = member(&rooms, &link, &guest_aci).await;
    let second_id = demux_id(&joined);
    media.told_until(&format!("+{second_id}")).await;
    media.hold_ends(true);
    host.send(&json!({"type": "block", "demuxId": guest_id}))
        .await;
    assert_eq!(
        media.told_until(&format!("-{second_id}")).await,
        [format!("-{guest_id}"), format!("-{second_id}")]
    );
    media.hold_ends(false);
    for client in [&mut guest, &mut second] {
        client.next_of("blocked").await;
        assert_eq!(client.end().await, End::Closed(1000));
    }
}

#[tokio::test]
async fn a_lost_socket_keeps_its_media_and_a_resume_takes_them_over() {
    let Meeting {
        media,
        rooms,
        link,
        mut host,
        host_id,
        guest,
        guest_id,
        guest_aci,
        resume,
    } = Meeting::connected().await;
    drop(guest);
    host.roster(|roster| !lost(roster).is_empty()).await;
    // Nothing that comes meanwhile is lost.
    for height in [90, 180] {
        media.tells(MediaEvent::Slots {
            device: device(guest_id),
            slots: vec![SlotReport {
                mid: "4".to_owned(),
                device: device(host_id),
                source: Source::Camera,
                pause: None,
                height: Some(height),
            }],
        });
    }
    media.tells(MediaEvent::Send {
        device: device(guest_id),
        wanted: Wanted::default(),
    });
    media.tells(MediaEvent::Speakers(vec![device(host_id)]));
    host.next_of("speakers").await;
    let mut resuming = member_join(&rooms, &link, &guest_aci, &KEY);
    set(&mut resuming, "resume", resume);
    let (mut guest, joined) = TestSocket::joined(&rooms, resuming).await;
    assert_eq!(demux_id(&joined), guest_id);
    assert_eq!(guest.next_of("slots").await["slots"][0]["height"], 180);
    assert_eq!(guest.next_of("send").await["audio"], false);
    assert_eq!(
        guest.next_of("speakers").await["speakers"],
        json!([host_id])
    );
    assert_eq!(media.told(), [""; 0]);
    guest.send(&json!({"type": "leave"})).await;
    media.told_until(&format!("-{guest_id} done")).await;
    // A newcomer learns the speakers, and nothing of the other's slots.
    let (mut late, _) = member(&rooms, &link, &rooms.new_account()).await;
    let next = late.next().await;
    assert_eq!(next, json!({"type": "speakers", "speakers": [host_id]}));
}

#[tokio::test]
async fn media_that_fail_are_opened_anew_with_all_that_the_call_knows() {
    let Meeting {
        media,
        rooms: _rooms,
        mut host,
        host_id,
        mut guest,
        guest_id,
        ..
    } = Meeting::connected().await;
    guest.send(&publish(true, false)).await;
    let published = format!("publish {guest_id} [Audio]");
    media.told_until(&published).await;
    let hold = json!({"type": "mute", "demuxId": guest_id, "source": "camera", "hold": true});
    host.send(&hold).await;
    guest.next_of("muted").await;
    media.told();
    for round in 0..3 {
        match round {
            0 => media.tells(MediaEvent::Failed),
            1 => media.vanishes(),
            // An order that cannot be given must not be lost.
            _ => {
                media.set_busy(true);
                let mute = json!({"type": "mute", "demuxId": guest_id, "source": "screen"});
                host.send(&mute).await;
            }
        }
        for client in [&mut host, &mut guest] {
            let (code, message) = error(client).await;
            assert_eq!(code, "media_unavailable");
            assert_eq!(message, MediaUnavailable::Failed.message());
        }
        media.set_busy(false);
        if round == 2 {
            break;
        }
        guest.send(&offer(round + 2)).await;
        let last = format!("offer {guest_id} {} of 3 bytes", round + 2);
        let expected = [
            "open".to_owned(),
            format!("+{host_id}"),
            format!("+{guest_id}"),
            format!("Hold Camera of {guest_id} by {guest_id}"),
            format!("publish {host_id} []"),
            format!("publish {guest_id} [Audio]"),
            last.clone(),
        ];
        assert_eq!(media.told_until(&last).await, expected);
    }
    guest.send(&offer(9)).await;
    let (code, message) = error(&mut guest).await;
    assert_eq!(code, "media_unavailable");
    assert_eq!(message, MediaUnavailable::FailedOften.message());
    // The call goes on.
    assert_eq!(
        guest
            .said(&json!({"type": "raise_hand", "raised": true}))
            .await,
        [""; 0]
    );
}

#[tokio::test]
async fn a_device_whose_media_cannot_be_opened_stays_in_the_call() {
    let Meeting {
        media,
        rooms: _rooms,
        mut host,
        mut guest,
        guest_id,
        ..
    } = Meeting::start().await;
    for reason in [MediaUnavailable::Full, MediaUnavailable::Stopping] {
        media.set_unavailable(Some(reason));
        guest.send(&offer(1)).await;
        let (code, message) = error(&mut guest).await;
        assert_eq!(code, "media_unavailable");
        assert_eq!(message, reason.message());
    }
    assert_eq!(
        host.said(&json!({"type": "view", "slots": []})).await,
        ["media_unavailable"]
    );
    media.set_unavailable(None);
    guest.send(&offer(2)).await;
    media
        .told_until(&format!("offer {guest_id} 2 of 3 bytes"))
        .await;
    media.set_busy(true);
    guest.send(&offer(3)).await;
    let (code, message) = error(&mut guest).await;
    assert_eq!(code, "media_unavailable");
    assert_eq!(message, OfferRefusal::Busy.message());
    assert_eq!(
        host.said(&json!({"type": "raise_hand", "raised": true}))
            .await,
        [""; 0]
    );
}

#[tokio::test]
async fn the_media_end_with_the_era() {
    let Meeting {
        media,
        rooms,
        mut host,
        mut guest,
        ..
    } = Meeting::connected().await;
    rooms.rooms.close().await;
    assert_eq!(
        media.told_until("close done").await,
        ["close", "close done"]
    );
    for client in [&mut host, &mut guest] {
        assert_eq!(
            client.refusal().await,
            ("ended".to_owned(), End::Closed(1000))
        );
    }
}
