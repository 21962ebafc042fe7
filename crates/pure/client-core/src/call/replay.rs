//! Protection against replayed messages: the counters of received messages.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use anteroom_protocol::{DemuxId, EraId, RoomId, redacted_debug};
use parking_lot::Mutex;

use super::replay_store::{EraMark, ReceivedCounters, ReplayStore, ReplayStoreError};

/// The maximum number of eras whose counters are held. A client that joins more drops the eras that it used
/// least recently.
const MAX_ERAS: usize = 64;
/// The maximum number of senders of one era whose counters are held. An era has no more devices.
const MAX_SENDERS: usize = 65_536;

/// The highest counter received from each sender of an era. Clones share the counters.
#[derive(Clone, Debug, Default)]
pub struct SenderCounters(Arc<Mutex<HashMap<DemuxId, u64>>>);

impl SenderCounters {
    fn with(counters: ReceivedCounters) -> Self {
        Self(Arc::new(Mutex::new(counters.into_iter().collect())))
    }

    fn snapshot(&self) -> ReceivedCounters {
        let counters = self.0.lock();
        counters
            .iter()
            .map(|(id, counter)| (*id, *counter))
            .collect()
    }

    /// Returns whether clones of these counters exist.
    fn are_in_use(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }

    /// Records the counter of an authenticated message. Returns whether it is higher than all earlier ones of
    /// the sender.
    pub(super) fn advance(&self, sender: DemuxId, counter: u64) -> bool {
        let mut counters = self.0.lock();
        if !counters.contains_key(&sender) && counters.len() >= MAX_SENDERS {
            return false;
        }
        let last = counters.entry(sender).or_default();
        let is_later = counter > *last;
        *last = counter.max(*last);
        is_later
    }
}

/// The counters of the eras that a client has joined, over its consecutive sessions. Concurrent sessions in
/// one era have separate counters, since each of them receives every message. Clones share the state.
#[derive(Clone, Default)]
pub struct ReplayMemory {
    eras: Arc<Mutex<VecDeque<EraCounters>>>,
    store: Option<Arc<dyn ReplayStore>>,
}

struct EraCounters {
    room: RoomId,
    era: EraId,
    counters: SenderCounters,
}

impl ReplayMemory {
    /// Creates a memory with a store that outlives the process.
    #[must_use]
    pub fn with_store(store: Arc<dyn ReplayStore>) -> Self {
        Self {
            eras: Arc::default(),
            store: Some(store),
        }
    }

    /// Returns the counters of an era of a room: those of earlier sessions, from this process or from the
    /// store; new ones if there are none. While a session in the era is running, another one gets counters of
    /// its own, which start from the store's and are not held for later sessions of this process.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn of(&self, room: RoomId, era: EraId) -> Result<SenderCounters, ReplayStoreError> {
        let mut eras = self.eras.lock();
        let known = eras
            .iter()
            .position(|known| known.era == era && known.room == room);
        let remembered = match known.and_then(|index| eras.remove(index)) {
            Some(remembered) => remembered,
            None => EraCounters {
                room,
                era,
                counters: self.stored(room, era)?,
            },
        };
        let counters = if remembered.counters.are_in_use() {
            self.stored(room, era)?
        } else {
            remembered.counters.clone()
        };
        eras.push_back(remembered);
        if eras.len() > MAX_ERAS {
            eras.pop_front();
        }
        Ok(counters)
    }

    /// Returns the write of counters to the store, if there is one. It may block.
    #[must_use]
    pub fn write(
        &self,
        room: RoomId,
        era: EraId,
        counters: &SenderCounters,
    ) -> Option<impl FnOnce() + Send + use<>> {
        let store = Arc::clone(self.store.as_ref()?);
        let (mark, counters) = (EraMark::of(&room, era), counters.snapshot());
        Some(move || store.raise(&mark, &counters))
    }

    fn stored(&self, room: RoomId, era: EraId) -> Result<SenderCounters, ReplayStoreError> {
        let stored = self.store.as_ref();
        let counters = stored.map(|store| store.load(&EraMark::of(&room, era)));
        Ok(SenderCounters::with(
            counters.transpose()?.unwrap_or_default(),
        ))
    }
}

redacted_debug!(ReplayMemory);

#[cfg(test)]
mod tests {
    use anteroom_protocol::RootKey;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    use super::*;

    #[test]
    fn stays_at_the_same_time_hear_every_message_and_the_next_one_what_is_new() {
        let mut rng = ChaCha20Rng::seed_from_u64(4);
        let room = RootKey::generate_v0(&mut rng).room_id();
        let (era, sender) = (EraId::from_bytes([1; 16]), DemuxId::new(16).unwrap());
        let memory = ReplayMemory::default();
        let (first, second) = (memory.of(room, era).unwrap(), memory.of(room, era).unwrap());
        assert!(first.advance(sender, 5));
        assert!(second.advance(sender, 5));
        drop((first, second));
        let next = memory.of(room, era).unwrap();
        assert!(!next.advance(sender, 5));
        assert!(next.advance(sender, 6));
    }

    #[test]
    fn an_era_of_a_room_keeps_its_counters_until_others_push_it_out() {
        let mut rng = ChaCha20Rng::seed_from_u64(3);
        let mut room = || RootKey::generate_v0(&mut rng).room_id();
        let (one, two) = (room(), room());
        let sender = DemuxId::new(16).unwrap();
        let memory = ReplayMemory::default();
        let era = |number: usize| EraId::from_bytes([u8::try_from(number).unwrap(); 16]);
        assert!(memory.of(one, era(0)).unwrap().advance(sender, 5));
        assert!(!memory.of(one, era(0)).unwrap().advance(sender, 5));
        assert!(memory.of(two, era(0)).unwrap().advance(sender, 5));
        assert!(memory.of(one, era(1)).unwrap().advance(sender, 5));
        for number in 2..=MAX_ERAS {
            memory.of(one, era(number)).unwrap();
        }
        assert!(memory.of(one, era(0)).unwrap().advance(sender, 5));
    }
}
