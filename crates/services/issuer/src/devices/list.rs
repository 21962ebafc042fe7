//! `GET /v1/devices`: lists the devices of an account.

use std::sync::Arc;

use anteroom_http_server::{Problem, ProblemDocument, problems, request_client};
use anteroom_protocol::{Aci, Timestamp};
use anteroom_runtime::Event;
use anteroom_store::{Device, DeviceId, DeviceState, DeviceUse, TransactionName};
use axum::{
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    NOT_ALLOWED, NOT_FOUND,
    owner::{OwnerError, owner},
};
use crate::{auth::unauthenticated, issuer::IssuerState, wire::private};

enum Outcome {
    Unauthenticated,
    NotAllowed,
    NotFound,
    Listed {
        owner: Aci,
        devices: Vec<Device>,
        calling: Option<DeviceId>,
        now: Timestamp,
    },
}

#[derive(Serialize, ToSchema)]
pub(crate) struct DevicesResponse {
    /// By ascending id.
    devices: Vec<DeviceResponse>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct DeviceResponse {
    /// The number of the device within the account.
    id: u32,
    /// The owner's name for the device.
    name: String,
    /// The time at which the device was registered, in seconds since 1970.
    created: u64,
    /// The time at which the device was last seen, in seconds since 1970. It is written once in
    /// five minutes, or once in a minute while the address changes.
    last_seen: u64,
    /// A pseudonym of the address from which the device was last seen, the same for the same
    /// address; `null` while none is known.
    last_address: Option<String>,
    /// `stale` if the device was not seen within the retention period. It is then deleted within a
    /// day, unless it is used before.
    state: DeviceStatus,
    /// Whether the request came from this device.
    current: bool,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum DeviceStatus {
    Active,
    Stale,
}

/// Lists the devices of an account.
#[utoipa::path(
    get,
    path = "/v1/devices",
    tag = "devices",
    params(("account" = Option<String>, Query, format = "uuid",
        description = "Another account, by its id; for administrators.")),
    responses(
        (status = OK, body = DevicesResponse, description = "The devices."),
        (status = UNAUTHORIZED, body = ProblemDocument, content_type = "application/problem+json",
            description = "`UNAUTHORIZED`"),
        (status = FORBIDDEN, body = ProblemDocument, content_type = "application/problem+json",
            description = "`DEVICE_NOT_ALLOWED`"),
        (status = NOT_FOUND, body = ProblemDocument, content_type = "application/problem+json",
            description = "`DEVICE_NOT_FOUND`: there is no such account"),
        (status = INTERNAL_SERVER_ERROR, body = ProblemDocument,
            content_type = "application/problem+json", description = "`INTERNAL`"),
        (status = SERVICE_UNAVAILABLE, body = ProblemDocument,
            content_type = "application/problem+json", description = "`UNAVAILABLE`, `OVERLOADED`",
            headers(("Retry-After" = u64, description = "Seconds until the next request."))),
        (status = GATEWAY_TIMEOUT, body = ProblemDocument,
            content_type = "application/problem+json", description = "`TIMEOUT`"),
    ),
    security(("device" = []), ("session" = []))
)]
pub(crate) async fn list(State(issuer): State<Arc<IssuerState>>, request: Request) -> Response {
    match decide(&issuer, &request.into_parts().0).await {
        Ok(Outcome::Unauthenticated) => unauthenticated(&problems::UNAUTHORIZED).into_response(),
        Ok(Outcome::NotAllowed) => Problem::new(&NOT_ALLOWED).into_response(),
        Ok(Outcome::NotFound) => Problem::new(&NOT_FOUND).into_response(),
        Ok(Outcome::Listed {
            owner,
            devices,
            calling,
            now,
        }) => {
            let user = issuer.pseudonymizer.account(&owner).to_string();
            issuer.emit_event(
                Event::new("device.list_retrieved", issuer.now())
                    .with("user_id", user)
                    .with("device_count", devices.len()),
            );
            private(DevicesResponse {
                devices: devices
                    .iter()
                    .map(|device| {
                        let state = issuer.device_retention().state(Some(device), now);
                        DeviceResponse::new(device, state, calling)
                    })
                    .collect(),
            })
        }
        Err(problem) => problem.into_response(),
    }
}

impl DeviceResponse {
    fn new(device: &Device, state: DeviceState, calling: Option<DeviceId>) -> Self {
        Self {
            id: device.id.as_u32(),
            name: device.name.as_str().to_owned(),
            created: device.created.as_secs(),
            last_seen: device.last_seen.as_secs(),
            last_address: device.last_address.map(|address| address.to_string()),
            state: match state {
                DeviceState::Active => DeviceStatus::Active,
                DeviceState::Stale | DeviceState::Deleted => DeviceStatus::Stale,
            },
            current: calling == Some(device.id),
        }
    }
}

/// # Errors
/// 503 or 500 when the database is unavailable.
async fn decide(
    issuer: &Arc<IssuerState>,
    head: &http::request::Parts,
) -> Result<Outcome, Problem> {
    const NAME: TransactionName = TransactionName::new("list devices");
    let Some(caller) = issuer.authenticate(head).await? else {
        return Ok(Outcome::Unauthenticated);
    };
    let owner = match owner(&caller, &head.uri) {
        Ok(owner) => owner,
        Err(OwnerError::NotAllowed) => return Ok(Outcome::NotAllowed),
        Err(OwnerError::NotFound) => return Ok(Outcome::NotFound),
    };
    let found = issuer
        .stored(async {
            let mut reader = issuer.database.read(NAME).await?;
            let account = reader.account(&owner).await?;
            let devices = reader.devices(&owner).await?;
            Ok(account.map(|_| devices))
        })
        .await?;
    let Some(mut devices) = found else {
        return Ok(Outcome::NotFound);
    };
    let now = issuer.now();
    let calling = (owner == caller.account.aci).then_some(caller.device);
    // The request itself is the last use of the calling device, whether or not it is written yet.
    let device_use = DeviceUse {
        at: now,
        address: issuer.address(request_client(&head.extensions)),
    };
    let seen_now = devices
        .iter_mut()
        .find(|device| calling == Some(device.id) && device_use.is_news_for(device));
    if let Some(device) = seen_now {
        device.last_seen = device_use.at;
        device.last_address = device_use.address;
    }
    Ok(Outcome::Listed {
        owner,
        devices,
        calling,
        now,
    })
}
