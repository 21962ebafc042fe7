//! An admin of a link, who signs the policy of its room.

use std::sync::Arc;

use anteroom_protocol::{AdminPasskey, CallLink, Restrictions, Timestamp};
use rand_core::CryptoRng;

use crate::{
    AdminRights, Approval, Error, LinkChange, LinkState, Pass, PolicyComparison, RoomStatements,
    RoomsClient, RoomsError, StatementSigner, StatementStore,
};

/// An admin of a link. Members of a call take the conditions for being let in from the policy that an admin
/// has signed, and not from the room service: so the policy changes with them.
pub struct LinkAdmin {
    rooms: RoomsClient,
    link: CallLink,
    rights: AdminRights,
    store: Arc<dyn StatementStore>,
}

/// A changed link.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ChangedLink {
    /// The new state of the link.
    pub state: LinkState,
    /// The policy that went with the change.
    pub policy: ChangePolicy,
}

/// The policy of a change of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangePolicy {
    /// None was signed: the change needs none, or the link names no admin key of these rights.
    Unsigned,
    /// The room service shows it.
    Kept,
    /// The room service does not show it, as one without the feature `statements`: people who come by the link
    /// do not learn of the decision.
    NotKept,
}

impl LinkAdmin {
    /// Creates the admin of a link at a room service. The store has the highest policy that was seen.
    #[must_use]
    pub fn new(
        rooms: RoomsClient,
        link: CallLink,
        rights: AdminRights,
        store: Arc<dyn StatementStore>,
    ) -> Self {
        Self {
            rooms,
            link,
            rights,
            store,
        }
    }

    /// Changes the link. With a change of the approval goes a policy, if the link names the admin key of these
    /// rights: it follows the highest one that is known here or shown by the room service. A policy that asks
    /// for approvals is stored before it is sent; one that lets everybody in is stored after the change, since
    /// the room service may refuse that. After a refusal the conditions from before are signed anew and stored:
    /// the room service has seen the other ones, and could show them.
    ///
    /// # Errors
    /// As [`RoomsClient::update`]; a policy is to be signed, and the store cannot be read.
    pub async fn change<R: CryptoRng + ?Sized>(
        &self,
        pass: &Pass,
        change: &LinkChange,
        now: Timestamp,
        rng: &mut R,
    ) -> Result<ChangedLink, Error> {
        let unsigned = |state| ChangedLink {
            state,
            policy: ChangePolicy::Unsigned,
        };
        let (Some(approval), Some(signer)) = (change.approval, self.signer()) else {
            return Ok(self.update(pass, change, rng).await.map(unsigned)?);
        };
        let Some(mut statements) = self.statements()? else {
            return Ok(self.update(pass, change, rng).await.map(unsigned)?);
        };
        let state = self.rooms.link(&self.link.root_key, pass, rng).await?;
        statements.see_policy(&state.admin_statement);
        let former = match statements.restrictions_at(now) {
            Restrictions::None => Approval::Off,
            Restrictions::AdminApproval => Approval::Required,
        };
        let policy = signer.policy(approval, statements.policy(), now)?;
        statements.see_policy(&policy);
        if approval == Approval::Required {
            statements.keep(&*self.store);
        }
        let signed = LinkChange {
            admin_statement: Some(policy.clone()),
            ..change.clone()
        };
        let state = match self.update(pass, &signed, rng).await {
            Err(error) if error.is_unknown_form() => self.update(pass, change, rng).await,
            updated => updated,
        };
        if let Err(RoomsError::Problem(problem)) = &state
            && problem.status.is_client_error()
        {
            let again = signer.policy(former, statements.policy(), now)?;
            statements.see_policy(&again);
            statements.keep(&*self.store);
        }
        let state = state?;
        statements.keep(&*self.store);
        let policy = if state.admin_statement == policy {
            ChangePolicy::Kept
        } else {
            ChangePolicy::NotKept
        };
        Ok(ChangedLink { state, policy })
    }

    /// Signs the policy anew if it ends within 45 days, and shows the room service again the highest one that
    /// is known if it shows another. Asks the room service only where the known policy is about to end. A room
    /// service without the feature `statements` gets none.
    ///
    /// # Errors
    /// As [`RoomsClient::update`]; the store cannot be read.
    pub async fn renew_policy<R: CryptoRng + ?Sized>(
        &self,
        pass: &Pass,
        now: Timestamp,
        rng: &mut R,
    ) -> Result<(), Error> {
        let Some(signer) = self.signer() else {
            return Ok(());
        };
        let Some(mut statements) = self.statements()? else {
            return Ok(());
        };
        if !statements.is_renewal_due(now) {
            return Ok(());
        }
        let state = self.rooms.link(&self.link.root_key, pass, rng).await?;
        let shown = statements.see_policy(&state.admin_statement);
        if let Some(known) = statements.policy()
            && let Some(renewed) = signer.renewal(known, now)?
        {
            statements.see_policy(&renewed);
        }
        statements.keep(&*self.store);
        let highest = statements.admin_statement();
        if shown == PolicyComparison::Newer && highest == state.admin_statement {
            return Ok(());
        }
        let change = LinkChange {
            admin_statement: Some(highest),
            ..LinkChange::default()
        };
        match self.update(pass, &change, rng).await {
            Err(error) if error.is_unknown_form() => Ok(()),
            updated => Ok(updated.map(drop)?),
        }
    }

    async fn update<R: CryptoRng + ?Sized>(
        &self,
        pass: &Pass,
        change: &LinkChange,
        rng: &mut R,
    ) -> Result<LinkState, RoomsError> {
        let (room, passkey) = (&self.link.root_key, self.passkey());
        self.rooms.update(room, pass, &passkey, change, rng).await
    }

    fn passkey(&self) -> AdminPasskey {
        self.rights.passkey(&self.link.root_key.room_id())
    }

    fn statements(&self) -> Result<Option<RoomStatements>, Error> {
        RoomStatements::load(&self.link, &*self.store)
    }

    /// Returns the signer, if the link names its key.
    fn signer(&self) -> Option<StatementSigner> {
        let signer = self.rights.signer(&self.link.root_key.room_id())?;
        Some(signer).filter(|signer| self.link.admin == Some(signer.public().named()))
    }
}
