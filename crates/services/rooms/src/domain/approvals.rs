//! The approved users of a link's room, as a media server reports them.

use anteroom_store::{OpaqueRoomId, TransactionName, UserId};

use crate::{
    domain::transactions::{DatabaseFailure, failed},
    state::RoomsState,
};

/// The maximum length of a list of approvals.
pub(crate) const MAX_APPROVED: usize = 8_192;

/// The outcome of a replacement.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ReplaceOutcome {
    Replaced,
    UnknownLink,
    /// The list is longer than [`MAX_APPROVED`].
    TooMany,
    /// A text is no user id.
    InvalidUser,
    Failed(DatabaseFailure),
}

/// Replaces the approved users of a link's room.
pub(crate) async fn replace(
    state: &RoomsState,
    room: &OpaqueRoomId,
    users: &[String],
) -> ReplaceOutcome {
    if users.len() > MAX_APPROVED {
        return ReplaceOutcome::TooMany;
    }
    let users: Result<Vec<UserId>, _> = users.iter().map(|user| UserId::parse(user)).collect();
    let Ok(users) = users else {
        return ReplaceOutcome::InvalidUser;
    };
    match store(state, room, &users).await {
        Ok(true) => ReplaceOutcome::Replaced,
        Ok(false) => ReplaceOutcome::UnknownLink,
        Err(failure) => ReplaceOutcome::Failed(failure),
    }
}

async fn store(
    state: &RoomsState,
    room: &OpaqueRoomId,
    users: &[UserId],
) -> Result<bool, DatabaseFailure> {
    const NAME: TransactionName = TransactionName::new("replace approvals");
    let mut rng = state.entropy.rng();
    let mut transaction = state.transactions.begin(NAME).await?;
    let replaced = transaction
        .replace_approvals(room, users, &mut *rng)
        .await
        .map_err(failed)?;
    if replaced {
        transaction.save().await.map_err(failed)?;
    }
    Ok(replaced)
}
