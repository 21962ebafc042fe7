//! The whole lobby of a native call, from the first waiting guest to the second call of the link.

use anteroom_protocol::Aci;
use serde_json::{Value, json};

use crate::{FakeMediaServer, NativeAnswer, NativeClient};

/// Runs two calls of a new link on the media server, which calls back to the room service of the client, and
/// checks every answer.
///
/// # Panics
/// An answer differs from the one that native clients expect.
pub async fn run_native_lobby(client: &NativeClient, media: &FakeMediaServer) {
    let account = || client.presenter.new_account();
    let lobby = Lobby {
        client,
        media,
        admin: account(),
        guest: account(),
        unwanted: account(),
    };
    assert_eq!(client.create(&lobby.admin).await.status, 200);
    let era = lobby.first_call().await;
    lobby.second_call(&era).await;
}

struct Lobby<'a> {
    client: &'a NativeClient,
    media: &'a FakeMediaServer,
    admin: Aci,
    guest: Aci,
    unwanted: Aci,
}

impl Lobby<'_> {
    /// Approves one waiting user and denies another twice; returns the era.
    async fn first_call(&self) -> String {
        let (client, media) = (self.client, self.media);
        let admin = joined(&client.join_as_admin(&self.admin).await, "ACTIVE");
        let guest = joined(&client.join(&self.guest).await, "PENDING");
        assert_eq!(admin.era, guest.era);

        // The admin in the call receives the ids of waiting users; the guest and users outside do not.
        let (admin_id, guest_id) = (self.id(&self.admin), self.id(&self.guest));
        let named = json!([{ "opaqueUserId": guest_id, "demuxId": guest.demux_id }]);
        let nameless = json!([{ "demuxId": guest.demux_id }]);
        for (aci, pending) in [
            (&self.admin, named),
            (&self.guest, nameless.clone()),
            (&self.unwanted, nameless),
        ] {
            let peek = client.peek(aci).await;
            assert_eq!(member(&peek, "pendingClients"), &pending);
            let active = json!([{ "opaqueUserId": admin_id, "demuxId": admin.demux_id }]);
            assert_eq!(member(&peek, "participants"), &active);
        }

        // The approval applies to the user: to a second device, and to one that comes back.
        media.approve(guest.demux_id).await;
        self.assert_approvals_stored(&[&guest_id]);
        let second = joined(&client.join(&self.guest).await, "ACTIVE");
        self.assert_active(&[
            (&admin_id, admin.demux_id),
            (&guest_id, guest.demux_id),
            (&guest_id, second.demux_id),
        ])
        .await;
        media.leave(second.demux_id).await;
        media.leave(guest.demux_id).await;
        let back = joined(&client.join(&self.guest).await, "ACTIVE");
        self.assert_active(&[(&admin_id, admin.demux_id), (&guest_id, back.demux_id)])
            .await;

        for _ in 0..2 {
            let waiting = joined(&client.join(&self.unwanted).await, "PENDING");
            media.deny(waiting.demux_id);
        }
        joined(&client.join(&self.unwanted).await, "BLOCKED");
        let peek = client.peek(&self.admin).await;
        assert_eq!(peek.body.get("pendingClients"), None);

        // The restrictions cannot change while the call has a record.
        assert_eq!(client.restrict(&self.admin, "none").await.status, 409);
        media.end(&admin.era).await;
        let path = format!("/v2/conference/adhoc:{}/{}", client.link.room(), admin.era);
        self.assert_called_back(&format!("DELETE {path}"), &Value::Null);
        self.assert_no_call().await;
        admin.era
    }

    /// Runs a second call: the guest stays approved until an admin removes it, and blocks have ended with the
    /// first call.
    async fn second_call(&self, first_era: &str) {
        let (client, media) = (self.client, self.media);
        let guest = joined(&client.join(&self.guest).await, "ACTIVE");
        assert_ne!(guest.era, first_era);
        let admin = joined(&client.join_as_admin(&self.admin).await, "ACTIVE");
        joined(&client.join(&self.unwanted).await, "PENDING");

        media.remove(guest.demux_id).await;
        self.assert_approvals_stored(&[]);
        joined(&client.join(&self.guest).await, "PENDING");

        media.end_all().await;
        let room = format!("adhoc:{}", client.link.room());
        let keys = json!({ "callKeys": [{ "roomId": room, "eraId": admin.era }] });
        self.assert_called_back("DELETE /v2/conference", &keys);
        self.assert_no_call().await;
    }

    fn id(&self, aci: &Aci) -> String {
        self.client.link.opaque_id(aci)
    }

    async fn assert_active(&self, expected: &[(&String, u32)]) {
        let expected: Vec<Value> = expected
            .iter()
            .map(|(user, demux_id)| json!({ "opaqueUserId": user, "demuxId": demux_id }))
            .collect();
        let peek = self.client.peek(&self.admin).await;
        assert_eq!(member(&peek, "participants"), &json!(expected));
    }

    fn assert_approvals_stored(&self, users: &[&String]) {
        let body = json!({ "approvedUsers": users });
        self.assert_called_back("PUT /v1/call-link-approvals", &body);
    }

    /// Asserts that one callback was made, and that the room service has accepted it.
    fn assert_called_back(&self, request: &str, body: &Value) {
        let callbacks = self.media.called_back();
        let [callback] = &callbacks[..] else {
            panic!("not one callback: {callbacks:?}");
        };
        assert_eq!(callback.request, request);
        assert_eq!((&callback.body, callback.status), (body, 200));
    }

    /// Asserts that the record is deleted, before a peek or the cleaner could have checked the call.
    async fn assert_no_call(&self) {
        for restrictions in ["none", "adminApproval"] {
            let changed = self.client.restrict(&self.admin, restrictions).await;
            assert_eq!(changed.status, 200);
        }
        let peek = self.client.peek(&self.admin).await;
        assert_eq!((peek.status, peek.body), (404, Value::Null));
    }
}

/// The parts of an answer to a join that the test uses.
struct JoinAnswer {
    demux_id: u32,
    era: String,
}

fn joined(answer: &NativeAnswer, status: &str) -> JoinAnswer {
    assert_eq!(member(answer, "clientStatus"), status);
    let demux_id = member(answer, "demuxId").as_u64();
    JoinAnswer {
        demux_id: demux_id
            .and_then(|id| id.try_into().ok())
            .expect("a demux id"),
        era: member(answer, "conferenceId")
            .as_str()
            .expect("an era")
            .to_owned(),
    }
}

fn member<'a>(answer: &'a NativeAnswer, name: &str) -> &'a Value {
    let value = answer.body.get(name);
    value.unwrap_or_else(|| panic!("no {name}: {answer:?}"))
}
