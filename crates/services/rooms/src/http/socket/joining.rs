//! The steps from a `join` to the call.

use std::{sync::Arc, time::Duration};

use anteroom_call::{ConnectionId, Join, JoinRandomness, ResumeSecret, Role, RosterForm};
use anteroom_protocol::{AuthPresentation, Hello, OpaqueUserId};
use anteroom_runtime::{Admission, ClientAddress, OperationOutcome};
use anteroom_store::{CallLinkRecord, Epoch, LinkAddress, TransactionName};
use anteroom_wire::rooms::socket::{JoinMessage, RosterUpdates};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::refusal::Refusal;
use crate::{
    domain::calls::{handle::CallHandle, messages::CallJoinOutcome, send_queue::SendQueue},
    domain::room_id::parse_room,
    limits::PasskeyAttempt,
    state::RoomsState,
    verification::{Presentation, VerificationRefusal},
    wire::Base64,
};

/// The maximum time for which a join is repeated when the room's call ends before it handles the
/// join. Other clients that join and leave can end many calls in a row.
const PATIENCE: Duration = Duration::from_secs(5);

/// The result of a join that is not refused.
pub(super) enum JoinOutcome {
    Call {
        call: CallHandle,
        is_admin: bool,
        outcome: OperationOutcome,
    },
    Redirected,
}

pub(super) fn outcome_of_join(entered: &Result<JoinOutcome, Option<Refusal>>) -> OperationOutcome {
    match entered {
        Ok(JoinOutcome::Call { outcome, .. }) => *outcome,
        Ok(JoinOutcome::Redirected) => OperationOutcome::Succeeded,
        Err(Some(refusal)) => refusal.outcome(),
        Err(None) => OperationOutcome::Refused,
    }
}

/// A join whose presentation is verified.
struct VerifiedJoin {
    address: LinkAddress,
    user: OpaqueUserId,
    role: Role,
    roster: RosterForm,
    hello: Option<Hello>,
}

/// Verifies a join and gives it to the call.
pub(super) async fn enter(
    state: &Arc<RoomsState>,
    request: JoinMessage,
    client: ClientAddress,
    connection: ConnectionId,
    send_queue: &SendQueue,
) -> Result<JoinOutcome, Option<Refusal>> {
    let resume = request.resume.as_ref().and_then(|text| resume_secret(text));
    let checked = check(state, request, client).await.map_err(Some)?;
    let last = Instant::now() + PATIENCE;
    loop {
        let call = state
            .calls
            .enter(&checked.address)
            .await
            .map_err(|_| Some(Refusal::Unavailable))?;
        let join = Join {
            connection,
            user: checked.user.clone(),
            role: checked.role,
            resume: resume.clone(),
            roster: checked.roster,
            hello: checked.hello.clone(),
            randomness: JoinRandomness::random(&mut *state.entropy.rng()),
        };
        // Another node may have revoked the link since the call last read it.
        let answer = match call.look().await {
            true => call.join(join, send_queue.clone()).await,
            false if call.is_open() => Some(CallJoinOutcome::Unavailable),
            false => None,
        };
        match answer {
            Some(CallJoinOutcome::Here { is_admin, outcome }) => {
                return Ok(JoinOutcome::Call {
                    call,
                    is_admin,
                    outcome,
                });
            }
            Some(CallJoinOutcome::Elsewhere(node)) => {
                send_queue.redirect(&node.socket_url());
                return Ok(JoinOutcome::Redirected);
            }
            Some(CallJoinOutcome::UnknownLink) => return Err(Some(Refusal::UnknownLink)),
            Some(CallJoinOutcome::Closed) => return Err(Some(Refusal::Expired)),
            Some(CallJoinOutcome::RateLimited) => return Err(Some(Refusal::RateLimited)),
            Some(CallJoinOutcome::Unavailable) => return Err(Some(Refusal::Unavailable)),
            None => call.finished().await,
        }
        if Instant::now() >= last {
            return Err(Some(Refusal::Unavailable));
        }
    }
}

/// Reads the link, verifies the presentation and counts the join.
async fn check(
    state: &RoomsState,
    request: JoinMessage,
    client: ClientAddress,
) -> Result<VerifiedJoin, Refusal> {
    let address = LinkAddress {
        room: parse_room(&request.room_id).ok_or(Refusal::Invalid)?,
        epoch: request.epoch.map(Epoch::new),
    };
    let auth = STANDARD
        .decode(request.auth.as_bytes())
        .map_err(|_| Refusal::Invalid)?;
    let presentation = AuthPresentation::from_bytes(&auth).map_err(|_| Refusal::Invalid)?;
    let user = OpaqueUserId::of_ciphertext(&presentation.user_id());
    let link = link(state, &address).await?.ok_or(Refusal::UnknownLink)?;
    let holds = state
        .verifier
        .holds(Presentation::Auth(&presentation, &link.zkparams), client)
        .await;
    let holds = holds.map_err(|reason| match reason {
        VerificationRefusal::Limited(_) => Refusal::NetworkLimited,
        VerificationRefusal::Overloaded | VerificationRefusal::NoParams => Refusal::Unavailable,
    })?;
    if !holds {
        return Err(Refusal::Forbidden);
    }
    match state
        .limits
        .count("join", user.as_str(), state.settings.sockets.joins)
        .await
    {
        Admission::Granted => {}
        Admission::Limited(_) => return Err(Refusal::RateLimited),
    }
    let roster = match request.roster {
        RosterUpdates::Whole => RosterForm::Whole,
        RosterUpdates::Delta => RosterForm::Changes,
    };
    let hello = request.hello.clone();
    let role = role(state, &link, &user, request.admin_passkey).await?;
    Ok(VerifiedJoin {
        address,
        user,
        role,
        roster,
        hello,
    })
}

/// Returns the role of the client: admin with the right passkey.
async fn role(
    state: &RoomsState,
    link: &CallLinkRecord,
    user: &OpaqueUserId,
    passkey: Option<Base64>,
) -> Result<Role, Refusal> {
    let Some(passkey) = passkey else {
        return Ok(Role::Guest);
    };
    let attempt = PasskeyAttempt::begin(&state.limits, user.as_str()).await;
    let attempt = attempt.map_err(|_| Refusal::RateLimited)?;
    let keys = state.transactions.database.storage_keys();
    let hash = keys.passkey_hash(&link.room, passkey.as_bytes());
    let is_admin = link.passkey_hash.matches(&hash);
    attempt.end(&state.limits, !is_admin).await;
    Ok(if is_admin { Role::Admin } else { Role::Guest })
}

async fn link(
    state: &RoomsState,
    address: &LinkAddress,
) -> Result<Option<CallLinkRecord>, Refusal> {
    const NAME: TransactionName = TransactionName::new("look at link");
    let found = state.transactions.look_up(NAME, address).await;
    let found = found.map_err(|_| Refusal::Unavailable)?;
    Ok(found.map(|found| found.link))
}

fn resume_secret(text: &str) -> Option<ResumeSecret> {
    let bytes = Zeroizing::new(STANDARD.decode(text).ok()?);
    let bytes: &[u8; 32] = bytes.as_slice().try_into().ok()?;
    Some(ResumeSecret::from_bytes(*bytes))
}
