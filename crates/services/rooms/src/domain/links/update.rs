//! The update of a call link.

use anteroom_http_server::Problem;
use anteroom_protocol::{AuthPresentation, OpaqueUserId};
use anteroom_runtime::{ClientAddress, RetryAfter};
use anteroom_store::{LinkAddress, LinkUpdate, PasskeyHash, TransactionName, UpdateLinkOutcome};
use axum::response::{IntoResponse as _, Response};

use crate::{
    change_link::LinkChange,
    domain::link_state::link_state,
    domain::verification::Presentation,
    limits::PasskeyAttempt,
    problems::{
        CALL_END_UNSUPPORTED, CALL_ON, FORBIDDEN, PASSKEY_RATE_LIMITED, PASSKEY_WRONG,
        ZKPARAMS_INVALID, unauthorized,
    },
    state::RoomsState,
    transactions::failed,
    wire::{LinkStateBody, private},
};

#[expect(
    clippy::large_enum_variant,
    reason = "moved once, and mostly it is the large one"
)]
enum Outcome {
    ParamsGiven,
    Forbidden,
    EndUnsupported,
    RateLimited(RetryAfter),
    Stored(UpdateLinkOutcome),
}

/// Handles an update.
///
/// # Errors
/// 429 for a limit, 503 or 500 when the database or the verification is not available.
pub(crate) async fn respond(
    state: &RoomsState,
    address: LinkAddress,
    presentation: Box<AuthPresentation>,
    change: LinkChange,
    client: ClientAddress,
) -> Result<Response, Problem> {
    let end_call = change.end_call;
    Ok(
        match decide(state, address, presentation, change, client).await? {
            Outcome::ParamsGiven => Problem::new(&ZKPARAMS_INVALID).into_response(),
            Outcome::Forbidden => Problem::new(&FORBIDDEN).into_response(),
            Outcome::EndUnsupported => Problem::new(&CALL_END_UNSUPPORTED).into_response(),
            Outcome::RateLimited(after) => Problem::new(&PASSKEY_RATE_LIMITED)
                .retry_after(after)
                .into_response(),
            Outcome::Stored(UpdateLinkOutcome::Updated(link)) => {
                let link_body = LinkStateBody::from(&link_state(&link));
                state.events.emit("call_link.updated", &link.room, |event| {
                    event.with("revoked", link.revoked)
                });
                if end_call {
                    state.calls.end(&link.room).await;
                } else {
                    state.calls.link_changed(&link.room).await;
                }
                private(link_body)
            }
            Outcome::Stored(UpdateLinkOutcome::UnknownRoom) => unauthorized().into_response(),
            Outcome::Stored(UpdateLinkOutcome::WrongPasskey) => {
                Problem::new(&PASSKEY_WRONG).into_response()
            }
            Outcome::Stored(UpdateLinkOutcome::CallOn) => Problem::new(&CALL_ON).into_response(),
        },
    )
}

async fn decide(
    state: &RoomsState,
    address: LinkAddress,
    presentation: Box<AuthPresentation>,
    change: LinkChange,
    client: ClientAddress,
) -> Result<Outcome, Problem> {
    const LOOK: TransactionName = TransactionName::new("look at link");
    if change.zkparams.is_some() {
        return Ok(Outcome::ParamsGiven);
    }
    let found = state
        .transactions
        .read(LOOK)
        .await?
        .link(&address, state.now())
        .await;
    let Some(link) = found.map_err(failed)? else {
        return Ok(Outcome::Stored(UpdateLinkOutcome::UnknownRoom));
    };
    if !state
        .verifier
        .holds(Presentation::Auth(&presentation, &link.zkparams), client)
        .await?
    {
        return Ok(Outcome::Forbidden);
    }
    if change.end_call && state.media.is_some() {
        return Ok(Outcome::EndUnsupported);
    }
    let user = OpaqueUserId::of_ciphertext(&presentation.user_id());
    let attempt = match PasskeyAttempt::begin(&state.limits, user.as_str()).await {
        Ok(attempt) => attempt,
        Err(after) => return Ok(Outcome::RateLimited(after)),
    };
    let keys = state.transactions.database.storage_keys();
    let passkey = keys.passkey_hash(&address.room, change.passkey.as_bytes());
    let update = LinkUpdate {
        restrictions: change.restrictions,
        name: change.name,
        revoked: change.revoked,
        end_call: change.end_call,
    };
    let stored = store(state, &address, &passkey, &update).await;
    let was_wrong = matches!(stored, Ok(UpdateLinkOutcome::WrongPasskey));
    attempt.end(&state.limits, was_wrong).await;
    Ok(Outcome::Stored(stored?))
}

async fn store(
    state: &RoomsState,
    address: &LinkAddress,
    passkey: &PasskeyHash,
    update: &LinkUpdate,
) -> Result<UpdateLinkOutcome, Problem> {
    const NAME: TransactionName = TransactionName::new("update link");
    let mut rng = state.entropy.rng();
    let mut transaction = state.transactions.begin(NAME).await?;
    let outcome = transaction
        .update_link(address, passkey, update, state.now(), &mut *rng)
        .await
        .map_err(failed)?;
    if let UpdateLinkOutcome::Updated(_) = &outcome {
        transaction.save().await.map_err(failed)?;
    }
    Ok(outcome)
}
