//! What was received, so that it is not received again.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use anteroom_protocol::RoomId;
use tokio::task::spawn_blocking;

use super::{DemuxId, EraId, EraMark, ReceivedCounters, ReplayStore, ReplayStoreError};

/// Eras whose counters are remembered: a client that is in more calls forgets the oldest.
const MAX_ERAS: usize = 64;
/// Senders of one era whose counters are remembered; an era has no more devices.
const MAX_SENDERS: usize = 65_536;

/// The highest counter of each sender of an era. Clones are the same counters.
#[derive(Clone, Debug, Default)]
pub struct SenderCounters(Arc<Mutex<HashMap<DemuxId, u64>>>);

impl SenderCounters {
    fn with(counters: ReceivedCounters) -> Self {
        Self(Arc::new(Mutex::new(counters.into_iter().collect())))
    }

    fn snapshot(&self) -> ReceivedCounters {
        let counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counters
            .iter()
            .map(|(sender, counter)| (*sender, *counter))
            .collect()
    }

    /// Whether there are clones of these.
    fn are_in_use(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }

    /// Notes a genuine message; says whether it is later than all before it.
    pub(super) fn advance(&self, sender: DemuxId, counter: u64) -> bool {
        let mut counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !counters.contains_key(&sender) && counters.len() >= MAX_SENDERS {
            return false;
        }
        let last = counters.entry(sender).or_default();
        let is_later = counter > *last;
        *last = counter.max(*last);
        is_later
    }
}

/// The counters of the eras that a client has been in, over all its stays, one after the other. Stays
/// at the same time have counters of their own: each of them hears every message. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct ReplayMemory {
    eras: Arc<Mutex<VecDeque<RememberedEra>>>,
    store: Option<Arc<dyn ReplayStore>>,
}

struct RememberedEra {
    room: RoomId,
    era: EraId,
    counters: SenderCounters,
}

impl ReplayMemory {
    /// The memory of a store that outlives the process.
    pub(crate) fn with_store(store: Arc<dyn ReplayStore>) -> Self {
        Self {
            eras: Arc::default(),
            store: Some(store),
        }
    }

    /// The counters of an era of a room: those of the stays before, in this process or by the store,
    /// if there were any. While a stay of this process goes on, another one begins with counters of
    /// its own, which this process does not remember.
    ///
    /// # Errors
    /// The store cannot be read.
    fn of(&self, room: RoomId, era: EraId) -> Result<SenderCounters, ReplayStoreError> {
        let mut eras = self.eras.lock().unwrap_or_else(PoisonError::into_inner);
        let known = eras
            .iter()
            .position(|known| known.era == era && known.room == room);
        let remembered = match known.and_then(|index| eras.remove(index)) {
            Some(remembered) => remembered,
            None => RememberedEra {
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

    /// As [`Self::of`], on a thread that may block.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn read(
        &self,
        room: RoomId,
        era: EraId,
    ) -> Result<SenderCounters, ReplayStoreError> {
        let memory = self.clone();
        let read = spawn_blocking(move || memory.of(room, era)).await;
        read.unwrap_or_else(|_| Err(ReplayStoreError::new("reading it was broken off")))
    }

    /// The write of counters to the store, if there is one. It may block.
    pub(crate) fn write(
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

impl fmt::Debug for ReplayMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReplayMemory(..)")
    }
}

#[cfg(test)]
mod tests {
    use anteroom_protocol::RootKey;
    use anteroom_service::Entropy as _;
    use anteroom_testkit::SeededEntropy;

    use super::*;

    #[test]
    fn stays_at_the_same_time_hear_every_message_and_the_next_one_what_is_new() {
        let mut rng = SeededEntropy::new(4).rng();
        let room = RootKey::generate_v0(&mut *rng).room_id();
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
        let mut rng = SeededEntropy::new(3).rng();
        let mut room = || RootKey::generate_v0(&mut *rng).room_id();
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
