//! The room and the user of a request under `/v2/conference`.

use anteroom_http_server::Problem;
use anteroom_protocol::{AuthPresentation, OpaqueUserId};
use anteroom_runtime::ClientAddress;
use anteroom_store::{CallKey, CallLinkRecord, CallRecord, LinkAddress, TransactionName};
use http::HeaderMap;

use crate::{
    authorization::Authorization,
    domain::group_token::GroupMember,
    domain::verification::Presentation,
    problems::{FORBIDDEN, ROOM_ID_INVALID, unauthorized},
    room_headers::{epoch_of_headers, room_of_headers},
    state::RoomsState,
    transactions::failed,
};

/// A parsed claim on a room. The claim on a group's room is verified, the claim on a link's room is
/// not.
pub(crate) enum Claim {
    /// A holder of a call link.
    Link(LinkAddress, Box<AuthPresentation>),
    /// A member of a group.
    Group(GroupMember),
}

impl Claim {
    /// Parses the headers. A group's token names the room; `X-Room-Id` may repeat it.
    ///
    /// # Errors
    /// 400 for headers that are malformed, repeated or, for a call link, missing; 401 for a claim
    /// that is wrong or of the wrong kind.
    pub(crate) fn of_headers(state: &RoomsState, headers: &HeaderMap) -> Result<Self, Problem> {
        let room = room_of_headers(headers)?;
        let epoch = epoch_of_headers(headers)?;
        match Authorization::of_headers(headers)? {
            Authorization::Auth(presentation) => {
                let room = room.ok_or(Problem::new(&ROOM_ID_INVALID))?;
                Ok(Self::Link(LinkAddress { room, epoch }, presentation))
            }
            Authorization::Group(token) => {
                let key = state.settings.group_calls.as_ref();
                key.and_then(|key| token.verify(key, state.now()))
                    .filter(|member| room.is_none_or(|room| room == member.group))
                    .map(Self::Group)
                    .ok_or_else(unauthorized)
            }
            Authorization::Create(_) => Err(unauthorized()),
        }
    }
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

impl AuthorizedUser {
    /// Reads the room and verifies the claim. Returns `None` if there is no such link.
    ///
    /// # Errors
    /// 403 for a presentation that does not hold, 429 for a limit, 503 or 500 when the database or
    /// the verification is not available.
    pub(crate) async fn admit(
        state: &RoomsState,
        claim: Claim,
        client: ClientAddress,
    ) -> Result<Option<Self>, Problem> {
        const NAME: TransactionName = TransactionName::new("look at room");
        match claim {
            Claim::Link(address, presentation) => {
                let Some(found) = state.transactions.look_up(NAME, &address).await? else {
                    return Ok(None);
                };
                let id = OpaqueUserId::of_ciphertext(&presentation.user_id());
                if !state
                    .verifier
                    .holds(
                        Presentation::Auth(&presentation, &found.link.zkparams),
                        client,
                    )
                    .await?
                {
                    return Err(Problem::new(&FORBIDDEN));
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
                let mut reader = state.transactions.read(NAME).await?;
                let call = reader.call(&key, state.now()).await.map_err(failed)?;
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
}
