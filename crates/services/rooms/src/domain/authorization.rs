//! The authorization of a user in a room: the link, the presentation, the rules of the way in, the
//! passkey.

use anteroom_call::Role;
use anteroom_protocol::{AuthPresentation, GuestAdmission, MemberKey, OpaqueUserId};
use anteroom_runtime::{BucketSize, ClientAddress};
use anteroom_store::{CallKey, CallLinkRecord, CallRecord, LinkAddress};

use super::{
    context::RoomContext,
    failure::{ClaimRefusal, JoinRefusal},
    group_token::GroupMember,
    limits::PasskeyAttempt,
    verification::{HolderKind, Presentation},
};

/// A parsed claim on a room. The claim on a group's room is verified, the claim on a link's room is
/// not.
pub(crate) enum Claim {
    /// A holder of a call link. The presentation is made for the member key, or for none.
    Link(LinkAddress, Box<AuthPresentation>, Option<MemberKey>),
    /// A member of a group.
    Group(GroupMember),
}

/// The way into a room.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Entrance {
    /// Over the socket. The joins of a user are counted. The room's task decides about closed links,
    /// calls at other nodes and the joins of guests, because a member may resume.
    Socket { joins: BucketSize },
    /// On a media server.
    ExternalMedia,
}

/// A user whose claim on a room is verified.
pub(crate) struct AuthorizedUser {
    pub(crate) id: OpaqueUserId,
    pub(crate) key: CallKey,
    /// The link; `None` in a group's room.
    pub(crate) link: Option<CallLinkRecord>,
    pub(crate) call: Option<CallRecord>,
    pub(crate) may_start: bool,
    /// Whether the user has a guest account.
    pub(crate) has_guest_account: bool,
}

/// Authorizes a user to join the call of a room. Returns the user, and the role: admin with the
/// right passkey of a link.
pub(crate) async fn authorize(
    context: &RoomContext,
    claim: Claim,
    passkey: Option<&[u8]>,
    client: ClientAddress,
    entrance: Entrance,
) -> Result<(AuthorizedUser, Role), JoinRefusal> {
    let name = match entrance {
        Entrance::Socket { .. } => "look at link",
        Entrance::ExternalMedia => "look at room",
    };
    let user = AuthorizedUser::verify(context, name, claim, client).await?;
    let user = user.ok_or(JoinRefusal::UnknownLink)?;
    match entrance {
        Entrance::Socket { joins } => {
            let counted = context.limits.count("join", user.id.as_str(), joins).await;
            counted.map_err(JoinRefusal::Limited)?;
        }
        Entrance::ExternalMedia => {
            user.check_media_join(context)?;
            if user.has_guest_account {
                let counted = context.limits.count_guest_join(client).await;
                counted.map_err(JoinRefusal::Limited)?;
            }
        }
    }
    let role = user.role(context, passkey).await?;
    Ok((user, role))
}

impl AuthorizedUser {
    /// Reads the room and verifies the claim. Returns `None` if there is no such link.
    pub(crate) async fn verify(
        context: &RoomContext,
        name: &'static str,
        claim: Claim,
        client: ClientAddress,
    ) -> Result<Option<Self>, ClaimRefusal> {
        match claim {
            Claim::Link(address, presentation, member) => {
                let Some(found) = context.transactions.look_up(name, &address).await? else {
                    return Ok(None);
                };
                let id = OpaqueUserId::of_ciphertext(&presentation.user_id());
                let zkparams = &found.link.zkparams;
                let presentation = Presentation::Auth(&presentation, zkparams, member.as_ref());
                let holder = context.verifier.holder(presentation, client).await?;
                let holder = holder.ok_or(ClaimRefusal::Forbidden)?;
                Ok(Some(Self {
                    id,
                    key: CallKey::Link(address.room),
                    link: Some(found.link),
                    call: found.call,
                    may_start: true,
                    has_guest_account: holder == HolderKind::Guest,
                }))
            }
            Claim::Group(member) => {
                let key = CallKey::Group(member.group);
                let mut reader = context.transactions.read(name).await?;
                let call = reader.call(&key, context.now()).await?;
                Ok(Some(Self {
                    id: member.user,
                    key,
                    link: None,
                    call,
                    may_start: member.may_start,
                    has_guest_account: false,
                }))
            }
        }
    }

    /// Returns whether the link admits no new members.
    pub(crate) fn is_closed(&self, context: &RoomContext) -> bool {
        let link = self.link.as_ref();
        link.is_some_and(|link| !link.is_open(context.now()))
    }

    /// Returns whether the link admits the user as a new member, as far as the link alone decides.
    pub(crate) fn is_admitted(&self, context: &RoomContext) -> bool {
        let guests = self.link.as_ref().map(|link| link.guests);
        let is_refused = self.has_guest_account && guests == Some(GuestAdmission::Refused);
        !self.is_closed(context) && !is_refused
    }

    /// Checks the rules of a join on a media server.
    fn check_media_join(&self, context: &RoomContext) -> Result<(), JoinRefusal> {
        if self.is_closed(context) {
            return Err(JoinRefusal::Closed);
        }
        // The lobby of a media server knows no guest accounts.
        let guests = self.link.as_ref().map(|link| link.guests);
        if self.has_guest_account && guests != Some(GuestAdmission::AsAccounts) {
            return Err(JoinRefusal::GuestsRefused);
        }
        let call = self.call.as_ref();
        if let Some(node) = call.and_then(|call| context.node.owner_elsewhere(call)) {
            return Err(JoinRefusal::Elsewhere(Box::new(node)));
        }
        if !context.node.has_media_servers {
            return Err(JoinRefusal::UseSocket);
        }
        if self.call.is_none() && !self.may_start {
            return Err(JoinRefusal::StartForbidden);
        }
        Ok(())
    }

    async fn role(
        &self,
        context: &RoomContext,
        passkey: Option<&[u8]>,
    ) -> Result<Role, JoinRefusal> {
        let (Some(link), Some(passkey)) = (&self.link, passkey) else {
            return Ok(Role::Guest);
        };
        let attempt = PasskeyAttempt::begin(&context.limits, self.id.as_str()).await;
        let attempt = attempt.map_err(JoinRefusal::Limited)?;
        let keys = context.transactions.database.storage_keys();
        let hash = keys.passkey_hash(&link.room, passkey);
        let is_admin = link.passkey_hash.matches(&hash);
        attempt.end(&context.limits, !is_admin).await;
        Ok(if is_admin { Role::Admin } else { Role::Guest })
    }
}
