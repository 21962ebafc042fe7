//! The member keys of devices, through a real room service and through one that refuses them.

use anteroom_client::{
    Approval, CallEvent, CallMember, CallSession, DeviceSecret, JoinOptions, MemberKey,
    Participant, RoomsError, SeatInfo,
};
use anteroom_protocol::{AuthPresentation, GenericSecretParams, RootKey};
use anteroom_runtime::Clock as _;
use anteroom_store::{RoomsDatabase as _, TransactionName};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use futures::StreamExt as _;
use serde_json::{Value, json};

use crate::{
    hostile::{accept, era_text, listen, person_and_room, say, welcome},
    support::{RoomsFixture, TestUser, link, wait_for},
};

/// Returns the identity of a device.
fn member(device: u8, room: &RootKey) -> CallMember {
    let secret = DeviceSecret::from_bytes([device; 32]);
    CallMember::new(&secret, &link(room, None)).unwrap()
}

fn options(person: &TestUser, room: &RootKey, member: Option<CallMember>) -> JoinOptions {
    JoinOptions {
        room: room.clone(),
        pass: person.pass.clone(),
        passkey: None,
        name: Some("Ann".to_owned()),
        member,
    }
}

async fn seat(call: &mut CallSession) -> Box<SeatInfo> {
    wait_for(call, |event| match event {
        CallEvent::Joined(seat) => Some(seat),
        _ => None,
    })
    .await
}

#[tokio::test]
async fn members_see_each_others_keys_also_after_a_reconnection() {
    let fixture = RoomsFixture::start().await;
    let (ann, bob) = (fixture.person().await, fixture.person().await);
    let (room, passkey) = fixture.new_room();
    let pass = fixture.create_pass(&ann, &room).await;
    let mut rng = fixture.rng();
    let created = ann
        .rooms
        .create(&room, &pass, &passkey, Approval::Off, &mut *rng);
    let room = created.await.unwrap().root_key;
    let join = |person: &TestUser, member| {
        let rooms = person.rooms.clone();
        let (options, rng) = (options(person, &room, member), fixture.rng());
        async move { rooms.join(options, rng).await.unwrap() }
    };
    let key = |device| member(device, &room).key();
    let mut anns = join(&ann, Some(member(1, &room))).await;
    let mut bobs = join(&bob, Some(member(2, &room))).await;
    let mut others = join(&bob, None).await;
    let keys = |seat: &SeatInfo| {
        let members = seat.roster.active.iter().map(|one| one.member);
        members.collect::<Vec<_>>()
    };
    let [anns_key, bobs_key] = [1, 2].map(|device| Some(key(device).named()));
    assert_eq!(keys(&*seat(&mut anns).await), [anns_key]);
    let bobs_seat = seat(&mut bobs).await;
    assert_eq!(keys(&bobs_seat), [anns_key, bobs_key]);
    assert!(bobs_seat.features.iter().any(|feature| feature == "member"));
    let all = [anns_key, bobs_key, None];
    assert_eq!(keys(&*seat(&mut others).await), all);

    // The hello states the same key, also of a device without a name.
    let stated = bobs_seat.roster.active.iter().map(Participant::member_key);
    let stated: Vec<_> = stated.collect();
    assert_eq!(stated, [Some(key(1)), Some(key(2))]);

    bobs.reconnect().await.unwrap();
    let restored = wait_for(&mut bobs, |event| match event {
        CallEvent::Restored { roster, .. } => Some(roster),
        _ => None,
    })
    .await;
    let members: Vec<_> = restored.active.iter().map(|one| one.member).collect();
    assert_eq!(members, all);
}

#[tokio::test]
async fn a_member_key_is_never_left_out_whatever_the_room_service_answers() {
    let (fixture, person, room) = person_and_room().await;
    let (listener, client) = listen().await;
    let server = tokio::spawn(async move {
        let mut joins = Vec::new();
        for _ in 0..2 {
            let mut socket = accept(&listener).await;
            let join = socket.next().await.unwrap().unwrap().into_text().unwrap();
            joins.push(serde_json::from_str::<Value>(&join).unwrap());
            let refused = json!({"type": "error", "code": "invalid_message", "message": ""});
            say(&mut socket, &refused).await;
            while let Some(Ok(_)) = socket.next().await {}
        }
        joins
    });
    let joined = client
        .join(
            options(&person, &room, Some(member(1, &room))),
            fixture.rng(),
        )
        .await;
    assert!(
        matches!(joined, Err(RoomsError::Refused { .. })),
        "{joined:?}"
    );
    let joins = server.await.unwrap();
    let link = room.secret_params().public_params();
    let now = fixture.rooms.clock.now();
    let mut reader = fixture
        .rooms
        .database
        .read(TransactionName::new("test"))
        .await
        .unwrap();
    let params = reader.server_params().await.unwrap();
    let params = GenericSecretParams::from_bytes(&params[0].secret).unwrap();
    let member = member(1, &room).key().named();
    for join in &joins {
        assert_eq!(
            join["member"],
            json!(URL_SAFE_NO_PAD.encode(member.as_bytes()))
        );
        let auth = STANDARD.decode(join["auth"].as_str().unwrap()).unwrap();
        let auth = AuthPresentation::from_bytes(&auth).unwrap();
        let verify = |member| auth.verify_for(now, &params, &link, member);
        assert_eq!(verify(Some(&member)), Ok(()));
        assert!(verify(None).is_err());
    }
    assert!(joins[0].get("hello").is_some() && joins[1].get("hello").is_none());
}

#[tokio::test]
async fn what_is_no_member_key_is_read_as_none() {
    let (fixture, person, room) = person_and_room().await;
    let (listener, client) = listen().await;
    let server = tokio::spawn(async move {
        let mut socket = accept(&listener).await;
        socket.next().await.unwrap().unwrap();
        let mut welcome = welcome(16, &era_text());
        welcome["participants"] = json!([
            {"demuxId": 16, "member": URL_SAFE_NO_PAD.encode([0xfb; 32])},
            {"demuxId": 32, "member": URL_SAFE_NO_PAD.encode([0xfb; 31])},
            {"demuxId": 48, "member": STANDARD.encode([0xfb; 32])},
            {"demuxId": 64, "member": 7},
            {"demuxId": 80},
        ]);
        say(&mut socket, &welcome).await;
        say(&mut socket, &json!({"type": "removed"})).await;
        while let Some(Ok(_)) = socket.next().await {}
    });
    let joined = client.join(options(&person, &room, None), fixture.rng());
    let mut call = joined.await.unwrap();
    let seat = seat(&mut call).await;
    let members: Vec<_> = seat.roster.active.iter().map(|one| one.member).collect();
    let known = Some(MemberKey::from_bytes([0xfb; 32]));
    assert_eq!(members, [known, None, None, None, None]);
    let mut active = seat.roster.active.iter();
    assert!(active.all(|one| one.member_key().is_none()));
    while call.next().await.is_some() {}
    server.await.unwrap();
}
