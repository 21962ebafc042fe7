//! The start of an era: the state of a room in the database, and the transaction that starts the
//! era.

use anteroom_protocol::{EraId, OpaqueUserId};
use anteroom_store::{CallKey, CallLinkRecord, CallRecord, LinkAddress, StartEraOutcome, UserId};

use super::context::CallContext;
use crate::domain::failure::{DecisionFailure, JoinRefusal};

/// A room without a call at any other node.
pub(super) struct IdleRoom {
    pub(super) link: CallLinkRecord,
    pub(super) approved: Vec<OpaqueUserId>,
    /// A record that names this node, which has no such call: an earlier run of this node left it.
    pub(super) stale: Option<CallRecord>,
}

/// Reads the state in the database of a room in which this node has no call.
pub(super) async fn read_idle_room(
    context: &CallContext,
    address: &LinkAddress,
) -> Result<IdleRoom, JoinRefusal> {
    let mut reader = context.rooms.transactions.read("look at lobby").await?;
    let now = context.rooms.now();
    let found = reader.link_with_call(address, now).await?;
    let found = found.ok_or(JoinRefusal::UnknownLink)?;
    let call = found.call.as_ref();
    if let Some(node) = call.and_then(|call| context.rooms.node.owner_elsewhere(call)) {
        return Err(JoinRefusal::Elsewhere(Box::new(node)));
    }
    let approved = reader.approved_users(&address.room).await?;
    Ok(IdleRoom {
        link: found.link,
        approved: usable(context, &approved),
        stale: found.call,
    })
}

/// Returns the approved users that can join a call of a link. Media servers may store others: they
/// are counted and logged.
fn usable(context: &CallContext, approved: &[UserId]) -> Vec<OpaqueUserId> {
    let users: Vec<_> = approved
        .iter()
        .filter_map(|user| OpaqueUserId::parse(user.as_str()).ok())
        .collect();
    let unusable = approved.len().saturating_sub(users.len());
    if unusable > 0 {
        tracing::warn!(
            unusable,
            "a lobby ignores approvals of users that no link can have"
        );
        context
            .unusable_approvals
            .add(u64::try_from(unusable).unwrap_or(u64::MAX));
    }
    users
}

/// Starts the era in a room that was idle when it was last read. `stale` is the record that the start
/// replaces.
pub(super) async fn start(
    context: &CallContext,
    address: &LinkAddress,
    era: EraId,
    creator: &OpaqueUserId,
    stale: Option<&CallRecord>,
) -> Result<(CallRecord, CallLinkRecord), JoinRefusal> {
    let now = context.rooms.now();
    let record = CallRecord {
        key: CallKey::Link(address.room.clone()),
        era,
        creator: UserId::from(creator),
        node: context.rooms.node.name.clone(),
        media: None,
        started: now,
        lease_until: Some(now.plus(context.leases.valid.as_secs())),
    };
    let mut rng = context.rooms.entropy.rng();
    let mut transaction = context.rooms.transactions.begin("start era").await?;
    if let Some(stale) = stale {
        transaction.end_era(&stale.key, stale.era).await?;
    }
    let epoch = address.epoch;
    let started = transaction.start_era(&record, epoch, now, &mut *rng);
    match started.await? {
        StartEraOutcome::Started {
            call,
            link: Some(link),
            ..
        } => {
            transaction.save().await?;
            context.rooms.events.emit("call.started", &address.room);
            Ok((call, link))
        }
        StartEraOutcome::Running { call, .. } => match context.rooms.node.owner_elsewhere(&call) {
            Some(node) => Err(JoinRefusal::Elsewhere(Box::new(node))),
            // Another process under the same node name has started an era.
            None => Err(DecisionFailure::Unavailable.into()),
        },
        StartEraOutcome::Started { link: None, .. } | StartEraOutcome::UnknownLink => {
            Err(JoinRefusal::UnknownLink)
        }
        StartEraOutcome::ClosedLink(_) => Err(JoinRefusal::Closed),
    }
}
