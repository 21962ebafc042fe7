//! The creation of a call link.

use anteroom_protocol::{CallLinkPublicParams, CreatePresentation, Restrictions};
use anteroom_runtime::ClientAddress;
use anteroom_store::{
    CallLinkRecord, CreateLinkOutcome, Epoch, LinkAddress, LinkUpdate, NewCallLink, OpaqueRoomId,
};

use super::Links;
use crate::domain::{
    failure::DecisionFailure, passkey::Passkey, room_id::created_room, verification::Presentation,
};

/// A request for a new link.
pub(crate) struct NewLink {
    pub(crate) room: OpaqueRoomId,
    pub(crate) presentation: Box<CreatePresentation>,
    pub(crate) passkey: Passkey,
    /// `None` if the request has none or malformed ones.
    pub(crate) zkparams: Option<CallLinkPublicParams>,
    /// The members that the request sets; the others get their defaults. `end_call` has no effect: a
    /// new link has no call.
    pub(crate) content: LinkUpdate,
}

/// The outcome of a create.
#[expect(
    clippy::large_enum_variant,
    reason = "moved once, and mostly it is the large one"
)]
pub(crate) enum CreateOutcome {
    PasskeyTooShort,
    ParamsInvalid,
    /// The presentation does not hold for the room and its params.
    Unauthorized,
    /// The link exists now, or existed with the same passkey and params.
    Link(CallLinkRecord),
    /// The room exists with another passkey or other params.
    Conflict,
}

impl Links {
    /// Creates the link.
    pub(crate) async fn create(
        &self,
        request: NewLink,
        client: ClientAddress,
    ) -> Result<CreateOutcome, DecisionFailure> {
        if !request.passkey.suits_new_link() {
            return Ok(CreateOutcome::PasskeyTooShort);
        }
        let Some(zkparams) = request.zkparams else {
            return Ok(CreateOutcome::ParamsInvalid);
        };
        let room = request.room;
        let Some(room_id) = created_room(&room) else {
            return Ok(CreateOutcome::Unauthorized);
        };
        let proof = Presentation::Create(&request.presentation, &room_id, &zkparams);
        if self.context.verifier.holder(proof, client).await?.is_none() {
            return Ok(CreateOutcome::Unauthorized);
        }
        let keys = self.context.transactions.database.storage_keys();
        let content = NewCallLink {
            passkey_hash: keys.passkey_hash(&room, request.passkey.as_bytes()),
            zkparams,
            restrictions: request
                .content
                .restrictions
                .unwrap_or(Restrictions::AdminApproval),
            guests: request.content.guests.unwrap_or_default(),
            name: request.content.name.unwrap_or_default(),
            revoked: request.content.revoked.unwrap_or(false),
            admin_statement: request.content.admin_statement.unwrap_or_default(),
        };
        let mut rng = self.context.entropy.rng();
        let epoch = self.has_epochs.then(|| Epoch::random(&mut *rng));
        let link = CallLinkRecord::new(LinkAddress { room, epoch }, content, self.context.now());
        let mut transaction = self.context.transactions.begin("create link").await?;
        Ok(match transaction.create_link(&link, &mut *rng).await? {
            CreateLinkOutcome::Created(link) => {
                transaction.save().await?;
                self.context.events.emit("call_link.created", &link.room);
                CreateOutcome::Link(link)
            }
            CreateLinkOutcome::Unchanged(link) => CreateOutcome::Link(link),
            CreateLinkOutcome::Conflict => CreateOutcome::Conflict,
        })
    }
}
