//! The rules of a call at the fake media server.
//!
//! Facts, observed at a real media server:
//!
//! - The endpoint id as a whole is the user. It is compared with `approvedUsers` and with `X-User-Id`;
//!   devices with the same endpoint id are devices of one user.
//! - A client is `ACTIVE`, `PENDING` or `BLOCKED`.
//! - Pending clients have a `userId` only in answers to a user who is in the call as an admin.
//! - Approved users are active immediately, with a second device and when they return. The room service
//!   stores the list of approved users.
//! - A user who has been denied twice is blocked.
//! - Members without a value are `null`.
//!
//! Assumptions, where nothing was observed:
//!
//! - The `approvedUsers` of a join replace the call's earlier list.
//! - Denials and blocks end with the call; an approval does not undo a denial.
//! - A blocked client is in none of the lists. A block ends the wait of the user's other devices.
//! - A removal ends the participation of one device and drops the approval of its user.
//! - A call ends when its last client, active or pending, has left.
//! - Only an admin approves, denies and removes; the fake does not check this.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::announced_client::AnnouncedClient;

/// The number of denials after which a user is blocked.
const DENIALS_TO_BLOCK: u32 = 2;

#[derive(Default)]
pub(super) struct Call {
    /// The `roomId` of the first client.
    room_id: String,
    clients: Vec<Client>,
    approved: BTreeSet<String>,
    denials: BTreeMap<String, u32>,
}

struct Client {
    demux_id: u32,
    user: String,
    is_admin: bool,
    is_pending: bool,
}

impl Call {
    /// Adds a client, and returns its status.
    pub(super) fn announce(&mut self, announced: &AnnouncedClient) -> &'static str {
        if self.room_id.is_empty() {
            announced.text("roomId").clone_into(&mut self.room_id);
        }
        if let Some(users) = announced
            .body
            .get("approvedUsers")
            .and_then(Value::as_array)
        {
            let users = users.iter().filter_map(Value::as_str);
            self.approved = users.map(str::to_owned).collect();
        }
        let user = announced.text("endpointId");
        let is_admin = announced.flag("isAdmin");
        if self.is_blocked(user) {
            return "BLOCKED";
        }
        let is_pending = announced.flag("newClientsRequireApproval")
            && !is_admin
            && !self.approved.contains(user);
        self.clients.push(Client {
            demux_id: announced.demux_id,
            user: user.to_owned(),
            is_admin,
            is_pending,
        });
        if is_pending { "PENDING" } else { "ACTIVE" }
    }

    /// Returns the answer to a request for the clients by the user `asking`.
    pub(super) fn clients(&self, asking: Option<&str>) -> Value {
        let by_admin = self.clients.iter().any(|client| {
            client.is_admin && !client.is_pending && Some(client.user.as_str()) == asking
        });
        let active = || self.clients.iter().filter(|client| !client.is_pending);
        let endpoint_ids: Vec<&str> = active().map(|client| client.user.as_str()).collect();
        let demux_ids: Vec<u32> = active().map(|client| client.demux_id).collect();
        let pending = self.clients.iter().filter(|client| client.is_pending);
        let pending: Vec<Value> = pending
            .map(|client| {
                let user = by_admin.then_some(&client.user);
                json!({ "demuxId": client.demux_id, "userId": user })
            })
            .collect();
        json!({
            "endpointIds": endpoint_ids,
            "demuxIds": demux_ids,
            "pendingClients": pending,
        })
    }

    /// Approves the user of a pending client.
    pub(super) fn approve(&mut self, demux_id: u32) {
        let user = self.pending_user(demux_id);
        for client in &mut self.clients {
            client.is_pending &= client.user != user;
        }
        self.approved.insert(user);
    }

    /// Denies a pending client.
    pub(super) fn deny(&mut self, demux_id: u32) {
        let user = self.pending_user(demux_id);
        let denials = self.denials.entry(user.clone()).or_default();
        *denials += 1;
        let is_blocked = self.is_blocked(&user);
        self.clients
            .retain(|client| client.demux_id != demux_id && !(is_blocked && client.user == user));
    }

    /// Removes a client, and drops the approval of its user.
    pub(super) fn remove(&mut self, demux_id: u32) {
        let client = self.take(demux_id);
        self.approved.remove(&client.user);
    }

    /// Removes a client that leaves.
    pub(super) fn leave(&mut self, demux_id: u32) {
        self.take(demux_id);
    }

    pub(super) fn has(&self, demux_id: u32) -> bool {
        self.clients
            .iter()
            .any(|client| client.demux_id == demux_id)
    }

    pub(super) fn is_over(&self) -> bool {
        self.clients.is_empty()
    }

    pub(super) const fn client_count(&self) -> usize {
        self.clients.len()
    }

    pub(super) fn room_id(&self) -> &str {
        &self.room_id
    }

    /// Returns the approved users, in the order of their ids.
    pub(super) fn approved(&self) -> Vec<String> {
        self.approved.iter().cloned().collect()
    }

    fn is_blocked(&self, user: &str) -> bool {
        let denials = self.denials.get(user);
        denials.is_some_and(|denials| *denials >= DENIALS_TO_BLOCK)
    }

    fn pending_user(&self, demux_id: u32) -> String {
        let mut pending = self.clients.iter().filter(|client| client.is_pending);
        let client = pending.find(|client| client.demux_id == demux_id);
        client.expect("a pending client").user.clone()
    }

    fn take(&mut self, demux_id: u32) -> Client {
        let mut clients = self.clients.iter();
        let place = clients.position(|client| client.demux_id == demux_id);
        self.clients.remove(place.expect("a client of the call"))
    }
}
