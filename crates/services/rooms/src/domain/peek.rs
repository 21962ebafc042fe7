//! The look at the members of a call.

use anteroom_call::{Participant, PeekView, Roster};
use anteroom_protocol::UidCiphertext;
use anteroom_runtime::ClientAddress;
use anteroom_store::{CallLinkRecord, CallRecord};

use super::{
    authorization::{AuthorizedUser, Claim},
    calls::Calls,
    context::RoomContext,
    ended_calls::end_eras,
    external_media::{
        client::MediaError,
        contract::{Clients, MediaDevice},
        pool::ExternalMediaPool,
    },
    failure::{ClaimRefusal, DecisionFailure},
    node::Node,
};

pub(crate) enum PeekOutcome {
    UnknownLink,
    Call(Box<CallView>),
    /// The room is open and has no call.
    NoCall,
    /// The link is closed, and the room has no call.
    Closed,
    /// Another node has the call.
    Elsewhere(Box<Node>),
    MediaUnavailable,
}

pub(crate) struct CallView {
    pub(crate) call: CallRecord,
    /// The link; `None` in a group's room.
    pub(crate) link: Option<CallLinkRecord>,
    pub(crate) members: MembersView,
}

/// The members of a call, as a user may see them.
pub(crate) enum MembersView {
    /// The numbers of active and pending devices.
    Counts {
        active: usize,
        pending: usize,
    },
    Devices(Clients),
}

impl MembersView {
    fn of_view(view: PeekView) -> Self {
        match view {
            PeekView::Counts { active, pending } => Self::Counts { active, pending },
            PeekView::Devices(Roster {
                active, pending, ..
            }) => Self::Devices(Clients {
                active: active.iter().map(media_device).collect(),
                pending: pending.iter().map(media_device).collect(),
            }),
        }
    }
}

fn media_device(device: &Participant) -> MediaDevice {
    let user = device.opaque_user_id.as_ref();
    MediaDevice {
        demux_id: device.demux_id.number(),
        user_id: user.map(|user| user.as_str().to_owned()),
    }
}

/// Shows the members of the call in a room.
pub(crate) async fn peek(
    context: &RoomContext,
    calls: &Calls,
    media: Option<&ExternalMediaPool>,
    claim: Claim,
    client: ClientAddress,
) -> Result<PeekOutcome, ClaimRefusal> {
    let Some(user) = AuthorizedUser::verify(context, "look at room", claim, client).await? else {
        return Ok(PeekOutcome::UnknownLink);
    };
    let nothing = if user.is_closed(context) {
        PeekOutcome::Closed
    } else {
        PeekOutcome::NoCall
    };
    let Some(call) = &user.call else {
        return Ok(nothing);
    };
    if let Some(node) = context.node.owner_elsewhere(call) {
        return Ok(PeekOutcome::Elsewhere(Box::new(node)));
    }
    let members = match media {
        None => {
            let is_admitted = user.is_admitted(context);
            let view = calls.peek(call, &user.id, is_admitted).await;
            view.map(MembersView::of_view)
        }
        Some(media) => match on_media_server(context, media, call, &user).await? {
            Ok(members) => members,
            Err(_) => return Ok(PeekOutcome::MediaUnavailable),
        },
    };
    let (Some(members), Some(call)) = (members, user.call) else {
        return Ok(nothing);
    };
    Ok(PeekOutcome::Call(Box::new(CallView {
        call,
        link: user.link,
        members,
    })))
}

/// Asks the call's media server. Returns `None` if the server does not have the call, and removes
/// the record then.
async fn on_media_server(
    context: &RoomContext,
    media: &ExternalMediaPool,
    call: &CallRecord,
    user: &AuthorizedUser,
) -> Result<Result<Option<MembersView>, MediaError>, DecisionFailure> {
    let Some(server) = media.server_of(call) else {
        return Ok(Ok(None));
    };
    let id = user.id.as_str();
    match media.client.clients(&server, call.era, Some(id)).await {
        Ok(clients) => {
            let sees_all = user.is_admitted(context) || is_among(&clients, id);
            Ok(Ok(Some(match sees_all {
                true => MembersView::Devices(clients),
                false => MembersView::Counts {
                    active: clients.active.len(),
                    pending: clients.pending.len(),
                },
            })))
        }
        Err(MediaError::NoCall) => {
            if !media.starting_eras.contains(call.era) {
                let era = (user.key.clone(), call.era);
                end_eras(context, "end era", [era]).await?;
            }
            Ok(Ok(None))
        }
        Err(failure) => Ok(Err(failure)),
    }
}

fn is_among(clients: &Clients, user: &str) -> bool {
    let users = clients.active.iter();
    let digits = UidCiphertext::user_digits(user);
    users
        .filter_map(|client| client.user_id.as_deref())
        .any(|other| UidCiphertext::user_digits(other) == digits)
}
