//! The incidents of participants while others talk.

use std::{collections::BTreeSet, time::Duration};

use anyhow::{Context as _, Result};
use tokio::time::sleep;

use crate::{
    dice::Dice,
    group::{ADMIN, Member},
    participant::{Order, PATIENCE, State},
};

/// The time for which a network is gone, long enough for nothing but the socket to end.
const SHORT: Duration = Duration::from_secs(4);

/// The time for which a network is gone in which the connection of the media ends, too.
const LONG: Duration = Duration::from_secs(20);

/// The turns between two networks that are gone for long.
const BETWEEN_LONG: usize = 12;

/// An incident of a participant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Incident {
    /// It leaves, and joins again.
    Leaves,
    /// The admin removes it, and it joins again.
    IsRemoved,
    /// Its connection to the room service breaks.
    LosesSocket,
    /// Its network is gone for a time.
    LosesNetwork(Duration),
}

impl Incident {
    /// Returns the incident of a turn.
    pub(crate) fn drawn(place: usize, dice: &mut Dice) -> Self {
        if place % BETWEEN_LONG == BETWEEN_LONG - 1 {
            return Self::LosesNetwork(LONG);
        }
        match (place + usize::from(dice.below(2) == 0)) % 4 {
            0 => Self::Leaves,
            1 => Self::IsRemoved,
            2 => Self::LosesSocket,
            _ => Self::LosesNetwork(SHORT),
        }
    }
}

/// Returns the one to whom something happens in a turn: half a round before its own turn, and not the admin.
pub(crate) fn victim<'a>(
    members: &'a [Member],
    place: usize,
    away: &BTreeSet<u32>,
) -> Option<&'a Member> {
    let member = members.get((place + members.len() / 2) % members.len())?;
    let is_free = member.number != ADMIN && !away.contains(&member.number);
    is_free.then_some(member)
}

/// Lets an incident happen, and waits until the participant is back.
pub(crate) async fn happen(incident: Incident, admin: &Member, member: &Member) -> Result<()> {
    let outcome = try_happen(incident, admin, member).await;
    outcome.with_context(|| format!("{incident:?}"))
}

async fn try_happen(incident: Incident, admin: &Member, member: &Member) -> Result<()> {
    match incident {
        Incident::Leaves => {
            member.order(Order::Leave).await?;
            member.join_again(false).await?;
        }
        Incident::IsRemoved => {
            let demux = member.demux().context("it is not in the call")?;
            admin.order(Order::Remove(demux)).await?;
            member.join_again(false).await?;
        }
        Incident::LosesSocket => {
            member.network.break_socket();
            until_lost(member).await?;
        }
        Incident::LosesNetwork(time) => {
            member.network.set_gone(true);
            sleep(time).await;
            until_lost(member).await?;
            member.network.set_gone(false);
        }
    }
    member.until_settled(2 * PATIENCE).await
}

async fn until_lost(member: &Member) -> Result<()> {
    let is_lost = |state: &State| !state.has_socket;
    member.until("without its socket", PATIENCE, is_lost).await
}
