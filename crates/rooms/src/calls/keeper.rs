//! The task that keeps a call's record alive and writes what must outlast the call.

use std::{collections::HashMap, sync::Arc, time::Duration};

use anteroom_call::{Call, EraId, Fact, Limits, LinkState, OpaqueUserId};
use anteroom_store::{CallRecord, LinkAddress, StoreError, TransactionName, UserId};
use tokio::{
    sync::{Notify, mpsc, watch},
    time::{Instant, MissedTickBehavior, interval_at},
};

use super::{Handle, INBOX, LEASE, RENEWAL, Slot, ToCall, actor::Actor};
use crate::rooms::{Core, link_state};

/// Facts that may wait to be written.
const FACTS: usize = 1_024;
/// How often the end of an era is tried to be written. After that its lease runs out.
const END_ATTEMPTS: usize = 3;

/// A call that is about to begin.
pub(super) struct NewCall {
    pub(super) record: CallRecord,
    pub(super) address: LinkAddress,
    pub(super) link: LinkState,
    pub(super) approved: Vec<OpaqueUserId>,
}

/// Starts the call's tasks.
pub(super) fn spawn(core: &Arc<Core>, new: NewCall, slot: &Slot) -> Handle {
    let (inbox, messages) = mpsc::channel(INBOX);
    let (facts, written) = mpsc::channel(FACTS);
    let (finish, finished) = watch::channel(false);
    let end = Arc::new(Notify::new());
    let limits = Limits::of_devices(core.settings.max_devices.get());
    let era = EraId::from_bytes(*new.record.era.as_bytes());
    let actor = Actor {
        core: Arc::clone(core),
        call: Call::new(era, new.link, new.approved, limits),
        inbox: messages,
        end: Arc::clone(&end),
        facts,
        outboxes: HashMap::new(),
    };
    let handle = Handle {
        era: new.record.era,
        inbox: inbox.clone(),
        end: Arc::clone(&end),
        finished,
    };
    let keeper = Keeper {
        core: Arc::clone(core),
        record: new.record,
        address: new.address,
        inbox,
        end,
    };
    let slot = Arc::clone(slot);
    tokio::spawn(actor.run());
    tokio::spawn(async move {
        let core = Arc::clone(&keeper.core);
        let _live = core.live_calls.enter();
        let room = keeper.address.room.clone();
        keeper.run(written).await;
        *slot.lock().await = None;
        core.calls.forget(&room, &slot);
        // Nobody may be waiting.
        let _ = finish.send(true);
    });
    handle
}

struct Keeper {
    core: Arc<Core>,
    record: CallRecord,
    address: LinkAddress,
    inbox: mpsc::Sender<ToCall>,
    end: Arc<Notify>,
}

/// What came of a renewal.
enum Renewed {
    /// The record holds; here is the link.
    Held(Option<LinkState>),
    /// Somebody else has the room.
    Lost,
}

impl Keeper {
    /// Runs until the call is over, and removes its record.
    async fn run(self, mut facts: mpsc::Receiver<Fact>) {
        let mut renewals = interval_at(Instant::now() + RENEWAL, RENEWAL);
        renewals.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut renewed = Instant::now();
        loop {
            tokio::select! {
                fact = facts.recv() => match fact {
                    Some(Fact::EraEnded) | None => break,
                    Some(fact) => self.write(fact).await,
                },
                _ = renewals.tick() => match self.renew().await {
                    Ok(Renewed::Held(link)) => {
                        renewed = Instant::now();
                        self.tell(link);
                    }
                    Ok(Renewed::Lost) => {
                        tracing::warn!("a call was lost to another node");
                        self.end.notify_one();
                    }
                    Err(error) => {
                        tracing::error!(%error, "a call's lease could not be renewed");
                        if renewed.elapsed() + RENEWAL > LEASE {
                            self.end.notify_one();
                        }
                    }
                },
            }
        }
        self.end_era().await;
    }

    async fn renew(&self) -> Result<Renewed, StoreError> {
        const NAME: TransactionName = TransactionName::new("renew era");
        let now = self.core.now();
        let until = now.plus(LEASE.as_secs());
        let CallRecord { key, era, node, .. } = &self.record;
        let mut transaction = self.core.database.begin(NAME).await?;
        if !transaction.renew_era(key, *era, node, until).await? {
            return Ok(Renewed::Lost);
        }
        let link = transaction.link(&self.address, now).await?;
        transaction.save().await?;
        Ok(Renewed::Held(link.as_ref().map(link_state)))
    }

    /// The link may have been changed at another node. A call that is too busy hears of it with
    /// the next renewal.
    fn tell(&self, link: Option<LinkState>) {
        if let Some(link) = link {
            let _ = self.inbox.try_send(ToCall::LinkChanged(link));
        }
    }

    async fn write(&self, fact: Fact) {
        let written = match fact {
            Fact::UserApproved(user) => self.approve(&user, true).await,
            Fact::ApprovalForgotten(user) => self.approve(&user, false).await,
            Fact::DeviceGone { .. } | Fact::EraEnded => return,
        };
        if let Err(error) = written {
            tracing::error!(%error, "an approval could not be written");
        }
    }

    async fn approve(&self, user: &OpaqueUserId, approved: bool) -> Result<(), StoreError> {
        const NAME: TransactionName = TransactionName::new("write approval");
        let Ok(user) = UserId::parse(user.as_str()) else {
            return Ok(());
        };
        let room = &self.address.room;
        let mut rng = self.core.entropy.rng();
        let mut transaction = self.core.database.begin(NAME).await?;
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
                    self.core
                        .emit("call.ended", &self.address.room, |event| event);
                    return;
                }
                Err(error) => {
                    tracing::error!(%error, "the end of a call could not be written");
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            }
        }
    }

    async fn try_end_era(&self) -> Result<(), StoreError> {
        const NAME: TransactionName = TransactionName::new("end era");
        let mut transaction = self.core.database.begin(NAME).await?;
        let (key, era) = (&self.record.key, self.record.era);
        if transaction.end_era(key, era).await? {
            transaction.save().await?;
        }
        Ok(())
    }
}
