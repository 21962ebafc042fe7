//! The holders of one budget, without time and without tasks.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
};

use crate::AddressGroup;

/// How many holders a budget has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetLimits {
    /// In all.
    pub total: usize,
    /// For a single client: an IPv4 address or an IPv6 /64. [`AddressGroup::share`] says how many
    /// wider networks have; none has more than half of the total.
    pub per_address: usize,
}

/// Why a budget has no room, and no holder that could give way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BudgetRefusal {
    /// A network of the client is at its share.
    Address,
    /// The whole budget is in use.
    Total,
}

/// A holder of a budget, named in the order of admission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct HolderId(u64);

/// A holder that has been admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Admitted {
    /// Its name.
    pub(super) id: HolderId,
    /// The holder that gave way and is none any more.
    pub(super) evicted: Option<HolderId>,
}

/// The holder that gives way where a budget, or all budgets together, have no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    /// How busy its network is: holders for each client, in parts of [`LOAD_UNIT`]; 0 for a holder
    /// without networks.
    pub(super) load: usize,
    id: HolderId,
}

/// The load of a network with one holder for each of its clients. Factors are 1, 4 and 16: whole
/// parts compare without fractions.
const LOAD_UNIT: usize = 1_024;

/// The holders of one budget.
#[derive(Debug)]
pub(super) struct Budget {
    limits: BudgetLimits,
    /// The next name, and the next place in the order of idleness.
    next: u64,
    holders: HashMap<HolderId, Holder>,
    networks: HashMap<AddressGroup, Network>,
    /// Idle holders without networks.
    exempt: IdleOrder,
}

#[derive(Debug)]
struct Holder {
    /// The networks that it counts for; none if it counts for the whole alone.
    groups: Vec<AddressGroup>,
    /// Its place in the order of idleness; `None` while it is busy.
    idle: Option<u64>,
}

#[derive(Debug, Default)]
struct Network {
    holders: usize,
    idle: IdleOrder,
}

/// Idle holders, the one that has been idle for longest first.
type IdleOrder = BTreeMap<u64, HolderId>;

impl Budget {
    pub(super) fn new(limits: BudgetLimits) -> Self {
        Self {
            limits,
            next: 0,
            holders: HashMap::new(),
            networks: HashMap::new(),
            exempt: IdleOrder::new(),
        }
    }

    /// Admits a holder, busy at first, that counts for these networks.
    ///
    /// # Errors
    /// There is no room and nobody who could give way.
    pub(super) fn admit(
        &mut self,
        groups: impl IntoIterator<Item = AddressGroup>,
    ) -> Result<Admitted, BudgetRefusal> {
        let groups: Vec<AddressGroup> = groups.into_iter().collect();
        let is_full = self.holders.len() >= self.limits.total;
        // The narrowest network comes first: a holder of it is one of the wider networks too.
        let evicted = match groups.iter().find(|group| self.is_at_share(group)) {
            Some(group) => {
                let idle = self.networks.get(group).and_then(Network::longest_idle);
                Some(idle.ok_or(BudgetRefusal::Address)?)
            }
            None if is_full => Some(self.candidate().ok_or(BudgetRefusal::Total)?.id),
            None => None,
        };
        if let Some(evicted) = evicted {
            self.release(evicted);
        }
        let id = HolderId(self.tick());
        for group in &groups {
            self.networks.entry(*group).or_default().holders += 1;
        }
        let holder = Holder { groups, idle: None };
        self.holders.insert(id, holder);
        Ok(Admitted { id, evicted })
    }

    /// Ends the holder that gives way first, if any is idle.
    pub(super) fn evict(&mut self) -> Option<HolderId> {
        let id = self.candidate()?.id;
        self.release(id);
        Some(id)
    }

    /// Makes a holder idle from now on, until it is busy.
    pub(super) fn set_idle(&mut self, id: HolderId) {
        self.set_busy(id);
        let place = self.tick();
        let Some(holder) = self.holders.get_mut(&id) else {
            return;
        };
        holder.idle = Some(place);
        if holder.groups.is_empty() {
            self.exempt.insert(place, id);
        }
        for group in &holder.groups {
            if let Some(network) = self.networks.get_mut(group) {
                network.idle.insert(place, id);
            }
        }
    }

    /// Makes a holder busy: it does not give way to others.
    pub(super) fn set_busy(&mut self, id: HolderId) {
        let Some(holder) = self.holders.get_mut(&id) else {
            return;
        };
        let Some(place) = holder.idle.take() else {
            return;
        };
        self.exempt.remove(&place);
        for group in &holder.groups {
            if let Some(network) = self.networks.get_mut(group) {
                network.idle.remove(&place);
            }
        }
    }

    /// Ends a holder; one that has ended is passed over.
    pub(super) fn release(&mut self, id: HolderId) {
        self.set_busy(id);
        let Some(holder) = self.holders.remove(&id) else {
            return;
        };
        for group in &holder.groups {
            if let Some(network) = self.networks.get_mut(group) {
                network.holders = network.holders.saturating_sub(1);
                if network.holders == 0 {
                    self.networks.remove(group);
                }
            }
        }
    }

    fn is_at_share(&self, group: &AddressGroup) -> bool {
        let share = group.share(self.limits.per_address, self.limits.total);
        let holders = self.networks.get(group).map_or(0, |found| found.holders);
        holders >= share
    }

    /// The holder that has been idle for longest of the network with most holders for each single
    /// client. Networks without idle holders are passed over; holders without networks come last.
    pub(super) fn candidate(&self) -> Option<Candidate> {
        let candidates = self.networks.iter().filter_map(|(group, network)| {
            let (place, id) = network.idle.first_key_value()?;
            let load = network.holders.saturating_mul(LOAD_UNIT);
            let load = load / usize::try_from(group.factor()).unwrap_or(1).max(1);
            Some(((load, Reverse(*place)), *id))
        });
        let busiest = candidates.max_by_key(|(rank, _)| *rank);
        let exempt = || {
            let (_, id) = self.exempt.first_key_value()?;
            Some(Candidate { load: 0, id: *id })
        };
        busiest
            .map(|((load, _), id)| Candidate { load, id })
            .or_else(exempt)
    }

    fn tick(&mut self) -> u64 {
        let tick = self.next;
        self.next = tick.wrapping_add(1);
        tick
    }
}

impl Network {
    fn longest_idle(&self) -> Option<HolderId> {
        self.idle.first_key_value().map(|(_, id)| *id)
    }
}

#[cfg(test)]
mod tests;
