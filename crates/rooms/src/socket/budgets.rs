//! How many sockets there are at once: those that have not joined yet, and those that have.

use anteroom_service::{BudgetLimits, BudgetRefusal, ClientAddress, Metrics, SharedBudget, Slot};

use crate::SocketLimits;

/// The budgets of a node's sockets.
#[derive(Debug)]
pub(crate) struct SocketBudgets {
    unjoined: SharedBudget,
    joined: SharedBudget,
}

impl SocketBudgets {
    pub(crate) fn new(limits: &SocketLimits, metrics: &Metrics) -> Self {
        let budget = |name, total, per_address| {
            let limits = BudgetLimits { total, per_address };
            SharedBudget::new(limits, metrics.admission(name))
        };
        Self {
            unjoined: budget(
                "unjoined_sockets",
                limits.unjoined,
                limits.unjoined_per_address,
            ),
            joined: budget(
                "sockets",
                limits.connections,
                limits.connections_per_address,
            ),
        }
    }

    /// The slots of a socket that a client opens. The one that has waited for longest to join may
    /// give way.
    ///
    /// # Errors
    /// All others are just joining.
    pub(super) fn open(&self, client: ClientAddress) -> Result<SocketSlots, BudgetRefusal> {
        let slot = self.unjoined.admit(client.groups())?;
        slot.set_idle();
        Ok(SocketSlots {
            client,
            unjoined: Some(slot),
            joined: None,
        })
    }
}

/// The slots of one socket.
#[derive(Debug)]
pub(super) struct SocketSlots {
    client: ClientAddress,
    unjoined: Option<Slot>,
    joined: Option<Slot>,
}

impl SocketSlots {
    /// The address that the socket counts for.
    pub(super) const fn client(&self) -> ClientAddress {
        self.client
    }

    /// A first message is there: the socket does not give way while it is looked at.
    pub(super) fn begin(&self) {
        if let Some(slot) = &self.unjoined {
            slot.set_busy();
        }
    }

    /// Takes a slot among the sockets that have joined.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn join(&mut self, budgets: &SocketBudgets) -> Result<(), BudgetRefusal> {
        let slot = budgets.joined.admit(self.client.groups())?;
        self.joined = Some(slot);
        Ok(())
    }

    /// The first message has been looked at. A socket that has not joined may give way again.
    pub(super) fn end(&mut self, has_joined: bool) {
        if has_joined {
            self.unjoined = None;
        } else {
            self.joined = None;
            if let Some(slot) = &self.unjoined {
                slot.set_idle();
            }
        }
    }

    /// Completes when the socket has given way to another, which one that has joined never does.
    pub(super) async fn evicted(&self) {
        match &self.unjoined {
            Some(slot) => slot.evicted().await,
            None => std::future::pending().await,
        }
    }
}
