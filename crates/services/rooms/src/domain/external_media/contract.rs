//! The messages between the room service and a media server.

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};

use super::platform::Platform;

/// `GET /health`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServerHealth {
    pub(crate) call_count: u64,
    pub(crate) client_count: u64,
    pub(crate) cpu_idle_pct: f64,
}

impl ServerHealth {
    /// Returns the sort key, of which the smallest is the best: servers with idle time first, then
    /// by clients, then by calls.
    pub(crate) fn rank(&self) -> (bool, u64, u64) {
        const BUSY: f64 = 10.0;
        (self.cpu_idle_pct < BUSY, self.client_count, self.call_count)
    }
}

/// `GET /v1/call/{era}/clients`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", try_from = "ClientsBody")]
pub(crate) struct Clients {
    pub(crate) active: Vec<MediaDevice>,
    pub(crate) pending: Vec<MediaDevice>,
}

/// A device of a call, in it or in the lobby.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MediaDevice {
    pub(crate) demux_id: u32,
    /// The endpoint id, which is the opaque user id as a whole. Devices of one user share it. Of a
    /// device in the lobby only in answers to an admin in the call.
    pub(crate) user_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientsBody {
    endpoint_ids: Vec<String>,
    demux_ids: Vec<u32>,
    pending_clients: Option<Vec<MediaDevice>>,
}

impl TryFrom<ClientsBody> for Clients {
    type Error = &'static str;

    fn try_from(body: ClientsBody) -> Result<Self, Self::Error> {
        if body.endpoint_ids.len() != body.demux_ids.len() {
            return Err("endpointIds and demuxIds have different lengths");
        }
        let active = body.demux_ids.into_iter().zip(body.endpoint_ids);
        Ok(Self {
            active: active
                .map(|(demux_id, user_id)| MediaDevice {
                    demux_id,
                    user_id: (!user_id.is_empty()).then_some(user_id),
                })
                .collect(),
            pending: body.pending_clients.unwrap_or_default(),
        })
    }
}

/// The body of `POST /v1/call/{era}/client/{demuxId}`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClientRequest<'a> {
    /// The opaque user id and nothing else: the media server compares it as a whole with
    /// `approved_users` and with `X-User-Id`.
    pub(crate) endpoint_id: &'a str,
    pub(crate) client_ice_ufrag: &'a str,
    pub(crate) client_ice_pwd: &'a str,
    pub(crate) client_dhe_public_key: &'a str,
    pub(crate) hkdf_extra_info: &'a str,
    pub(crate) region: &'a str,
    pub(crate) new_clients_require_approval: bool,
    pub(crate) is_admin: bool,
    /// The text of the call's key: `adhoc:<room id>` for links, the group id for groups.
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

/// The answer to [`ClientRequest`]. Members that are `null` count as missing.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClientAnswer {
    /// At least one address.
    #[serde(flatten, deserialize_with = "server_ips")]
    pub(crate) server_ips: Vec<String>,
    pub(crate) server_port: u16,
    pub(crate) server_port_tcp: u16,
    pub(crate) server_port_tls: Option<u16>,
    pub(crate) server_hostname: Option<String>,
    pub(crate) server_ice_ufrag: String,
    pub(crate) server_ice_pwd: String,
    pub(crate) server_dhe_public_key: String,
    /// `ACTIVE`, `PENDING` or `BLOCKED`, passed on as it is.
    pub(crate) client_status: String,
}

/// Reads the addresses from the list, and else the single one.
fn server_ips<'de, D: Deserializer<'de>>(members: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Addresses {
        server_ips: Option<Vec<String>>,
        server_ip: Option<String>,
    }
    let addresses = Addresses::deserialize(members)?;
    let list = addresses.server_ips.filter(|ips| !ips.is_empty());
    list.or_else(|| addresses.server_ip.map(|ip| vec![ip]))
        .ok_or_else(|| D::Error::custom("serverIps and serverIp are both missing"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn answer(changes: &Value) -> Option<ClientAnswer> {
        let mut body = json!({
            "serverIps": ["192.0.2.1"],
            "serverPort": 1,
            "serverPortTcp": 2,
            "serverIceUfrag": "u",
            "serverIcePwd": "p",
            "serverDhePublicKey": "00",
            "clientStatus": "ACTIVE",
        });
        for (member, value) in changes.as_object().unwrap() {
            body[member] = value.clone();
        }
        serde_json::from_value(body).ok()
    }

    #[test]
    fn addresses_are_those_of_the_list_and_else_the_single_one() {
        for (changes, expected) in [
            (json!({}), Some(&["192.0.2.1"][..])),
            (json!({"serverIp": "192.0.2.9"}), Some(&["192.0.2.1"])),
            (json!({"serverIp": null}), Some(&["192.0.2.1"])),
            (
                json!({"serverIps": null, "serverIp": "192.0.2.9"}),
                Some(&["192.0.2.9"]),
            ),
            (
                json!({"serverIps": [], "serverIp": "192.0.2.9"}),
                Some(&["192.0.2.9"]),
            ),
            (json!({"serverIps": null, "serverIp": null}), None),
            (json!({"serverIps": []}), None),
        ] {
            let ips = answer(&changes).map(|answer| answer.server_ips);
            let expected = expected.map(|ips| ips.iter().map(ToString::to_string).collect());
            assert_eq!(ips, expected, "{changes}");
        }
    }

    #[test]
    fn null_members_count_as_missing() {
        let nulls = json!({"serverPortTls": null, "serverHostname": null, "other": null});
        let got = answer(&nulls).unwrap();
        assert_eq!((got.server_port_tls, got.server_hostname), (None, None));
        for member in [
            "serverPort",
            "serverPortTcp",
            "serverIceUfrag",
            "serverIcePwd",
            "serverDhePublicKey",
            "clientStatus",
        ] {
            assert!(answer(&json!({ member: null })).is_none(), "{member}");
        }
    }

    #[test]
    fn endpoint_ids_are_user_ids_as_a_whole_one_for_each_demux_id() {
        for (body, expected) in [
            (
                json!({"endpointIds": ["a-1", "a-1", "b"], "demuxIds": [16, 32, 48]}),
                Some(vec![(16, Some("a-1")), (32, Some("a-1")), (48, Some("b"))]),
            ),
            (
                json!({"endpointIds": [""], "demuxIds": [16], "pendingClients": null}),
                Some(vec![(16, None)]),
            ),
            (json!({"endpointIds": ["a"], "demuxIds": []}), None),
            (json!({"endpointIds": [], "demuxIds": [16]}), None),
            (json!({"endpointIds": null, "demuxIds": []}), None),
        ] {
            let clients: Option<Clients> = serde_json::from_value(body.clone()).ok();
            let active = clients.map(|clients| clients.active);
            let expected = expected.map(|expected| {
                let clients = expected.into_iter().map(|(demux_id, user)| MediaDevice {
                    demux_id,
                    user_id: user.map(str::to_owned),
                });
                clients.collect::<Vec<_>>()
            });
            assert_eq!(active, expected, "{body}");
        }
    }

    #[test]
    fn pending_clients_have_user_ids_only_where_the_server_names_them() {
        let body = json!({"endpointIds": [], "demuxIds": [], "pendingClients": [
            {"demuxId": 16, "userId": "a-1"}, {"demuxId": 32, "userId": null}, {"demuxId": 48},
        ]});
        let clients: Clients = serde_json::from_value(body).unwrap();
        let users = clients
            .pending
            .iter()
            .map(|client| client.user_id.as_deref());
        assert_eq!(users.collect::<Vec<_>>(), [Some("a-1"), None, None]);
    }
}
