//! The steps from a `join` to the call.

use std::time::Duration;

use anteroom_call::{ConnectionId, Join, JoinRandomness, ResumeSecret, Role, RosterForm};
use anteroom_protocol::{AuthPresentation, GroupEpoch};
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
        authorization::{AuthorizedUser, Claim, Entrance, authorize},
        calls::{handle::CallHandle, send_queue::SendQueue},
        failure::JoinRefusal,
        room_id::parse_room,
    },
    state::RoomsState,
};

/// The maximum time for which a join is repeated when the room's call ends before it handles the
/// join. Other clients that join and leave can end many calls in a row.
const REPETITION: Duration = Duration::from_secs(5);

/// The membership of a client in a call.
pub(super) struct Membership {
    pub(super) call: CallHandle,
    pub(super) connection: ConnectionId,
}

/// Verifies a join and gives it to the call. Returns the outcome of the operation, and no
/// membership if the client is redirected.
pub(super) async fn join(
    state: &RoomsState,
    mut request: JoinMessage,
    client: ClientAddress,
    connection: ConnectionId,
    send_queue: &SendQueue,
) -> Result<(Option<Membership>, OperationOutcome), Refusal> {
    let (address, user, role) = verify(state, &request, client).await?;
    let AuthorizedUser {
        id: user,
        has_guest_account,
        ..
    } = user;
    let resume = request.resume.as_ref().and_then(|text| resume_secret(text));
    let (hello, member) = (request.hello.take(), request.member);
    let have = request.have.map(GroupEpoch::from);
    let roster = match request.roster {
        RosterUpdates::Whole => RosterForm::Whole,
        RosterUpdates::Delta => RosterForm::Changes,
    };
    // Wipes the passkey.
    drop(request);
    let last = Instant::now() + REPETITION;
    loop {
        let call = state.calls.handle_of(&address).await;
        let call = call.ok_or(Refusal::Unavailable)?;
        let join = Join {
            connection,
            user: user.clone(),
            role,
            has_guest_account,
            resume: resume.clone(),
            roster,
            hello: hello.clone(),
            member,
            have,
            randomness: JoinRandomness::random(&mut *state.context.entropy.rng()),
        };
        // Another node may have revoked the link since the call last read it.
        let answer = match call.refresh_link().await {
            true => call.join(join, client, send_queue.clone()).await,
            false if call.is_open() => return Err(Refusal::Unavailable),
            false => None,
        };
        match answer {
            Some(Ok(outcome)) => {
                let membership = Membership { call, connection };
                return Ok((Some(membership), outcome));
            }
            Some(Err(JoinRefusal::Elsewhere(node))) => {
                send_queue.redirect(&node.socket_url());
                return Ok((None, OperationOutcome::Succeeded));
            }
            Some(Err(refusal)) => return Err(refusal.into()),
            None => call.finished().await,
        }
        if Instant::now() >= last {
            return Err(Refusal::Unavailable);
        }
    }
}

/// Parses the join and authorizes its user.
async fn verify(
    state: &RoomsState,
    request: &JoinMessage,
    client: ClientAddress,
) -> Result<(LinkAddress, AuthorizedUser, Role), Refusal> {
    let address = LinkAddress {
        room: parse_room(&request.room_id).ok_or(Refusal::Invalid)?,
        epoch: request.epoch.map(Epoch::new),
    };
    let auth = STANDARD
        .decode(request.auth.as_bytes())
        .map_err(|_| Refusal::Invalid)?;
    let presentation = AuthPresentation::from_bytes(&auth).map_err(|_| Refusal::Invalid)?;
    let claim = Claim::Link(address.clone(), Box::new(presentation), request.member);
    let passkey = request.admin_passkey.as_ref().map(Base64::as_bytes);
    let entrance = Entrance::Socket {
        joins: state.settings.sockets.joins,
    };
    let (user, role) = authorize(&state.context, claim, passkey, client, entrance).await?;
    Ok((address, user, role))
}

fn resume_secret(text: &str) -> Option<ResumeSecret> {
    let bytes = Zeroizing::new(STANDARD.decode(text).ok()?);
    let bytes: &[u8; 32] = bytes.as_slice().try_into().ok()?;
    Some(ResumeSecret::from_bytes(*bytes))
}
