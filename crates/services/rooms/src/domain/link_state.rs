//! The state of a link as calls and answers show it.

use anteroom_protocol::{LinkState, Restrictions};
use anteroom_store::{CallLinkRecord, LinkRestrictions};

/// Returns the state of the link.
pub(crate) fn link_state(link: &CallLinkRecord) -> LinkState {
    LinkState {
        restrictions: match link.restrictions {
            LinkRestrictions::None => Restrictions::None,
            LinkRestrictions::AdminApproval => Restrictions::AdminApproval,
        },
        name: link.name.to_shared(),
        revoked: link.revoked,
        expiration: link.expiration,
        delete_at: link.delete_at,
    }
}
