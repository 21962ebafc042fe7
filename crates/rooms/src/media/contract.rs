//! What is said between the room service and a media server.

use serde::{Deserialize, Serialize};

use super::platform::Platform;

/// `GET /health`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServerHealth {
    pub(crate) call_count: u64,
    pub(crate) client_count: u64,
    pub(crate) cpu_idle_pct: f64,
}

/// `GET /v1/call/{era}/clients`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Clients {
    /// One for each of `demux_ids`, in the same order.
    pub(crate) endpoint_ids: Vec<String>,
    pub(crate) demux_ids: Vec<u32>,
    #[serde(default)]
    pub(crate) pending_clients: Vec<PendingClient>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PendingClient {
    pub(crate) demux_id: u32,
    pub(crate) user_id: Option<String>,
}

/// The body of `POST /v1/call/{era}/client/{demuxId}`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClientRequest<'a> {
    pub(crate) endpoint_id: &'a str,
    pub(crate) client_ice_ufrag: &'a str,
    pub(crate) client_ice_pwd: &'a str,
    pub(crate) client_dhe_public_key: &'a str,
    pub(crate) hkdf_extra_info: &'a str,
    pub(crate) region: &'a str,
    pub(crate) new_clients_require_approval: bool,
    pub(crate) is_admin: bool,
    pub(crate) room_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) approved_users: Option<&'a [String]>,
    pub(crate) call_type: CallType,
    pub(crate) user_agent: Platform,
}

#[derive(Clone, Copy, Serialize)]
pub(crate) enum CallType {
    Adhoc,
    GroupV2,
}

/// The answer to it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClientAnswer {
    pub(crate) server_ips: Vec<String>,
    pub(crate) server_port: u16,
    pub(crate) server_port_tcp: u16,
    pub(crate) server_port_tls: Option<u16>,
    pub(crate) server_hostname: Option<String>,
    pub(crate) server_ice_ufrag: String,
    pub(crate) server_ice_pwd: String,
    pub(crate) server_dhe_public_key: String,
    pub(crate) client_status: String,
}

/// Joins the opaque user id to a part that makes the endpoint one of its own.
pub(crate) fn endpoint_id(user: &str, part: u64) -> String {
    format!("{user}-{part:016x}")
}

/// The opaque user id in an endpoint id.
pub(crate) fn user_of_endpoint(endpoint: &str) -> Option<&str> {
    endpoint
        .rsplit_once('-')
        .map(|(user, _)| user)
        .filter(|user| !user.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_again_in_an_endpoint_id() {
        for user in ["aabb", "a-b"] {
            let endpoint = endpoint_id(user, 7);
            assert_eq!(user_of_endpoint(&endpoint), Some(user));
        }
        assert_eq!(user_of_endpoint("nobody"), None);
        assert_eq!(user_of_endpoint("-1"), None);
    }
}
