//! The steps from a `join` to the call.

use std::{sync::Arc, time::Duration};

use anteroom_call::{ConnectionId, Join, JoinRandomness, ResumeSecret, Role, RosterForm};
use anteroom_protocol::{AuthPresentation, Hello, OpaqueUserId};
use anteroom_runtime::{ClientAddress, OperationOutcome};
use anteroom_store::{Epoch, LinkAddress};
use anteroom_wire::{
    Base64,
    rooms::socket::{JoinMessage, RosterUpdates},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::refusal::Refusal;
use crate::{
    domain::{
        admission::{AdmissionRefusal, Claim, Entrance, admit},
        calls::{
            handle::CallHandle,
            messages::{CallJoinRefusal, HandledJoin},
            send_queue::SendQueue,
        },
        failure::{ClaimRefusal, DecisionFailure},
        room_id::parse_room,
    },
    state::RoomsState,
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

pub(super) fn outcome_of_join(entered: &Result<JoinOutcome, Refusal>) -> OperationOutcome {
    match entered {
        Ok(JoinOutcome::Call { outcome, .. }) => *outcome,
        Ok(JoinOutcome::Redirected) => OperationOutcome::Succeeded,
        Err(refusal) => refusal.outcome(),
    }
}

/// A join whose user is admitted.
struct AdmittedJoin {
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
) -> Result<JoinOutcome, Refusal> {
    let resume = request.resume.as_ref().and_then(|text| resume_secret(text));
    let checked = check(state, request, client).await?;
    let last = Instant::now() + PATIENCE;
    loop {
        let call = state.calls.enter(&checked.address).await;
        let call = call.ok_or(Refusal::Unavailable)?;
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
            false if call.is_open() => return Err(Refusal::Unavailable),
            false => None,
        };
        match answer {
            Some(Ok(HandledJoin { is_admin, outcome })) => {
                return Ok(JoinOutcome::Call {
                    call,
                    is_admin,
                    outcome,
                });
            }
            Some(Err(CallJoinRefusal::Elsewhere(node))) => {
                send_queue.redirect(&node.socket_url());
                return Ok(JoinOutcome::Redirected);
            }
            Some(Err(CallJoinRefusal::UnknownLink)) => return Err(Refusal::UnknownLink),
            Some(Err(CallJoinRefusal::Closed)) => return Err(Refusal::Expired),
            Some(Err(CallJoinRefusal::RateLimited)) => return Err(Refusal::RateLimited),
            Some(Err(CallJoinRefusal::Unavailable)) => return Err(Refusal::Unavailable),
            None => call.finished().await,
        }
        if Instant::now() >= last {
            return Err(Refusal::Unavailable);
        }
    }
}

/// Parses the join and admits its user.
async fn check(
    state: &RoomsState,
    request: JoinMessage,
    client: ClientAddress,
) -> Result<AdmittedJoin, Refusal> {
    let address = LinkAddress {
        room: parse_room(&request.room_id).ok_or(Refusal::Invalid)?,
        epoch: request.epoch.map(Epoch::new),
    };
    let auth = STANDARD
        .decode(request.auth.as_bytes())
        .map_err(|_| Refusal::Invalid)?;
    let presentation = AuthPresentation::from_bytes(&auth).map_err(|_| Refusal::Invalid)?;
    let claim = Claim::Link(address.clone(), Box::new(presentation));
    let passkey = request.admin_passkey.as_ref().map(Base64::as_bytes);
    let entrance = Entrance::Socket {
        joins: state.settings.sockets.joins,
    };
    let (user, role) = admit(state, claim, passkey, client, entrance)
        .await
        .map_err(refusal_of)?;
    Ok(AdmittedJoin {
        address,
        user: user.id,
        role,
        roster: match request.roster {
            RosterUpdates::Whole => RosterForm::Whole,
            RosterUpdates::Delta => RosterForm::Changes,
        },
        hello: request.hello,
    })
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn refusal_of(refusal: AdmissionRefusal) -> Refusal {
    match refusal {
        AdmissionRefusal::UnknownLink => Refusal::UnknownLink,
        AdmissionRefusal::Claim(ClaimRefusal::Forbidden) => Refusal::Forbidden,
        AdmissionRefusal::Claim(ClaimRefusal::Failed(failure)) => match failure {
            DecisionFailure::Limited(_) => Refusal::NetworkLimited,
            DecisionFailure::Unavailable
            | DecisionFailure::Internal
            | DecisionFailure::Overloaded => Refusal::Unavailable,
        },
        AdmissionRefusal::JoinsLimited(_) | AdmissionRefusal::PasskeysLimited(_) => {
            Refusal::RateLimited
        }
        // These come from the rules of joins on media servers.
        AdmissionRefusal::Closed => Refusal::Expired,
        AdmissionRefusal::UseSocket | AdmissionRefusal::StartForbidden => Refusal::Forbidden,
        AdmissionRefusal::Elsewhere(_) => Refusal::Unavailable,
    }
}

fn resume_secret(text: &str) -> Option<ResumeSecret> {
    let bytes = Zeroizing::new(STANDARD.decode(text).ok()?);
    let bytes: &[u8; 32] = bytes.as_slice().try_into().ok()?;
    Some(ResumeSecret::from_bytes(*bytes))
}
