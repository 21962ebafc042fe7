//! The connections of all listeners of a process, which share its descriptors.

use std::{io, sync::Arc};

use anteroom_runtime::SharedBudget;
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::accept_failures::AcceptFailures;

/// The open connections of the listeners of a process. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct OpenConnections(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    listeners: Mutex<Vec<SharedBudget>>,
    /// The failures of all listeners, so that one episode is logged once.
    failures: Mutex<AcceptFailures>,
}

impl OpenConnections {
    /// Adds the connections of a listener.
    pub(crate) fn add(&self, listener: &SharedBudget) {
        self.0.listeners.lock().push(listener.clone());
    }

    /// Closes the connection of the busiest address that has been idle for longest, and waits until
    /// its descriptor is free. Returns whether there was one.
    pub(crate) async fn evict(&self) -> bool {
        let busiest = {
            let listeners = self.0.listeners.lock();
            let loads = listeners.iter().filter_map(|one| Some((one.load()?, one)));
            loads
                .max_by_key(|(load, _)| *load)
                .map(|(_, one)| one.clone())
        };
        match busiest {
            Some(listener) => listener.evict().await,
            None => false,
        }
    }

    /// Records an accepted connection.
    pub(crate) fn accepted(&self) {
        self.0.failures.lock().accepted(Instant::now());
    }

    /// Records a failure to accept a connection. Returns whether to pause before the next attempt.
    pub(crate) fn failed(&self, error: &io::Error) -> bool {
        self.0.failures.lock().failed(error, Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;
    use anteroom_runtime::{AdmissionRecorder, BudgetLimits, ClientAddress};

    #[tokio::test]
    async fn the_busiest_address_of_all_listeners_gives_way() {
        let connections = OpenConnections::default();
        assert!(!connections.evict().await);
        let limits = BudgetLimits {
            total: 10,
            per_address: 10,
        };
        let listeners = [(); 3].map(|()| SharedBudget::new(limits, AdmissionRecorder::default()));
        for listener in &listeners {
            connections.add(listener);
        }
        let groups = || ClientAddress::new([192, 0, 2, 1].into()).groups();
        let mut slots = Vec::new();
        for (listener, count) in listeners.iter().zip([1, 2, 0]) {
            for _ in 0..count {
                let slot = listener.admit(groups()).unwrap();
                slot.set_idle();
                slots.push(slot);
            }
        }
        // The first connection of the second listener.
        let busiest = slots.remove(1);
        let (evicted, ()) = tokio::join!(connections.evict(), async {
            busiest.evicted().await;
            drop(busiest);
        });
        assert!(evicted);
        for slot in &slots {
            assert!(slot.evicted().now_or_never().is_none());
        }
    }
}
