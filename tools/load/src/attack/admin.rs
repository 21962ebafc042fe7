//! An admin at work in an attacked call.

use std::time::Duration;

use anteroom_client::{
    CallEvent, CallSession, EndReason, JoinOptions, LinkChange, RoomsClient, SeatInfo, SeatStatus,
};
use anyhow::{Context as _, Result, bail, ensure};
use tokio::time::{Instant, sleep, timeout};

use super::measurements::AdminRounds;
use crate::{
    accounts::{Link, LoadAccount},
    os,
};

/// The time limit of one action.
const WITHIN: Duration = Duration::from_secs(5);
/// The pause between two rounds. With it six guests in turn stay below their limit of joins to the lobby.
const BREAK: Duration = Duration::from_secs(1);

/// An admin with guests who wait for a decision.
pub(super) struct Admin<'a> {
    /// The client with the admin's own connection.
    pub(super) line: RoomsClient,
    /// The client of the guests.
    pub(super) client: &'a RoomsClient,
    pub(super) link: &'a Link,
    pub(super) admin: &'a LoadAccount,
    pub(super) guests: &'a [LoadAccount],
}

impl Admin<'_> {
    /// Joins, approves, removes and ends the call repeatedly, at least once.
    pub(super) async fn act_until(&self, end: Instant) -> AdminRounds {
        let mut rounds = AdminRounds::default();
        for guest in self.guests.iter().cycle() {
            if let Err(error) = self.round(guest).await {
                rounds.failure = Some(format!("{error:#}"));
                break;
            }
            rounds.rounds += 1;
            if Instant::now() + BREAK >= end {
                break;
            }
            sleep(BREAK).await;
        }
        rounds
    }

    async fn round(&self, guest: &LoadAccount) -> Result<()> {
        let joining = join(&self.line, self.link, self.admin, true);
        let (mut admin, joined) = within("join", joining).await?;
        ensure!(
            joined.is_admin && joined.status == SeatStatus::Active,
            "join: the passkey makes no admin"
        );
        let joining = join(self.client, self.link, guest, false);
        let (mut guest, joined) = within("be joined by a guest", joining).await?;
        ensure!(
            joined.status == SeatStatus::Pending,
            "be joined by a guest: nobody had let the guest in"
        );
        admin.approve(joined.demux).await.context("approve")?;
        let admitted = |event: &CallEvent| matches!(event, CallEvent::Admitted { .. });
        within("approve", until(&mut guest, &mut admin, admitted)).await?;
        admin.remove(joined.demux).await.context("remove")?;
        let removed = |event: &CallEvent| matches!(event, CallEvent::Ended(EndReason::Removed));
        within("remove", until(&mut guest, &mut admin, removed)).await?;
        within("end the call", self.end()).await?;
        let ended = |event: &CallEvent| matches!(event, CallEvent::Ended(EndReason::EndedByAdmin));
        within("end the call", wait_for(&mut admin, ended)).await
    }

    /// Ends the call with the passkey alone, from outside the call.
    async fn end(&self) -> Result<()> {
        let change = LinkChange {
            end_call: true,
            ..LinkChange::default()
        };
        let Link { room, passkey, .. } = self.link;
        let pass = &self.admin.pass;
        let mut rng = os::rng();
        self.client
            .update(room, pass, passkey, &change, &mut rng)
            .await?;
        Ok(())
    }
}

/// Joins with or without the passkey.
pub(super) async fn join(
    client: &RoomsClient,
    link: &Link,
    account: &LoadAccount,
    as_admin: bool,
) -> Result<(CallSession, Box<SeatInfo>)> {
    let options = JoinOptions {
        room: link.room.clone(),
        pass: account.pass.clone(),
        passkey: as_admin.then(|| link.passkey.clone()),
        name: Some("Member".to_owned()),
        member: None,
    };
    let mut session = client.join(options, Box::new(os::rng())).await?;
    match session.next().await {
        Some(CallEvent::Joined(joined)) => Ok((session, joined)),
        other => bail!("a join begins with something else: {other:?}"),
    }
}

/// Waits for an event at the guest, while the admin stays connected.
async fn until(
    guest: &mut CallSession,
    admin: &mut CallSession,
    wanted: impl Fn(&CallEvent) -> bool,
) -> Result<()> {
    tokio::select! {
        found = wait_for(guest, wanted) => found.context("the guest"),
        found = wait_for(admin, |_| false) => found.context("the admin"),
    }
}

/// Waits for an event. A lost connection is a failure.
pub(super) async fn wait_for(
    session: &mut CallSession,
    wanted: impl Fn(&CallEvent) -> bool,
) -> Result<()> {
    while let Some(event) = session.next().await {
        match event {
            event if wanted(&event) => return Ok(()),
            CallEvent::Lost => bail!("the connection was lost"),
            // The room service sends this to a slow reader, and the call continues.
            CallEvent::Refused { code, .. } if code == "relay_dropped" => {}
            CallEvent::Refused { code, .. } => bail!("refused: {code}"),
            CallEvent::Ended(ending) => bail!("the stay ended: {ending:?}"),
            _ => {}
        }
    }
    bail!("the stay is over")
}

async fn within<T>(act: &'static str, done: impl Future<Output = Result<T>>) -> Result<T> {
    timeout(WITHIN, done)
        .await
        .unwrap_or_else(|_| bail!("no answer in time"))
        .context(act)
}
