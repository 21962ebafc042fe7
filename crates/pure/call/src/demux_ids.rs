//! The demux ids that an era has assigned.

use std::collections::{BTreeSet, VecDeque};

use anteroom_protocol::DemuxId;

/// The number of ids that are recorded. An era with more joins may assign an old one again.
const REMEMBERED: usize = 65_536;

/// The ids that an era has assigned, so that none is assigned twice: messages between devices are numbered
/// per demux id, and those of a second owner would count as replays of the first owner's.
#[derive(Debug, Default)]
pub(crate) struct DemuxIds {
    assigned: BTreeSet<DemuxId>,
    order: VecDeque<DemuxId>,
}

impl DemuxIds {
    /// Assigns the first candidate that was not assigned before.
    pub(crate) fn assign(
        &mut self,
        mut candidates: impl Iterator<Item = DemuxId>,
    ) -> Option<DemuxId> {
        let id = candidates.find(|id| !self.assigned.contains(id))?;
        if self.order.len() == REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.assigned.remove(&oldest);
        }
        self.assigned.insert(id);
        self.order.push_back(id);
        Some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: usize) -> DemuxId {
        DemuxId::new(u32::try_from(number).unwrap() * 16).unwrap()
    }

    #[test]
    fn an_id_is_given_once_while_it_is_remembered() {
        let mut ids = DemuxIds::default();
        for number in 1..=REMEMBERED {
            assert_eq!(ids.assign([id(number)].into_iter()), Some(id(number)));
        }
        assert_eq!(ids.assign([id(1), id(2)].into_iter()), None);
        let next = id(REMEMBERED + 1);
        assert_eq!(ids.assign([id(1), next].into_iter()), Some(next));
        assert_eq!(ids.assign([id(2), id(1)].into_iter()), Some(id(1)));
        assert_eq!(ids.order.len(), REMEMBERED);
        assert_eq!(ids.assigned.len(), REMEMBERED);
    }
}
