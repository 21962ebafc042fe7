//! The creation of a call link.

use anteroom_http_server::Problem;
use anteroom_protocol::{CallLinkPublicParams, CreatePresentation};
use anteroom_runtime::ClientAddress;
use anteroom_store::{
    CallLinkRecord, CreateLinkOutcome, Epoch, LinkAddress, LinkRestrictions, NewCallLink,
    OpaqueRoomId, TransactionName,
};
use axum::response::{IntoResponse as _, Response};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    change_link::LinkChange,
    domain::link_state::link_state,
    domain::{room_id::created_room, verification::Presentation},
    problems::{LINK_EXISTS, ZKPARAMS_INVALID, unauthorized},
    state::RoomsState,
    transactions::failed,
    wire::{LinkStateBody, private},
};

#[expect(
    clippy::large_enum_variant,
    reason = "moved once, and mostly it is the large one"
)]
enum Outcome {
    ParamsInvalid,
    Unauthorized,
    Stored(CreateLinkOutcome),
}

/// Handles a create.
///
/// # Errors
/// 400 for a passkey that is too short, 429 for a limit, 503 or 500 when the database or the
/// verification is not available.
pub(crate) async fn respond(
    state: &RoomsState,
    room: OpaqueRoomId,
    presentation: Box<CreatePresentation>,
    change: LinkChange,
    client: ClientAddress,
) -> Result<Response, Problem> {
    Ok(
        match decide(state, room, presentation, change, client).await? {
            Outcome::ParamsInvalid => Problem::new(&ZKPARAMS_INVALID).into_response(),
            Outcome::Unauthorized => unauthorized().into_response(),
            Outcome::Stored(CreateLinkOutcome::Created(link)) => {
                state
                    .events
                    .emit("call_link.created", &link.room, |event| event);
                link_body(&link)
            }
            Outcome::Stored(CreateLinkOutcome::Unchanged(link)) => link_body(&link),
            Outcome::Stored(CreateLinkOutcome::Conflict) => {
                Problem::new(&LINK_EXISTS).into_response()
            }
        },
    )
}

fn link_body(link: &CallLinkRecord) -> Response {
    let epoch = link.epoch.map(Epoch::as_u32);
    private(LinkStateBody::from(&link_state(link)).with_epoch(epoch))
}

async fn decide(
    state: &RoomsState,
    room: OpaqueRoomId,
    presentation: Box<CreatePresentation>,
    change: LinkChange,
    client: ClientAddress,
) -> Result<Outcome, Problem> {
    const NAME: TransactionName = TransactionName::new("create link");
    change.passkey.check_new()?;
    let Some(zkparams) = change.zkparams.as_deref().and_then(parse_params) else {
        return Ok(Outcome::ParamsInvalid);
    };
    let Some(room_id) = created_room(&room) else {
        return Ok(Outcome::Unauthorized);
    };
    let allowed = state.verifier.holds(
        Presentation::Create(&presentation, &room_id, &zkparams),
        client,
    );
    if !allowed.await? {
        return Ok(Outcome::Unauthorized);
    }
    let passkey = change.passkey.as_bytes();
    let content = NewCallLink {
        passkey_hash: state
            .transactions
            .database
            .storage_keys()
            .passkey_hash(&room, passkey),
        zkparams,
        restrictions: change
            .restrictions
            .unwrap_or(LinkRestrictions::AdminApproval),
        name: change.name.unwrap_or_default(),
        revoked: change.revoked.unwrap_or(false),
    };
    let mut rng = state.entropy.rng();
    let epoch = state.settings.epochs.then(|| Epoch::random(&mut *rng));
    let link = CallLinkRecord::new(LinkAddress { room, epoch }, content, state.now());
    let mut transaction = state.transactions.begin(NAME).await?;
    let outcome = transaction.create_link(&link, &mut *rng).await;
    let outcome = outcome.map_err(failed)?;
    if let CreateLinkOutcome::Created(_) = &outcome {
        transaction.save().await.map_err(failed)?;
    }
    Ok(Outcome::Stored(outcome))
}

fn parse_params(text: &str) -> Option<CallLinkPublicParams> {
    CallLinkPublicParams::from_bytes(&STANDARD.decode(text).ok()?).ok()
}
