//! The keys by which the devices of a room name themselves to its members.

const LABEL: &[u8] = b"Anteroom_20261127_Presentation_MemberKey";

/// The public key of a device in one room.
///
/// The key is opaque for the services. An [auth presentation](crate::AuthPresentation) that is bound to it
/// verifies for this key alone. `Debug` shows nothing of it, because it identifies the device within its room.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MemberKey([u8; 32]);

fixed_bytes!(MemberKey[32]);
anteroom_kvac::redacted_debug!(MemberKey);

impl MemberKey {
    /// Returns the application message of a presentation: the label and the key, and nothing without a key.
    pub(crate) fn presentation_message(member: Option<&Self>) -> Vec<u8> {
        member.map_or_else(Vec::new, |member| [LABEL, &member.0].concat())
    }
}
