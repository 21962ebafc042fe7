//! `GET /v1/devices`: lists the devices of an account.

use std::sync::Arc;

use anteroom_http_server::{Problem, RequestClient};
use anteroom_store::DeviceState;
use anteroom_wire::{
    Secret,
    issuer::{DeviceResponse, DeviceStatus, DevicesResponse},
};
use axum::{extract::State, response::Response};
use http::Uri;

use crate::{
    domain::{
        callers::caller::Caller,
        devices::list::{self, ListOutcome, ListedDevice},
    },
    http::{
        devices::{owner::owner, problems::NOT_FOUND},
        json::private,
    },
    problem_responses,
    state::AccountsState,
};

problem_responses! {
    ListProblems:
    401 "`UNAUTHORIZED`",
    403 "`DEVICE_NOT_ALLOWED`",
    404 "`DEVICE_NOT_FOUND`: there is no such account",
    503 "`UNAVAILABLE`, `OVERLOADED`" waits,
}

/// Lists the devices of an account.
#[utoipa::path(
    get,
    path = "/v1/devices",
    tag = "devices",
    params(("account" = Option<String>, Query, format = "uuid",
        description = "Another account, by its id; for administrators.")),
    responses(
        ListProblems,
        (status = OK, body = DevicesResponse, description = "The devices."),
    ),
    security(("device" = []), ("session" = []))
)]
pub(crate) async fn list(
    State(accounts): State<Arc<AccountsState>>,
    RequestClient(client): RequestClient,
    caller: Caller,
    uri: Uri,
) -> Result<Response, Problem> {
    let owner = owner(&caller, &uri)?;
    match list::list(&accounts, client, &caller, &owner).await? {
        ListOutcome::NotFound => Err(Problem::new(&NOT_FOUND)),
        ListOutcome::Listed(devices) => {
            let (events, now) = (&accounts.device_events, accounts.now());
            events.list_retrieved(&owner, devices.len(), now);
            Ok(private(DevicesResponse {
                devices: devices.iter().map(response).collect(),
            }))
        }
    }
}

fn response(listed: &ListedDevice) -> DeviceResponse {
    let device = &listed.device;
    DeviceResponse {
        id: device.id.as_u32(),
        name: Secret::from(device.name.as_str()),
        created: device.created.as_secs(),
        last_seen: device.last_seen.as_secs(),
        last_address: device.last_address.map(|address| address.to_string()),
        state: match listed.state {
            DeviceState::Active => DeviceStatus::Active,
            DeviceState::Stale | DeviceState::Deleted => DeviceStatus::Stale,
        },
        current: listed.is_calling,
    }
}
