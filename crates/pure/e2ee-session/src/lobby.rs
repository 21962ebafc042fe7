//! The lobby between admins and co-admins.
//!
//! The room service shows its lobby to admins and takes decisions from them alone, by the passkey. A co-admin
//! has a member key whose signatures count, and no passkey. So an admin's device tells the co-admins who waits,
//! and passes their decisions on; both are messages of the group.

use core::fmt;

use anteroom_e2ee::{Approval, MemberPublicKey, SignedStatement};
use anteroom_protocol::{DemuxId, OpaqueUserId, printable_name};

/// The maximum number of waiting devices that one message tells.
pub const MAX_WAITING: usize = 64;

/// A device in the lobby, by the word of an admin's device.
#[derive(Clone, PartialEq, Eq)]
pub struct WaitingDevice {
    /// The device.
    pub demux_id: DemuxId,
    /// The user.
    pub user: OpaqueUserId,
    /// The member key that the device and the room service state alike.
    pub member_key: MemberPublicKey,
    /// Whether the user has a guest account.
    pub is_guest: bool,
    /// The name in its hello.
    pub name: Option<String>,
}

/// The decision of a co-admin about a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoAdminDecision {
    /// The device.
    pub device: DemuxId,
    /// The member key of the device: another device under its number is not meant.
    pub member_key: MemberPublicKey,
    /// The verdict.
    pub verdict: Verdict,
}

/// The verdict of a co-admin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Let it in, with this approval.
    Admit(Box<SignedStatement<Approval>>),
    /// Do not let it in.
    Deny,
    /// Send the device away.
    Remove,
    /// Send the user away.
    Block,
}

impl fmt::Debug for WaitingDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WaitingDevice({:?})", self.demux_id)
    }
}

impl WaitingDevice {
    /// Appends the bytes: demux id (4), member key (32), whether it is a guest (1), length of the user's id (1),
    /// its digits, length of the name (1), the name in UTF-8.
    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.demux_id.number().to_be_bytes());
        bytes.extend_from_slice(self.member_key.as_bytes());
        bytes.push(u8::from(self.is_guest));
        push_short(bytes, self.user.as_str().as_bytes());
        push_short(bytes, self.name.as_deref().unwrap_or_default().as_bytes());
    }

    /// Reads a device, and returns it with the rest of the bytes.
    pub(crate) fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (demux_id, rest) = read_demux(bytes)?;
        let (member_key, rest) = read_key(rest)?;
        let (is_guest, rest) = match rest.split_first()? {
            (0, rest) => (false, rest),
            (1, rest) => (true, rest),
            _ => return None,
        };
        let (user, rest) = read_short(rest)?;
        let (name, rest) = read_short(rest)?;
        let device = Self {
            demux_id,
            user: OpaqueUserId::parse(core::str::from_utf8(user).ok()?).ok()?,
            member_key,
            is_guest,
            name: printable_name(core::str::from_utf8(name).ok()?),
        };
        Some((device, rest))
    }
}

impl CoAdminDecision {
    /// Appends the bytes: demux id (4), member key (32), verdict (1), and the approval of an admission.
    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.device.number().to_be_bytes());
        bytes.extend_from_slice(self.member_key.as_bytes());
        match &self.verdict {
            Verdict::Admit(approval) => {
                bytes.push(1);
                bytes.extend_from_slice(approval.as_bytes());
            }
            Verdict::Deny => bytes.push(2),
            Verdict::Remove => bytes.push(3),
            Verdict::Block => bytes.push(4),
        }
    }

    /// Reads a decision. The approval is not verified.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let (device, rest) = read_demux(bytes)?;
        let (member_key, rest) = read_key(rest)?;
        let verdict = match rest.split_first()? {
            (1, approval) => Verdict::Admit(Box::new(SignedStatement::parse(approval).ok()?)),
            (2, []) => Verdict::Deny,
            (3, []) => Verdict::Remove,
            (4, []) => Verdict::Block,
            _ => return None,
        };
        Some(Self {
            device,
            member_key,
            verdict,
        })
    }
}

/// Appends a text of at most 255 bytes with its length before it; a longer one as an empty one.
fn push_short(bytes: &mut Vec<u8>, text: &[u8]) {
    let (length, text) = match u8::try_from(text.len()) {
        Ok(length) => (length, text),
        Err(_) => (0, &[][..]),
    };
    bytes.push(length);
    bytes.extend_from_slice(text);
}

fn read_short(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first()?;
    rest.split_at_checked(usize::from(*length))
}

fn read_demux(bytes: &[u8]) -> Option<(DemuxId, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<4>()?;
    Some((DemuxId::new(u32::from_be_bytes(*number))?, rest))
}

fn read_key(bytes: &[u8]) -> Option<(MemberPublicKey, &[u8])> {
    let (key, rest) = bytes.split_first_chunk::<32>()?;
    Some((MemberPublicKey::from_bytes(key).ok()?, rest))
}
