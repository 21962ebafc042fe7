//! `GET /v1/devices`: the devices of an account.

use std::sync::Arc;

use anteroom_protocol::Aci;
use anteroom_service::{Event, Problem, ProblemDocument, problems};
use anteroom_store::{Device, DeviceId, TransactionName};
use axum::{
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    NOT_ALLOWED, NOT_FOUND,
    owner::{NoOwner, owner},
};
use crate::{auth::unauthenticated, issuer::Core, wire::private};

/// What can come of a request.
enum Outcome {
    Unauthenticated,
    NotAllowed,
    NotFound,
    Listed {
        owner: Aci,
        devices: Vec<Device>,
        calling: Option<DeviceId>,
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
    /// Its number within the account.
    id: u32,
    /// What its owner calls it.
    name: String,
    /// When it was registered, in seconds since 1970.
    created: u64,
    /// Midnight UTC of the day on which it was last seen, in seconds since 1970.
    last_seen: u64,
    /// Whether the request came from it.
    current: bool,
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
        (status = SERVICE_UNAVAILABLE, body = ProblemDocument,
            content_type = "application/problem+json", description = "`UNAVAILABLE`"),
    ),
    security(("device" = []), ("session" = []))
)]
pub(crate) async fn list(State(issuer): State<Arc<Core>>, request: Request) -> Response {
    match decide(&issuer, &request.into_parts().0).await {
        Ok(Outcome::Unauthenticated) => unauthenticated(&problems::UNAUTHORIZED).into_response(),
        Ok(Outcome::NotAllowed) => Problem::new(&NOT_ALLOWED).into_response(),
        Ok(Outcome::NotFound) => Problem::new(&NOT_FOUND).into_response(),
        Ok(Outcome::Listed {
            owner,
            devices,
            calling,
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
                    .map(|device| DeviceResponse::new(device, calling))
                    .collect(),
            })
        }
        Err(problem) => problem.into_response(),
    }
}

impl DeviceResponse {
    fn new(device: &Device, calling: Option<DeviceId>) -> Self {
        Self {
            id: device.id.as_u32(),
            name: device.name.as_str().to_owned(),
            created: device.created.as_secs(),
            last_seen: device.last_seen.as_secs(),
            current: calling == Some(device.id),
        }
    }
}

/// # Errors
/// What is gone for now.
async fn decide(issuer: &Core, head: &http::request::Parts) -> Result<Outcome, Problem> {
    const NAME: TransactionName = TransactionName::new("list devices");
    let Some(caller) = issuer.authenticate(&head.headers).await? else {
        return Ok(Outcome::Unauthenticated);
    };
    let owner = match owner(&caller, &head.uri) {
        Ok(owner) => owner,
        Err(NoOwner::NotAllowed) => return Ok(Outcome::NotAllowed),
        Err(NoOwner::NotFound) => return Ok(Outcome::NotFound),
    };
    let found = issuer
        .stored(async {
            let mut reader = issuer.database.read(NAME).await?;
            let account = reader.account(&owner).await?;
            let devices = reader.devices(&owner).await?;
            Ok(account.map(|_| devices))
        })
        .await?;
    Ok(match found {
        Some(devices) => Outcome::Listed {
            owner,
            devices,
            calling: (owner == caller.account.aci).then_some(caller.device),
        },
        None => Outcome::NotFound,
    })
}
