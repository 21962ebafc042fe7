//! The admission to a room: the link, the presentation, the rules of the way in, the passkey.

use anteroom_call::Role;
use anteroom_protocol::{AuthPresentation, OpaqueUserId};
use anteroom_runtime::{Admission, BucketSize, ClientAddress, RetryAfter};
use anteroom_store::{CallKey, CallLinkRecord, CallRecord, LinkAddress, TransactionName};

use crate::{
    Node,
    domain::{
        failure::{ClaimRefusal, DecisionFailure},
        group_token::GroupMember,
        limits::PasskeyAttempt,
        verification::Presentation,
    },
    state::RoomsState,
};

/// A parsed claim on a room. The claim on a group's room is verified, the claim on a link's room is
/// not.
pub(crate) enum Claim {
    /// A holder of a call link.
    Link(LinkAddress, Box<AuthPresentation>),
    /// A member of a group.
    Group(GroupMember),
}

/// The way into a room.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Entrance {
    /// Over the socket. The joins of a user are counted. The room's task decides about closed links
    /// and calls at other nodes, because a member may resume.
    Socket { joins: BucketSize },
    /// On a media server.
    MediaServer,
}

/// The reason why a user is not admitted to a room.
#[derive(Debug)]
pub(crate) enum AdmissionRefusal {
    UnknownLink,
    Claim(ClaimRefusal),
    /// The user joins too often.
    JoinsLimited(RetryAfter),
    /// The link is revoked or expired.
    Closed,
    /// Another node has the room's call.
    Elsewhere(Box<Node>),
    /// Calls of this service are joined over the socket.
    UseSocket,
    /// No call is on, and the user may not start one.
    StartForbidden,
    /// The user has shown too many wrong passkeys.
    PasskeysLimited(RetryAfter),
}

/// A user whose claim on a room is verified.
pub(crate) struct AuthorizedUser {
    pub(crate) id: OpaqueUserId,
    pub(crate) key: CallKey,
    /// The link; `None` in a group's room.
    pub(crate) link: Option<CallLinkRecord>,
    /// The call in the room.
    pub(crate) call: Option<CallRecord>,
    /// Whether the user may start a call.
    pub(crate) may_start: bool,
}

/// Admits a user to a room. Returns the user, and the role: admin with the right passkey of a link.
pub(crate) async fn admit(
    state: &RoomsState,
    claim: Claim,
    passkey: Option<&[u8]>,
    client: ClientAddress,
    entrance: Entrance,
) -> Result<(AuthorizedUser, Role), AdmissionRefusal> {
    let name = match entrance {
        Entrance::Socket { .. } => TransactionName::new("look at link"),
        Entrance::MediaServer => TransactionName::new("look at room"),
    };
    let user = AuthorizedUser::verify(state, name, claim, client).await;
    let user = user
        .map_err(AdmissionRefusal::Claim)?
        .ok_or(AdmissionRefusal::UnknownLink)?;
    match entrance {
        Entrance::Socket { joins } => {
            let counted = state.limits.count("join", user.id.as_str(), joins).await;
            if let Admission::Limited(after) = counted {
                return Err(AdmissionRefusal::JoinsLimited(after));
            }
        }
        Entrance::MediaServer => user.check_media_join(state)?,
    }
    let role = user.role(state, passkey).await?;
    Ok((user, role))
}

impl AuthorizedUser {
    /// Reads the room and verifies the claim. Returns `None` if there is no such link.
    pub(crate) async fn verify(
        state: &RoomsState,
        name: TransactionName,
        claim: Claim,
        client: ClientAddress,
    ) -> Result<Option<Self>, ClaimRefusal> {
        match claim {
            Claim::Link(address, presentation) => {
                let Some(found) = state.transactions.look_up(name, &address).await? else {
                    return Ok(None);
                };
                let id = OpaqueUserId::of_ciphertext(&presentation.user_id());
                let presentation = Presentation::Auth(&presentation, &found.link.zkparams);
                if !state.verifier.holds(presentation, client).await? {
                    return Err(ClaimRefusal::Forbidden);
                }
                Ok(Some(Self {
                    id,
                    key: CallKey::Link(address.room),
                    link: Some(found.link),
                    call: found.call,
                    may_start: true,
                }))
            }
            Claim::Group(member) => {
                let key = CallKey::Group(member.group);
                let mut reader = state.transactions.read(name).await?;
                let call = reader
                    .call(&key, state.now())
                    .await
                    .map_err(DecisionFailure::from)?;
                Ok(Some(Self {
                    id: member.user,
                    key,
                    link: None,
                    call,
                    may_start: member.may_start,
                }))
            }
        }
    }

    /// Returns whether the link admits no new members.
    pub(crate) fn is_closed(&self, state: &RoomsState) -> bool {
        let link = self.link.as_ref();
        link.is_some_and(|link| !link.is_open(state.now()))
    }

    /// Checks the rules of a join on a media server.
    fn check_media_join(&self, state: &RoomsState) -> Result<(), AdmissionRefusal> {
        if self.is_closed(state) {
            return Err(AdmissionRefusal::Closed);
        }
        let call = self.call.as_ref();
        if let Some(node) = call.and_then(|call| state.node.owner_elsewhere(call)) {
            return Err(AdmissionRefusal::Elsewhere(Box::new(node)));
        }
        if state.media.is_none() {
            return Err(AdmissionRefusal::UseSocket);
        }
        if self.call.is_none() && !self.may_start {
            return Err(AdmissionRefusal::StartForbidden);
        }
        Ok(())
    }

    async fn role(
        &self,
        state: &RoomsState,
        passkey: Option<&[u8]>,
    ) -> Result<Role, AdmissionRefusal> {
        let (Some(link), Some(passkey)) = (&self.link, passkey) else {
            return Ok(Role::Guest);
        };
        let attempt = PasskeyAttempt::begin(&state.limits, self.id.as_str()).await;
        let attempt = attempt.map_err(AdmissionRefusal::PasskeysLimited)?;
        let keys = state.transactions.database.storage_keys();
        let hash = keys.passkey_hash(&link.room, passkey);
        let is_admin = link.passkey_hash.matches(&hash);
        attempt.end(&state.limits, !is_admin).await;
        Ok(if is_admin { Role::Admin } else { Role::Guest })
    }
}
