//! `PUT /v1/call-link`: creates or changes a link, by the kind of presentation.

use std::sync::Arc;

use anteroom_http_server::{Problem, ProblemDocument, request_client};
use anteroom_store::{LinkName, LinkRestrictions};
use axum::{
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    authorization::Authorization,
    create_link,
    problems::{FIELD_TOO_LARGE, PASSKEY_TOO_SHORT, unauthorized},
    room_headers::hex_link_of_headers,
    state::RoomsState,
    update_link,
    wire::{Base64, LinkStateBody, RestrictionsBody, json_body},
};

/// The maximum length of an admin passkey, in bytes.
const MAX_PASSKEY: usize = 32;
/// The minimum length of the admin passkey of a new link, in bytes. Shorter ones can be guessed,
/// and an empty one would make every holder of the link an admin.
const MIN_NEW_PASSKEY: usize = 16;

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ChangeBody {
    /// The link's passkey: at most 32 bytes, and in a create at least 16.
    #[schema(value_type = String, content_encoding = "base64", max_length = 44,
        pattern = "^[A-Za-z0-9+/]*={0,2}$", example = "J9B6S8RnX+Fy4TLCxoWTuw==")]
    admin_passkey: Base64,
    /// The public params of the link, 33 bytes as base64. In a create only.
    #[schema(
        content_encoding = "base64",
        pattern = "^[A-Za-z0-9+/]{44}$",
        example = "AALgf/RPbOidb3W6aciHuKKB/XC3kwMhyHHXmpBA9YBZ"
    )]
    zkparams: Option<String>,
    restrictions: Option<RestrictionsBody>,
    /// The encrypted name: at most 288 bytes.
    #[schema(value_type = Option<String>, content_encoding = "base64", max_length = 384,
        pattern = "^[A-Za-z0-9+/]*={0,2}$")]
    name: Option<Base64>,
    revoked: Option<bool>,
    /// In an update: ends the call, and sends away the devices that wait.
    end_call: Option<bool>,
}

/// A request to create or change a link, with all members within their bounds.
pub(crate) struct LinkChange {
    pub(crate) passkey: Passkey,
    pub(crate) zkparams: Option<String>,
    pub(crate) restrictions: Option<LinkRestrictions>,
    pub(crate) name: Option<LinkName>,
    pub(crate) revoked: Option<bool>,
    pub(crate) end_call: bool,
}

/// An admin passkey of at most 32 bytes.
pub(crate) struct Passkey(Base64);

impl Passkey {
    /// # Errors
    /// 413 for a passkey that is too long.
    pub(crate) fn new(bytes: Base64) -> Result<Self, Problem> {
        if bytes.as_bytes().len() > MAX_PASSKEY {
            return Err(Problem::new(&FIELD_TOO_LARGE));
        }
        Ok(Self(bytes))
    }

    /// Checks that the passkey of a new link is too long to be guessed.
    ///
    /// # Errors
    /// 400 for a passkey that is too short.
    pub(crate) fn check_new(&self) -> Result<(), Problem> {
        if self.as_bytes().len() < MIN_NEW_PASSKEY {
            return Err(Problem::new(&PASSKEY_TOO_SHORT));
        }
        Ok(())
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl LinkChange {
    fn within_bounds(body: ChangeBody) -> Result<Self, Problem> {
        let name = body.name.map(|name| LinkName::new(name.as_bytes()));
        Ok(Self {
            passkey: Passkey::new(body.admin_passkey)?,
            zkparams: body.zkparams,
            restrictions: body.restrictions.map(|restrictions| match restrictions {
                RestrictionsBody::None => LinkRestrictions::None,
                RestrictionsBody::AdminApproval => LinkRestrictions::AdminApproval,
            }),
            name: name
                .transpose()
                .map_err(|_| Problem::new(&FIELD_TOO_LARGE))?,
            revoked: body.revoked,
            end_call: body.end_call.unwrap_or(false),
        })
    }
}

/// Creates a call link (with a create presentation) or changes one (with an auth presentation).
#[utoipa::path(
    put,
    path = "/v1/call-link",
    tag = "links",
    params(
        ("X-Room-Id" = String, Header,
            pattern = "^(?:[0-9A-Fa-f]{2}){1,64}$",
            example = "0dc2d9ab205a781c800c2997cf9f297540538b729e8c3fd82627c39684fb8804",
            description = "The room, in hex."),
        ("X-Epoch" = Option<u32>, Header, minimum = 0, maximum = 4_294_967_295_u32,
            description = "The link's epoch, if it has one."),
    ),
    request_body = ChangeBody,
    responses(
        (status = OK, body = LinkStateBody, description = "The state."),
        (status = BAD_REQUEST, body = ProblemDocument, content_type = "application/problem+json",
            description = "`ROOM_ID_INVALID`, `ROOM_EPOCH_INVALID`, `ROOM_AUTHORIZATION_INVALID`, \
                `ROOM_PASSKEY_TOO_SHORT`, `CALL_LINK_PARAMS_INVALID`"),
        (status = UNAUTHORIZED, body = ProblemDocument, content_type = "application/problem+json",
            description = "`ROOM_UNAUTHORIZED`; also a change of an unknown link, and a create \
                presentation that does not hold"),
        (status = FORBIDDEN, body = ProblemDocument, content_type = "application/problem+json",
            description = "`ROOM_FORBIDDEN`, `ROOM_PASSKEY_WRONG`"),
        (status = CONFLICT, body = ProblemDocument, content_type = "application/problem+json",
            description = "`CALL_LINK_EXISTS`, `CALL_ON`, `CALL_END_UNSUPPORTED`"),
        (status = PAYLOAD_TOO_LARGE, body = ProblemDocument,
            content_type = "application/problem+json",
            description = "`FIELD_TOO_LARGE`"),
        (status = UNPROCESSABLE_ENTITY, body = ProblemDocument,
            content_type = "application/problem+json", description = "`UNPROCESSABLE`"),
        (status = TOO_MANY_REQUESTS, body = ProblemDocument,
            content_type = "application/problem+json", description = "`ROOM_RATE_LIMITED`, `ROOM_VERIFICATION_LIMITED`"),
        (status = SERVICE_UNAVAILABLE, body = ProblemDocument,
            content_type = "application/problem+json", description = "`UNAVAILABLE`, `OVERLOADED`"),
    ),
    security(("presentation" = []))
)]
pub(crate) async fn change_link(
    State(state): State<Arc<RoomsState>>,
    request: Request,
) -> Response {
    respond(&state, request)
        .await
        .unwrap_or_else(Problem::into_response)
}

async fn respond(state: &Arc<RoomsState>, request: Request) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let client = request_client(&head.extensions);
    let address = hex_link_of_headers(&head.headers)?;
    let authorization = Authorization::of_headers(&head.headers)?;
    let body = json_body(&head.headers, body, &state.http).await?;
    let change = LinkChange::within_bounds(body)?;
    match authorization {
        Authorization::Create(presentation) => {
            create_link::respond(state, address.room, presentation, change, client).await
        }
        Authorization::Auth(presentation) => {
            update_link::respond(state, address, presentation, change, client).await
        }
        Authorization::Group(_) => Err(unauthorized()),
    }
}
