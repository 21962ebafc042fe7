//! The policy that the room service keeps with the link, and shows to everybody who comes by it.

use anteroom_protocol::AdminStatement;

use super::{Effect, Encryption, STATEMENTS, SeatInfo};

impl Encryption {
    /// Publishes the newest policy again if the room service shows another one at a seat.
    pub(super) fn publish_again(&mut self, info: &SeatInfo) {
        let takes_statements = info.features.iter().any(|feature| feature == STATEMENTS);
        if let Some((_, statement)) = self.unpublished(&info.link.admin_statement)
            && takes_statements
        {
            self.effects.push_back(Effect::Publish(statement));
        }
    }

    /// Publishes the newest policy again, once, if the room service shows an older one during the call, or junk: of
    /// the policies of two devices the older one can come last.
    pub(in crate::call) fn see_link(&mut self, shown: &AdminStatement) {
        if let Some((counter, statement)) = self.unpublished(shown)
            && self.lobby.has_statements
            && self.published_again != Some(counter)
        {
            self.published_again = Some(counter);
            self.effects.push_back(Effect::Publish(statement));
        }
    }

    /// Returns the newest policy with its counter, if this device can sign one and the room service shows another one.
    fn unpublished(&self, shown: &AdminStatement) -> Option<(u64, AdminStatement)> {
        let policy = self.session.unpublished_policy(shown.as_bytes())?;
        let statement = AdminStatement::new(policy.as_bytes()).ok()?;
        Some((policy.claimed().counter, statement))
    }
}
