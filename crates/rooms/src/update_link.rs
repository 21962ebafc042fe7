//! The update of a call link.

use anteroom_call::OpaqueUserId;
use anteroom_protocol::AuthPresentation;
use anteroom_service::{ClientAddress, Problem, RetryAfter};
use anteroom_store::{LinkAddress, LinkUpdate, PasskeyHash, TransactionName, UpdateLinkOutcome};
use axum::response::{IntoResponse as _, Response};

use crate::{
    change_link::Change,
    limits::PasskeyAttempt,
    problems::{
        CALL_END_UNSUPPORTED, CALL_ON, FORBIDDEN, PASSKEY_RATE_LIMITED, PASSKEY_WRONG,
        ZKPARAMS_INVALID, unauthorized,
    },
    rooms::{Core, link_state},
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
    core: &Core,
    address: LinkAddress,
    presentation: Box<AuthPresentation>,
    change: Change,
    client: ClientAddress,
) -> Result<Response, Problem> {
    let end_call = change.end_call;
    Ok(
        match decide(core, address, presentation, change, client).await? {
            Outcome::ParamsGiven => Problem::new(&ZKPARAMS_INVALID).into_response(),
            Outcome::Forbidden => Problem::new(&FORBIDDEN).into_response(),
            Outcome::EndUnsupported => Problem::new(&CALL_END_UNSUPPORTED).into_response(),
            Outcome::RateLimited(after) => Problem::new(&PASSKEY_RATE_LIMITED)
                .retry_after(after)
                .into_response(),
            Outcome::Stored(UpdateLinkOutcome::Updated(link)) => {
                let state = link_state(&link);
                core.emit("call_link.updated", &link.room, |event| {
                    event.with("revoked", link.revoked)
                });
                let body = LinkStateBody::from(&state);
                if end_call {
                    core.calls.end(&link.room).await;
                } else {
                    core.calls.link_changed(&link.room).await;
                }
                private(body)
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
    core: &Core,
    address: LinkAddress,
    presentation: Box<AuthPresentation>,
    change: Change,
    client: ClientAddress,
) -> Result<Outcome, Problem> {
    const LOOK: TransactionName = TransactionName::new("look at link");
    if change.zkparams.is_some() {
        return Ok(Outcome::ParamsGiven);
    }
    let found = core.read(LOOK).await?.link(&address, core.now()).await;
    let Some(link) = found.map_err(failed)? else {
        return Ok(Outcome::Stored(UpdateLinkOutcome::UnknownRoom));
    };
    if !core.holds(&presentation, &link, client).await? {
        return Ok(Outcome::Forbidden);
    }
    if change.end_call && core.media.is_some() {
        return Ok(Outcome::EndUnsupported);
    }
    let user = OpaqueUserId::of_ciphertext(&presentation.user_id());
    let attempt = match PasskeyAttempt::begin(core, user.as_str()).await {
        Ok(attempt) => attempt,
        Err(after) => return Ok(Outcome::RateLimited(after)),
    };
    let keys = core.database.storage_keys();
    let passkey = keys.passkey_hash(&address.room, change.passkey.as_bytes());
    let update = LinkUpdate {
        restrictions: change.restrictions,
        name: change.name,
        revoked: change.revoked,
        end_call: change.end_call,
    };
    let stored = store(core, &address, &passkey, &update).await;
    let was_wrong = matches!(stored, Ok(UpdateLinkOutcome::WrongPasskey));
    attempt.end(core, was_wrong).await;
    Ok(Outcome::Stored(stored?))
}

async fn store(
    core: &Core,
    address: &LinkAddress,
    passkey: &PasskeyHash,
    update: &LinkUpdate,
) -> Result<UpdateLinkOutcome, Problem> {
    const NAME: TransactionName = TransactionName::new("update link");
    let mut rng = core.entropy.rng();
    let mut transaction = core.begin(NAME).await?;
    let outcome = transaction
        .update_link(address, passkey, update, core.now(), &mut *rng)
        .await
        .map_err(failed)?;
    if let UpdateLinkOutcome::Updated(_) = &outcome {
        transaction.save().await.map_err(failed)?;
    }
    Ok(outcome)
}
