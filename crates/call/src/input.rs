//! What happens to a call.

use core::fmt;
use std::sync::Arc;

use rand_core::CryptoRng;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{
    ConnectionId, DemuxId, Hello, LinkState, MAX_RELAY_BODY, OpaqueUserId, ResumeSecret, Role,
};

/// Something that happens to a call.
#[derive(Debug)]
pub enum Input {
    /// A client whose presentation and passkey have been checked wants in.
    Join(Join),
    /// A client that has joined says something.
    Command {
        /// Its connection.
        connection: ConnectionId,
        /// What it says.
        command: Command,
    },
    /// A connection broke. One that the call has closed itself need not be told, but may.
    Disconnected {
        /// The connection.
        connection: ConnectionId,
    },
    /// The link was changed. Once the era has started its restrictions are not looked at: they
    /// cannot change while a call is on. Before, other restrictions send away who waits.
    LinkChanged(LinkState),
    /// The users approved for the link, in place of those known before. Not looked at once the era
    /// has started: from then on approvals come from the call.
    ApprovedUsers(Vec<OpaqueUserId>),
    /// The node can no longer hold the call: everybody is sent away.
    End,
    /// A holder of the passkey ends the call from outside: everybody is sent away, and is not to
    /// come back by itself.
    Dismiss,
    /// Changes of the roster have not reached a connection: it is told the whole.
    RosterMissed {
        /// The connection.
        connection: ConnectionId,
    },
    /// Nothing but time has passed.
    TimePassed,
}

/// A client that wants in.
#[derive(Debug)]
pub struct Join {
    /// Its connection, which has not joined yet.
    pub connection: ConnectionId,
    /// The user that its presentation has proven.
    pub user: OpaqueUserId,
    /// Whether it has shown the right passkey.
    pub role: Role,
    /// The secret of the place it had, if it says so.
    pub resume: Option<ResumeSecret>,
    /// How it is to be told of changes.
    pub roster: RosterForm,
    /// What it says of itself. Not looked at if it resumes a place.
    pub hello: Option<Hello>,
    /// Fresh random values.
    pub randomness: JoinRandomness,
}

/// How a client is told that the roster has changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RosterForm {
    /// By the whole roster.
    #[default]
    Whole,
    /// By the changes.
    Changes,
}

/// The random values of one join: 48 single-use bytes. Redacted in `Debug`, wiped on drop.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct JoinRandomness {
    demux_ids: [u32; 4],
    resume: [u8; 32],
}

impl JoinRandomness {
    /// From a generator, which above this layer is the operating system's.
    pub fn random<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
        let mut resume = [0; 32];
        rng.fill_bytes(&mut resume);
        Self {
            demux_ids: [(); 4].map(|()| rng.next_u32()),
            resume,
        }
    }

    /// From given values: the candidates for the demux id, in order of preference, and the bytes of
    /// the resume secret.
    #[must_use]
    pub const fn from_parts(demux_ids: [u32; 4], resume: [u8; 32]) -> Self {
        Self { demux_ids, resume }
    }

    /// Candidates for the demux id. That all four are taken happens to one join in 10^20.
    pub(crate) fn demux_ids(&self) -> impl Iterator<Item = DemuxId> {
        self.demux_ids
            .iter()
            .filter_map(|bits| DemuxId::from_random_bits(*bits))
    }

    pub(crate) fn resume_secret(&self) -> ResumeSecret {
        ResumeSecret::from_bytes(self.resume)
    }
}

impl fmt::Debug for JoinRandomness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JoinRandomness(..)")
    }
}

/// What a client says once it has joined. Each one shows that its connection lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// It goes.
    Leave,
    /// It raises or lowers its hand.
    RaiseHand {
        /// Whether the hand is up.
        raised: bool,
    },
    /// It sends something to others.
    Relay {
        /// To whom.
        to: RelayTarget,
        /// What.
        body: RelayBody,
    },
    /// An admin lets a pending device in.
    Approve(DemuxId),
    /// An admin refuses a pending device.
    Deny(DemuxId),
    /// An admin sends an active device away.
    Remove(DemuxId),
    /// An admin sends a user away for the rest of the era.
    Block(DemuxId),
    /// It asks for the whole roster.
    Participants,
    /// It is there.
    Ping,
}

/// To whom a relay goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelayTarget {
    /// All active devices but the sender.
    All,
    /// One active device.
    One(DemuxId),
}

/// What a relay carries: opaque bytes, encrypted from end to end. Cheap to clone.
///
/// Never to be stored or logged; `Debug` shows the length.
#[derive(Clone, PartialEq, Eq)]
pub struct RelayBody(Arc<[u8]>);

impl RelayBody {
    /// Checks the length.
    ///
    /// # Errors
    /// More than [`MAX_RELAY_BODY`] bytes.
    pub fn new(body: impl Into<Arc<[u8]>>) -> Result<Self, BodyTooLarge> {
        let body = body.into();
        if body.len() > MAX_RELAY_BODY {
            return Err(BodyTooLarge);
        }
        Ok(Self(body))
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for RelayBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RelayBody({} bytes)", self.0.len())
    }
}

/// A relay body of more than [`MAX_RELAY_BODY`] bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body is too large")]
pub struct BodyTooLarge;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relay_body_is_at_most_64_kib() {
        assert!(RelayBody::new(vec![0; 65_536]).is_ok());
        assert_eq!(RelayBody::new(vec![0; 65_537]), Err(BodyTooLarge));
    }

    #[test]
    fn nothing_of_a_body_or_of_random_values_is_in_debug() {
        let body = RelayBody::new(*b"hello").unwrap();
        assert_eq!(format!("{body:?}"), "RelayBody(5 bytes)");
        let randomness = JoinRandomness::from_parts([16; 4], [7; 32]);
        assert_eq!(format!("{randomness:?}"), "JoinRandomness(..)");
    }
}
