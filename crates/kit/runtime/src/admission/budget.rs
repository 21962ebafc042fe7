//! The state of one budget, without time and without tasks.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
};

use crate::AddressGroup;

/// The maximum numbers of holders of a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetLimits {
    /// The maximum in total.
    pub total: usize,
    /// The maximum of a single client: an IPv4 address or an IPv6 /64. [`AddressGroup::share`]
    /// gives that of wider networks. No network has more than half of the total.
    pub per_address: usize,
}

/// The reason why a budget refuses a holder. No idle holder can be evicted for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BudgetRefusal {
    /// A network of the client has its whole share.
    Address,
    /// The whole budget is in use.
    Total,
}

/// The id of a holder, in the order of admission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct HolderId(u64);

/// A holder that has been admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NewHolder {
    /// The id of the new holder.
    pub(super) id: HolderId,
    /// The holder that was evicted for it.
    pub(super) evicted: Option<HolderId>,
}

/// The holder that is evicted next, in one budget or in several that share a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    /// The load of its network: the holders for each client, in units of [`LOAD_UNIT`]; 0 for a
    /// holder without networks.
    pub(super) load: usize,
    id: HolderId,
}

/// The load of a network with one holder for each of its clients. The factors are 1, 4 and 16, so
/// that loads are integers.
const LOAD_UNIT: usize = 1_024;

/// The holders of one budget.
#[derive(Debug)]
pub(super) struct Budget {
    limits: BudgetLimits,
    /// The next id, and the next position in the order of idleness.
    next: u64,
    holders: HashMap<HolderId, Holder>,
    networks: HashMap<AddressGroup, Network>,
    /// Idle holders without networks.
    exempt: IdleOrder,
}

#[derive(Debug)]
struct Holder {
    /// The networks that the holder counts for; empty if it counts for the total only.
    groups: Vec<AddressGroup>,
    /// The holder's position in the order of idleness; `None` while it is busy.
    idle: Option<u64>,
}

#[derive(Debug, Default)]
struct Network {
    holders: usize,
    idle: IdleOrder,
}

/// The idle holders, by ascending start of their idleness.
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

    /// Admits a holder for these networks. It is busy at first.
    ///
    /// # Errors
    /// When there is no room and no idle holder.
    pub(super) fn admit(
        &mut self,
        groups: impl IntoIterator<Item = AddressGroup>,
    ) -> Result<NewHolder, BudgetRefusal> {
        let groups: Vec<AddressGroup> = groups.into_iter().collect();
        let is_full = self.holders.len() >= self.limits.total;
        // The narrowest network comes first: its holders count for the wider networks too.
        let evicted = match groups.iter().find(|group| self.is_at_share(group)) {
            Some(group) => {
                let network = self.networks.get(group);
                let idle = network.and_then(|network| network.idle.first_key_value());
                Some(*idle.ok_or(BudgetRefusal::Address)?.1)
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
        Ok(NewHolder { id, evicted })
    }

    /// Evicts the next idle holder, if there is one.
    pub(super) fn evict(&mut self) -> Option<HolderId> {
        let id = self.candidate()?.id;
        self.release(id);
        Some(id)
    }

    /// Makes a holder idle, so that it can be evicted.
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

    /// Makes a holder busy, so that it cannot be evicted.
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

    /// Removes a holder. Ignores a holder that is removed already.
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

    /// Returns the holder that has been idle for longest in the network with the most holders for
    /// each client. Ignores networks without idle holders. Holders without networks come last.
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

#[cfg(test)]
mod tests;
