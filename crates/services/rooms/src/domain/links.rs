//! Decisions about call links.

mod admin;
mod create;

use std::sync::Arc;

use anteroom_protocol::AuthPresentation;
use anteroom_runtime::ClientAddress;
use anteroom_store::{CallLinkRecord, LinkAddress};

pub(crate) use self::{
    admin::{AdminRefusal, AdminRequest},
    create::{CreateOutcome, NewLink},
};
use super::{
    authorization::{AuthorizedUser, Claim},
    calls::Calls,
    context::RoomContext,
    failure::ClaimRefusal,
};

/// The call links of the service.
pub(crate) struct Links {
    pub(crate) context: Arc<RoomContext>,
    /// The calls of this node, which follow the changes of their links.
    pub(crate) calls: Arc<Calls>,
    /// Whether new links get an epoch.
    pub(crate) has_epochs: bool,
}

impl Links {
    /// Reads the link for a holder of it; `None` if there is no such link.
    pub(crate) async fn read(
        &self,
        address: LinkAddress,
        presentation: Box<AuthPresentation>,
        client: ClientAddress,
    ) -> Result<Option<CallLinkRecord>, ClaimRefusal> {
        let claim = Claim::Link(address, presentation, None);
        let user = AuthorizedUser::verify(&self.context, "read link", claim, client).await?;
        Ok(user.and_then(|user| user.link))
    }
}
