//! The task that renews a call's record and writes the facts that the database keeps after the
//! call.

use std::{sync::Arc, time::Duration};

use anteroom_call::Fact;
use anteroom_protocol::{LinkState, OpaqueUserId, Timestamp};
use anteroom_store::{
    CallLinkRecord, CallRecord, LinkAddress, RoomsRepository, StoreError, TransactionName, UserId,
};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::{Instant, MissedTickBehavior, interval_at},
};
use tracing::Instrument as _;

use super::{
    context::CallContext,
    handle::{EndSignal, LinkReadReply},
};
use crate::domain::{link_state::link_state, transactions::report};

/// The maximum number of facts that wait to be written.
const FACTS: usize = 1_024;
/// The maximum number of callers that wait for the link to be read.
const LINK_READS: usize = 256;
/// The number of attempts to write the end of an era. After them its lease expires.
const END_ATTEMPTS: usize = 3;

/// The identity of a link, and the number of its calls that were ended from outside. A call that
/// reads another generation ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Generation {
    created: Timestamp,
    ended_calls: u32,
}

impl Generation {
    pub(super) const fn of(link: &CallLinkRecord) -> Self {
        Self {
            created: link.created,
            ended_calls: link.ended_calls,
        }
    }
}

/// The channels from a call to its lease task.
pub(super) struct LeaseHandle {
    pub(super) facts: mpsc::Sender<Fact>,
    /// The callers that wait until the call knows the stored link.
    pub(super) link_reads: mpsc::Sender<LinkReadReply>,
    /// The link as it was last read.
    pub(super) link: watch::Receiver<LinkState>,
    task: JoinHandle<()>,
}

impl LeaseHandle {
    /// Completes when the record is removed.
    pub(super) async fn finish(self) {
        drop((self.facts, self.link_reads));
        // A panic of the lease task is logged already. The lease then expires.
        let _ = self.task.await;
    }
}

pub(super) fn spawn(lease_task: LeaseTask) -> LeaseHandle {
    let (facts, written) = mpsc::channel(FACTS);
    let (link_reads, waiting) = mpsc::channel(LINK_READS);
    let link = lease_task.link.subscribe();
    // Counts the call from now on, not from the first run of the task: joins are answered before
    // that.
    let live = lease_task.context.live.enter();
    let running = async move {
        let _live = live;
        lease_task.run(written, waiting).await;
    };
    // The call's own task starts this one, so that both have the call's span.
    let task = tokio::spawn(running.in_current_span());
    LeaseHandle {
        facts,
        link_reads,
        link,
        task,
    }
}

/// Renews the lease of a call's record, and writes the call's facts.
pub(super) struct LeaseTask {
    pub(super) context: Arc<CallContext>,
    pub(super) record: CallRecord,
    pub(super) address: LinkAddress,
    pub(super) generation: Generation,
    /// Sends the link to the call, at first as it is after the start. The order is the order of the
    /// reads, so that an older state never follows a newer one.
    pub(super) link: watch::Sender<LinkState>,
    pub(super) end: Arc<EndSignal>,
}

enum RenewalOutcome {
    /// The record is renewed. The link is as the same transaction read it.
    Held(Option<Box<CallLinkRecord>>),
    /// The call was ended from outside.
    Ended,
    /// The record is gone or belongs to another node.
    OtherOwner,
}

impl LeaseTask {
    /// Runs until the call is over, then removes its record.
    async fn run(
        self,
        mut facts: mpsc::Receiver<Fact>,
        mut link_reads: mpsc::Receiver<LinkReadReply>,
    ) {
        let leases = self.context.leases;
        let mut renewals = interval_at(Instant::now() + leases.renewal, leases.renewal);
        renewals.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut renewed = Instant::now();
        let mut waiting = Vec::new();
        loop {
            tokio::select! {
                // `biased` keeps the order: the lease first, then facts before reads of the link.
                // An approval is thus in the database before a later request reads the link.
                biased;
                _ = renewals.tick() => match self.renew().await {
                    Ok(RenewalOutcome::Held(link)) => {
                        renewed = Instant::now();
                        self.publish(link.as_deref());
                    }
                    Ok(RenewalOutcome::Ended) => self.end.dismiss(),
                    Ok(RenewalOutcome::OtherOwner) => {
                        tracing::warn!("a call was lost: its lease was not renewed in time, or another node has it");
                        self.end.stop();
                    }
                    Err(error) => {
                        report(&error, "a call's lease could not be renewed");
                        if renewed.elapsed() + leases.renewal > leases.valid {
                            self.end.stop();
                        }
                    }
                },
                fact = facts.recv() => match fact {
                    Some(Fact::EraEnded) | None => break,
                    Some(fact) => self.write(fact).await,
                },
                // One read answers all callers that wait.
                1.. = link_reads.recv_many(&mut waiting, LINK_READS) => {
                    self.answer_reads(waiting.drain(..)).await;
                }
            }
        }
        self.end_era().await;
    }

