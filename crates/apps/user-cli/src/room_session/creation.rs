//! The creation of a link with a stored create credential.
//!
//! The room of a stored credential is new, unless another copy of the user's files has used the credential.
//! Then the next stored one is used. No further one is fetched: a fetch would reveal to the issuer that a
//! link is being created now.

use anteroom_client::{
    AdminSecret, Approval, CreatedLink, MAX_SPARE_LINKS, RoomStatements, RoomsError,
    StatementSigner, StatementStore,
};
use anteroom_console::os;
use anteroom_protocol::{ParamsId, RootKey};
use anyhow::Context as _;

use super::{POLICY_NOT_KEPT, RoomSession};

const USED_ELSEWHERE: &str = "the room of a stored credential has a link already: the folder of the \
    credentials was copied and the other copy has used it, or the answer of an earlier create was \
    lost. The next stored credential is used";
const NONE_LEFT: &str = "no link was created: the rooms of all stored credentials have links already, \
    since the folder of the credentials was copied or answers were lost. Use `anteroom credential \
    renew` and create the link some hours later; or use --fetch now: by the time of a fetch both \
    services together can tell which link this account creates. Let only one of the copies create \
    links";

impl RoomSession {
    /// Creates the link of a new room, with a policy that its admins have signed. Returns it with the params
    /// under which it is made.
    pub(crate) async fn create_link(
        &self,
        secret: &AdminSecret,
        approval: Approval,
        statements: &dyn StatementStore,
    ) -> anyhow::Result<(CreatedLink, ParamsId)> {
        let mut rng = os::rng();
        // Without the lock, another command can show the same room and get a conflict, and no more.
        let _lock = self.credentials.lock_creation().ok();
        let (mut key, mut pass) = self.create_pass().await?;
        for attempt in 1..=MAX_SPARE_LINKS {
            let room = key.room_id();
            let (passkey, signer) = (secret.passkey(&room), StatementSigner::new(secret, &room));
            let policy = signer.policy(approval, None, os::now())?;
            let mut kept = RoomStatements::new(room, signer.public());
            kept.see_policy(&policy);
            kept.keep(statements);
            let created = self
                .rooms
                .create_with(&key, &pass, &passkey, approval, &policy, &mut rng)
                .await;
            if !created.as_ref().is_err_and(RoomsError::leaves_create_open) {
                self.use_up(&key);
            }
            match created {
                Ok(created) => {
                    if created.state.admin_statement != policy {
                        tracing::warn!("{POLICY_NOT_KEPT}");
                    }
                    return Ok((created, pass.params()));
                }
                Err(error) if error.is_link_conflict() => {}
                Err(error) => return Err(error.into()),
            }
            if attempt == 1 {
                tracing::warn!("{USED_ELSEWHERE}");
            }
            (key, pass) = self.next_create_pass()?.context(NONE_LEFT)?;
        }
        anyhow::bail!(NONE_LEFT)
    }

    /// A failure to store it is no failure of the create: the next one at this room service gets a conflict.
    fn use_up(&self, key: &RootKey) {
        if let Err(error) = self.credentials.change(|store| store.use_up_link(key)) {
            tracing::warn!("the used credential stays in the file: {error:#}");
        }
    }
}
