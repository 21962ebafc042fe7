//! Section 7: media. The media server is a fake that writes down what it is told.

use anteroom_protocol::media::{SessionDescription, SlotReport, Source, Wanted};
use anteroom_rooms::{MediaEvent, OfferRefusal};
use anteroom_testkit::TestRooms;
use futures::{FutureExt as _, StreamExt as _};
use serde_json::json;

use crate::{
    client::{End, TestSocket, admin_join, created, demux_id},
    fake_media::FakeMedia,
    meeting::{
        Meeting, device, error, member, offer, other_room, publish, round_trips, sent, sources,
    },
};

#[tokio::test]
async fn a_client_is_told_of_media_where_there_are_some() {
    let (media, rooms) = FakeMedia::start().await;
    let (link, aci) = created(&rooms, "none").await;
    let (_client, joined) = member(&rooms, &link, &aci).await;
    let features = joined["features"].as_array().unwrap();
    assert!(features.contains(&json!("media")));
    let config = json!({
        "audioSlots": 4, "videoSlots": 49, "maxBitrate": 3_000_000, "codecs": ["opus", "VP8"],
    });
    assert_eq!(joined["mediaConfig"], config);
    // Nobody has offered a connection.
    assert_eq!(media.told(), [""; 0]);

    let rooms = TestRooms::start().await;
    let (link, aci) = created(&rooms, "none").await;
    let (mut client, joined) = member(&rooms, &link, &aci).await;
    let features = joined["features"].as_array().unwrap();
    assert!(!features.contains(&json!("media")));
    assert_eq!(joined.get("mediaConfig"), None);
    let mute = json!({"type": "mute", "demuxId": "all"});
    let view = json!({"type": "view", "slots": []});
    for message in [offer(1), view, publish(true, false), mute] {
        assert_eq!(client.said(&message).await, ["media_unavailable"]);
    }
}

#[tokio::test]
async fn offers_views_and_publications_reach_the_media_and_their_events_the_devices() {
    let Meeting {
        media,
        rooms: _rooms,
        mut host,
        host_id,
        mut guest,
        guest_id,
        ..
    } = Meeting::start().await;
    // The media are told what was said before they were open.
    host.send(&publish(true, false)).await;
    let roster = host.roster(|roster| sent(roster, host_id).is_some()).await;
    assert_eq!(sent(&roster, host_id), Some(sources(true, false)));
    assert_eq!(media.told(), [""; 0]);
    guest.send(&offer(7)).await;
    let told = media
        .told_until(&format!("offer {guest_id} 7 of 3 bytes"))
        .await;
    let expected = [
        "open".to_owned(),
        format!("+{host_id}"),
        format!("+{guest_id}"),
        format!("publish {host_id} [Audio]"),
        format!("publish {guest_id} []"),
        format!("offer {guest_id} 7 of 3 bytes"),
    ];
    assert_eq!(told, expected);
    media.tells(MediaEvent::Answer {
        device: device(guest_id),
        session: 7,
        answer: SessionDescription::new("v=1".to_owned()),
    });
    let answer = guest.next_of("media").await;
    assert_eq!(
        answer,
        json!({"type": "media", "session": 7, "answer": "v=1"})
    );

    let view = json!({
        "type": "view",
        "slots": [{"mid": "4", "demuxId": host_id, "source": "camera", "height": 180}],
    });
    guest.send(&view).await;
    guest.send(&publish(false, true)).await;
    let told = media
        .told_until(&format!("publish {guest_id} [Camera]"))
        .await;
    assert_eq!(told[0], format!("view {guest_id} 4"));
    let roster = host.roster(|roster| sent(roster, guest_id).is_some()).await;
    assert_eq!(sent(&roster, guest_id), Some(sources(false, true)));

    media.tells(MediaEvent::Slots {
        device: device(guest_id),
        slots: vec![SlotReport {
            mid: "4".to_owned(),
            device: device(host_id),
            source: Source::Camera,
            pause: None,
            height: Some(180),
        }],
    });
    let slots = guest.next_of("slots").await;
    assert_eq!(
        slots["slots"],
        json!([{"mid": "4", "demuxId": host_id, "source": "camera", "height": 180}])
    );
    media.tells(MediaEvent::Send {
        device: device(host_id),
        wanted: Wanted::ALL,
    });
    assert_eq!(host.next_of("send").await["camera"], json!({"layers": 3}));
    media.tells(MediaEvent::Speakers(vec![device(host_id)]));
    for client in [&mut host, &mut guest] {
        assert_eq!(
            client.next_of("speakers").await["speakers"],
            json!([host_id])
        );
    }
    media.tells(MediaEvent::OfferRefused {
        device: device(guest_id),
        reason: OfferRefusal::Layers,
    });
    let (code, message) = error(&mut guest).await;
    assert_eq!(
        (&*code, &*message),
        ("media_refused", OfferRefusal::Layers.message())
    );
    media.tells(MediaEvent::SourceDropped {
        device: device(guest_id),
        source: Source::Camera,
    });
    let (code, message) = error(&mut guest).await;
    assert_eq!(code, "source_dropped");
    assert!(message.starts_with("Your camera sent more"), "{message}");
    // The guest may have published it anew, so that the media are told, too.
    let mute = format!("Mute Camera of {guest_id} by {guest_id}");
    media.told_until(&mute).await;
    host.roster(|roster| sent(roster, guest_id).is_none()).await;
    media.tells(MediaEvent::RequestDropped {
        device: device(guest_id),
    });
    assert_eq!(error(&mut guest).await.0, "rate_limited");
}

