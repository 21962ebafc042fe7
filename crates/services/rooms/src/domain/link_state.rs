//! The state of a link as calls and answers show it.

use anteroom_protocol::LinkState;
use anteroom_store::CallLinkRecord;

/// Returns the state of the link.
pub(crate) fn link_state(link: &CallLinkRecord) -> LinkState {
    LinkState {
        restrictions: link.restrictions,
        guests: link.guests,
        name: link.name.to_shared(),
        revoked: link.revoked,
        expiration: link.expiration,
        delete_at: link.delete_at,
        admin_statement: link.admin_statement.clone(),
    }
}
