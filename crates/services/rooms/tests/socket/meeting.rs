//! A call with media, for the tests of section 7. The media server is a fake that writes down what it is told.

use anteroom_protocol::{Aci, DemuxId, MemberKey};
use anteroom_testkit::{TestLink, TestRooms};
use serde_json::{Value, json};

use crate::{
    client::{TestSocket, admin_join, created, demux_id, join, member_join, member_text, set},
    fake_media::FakeMedia,
};

pub(crate) const KEY: MemberKey = MemberKey::from_bytes([0xfb; 32]);

/// Joins with a member key.
pub(crate) async fn member(rooms: &TestRooms, link: &TestLink, aci: &Aci) -> (TestSocket, Value) {
    TestSocket::joined(rooms, member_join(rooms, link, aci, &KEY)).await
}

/// Joins with a member key and the passkey.
pub(crate) async fn admin(rooms: &TestRooms, link: &TestLink, aci: &Aci) -> (TestSocket, Value) {
    let mut join = admin_join(rooms, link, aci);
    set(
        &mut join,
        "auth",
        json!(rooms.auth_for_member(link, aci, &KEY)),
    );
    set(&mut join, "member", json!(member_text(&KEY)));
    TestSocket::joined(rooms, join).await
}

pub(crate) fn offer(session: u64) -> Value {
    json!({"type": "media", "session": session, "offer": "v=0"})
}

pub(crate) fn publish(audio: bool, camera: bool) -> Value {
    json!({
        "type": "publish", "audio": audio, "camera": camera, "screen": false,
        "screenAudio": false,
    })
}

/// Returns what a device sends by a roster.
pub(crate) fn sent(roster: &Value, id: u64) -> Option<Value> {
    let active = roster["active"].as_array().unwrap();
    let device = active.iter().find(|one| demux_id(one) == id).unwrap();
    device.get("media").cloned()
}

/// Returns the devices of a roster that are lost.
pub(crate) fn lost(roster: &Value) -> Vec<u64> {
    let active = roster["active"].as_array().unwrap().iter();
    let lost = active.filter(|one| one.get("lost").is_some());
    lost.map(demux_id).collect()
}

pub(crate) fn sources(audio: bool, camera: bool) -> Value {
    json!({"audio": audio, "camera": camera, "screen": false, "screenAudio": false})
}

pub(crate) fn device(id: u64) -> DemuxId {
    DemuxId::new(id.try_into().unwrap()).unwrap()
}

/// Reads the next error, and returns its code and its text.
pub(crate) async fn error(client: &mut TestSocket) -> (String, String) {
    let error = client.next_of("error").await;
    let word = |member: &str| error[member].as_str().unwrap().to_owned();
    (word("code"), word("message"))
}

/// Joins another room, for round trips.
pub(crate) async fn other_room(rooms: &TestRooms) -> TestSocket {
    let (link, aci) = created(rooms, "none").await;
    TestSocket::joined(rooms, join(rooms, &link, &aci)).await.0
}

/// Makes that many round trips to the room service.
pub(crate) async fn round_trips(client: &mut TestSocket, count: usize) {
    for _ in 0..count {
        client.send(&json!({"type": "ping"})).await;
        client.next_of("pong").await;
    }
}

/// A call of an admin and a guest, who both have media.
pub(crate) struct Meeting {
    pub(crate) media: FakeMedia,
    pub(crate) rooms: TestRooms,
    pub(crate) link: TestLink,
    pub(crate) host: TestSocket,
    pub(crate) host_id: u64,
    pub(crate) guest: TestSocket,
    pub(crate) guest_id: u64,
    pub(crate) guest_aci: Aci,
    pub(crate) resume: Value,
}

impl Meeting {
    pub(crate) async fn start() -> Self {
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
    pub(crate) async fn connected() -> Self {
        let mut meeting = Self::start().await;
        meeting.guest.send(&offer(1)).await;
        let last = format!("offer {} 1 of 3 bytes", meeting.guest_id);
        meeting.media.told_until(&last).await;
        meeting
    }
}
