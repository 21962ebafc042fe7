//! The limits of open sockets: of those that have not joined yet, and of those that have.

use anteroom_runtime::{BudgetLimits, BudgetRefusal, ClientAddress, Metrics, SharedBudget, Slot};

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

    /// Takes the slots of a new socket. If there are none, the socket that has waited longest for
    /// its join is closed.
    ///
    /// # Errors
    /// When all other sockets are in the middle of a join.
    pub(crate) fn take(&self, client: ClientAddress) -> Result<SocketSlots, BudgetRefusal> {
        let slot = self.unjoined.admit(client.groups())?;
        slot.set_idle();
        Ok(SocketSlots {
            client,
            unjoined: Some(slot),
            joined: None,
        })
    }
}

#[derive(Debug)]
pub(crate) struct SocketSlots {
    /// The address that the socket counts for.
    pub(crate) client: ClientAddress,
    unjoined: Option<Slot>,
    joined: Option<Slot>,
}

impl SocketSlots {
    /// Protects the socket from being closed while its first message is handled.
    pub(crate) fn begin(&self) {
        if let Some(slot) = &self.unjoined {
            slot.set_busy();
        }
    }

    /// Takes a slot among the joined sockets.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn join(&mut self, budgets: &SocketBudgets) -> Result<(), BudgetRefusal> {
        let slot = budgets.joined.admit(self.client.groups())?;
        self.joined = Some(slot);
        Ok(())
    }

    /// Ends the protection after the first message. Frees the slot of an unjoined socket if the
    /// socket has joined.
    pub(crate) fn end(&mut self, has_joined: bool) {
        if has_joined {
            self.unjoined = None;
        } else {
            self.joined = None;
            if let Some(slot) = &self.unjoined {
                slot.set_idle();
            }
        }
    }

    /// Completes when the socket must close to make room for another. Never completes for a joined
    /// socket.
    pub(crate) async fn evicted(&self) {
        match &self.unjoined {
            Some(slot) => slot.evicted().await,
            None => std::future::pending().await,
        }
    }
}
