//! Demux ids that are given out.

use std::collections::{BTreeSet, VecDeque};

use crate::DemuxId;

/// How many ids are remembered. An era with more joins may give an old one again.
const REMEMBERED: usize = 65_536;

/// The ids that an era has given out, so that none is given twice: what devices encrypt to each
/// other is counted per demux id, and a second owner would be taken for a replay of the first.
#[derive(Debug, Default)]
pub(crate) struct DemuxIds {
    given: BTreeSet<DemuxId>,
    order: VecDeque<DemuxId>,
}

impl DemuxIds {
    /// Gives out the first candidate that was not given before.
    pub(crate) fn give(
        &mut self,
        mut candidates: impl Iterator<Item = DemuxId>,
    ) -> Option<DemuxId> {
        let id = candidates.find(|id| !self.given.contains(id))?;
        if self.order.len() == REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.given.remove(&oldest);
        }
        self.given.insert(id);
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
            assert_eq!(ids.give([id(number)].into_iter()), Some(id(number)));
        }
        assert_eq!(ids.give([id(1), id(2)].into_iter()), None);
        let next = id(REMEMBERED + 1);
        assert_eq!(ids.give([id(1), next].into_iter()), Some(next));
        assert_eq!(ids.give([id(2), id(1)].into_iter()), Some(id(1)));
        assert_eq!(ids.order.len(), REMEMBERED);
        assert_eq!(ids.given.len(), REMEMBERED);
    }
}
