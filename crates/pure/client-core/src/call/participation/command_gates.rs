//! The gates of the commands that wait: for the room service, or for the texts before them.

use super::Participation;
use crate::call::encryption::Encryption;

impl Participation {
    /// Returns whether texts wait until the device is in the group.
    #[must_use]
    pub fn has_texts(&self) -> bool {
        let encryption = self.encryption.as_ref();
        encryption.is_some_and(Encryption::has_texts)
    }

    /// Returns whether the next command that relays something ([`Command::is_relay`](crate::call::command::Command::is_relay))
    /// is to be performed now: messages and [`Self::tick`] change that. The room service drops what a user relays beyond
    /// its limits, and texts wait for a listener, or for the word that the room service has them, only beside few
    /// others. Other commands never wait: a room service that leaves out answers or refuses everything holds back no
    /// decision.
    #[must_use]
    pub fn takes_relays(&self) -> bool {
        let encryption = self.encryption.as_ref();
        self.relays.is_open()
            && !self.has_copies()
            && self.written.has_room()
            && encryption.is_none_or(Encryption::keeps_texts)
    }

    /// Returns whether the next command that lets somebody in ([`Command::lets_in`](crate::call::command::Command::lets_in)) is
    /// to be performed now: not while a text waits for a listener, which those who are let in would hear. Each text ends
    /// to wait by itself.
    #[must_use]
    pub fn takes_admissions(&self) -> bool {
        !self.has_texts()
    }

    /// Returns a number that grows with each copy that goes out, and with each answer that shows that the room service has
    /// texts: while it grows, relays that wait have not waited in vain. A room service that refuses everything, and answers
    /// all the same, lets it grow no more than once for each text and each copy.
    #[must_use]
    pub const fn progress(&self) -> u64 {
        self.progress
    }

    /// Returns whether no text waits, and the room service has shown of each that it has it.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        !self.has_texts() && !self.has_copies() && !self.written.has_written()
    }
}