#[tokio::test]
async fn a_device_without_a_member_key_has_no_media_and_one_in_the_lobby_neither() {
    let (media, rooms) = FakeMedia::start().await;
    let (link, aci) = created(&rooms, "adminApproval").await;
    let (mut host, _) = TestSocket::joined(&rooms, admin_join(&rooms, &link, &aci)).await;
    assert_eq!(host.said(&offer(1)).await, ["media_refused"]);
    assert_eq!(host.said(&publish(true, true)).await, ["media_refused"]);
    let (mut guest, joined) = member(&rooms, &link, &rooms.new_account()).await;
    assert_eq!(joined["status"], "pending");
    for message in [
        offer(1),
        json!({"type": "view", "slots": []}),
        publish(true, true),
    ] {
        assert_eq!(guest.said(&message).await, ["not_active"]);
    }
    assert_eq!(media.told(), [""; 0]);
    let id = demux_id(&joined);
    host.send(&json!({"type": "approve", "demuxId": id})).await;
    guest.next_of("admitted").await;
    guest.send(&offer(1)).await;
    let told = media.told_until(&format!("offer {id} 1 of 3 bytes")).await;
    // The admin, who has no member key, is not among them.
    assert_eq!(told[..2], ["open".to_owned(), format!("+{id}")]);
}

#[tokio::test]
async fn an_order_of_an_admin_reaches_the_media_the_device_and_the_roster() {
    let Meeting {
        media,
        rooms: _rooms,
        mut host,
        host_id,
        mut guest,
        guest_id,
        ..
    } = Meeting::connected().await;
    guest.send(&publish(true, true)).await;
    host.roster(|roster| sent(roster, guest_id) == Some(sources(true, true)))
        .await;
    let mute = json!({"type": "mute", "demuxId": guest_id});
    assert_eq!(guest.said(&mute).await, ["forbidden"]);
    host.send(&mute).await;
    let muted = guest.next_of("muted").await;
    assert_eq!(
        muted,
        json!({"type": "muted", "by": host_id, "source": "audio"})
    );
    host.roster(|roster| sent(roster, guest_id) == Some(sources(false, true)))
        .await;
    for (hold, order) in [(true, "Hold"), (false, "Release")] {
        let mute = json!({"type": "mute", "demuxId": "all", "source": "camera", "hold": hold});
        host.send(&mute).await;
        let muted = guest.next_of("muted").await;
        let expected = json!({"type": "muted", "by": host_id, "source": "camera", "hold": hold});
        assert_eq!(muted, expected);
        let line = format!("{order} Camera of all but 0 by {host_id}");
        media.told_until(&line).await;
    }
    let but = json!({"type": "mute", "demuxId": guest_id, "but": [host_id]});
    host.send(&but).await;
    let refused = ("invalid_message".to_owned(), End::Closed(1002));
    assert_eq!(host.refusal().await, refused);
}

#[tokio::test]
async fn an_offer_has_256_kib_and_as_many_slots_as_a_connection_may_have() {
    let Meeting {
        media,
        rooms: _rooms,
        mut guest,
        guest_id,
        ..
    } = Meeting::start().await;
    let text = |length: usize| json!({"type": "media", "session": 1, "offer": "x".repeat(length)});
    let longest = 256 * 1024 - text(0).to_string().len();
    guest.send(&text(longest)).await;
    let last = format!("offer {guest_id} 1 of {longest} bytes");
    media.told_until(&last).await;
    let lines = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n".repeat(69);
    let many = json!({"type": "media", "session": 1, "offer": lines});
    assert_eq!(guest.said(&many).await, ["too_many_slots"]);
    let wish = json!({"mid": "4", "demuxId": guest_id, "source": "camera", "height": 180});
    let many = json!({"type": "view", "slots": vec![wish; 65]});
    assert_eq!(guest.said(&many).await, ["too_many_slots"]);
    guest.send(&text(longest + 1)).await;
    assert_eq!(
        guest.refusal().await,
        ("too_large".to_owned(), End::Closed(1009))
    );
}

#[tokio::test]
async fn a_client_has_one_large_message_in_flight() {
    let Meeting {
        media,
        rooms,
        mut host,
        mut guest,
        guest_id,
        link,
        ..
    } = Meeting::connected().await;
    let (other, _) = member(&rooms, &link, &rooms.new_account()).await;
    assert_eq!(host.said(&json!({"type": "participants"})).await, [""; 0]);
    let mut elsewhere = other_room(&rooms).await;
    // The call handles nothing until the media of the guest have ended.
    media.hold_ends(true);
    guest.send(&json!({"type": "leave"})).await;
    media.told_until(&format!("-{guest_id}")).await;
    // The service itself answers what names no device, without asking the call.
    let nobody = json!({"type": "deny", "demuxId": 17});
    host.send(&json!({"type": "participants"})).await;
    host.send(&nobody).await;
    assert_eq!(error(&mut host).await.0, "unknown_device");
    let large = json!({"type": "media", "session": 1, "offer": "x".repeat(100 * 1024)});
    host.send(&large).await;
    host.send(&nobody).await;
    round_trips(&mut elsewhere, 20).await;
    let next = host.0.next().now_or_never();
    assert!(next.is_none(), "read behind a large message: {next:?}");
    media.hold_ends(false);
    assert_eq!(error(&mut host).await.0, "unknown_device");
    drop(other);
}
