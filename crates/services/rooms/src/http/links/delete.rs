//! `DELETE /v1/call-link`: deletes a link.

use std::sync::Arc;

use anteroom_http_server::{Problem, ProblemDocument, request_client};
use anteroom_protocol::OpaqueUserId;
use anteroom_runtime::RetryAfter;
use anteroom_store::{DeleteLinkOutcome, LinkAddress, OpaqueRoomId, PasskeyHash, TransactionName};
use axum::{
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    authorization::Authorization,
    change_link::Passkey,
    domain::verification::Presentation,
    limits::PasskeyAttempt,
    problems::{CALL_END_UNSUPPORTED, CALL_ON, FORBIDDEN, PASSKEY_RATE_LIMITED, PASSKEY_WRONG},
    room_headers::hex_link_of_headers,
    state::RoomsState,
    transactions::failed,
    wire::{Base64, EmptyBody, json_body, nothing},
};

/// The body of a delete. Unknown members are ignored: deployed clients send them.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct DeleteBody {
    /// The link's passkey.
    #[schema(value_type = String, content_encoding = "base64", max_length = 44,
        pattern = "^[A-Za-z0-9+/]*={0,2}$", example = "J9B6S8RnX+Fy4TLCxoWTuw==")]
    admin_passkey: Base64,
    /// Ends the call, and sends away the devices that wait.
    end_call: Option<bool>,
}

enum Outcome {
    Forbidden,
    EndUnsupported,
    RateLimited(RetryAfter),
    Stored(OpaqueRoomId, DeleteLinkOutcome),
}

/// Deletes a call link. A link that does not exist counts as deleted.
#[utoipa::path(
    delete,
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
    request_body = DeleteBody,
    responses(
        (status = OK, body = EmptyBody, description = "The link is gone."),
        (status = BAD_REQUEST, body = ProblemDocument, content_type = "application/problem+json",
            description = "`ROOM_ID_INVALID`, `ROOM_EPOCH_INVALID`, `ROOM_AUTHORIZATION_INVALID`"),
        (status = UNAUTHORIZED, body = ProblemDocument, content_type = "application/problem+json",
            description = "`ROOM_UNAUTHORIZED`"),
        (status = FORBIDDEN, body = ProblemDocument, content_type = "application/problem+json",
            description = "`ROOM_FORBIDDEN`, `ROOM_PASSKEY_WRONG`"),
        (status = CONFLICT, body = ProblemDocument, content_type = "application/problem+json",
            description = "`CALL_ON`, `CALL_END_UNSUPPORTED`"),
        (status = PAYLOAD_TOO_LARGE, body = ProblemDocument,
            content_type = "application/problem+json", description = "`FIELD_TOO_LARGE`"),
        (status = UNPROCESSABLE_ENTITY, body = ProblemDocument,
            content_type = "application/problem+json", description = "`UNPROCESSABLE`"),
        (status = TOO_MANY_REQUESTS, body = ProblemDocument,
            content_type = "application/problem+json", description = "`ROOM_RATE_LIMITED`, `ROOM_VERIFICATION_LIMITED`"),
        (status = SERVICE_UNAVAILABLE, body = ProblemDocument,
            content_type = "application/problem+json", description = "`UNAVAILABLE`, `OVERLOADED`"),
    ),
    security(("presentation" = []))
)]
pub(crate) async fn delete_link(
    State(state): State<Arc<RoomsState>>,
    request: Request,
) -> Response {
    match decide(&state, request).await {
        Ok(Outcome::Forbidden) => Problem::new(&FORBIDDEN).into_response(),
        Ok(Outcome::EndUnsupported) => Problem::new(&CALL_END_UNSUPPORTED).into_response(),
        Ok(Outcome::RateLimited(after)) => Problem::new(&PASSKEY_RATE_LIMITED)
            .retry_after(after)
            .into_response(),
        Ok(Outcome::Stored(room, DeleteLinkOutcome::Deleted)) => {
            state.events.emit("call_link.deleted", &room, |event| event);
            // The room has a call only if `end_call` is set, or a lobby whose era never started.
            state.calls.end(&room).await;
            nothing()
        }
        Ok(Outcome::Stored(_, DeleteLinkOutcome::UnknownRoom)) => nothing(),
        Ok(Outcome::Stored(_, DeleteLinkOutcome::WrongPasskey)) => {
            Problem::new(&PASSKEY_WRONG).into_response()
        }
        Ok(Outcome::Stored(_, DeleteLinkOutcome::CallOn)) => Problem::new(&CALL_ON).into_response(),
        Err(problem) => problem.into_response(),
    }
}

async fn decide(state: &RoomsState, request: Request) -> Result<Outcome, Problem> {
    const LOOK: TransactionName = TransactionName::new("look at link");
    let (head, body) = request.into_parts();
    let client = request_client(&head.extensions);
    let address = hex_link_of_headers(&head.headers)?;
    let presentation = Authorization::of_headers(&head.headers)?.require_auth()?;
    let body: DeleteBody = json_body(&head.headers, body, &state.http).await?;
    let passkey = Passkey::new(body.admin_passkey)?;
    let end_call = body.end_call.unwrap_or(false);

    let found = state
        .transactions
        .read(LOOK)
        .await?
        .link(&address, state.now())
        .await;
    let Some(link) = found.map_err(failed)? else {
        return Ok(Outcome::Stored(
            address.room,
            DeleteLinkOutcome::UnknownRoom,
        ));
    };
    if !state
        .verifier
        .holds(Presentation::Auth(&presentation, &link.zkparams), client)
        .await?
    {
        return Ok(Outcome::Forbidden);
    }
    if end_call && state.media.is_some() {
        return Ok(Outcome::EndUnsupported);
    }
    let user = OpaqueUserId::of_ciphertext(&presentation.user_id());
    let attempt = match PasskeyAttempt::begin(&state.limits, user.as_str()).await {
        Ok(attempt) => attempt,
        Err(after) => return Ok(Outcome::RateLimited(after)),
    };
    let keys = state.transactions.database.storage_keys();
    let hash = keys.passkey_hash(&address.room, passkey.as_bytes());
    let stored = store(state, &address, &hash, end_call).await;
    let was_wrong = matches!(stored, Ok(DeleteLinkOutcome::WrongPasskey));
    attempt.end(&state.limits, was_wrong).await;
    Ok(Outcome::Stored(address.room, stored?))
}

async fn store(
    state: &RoomsState,
    address: &LinkAddress,
    passkey: &PasskeyHash,
    end_call: bool,
) -> Result<DeleteLinkOutcome, Problem> {
    const NAME: TransactionName = TransactionName::new("delete link");
    let mut transaction = state.transactions.begin(NAME).await?;
    let outcome = transaction
        .delete_link(address, passkey, end_call, state.now())
        .await
        .map_err(failed)?;
    if outcome == DeleteLinkOutcome::Deleted {
        transaction.save().await.map_err(failed)?;
    }
    Ok(outcome)
}
