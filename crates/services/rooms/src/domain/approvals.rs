//! The approved users of a link's room, as a media server reports them.

use anteroom_store::{OpaqueRoomId, UserId};

use super::{context::RoomContext, failure::DecisionFailure};

/// The maximum length of a list of approvals.
pub(crate) const MAX_APPROVED: usize = 8_192;

pub(crate) enum ReplaceOutcome {
    Replaced,
    UnknownLink,
    /// The list is longer than [`MAX_APPROVED`].
    TooMany,
    /// A text is no user id.
    InvalidUser,
}

/// Replaces the approved users of a link's room.
pub(crate) async fn replace(
    context: &RoomContext,
    room: &OpaqueRoomId,
    users: &[String],
) -> Result<ReplaceOutcome, DecisionFailure> {
    if users.len() > MAX_APPROVED {
        return Ok(ReplaceOutcome::TooMany);
    }
    let users: Result<Vec<_>, _> = users.iter().map(|user| UserId::parse(user)).collect();
    let Ok(users) = users else {
        return Ok(ReplaceOutcome::InvalidUser);
    };
    let mut rng = context.entropy.rng();
    let mut transaction = context.transactions.begin("replace approvals").await?;
    if !transaction
        .replace_approvals(room, &users, &mut *rng)
        .await?
    {
        return Ok(ReplaceOutcome::UnknownLink);
    }
    transaction.save().await?;
    Ok(ReplaceOutcome::Replaced)
}
