//! News about members who fall silent, or are heard again.

/// The members whose confirmation has changed, by their keys, until that is told.
#[derive(Default)]
pub(super) struct SilenceNews {
    pub(super) silent: Vec<[u8; 32]>,
    pub(super) heard: Vec<[u8; 32]>,
}

impl SilenceNews {
    /// Adds a change of a member.
    pub(super) fn add(&mut self, key: [u8; 32], is_confirmed: bool) {
        let (new, other) = match is_confirmed {
            true => (&mut self.heard, &mut self.silent),
            false => (&mut self.silent, &mut self.heard),
        };
        let number = other.len();
        other.retain(|known| *known != key);
        // A change back takes the first one with it.
        if other.len() == number {
            new.push(key);
        }
    }
}
