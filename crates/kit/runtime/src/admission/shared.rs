//! A budget that many tasks share.

use std::{collections::HashMap, pin::pin, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::{
    AdmissionRecorder,
    budget::{Budget, BudgetLimits, BudgetRefusal, HolderId},
};
use crate::AddressGroup;

/// A budget that many tasks share. Clones are the same budget.
#[derive(Clone, Debug)]
pub struct SharedBudget(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    /// Notified when a holder ends or becomes idle.
    room: Notify,
    recorder: AdmissionRecorder,
}

#[derive(Debug)]
struct State {
    budget: Budget,
    signals: HashMap<HolderId, Arc<HolderSignals>>,
}

/// The signals of a holder's end.
#[derive(Debug, Default)]
struct HolderSignals {
    /// Notified when the holder has to end.
    eviction: Notify,
    /// Notified when it has ended.
    ended: Notify,
}

/// The part of a holder in a budget. It is released on drop.
#[derive(Debug)]
pub struct Slot {
    budget: SharedBudget,
    id: HolderId,
    signals: Arc<HolderSignals>,
}

impl SharedBudget {
    /// Creates a budget without holders. `recorder` records refusals and evictions.
    #[must_use]
    pub fn new(limits: BudgetLimits, recorder: AdmissionRecorder) -> Self {
        Self(Arc::new(Inner {
            state: Mutex::new(State {
                budget: Budget::new(limits),
                signals: HashMap::new(),
            }),
            room: Notify::new(),
            recorder,
        }))
    }

    /// Admits a holder for these networks, or for the total only if there are none. The holder is
    /// busy at first. An idle holder may be evicted for it.
    ///
    /// # Errors
    /// When there is no room and no idle holder.
    pub fn admit(
        &self,
        groups: impl IntoIterator<Item = AddressGroup>,
    ) -> Result<Slot, BudgetRefusal> {
        let admitted = self.try_admit(groups);
        if let Err(refusal) = &admitted {
            self.0.recorder.refused(*refusal);
        }
        admitted
    }

    /// Admits a holder as [`Self::admit`] does, but waits while the total is in use.
    ///
    /// # Errors
    /// When a network has its whole share and none of its holders is idle.
    pub async fn admit_when_free(
        &self,
        groups: impl Iterator<Item = AddressGroup> + Clone,
    ) -> Result<Slot, BudgetRefusal> {
        loop {
            // Registers the waiter before the attempt, so that no later change is missed.
            let mut room = pin!(self.0.room.notified());
            room.as_mut().enable();
            match self.try_admit(groups.clone()) {
                Err(BudgetRefusal::Total) => room.await,
                Err(refusal) => {
                    self.0.recorder.refused(refusal);
                    return Err(refusal);
                }
                admitted => return admitted,
            }
        }
    }

    /// Returns the load of the network whose holder is evicted next; `None` if no holder is idle.
    #[must_use]
    pub fn load(&self) -> Option<usize> {
        let candidate = self.0.state.lock().budget.candidate();
        candidate.map(|candidate| candidate.load)
    }

    /// Evicts the holder that has been idle for longest in the busiest network, and waits until it
    /// has ended. Returns whether there was one.
    pub async fn evict(&self) -> bool {
        let signals = {
            let mut state = self.0.state.lock();
            let evicted = state.budget.evict();
            evicted.and_then(|id| state.signals.remove(&id))
        };
        let Some(signals) = signals else {
            return false;
        };
        self.0.recorder.evicted();
        signals.eviction.notify_one();
        signals.ended.notified().await;
        true
    }

    fn try_admit(
        &self,
        groups: impl IntoIterator<Item = AddressGroup>,
    ) -> Result<Slot, BudgetRefusal> {
        let mut state = self.0.state.lock();
        let admitted = state.budget.admit(groups)?;
        let signals = Arc::new(HolderSignals::default());
        state.signals.insert(admitted.id, Arc::clone(&signals));
        let evicted = admitted.evicted.and_then(|id| state.signals.remove(&id));
        drop(state);
        if let Some(evicted) = evicted {
            self.0.recorder.evicted();
            evicted.eviction.notify_one();
        }
        Ok(Slot {
            budget: self.clone(),
            id: admitted.id,
            signals,
        })
    }
}

impl Slot {
    /// Makes the holder idle, so that it can be evicted. The holder that has been idle for longest
    /// is the first.
    pub fn set_idle(&self) {
        self.budget.0.state.lock().budget.set_idle(self.id);
        self.budget.0.room.notify_one();
    }

    /// Makes the holder busy, so that it cannot be evicted.
    pub fn set_busy(&self) {
        self.budget.0.state.lock().budget.set_busy(self.id);
    }

    /// Completes when the holder is evicted and has to end.
    pub async fn evicted(&self) {
        self.signals.eviction.notified().await;
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut state = self.budget.0.state.lock();
        state.budget.release(self.id);
        state.signals.remove(&self.id);
        drop(state);
        self.signals.ended.notify_one();
        self.budget.0.room.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures::FutureExt as _;

    use super::*;
    use crate::ClientAddress;

    fn groups(address: &str) -> impl Iterator<Item = AddressGroup> + Clone + use<> {
        let groups = ClientAddress::new(address.parse().unwrap()).groups();
        groups.collect::<Vec<_>>().into_iter()
    }

    fn budget(total: usize, per_address: usize) -> SharedBudget {
        let limits = BudgetLimits { total, per_address };
        SharedBudget::new(limits, AdmissionRecorder::default())
    }

    #[test]
    fn a_holder_that_gives_way_is_told() {
        let budget = budget(1, 1);
        let first = budget.admit(groups("192.0.2.1")).unwrap();
        assert_eq!(
            budget.admit(groups("192.0.2.2")).err(),
            Some(BudgetRefusal::Total)
        );
        first.set_idle();
        let second = budget.admit(groups("192.0.2.2")).unwrap();
        assert!(first.evicted().now_or_never().is_some());
        assert!(second.evicted().now_or_never().is_none());
        // The drop of an evicted slot releases nothing.
        drop(first);
        assert_eq!(
            budget.admit(groups("192.0.2.1")).err(),
            Some(BudgetRefusal::Total)
        );
        drop(second);
        assert!(budget.admit(groups("192.0.2.1")).is_ok());
    }

    #[tokio::test]
    async fn an_eviction_is_over_when_the_holder_has_ended() {
        let budget = budget(2, 2);
        assert_eq!((budget.load(), budget.evict().await), (None, false));
        let slot = budget.admit(groups("192.0.2.1")).unwrap();
        assert_eq!((budget.load(), budget.evict().await), (None, false));
        slot.set_idle();
        assert!(budget.load().is_some());
        let mut eviction = pin!(budget.evict());
        assert!(eviction.as_mut().now_or_never().is_none());
        assert!(slot.evicted().now_or_never().is_some());
        assert!(eviction.as_mut().now_or_never().is_none());
        drop(slot);
        assert!(eviction.await);
    }

    #[tokio::test]
    async fn a_newcomer_that_waits_is_admitted_when_a_holder_ends_or_becomes_idle() {
        let budget = budget(1, 1);
        for becomes_idle in [false, true] {
            let first = budget.admit(groups("192.0.2.1")).unwrap();
            let mut second = pin!(budget.admit_when_free(groups("192.0.2.2")));
            assert!(second.as_mut().now_or_never().is_none());
            if becomes_idle {
                first.set_idle();
            } else {
                drop(first);
            }
            assert!(second.await.is_ok(), "{becomes_idle}");
        }
        let _first = budget.admit(groups("192.0.2.1")).unwrap();
        let second = budget.admit_when_free(groups("192.0.2.1")).await;
        assert_eq!(second.err(), Some(BudgetRefusal::Address));
    }
}
