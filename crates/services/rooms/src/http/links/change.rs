//! `PUT /v1/call-link`: creates or changes a link, by the kind of presentation.

use std::sync::Arc;

use anteroom_http_server::{HttpLimits, Problem, ProblemDocument, request_client};
use anteroom_protocol::{
    AdminStatement, AuthPresentation, CallLinkPublicParams, CreatePresentation, GuestAdmission,
    Restrictions,
};
use anteroom_runtime::ClientAddress;
use anteroom_store::{Epoch, LinkAddress, LinkName, LinkUpdate, OpaqueRoomId};
use anteroom_wire::rooms::{ChangeBody, LinkStateBody};
use axum::{
    extract::{Request, State},
    response::Response,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    domain::{
        links::{AdminRequest, CreateOutcome, Links, NewLink},
        passkey::Passkey,
    },
    http::{
        answers::private,
        authorization::Authorization,
        bodies::{json_body, link_state_body},
        description::problem_responses,
        problems::{
            CALL_LINK_EXISTS, CALL_LINK_PARAMS_INVALID, FIELD_TOO_LARGE, ROOM_PASSKEY_TOO_SHORT,
            unauthorized,
        },
        room_headers::hex_link_of_headers,
    },
};

/// A request to create or change a link, with all members within their bounds.
struct LinkChange {
    passkey: Passkey,
    zkparams: Option<String>,
    update: LinkUpdate,
}

impl LinkChange {
    /// # Errors
    /// 413 for a passkey, a name or a statement that is too long.
    fn within_bounds(body: ChangeBody) -> Result<Self, Problem> {
        let too_large = || Problem::new(&FIELD_TOO_LARGE);
        let name = body.name.map(|name| LinkName::new(name.as_bytes()));
        let statement = body.admin_statement;
        let statement = statement.map(|statement| AdminStatement::new(statement.as_bytes()));
        Ok(Self {
            passkey: Passkey::new(body.admin_passkey.into_bytes()).ok_or_else(too_large)?,
            zkparams: body.zkparams,
            update: LinkUpdate {
                restrictions: body.restrictions.map(Restrictions::from),
                guests: body.guests.map(GuestAdmission::from),
                name: name.transpose().map_err(|_| too_large())?,
                revoked: body.revoked,
                admin_statement: statement.transpose().map_err(|_| too_large())?,
                end_call: body.end_call.unwrap_or(false),
            },
        })
    }
}

problem_responses!(ChangeProblems:
    ROOM_ID_INVALID, ROOM_EPOCH_INVALID, ROOM_AUTHORIZATION_INVALID, ROOM_PASSKEY_TOO_SHORT,
    CALL_LINK_PARAMS_INVALID, ROOM_FORBIDDEN, ROOM_PASSKEY_WRONG, CALL_LINK_EXISTS, CALL_ON,
    CALL_END_UNSUPPORTED, FIELD_TOO_LARGE, UNPROCESSABLE, ROOM_RATE_LIMITED,
    ROOM_VERIFICATION_LIMITED, UNAVAILABLE
);

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
        (status = UNAUTHORIZED, body = ProblemDocument, content_type = "application/problem+json",
            description = "`ROOM_UNAUTHORIZED`; also a change of an unknown link, and a create \
                presentation that does not hold"),
        ChangeProblems,
    ),
    security(("presentation" = []))
)]
pub(crate) async fn change_link(
    State(links): State<Arc<Links>>,
    State(limits): State<HttpLimits>,
    request: Request,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let client = request_client(&head.extensions);
    let address = hex_link_of_headers(&head.headers)?;
    let authorization = Authorization::of_headers(&head.headers)?;
    let body = json_body(&head.headers, body, &limits).await?;
    let change = LinkChange::within_bounds(body)?;
    match authorization {
        Authorization::Create(presentation) => {
            create(&links, address.room, presentation, change, client).await
        }
        Authorization::Auth(presentation) => {
            update(&links, address, presentation, change, client).await
        }
        Authorization::Group(_) => Err(unauthorized()),
    }
}

async fn create(
    links: &Links,
    room: OpaqueRoomId,
    presentation: Box<CreatePresentation>,
    change: LinkChange,
    client: ClientAddress,
) -> Result<Response, Problem> {
    let request = NewLink {
        room,
        presentation,
        passkey: change.passkey,
        zkparams: change.zkparams.as_deref().and_then(parse_params),
        content: change.update,
    };
    match links.create(request, client).await? {
        CreateOutcome::Link(link) => {
            let epoch = link.epoch.map(Epoch::as_u32);
            Ok(private(link_state_body(&link).with_epoch(epoch)))
        }
        CreateOutcome::PasskeyTooShort => Err(Problem::new(&ROOM_PASSKEY_TOO_SHORT)),
        CreateOutcome::ParamsInvalid => Err(Problem::new(&CALL_LINK_PARAMS_INVALID)),
        CreateOutcome::Unauthorized => Err(unauthorized()),
        CreateOutcome::Conflict => Err(Problem::new(&CALL_LINK_EXISTS)),
    }
}

fn parse_params(text: &str) -> Option<CallLinkPublicParams> {
    CallLinkPublicParams::from_bytes(&STANDARD.decode(text).ok()?).ok()
}

async fn update(
    links: &Links,
    address: LinkAddress,
    presentation: Box<AuthPresentation>,
    change: LinkChange,
    client: ClientAddress,
) -> Result<Response, Problem> {
    if change.zkparams.is_some() {
        return Err(Problem::new(&CALL_LINK_PARAMS_INVALID));
    }
    let request = AdminRequest {
        address,
        presentation,
        passkey: change.passkey,
        client,
    };
    let link = links.update(request, &change.update).await?;
    Ok(private(link_state_body(&link)))
}