    async fn begin(&self, name: &'static str) -> Result<Box<dyn RoomsRepository>, StoreError> {
        let database = &self.context.rooms.transactions.database;
        database.begin(TransactionName::new(name)).await
    }

    async fn renew(&self) -> Result<RenewalOutcome, StoreError> {
        let now = self.context.rooms.now();
        let until = now.plus(self.context.leases.valid.as_secs());
        let CallRecord { key, era, node, .. } = &self.record;
        let mut transaction = self.begin("renew era").await?;
        if !transaction.renew_era(key, *era, node, until).await? {
            let link = transaction.link(&self.address, now).await?;
            let is_same = link.is_some_and(|link| Generation::of(&link) == self.generation);
            return Ok(if is_same {
                RenewalOutcome::OtherOwner
            } else {
                RenewalOutcome::Ended
            });
        }
        let link = transaction.link(&self.address, now).await?;
        transaction.save().await?;
        Ok(RenewalOutcome::Held(link.map(Box::new)))
    }

    async fn answer_reads(&self, waiting: impl Iterator<Item = LinkReadReply>) {
        match self.read_link().await {
            Ok(link) => {
                self.publish(link.as_ref());
                for reply in waiting {
                    // A failure to send means that the caller no longer waits.
                    let _ = reply.send(());
                }
            }
            Err(error) => {
                report(&error, "the link of a call could not be read");
                drop(waiting);
            }
        }
    }

    async fn read_link(&self) -> Result<Option<CallLinkRecord>, StoreError> {
        let rooms = &self.context.rooms;
        let name = TransactionName::new("look at link");
        let database = &rooms.transactions.database;
        let found = database.link_with_call(name, &self.address, rooms.now());
        Ok(found.await?.map(|found| found.link))
    }

    /// Sends the link to the call. Signals the end of the call if the link is of another
    /// generation.
    fn publish(&self, link: Option<&CallLinkRecord>) {
        if let Some(link) = link {
            if Generation::of(link) != self.generation {
                self.end.dismiss();
            }
            let link = link_state(link);
            self.link.send_if_modified(|known| {
                let is_changed = *known != link;
                *known = link;
                is_changed
            });
        }
    }

    async fn write(&self, fact: Fact) {
        let written = match fact {
            Fact::UserApproved(user) => self.approve(&user, true).await,
            Fact::ApprovalForgotten(user) => self.approve(&user, false).await,
            Fact::DeviceGone { .. } | Fact::EraEnded => return,
        };
        if let Err(error) = written {
            report(&error, "an approval could not be written");
        }
    }

    async fn approve(&self, user: &OpaqueUserId, approved: bool) -> Result<(), StoreError> {
        let user = UserId::from(user);
        let room = &self.address.room;
        let mut rng = self.context.rooms.entropy.rng();
        let mut transaction = self.begin("write approval").await?;
        let changed = if approved {
            transaction.add_approval(room, &user, &mut *rng).await?
        } else {
            transaction.remove_approval(room, &user).await?
        };
        if changed {
            transaction.save().await?;
        }
        Ok(())
    }

    async fn end_era(&self) {
        for _ in 0..END_ATTEMPTS {
            match self.try_end_era().await {
                Ok(()) => {
                    // This task alone reports the end of its era: a request that removes the record
                    // does not, nor does a node that replaces it by that of another era.
                    let events = &self.context.rooms.events;
                    events.emit("call.ended", &self.address.room);
                    return;
                }
                Err(error) => {
                    report(&error, "the end of a call could not be written");
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            }
        }
    }

    /// Removes the record, if it is still there.
    async fn try_end_era(&self) -> Result<(), StoreError> {
        let mut transaction = self.begin("end era").await?;
        let (key, era) = (&self.record.key, self.record.era);
        if transaction.end_era(key, era).await? {
            transaction.save().await?;
        }
        Ok(())
    }
}
