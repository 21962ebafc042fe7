//! Section 7: media. The media server is a fake that writes down what it is told.

use anteroom_protocol::{
    Aci, DemuxId, MemberKey,
    media::{SessionDescription, SlotReport, Source, Wanted},
};
use anteroom_rooms::{MediaEvent, MediaUnavailable, OfferRefusal};
use anteroom_testkit::{TestLink, TestRooms};
use futures::{FutureExt as _, StreamExt as _};
use serde_json::{Value, json};

use crate::{
    client::{
        End, TestSocket, admin_join, created, demux_id, ids, join, member_join, member_text, set,
    },
    fake_media::FakeMedia,
};

const KEY: MemberKey = MemberKey::from_bytes([0xfb; 32]);

/// Joins with a member key.
async fn member(rooms: &TestRooms, link: &TestLink, aci: &Aci) -> (TestSocket, Value) {
    TestSocket::joined(rooms, member_join(rooms, link, aci, &KEY)).await
}

/// Joins with a member key and the passkey.
async fn admin(rooms: &TestRooms, link: &TestLink, aci: &Aci) -> (TestSocket, Value) {
    let mut join = admin_join(rooms, link, aci);
    set(
        &mut join,
        "auth",
        json!(rooms.auth_for_member(link, aci, &KEY)),
    );
    set(&mut join, "member", json!(member_text(&KEY)));
    TestSocket::joined(rooms, join).await
}

fn offer(session: u64) -> Value {
    json!({"type": "media", "session": session, "offer": "v=0"})
}

fn publish(audio: bool, camera: bool) -> Value {
    json!({
        "type": "publish", "audio": audio, "camera": camera, "screen": false,
        "screenAudio": false,
    })
}

/// Returns what a device sends by a roster.
fn sent(roster: &Value, id: u64) -> Option<Value> {
    let active = roster["active"].as_array().unwrap();
    let device = active.iter().find(|one| demux_id(one) == id).unwrap();
    device.get("media").cloned()
}

fn sources(audio: bool, camera: bool) -> Value {
    json!({"audio": audio, "camera": camera, "screen": false, "screenAudio": false})
}

fn device(id: u64) -> DemuxId {
    DemuxId::new(id.try_into().unwrap()).unwrap()
}

/// Reads the next error, and returns its code and its text.
async fn error(client: &mut TestSocket) -> (String, String) {
    let error = client.next_of("error").await;
    let word = |member: &str| error[member].as_str().unwrap().to_owned();
    (word("code"), word("message"))
}

/// A call of an admin and a guest, who both have media.
struct Meeting {
    media: FakeMedia,
    rooms: TestRooms,
    link: TestLink,
    host: TestSocket,
    host_id: u64,
    guest: TestSocket,
    guest_id: u64,
    guest_aci: Aci,
    resume: Value,
}

impl Meeting {
    async fn start() -> Self {
        let (media, rooms) = FakeMedia::start().await;
        let (link, aci) = created(&rooms, "none").await;
        let (host, joined) = admin(&rooms, &link, &aci).await;
        let host_id = demux_id(&joined);
        let guest_aci = rooms.new_account();
        let (guest, joined) = member(&rooms, &link, &guest_aci).await;
        Self {
            media,
            rooms,
            link,
            host,
            host_id,
            guest,
            guest_id: demux_id(&joined),
            guest_aci,
            resume: joined["resume"].clone(),
        }
    }

    /// Starts a call in which the guest has offered a connection.
    async fn connected() -> Self {
        let mut meeting = Self::start().await;
        meeting.guest.send(&offer(1)).await;
        let last = format!("offer {} 1 of 3 bytes", meeting.guest_id);
        meeting.media.told_until(&last).await;
        meeting
    }
}

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

/// Makes that many round trips to the room service, in another room.
async fn round_trips(rooms: &TestRooms, count: usize) {
    let (link, aci) = created(rooms, "none").await;
    let (mut client, _) = TestSocket::joined(rooms, join(rooms, &link, &aci)).await;
    for _ in 0..count {
        client.send(&json!({"type": "ping"})).await;
        client.next_of("pong").await;
    }
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
    media.hold_ends(true);
    host.send(&json!({"type": "remove", "demuxId": guest_id}))
        .await;
    media.told_until(&format!("-{guest_id}")).await;
    round_trips(&rooms, 20).await;
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
    host.roster(|roster| {
        let active = roster["active"].as_array().unwrap().iter();
        active.clone().any(|one| one.get("lost").is_some())
    })
    .await;
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
    round_trips(&rooms, 20).await;
    let next = host.0.next().now_or_never();
    assert!(next.is_none(), "read behind a large message: {next:?}");
    media.hold_ends(false);
    assert_eq!(error(&mut host).await.0, "unknown_device");
    drop(other);
}
