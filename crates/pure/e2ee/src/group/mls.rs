//! The names and settings that groups have in MLS, and the signer.

use anteroom_protocol::{EraId, Timestamp};
use openmls::{
    prelude::{
        CredentialType, Extension, ExtensionType, Extensions, GroupContext, GroupId, Lifetime,
        MlsGroupJoinConfig, MlsMessageIn, PURE_CIPHERTEXT_WIRE_FORMAT_POLICY, ProtocolMessage,
        RequiredCapabilitiesExtension, UnknownExtension, WireFormatPolicy,
    },
    schedule::{ExternalPsk, PreSharedKeyId, Psk},
};
use openmls_traits::{
    signatures::{Signer, SignerError},
    types::SignatureScheme,
};
use tls_codec::DeserializeBytes as _;

use super::{
    crypto::CIPHERSUITE,
    leaf::{EXTENSIONS, ROOM},
    provider::Provider,
};
use crate::{ContextError, EraPsk, MemberKey, RoomContext, keys::SigningRole as _};

/// Handshake messages are PrivateMessages.
pub(super) const WIRE_FORMAT: WireFormatPolicy = PURE_CIPHERTEXT_WIRE_FORMAT_POLICY;

/// Messages are padded to a multiple of this number of bytes.
pub(super) const PADDING: usize = 64;

/// The number of epochs before the present one whose application messages are opened.
pub const PAST_EPOCHS: usize = 2;

const DAY: u64 = anteroom_protocol::DAY;

/// Returns the id of a group: era id (16), then its number in the era (4).
pub(super) fn group_id(era: EraId, number: u32) -> GroupId {
    GroupId::from_slice(&[&era.as_bytes()[..], &number.to_be_bytes()].concat())
}

/// Returns the lifetime of key packages. openmls compares it with the system's clock, so it begins a day ago.
pub(super) fn lifetime(now: Timestamp) -> Lifetime {
    Lifetime::init(now.minus(DAY).as_secs(), now.plus(2 * DAY).as_secs())
}

pub(super) fn join_config() -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder()
        .wire_format_policy(WIRE_FORMAT)
        .padding_size(PADDING)
        .max_past_epochs(PAST_EPOCHS)
        .use_ratchet_tree_extension(true)
        .build()
}

/// Returns the extensions of a group's context: the room, and the capabilities that every leaf must have for
/// it (RFC 9420, section 11.1).
pub(super) fn context_extensions(context: &RoomContext) -> Option<Extensions<GroupContext>> {
    let room = Extension::Unknown(ROOM, UnknownExtension(context.to_bytes()));
    let required = Extension::RequiredCapabilities(required_capabilities());
    Extensions::from_vec(vec![required, room]).ok()
}

/// Reads the extensions of a group's context. There are those two and no others.
pub(super) fn context_of(
    extensions: &Extensions<GroupContext>,
) -> Result<RoomContext, ContextError> {
    let has_required = extensions.required_capabilities() == Some(&required_capabilities());
    match extensions.unknown(ROOM) {
        Some(room) if has_required && extensions.iter().count() == 2 => RoomContext::parse(&room.0),
        _ => Err(ContextError::Malformed),
    }
}

fn required_capabilities() -> RequiredCapabilitiesExtension {
    let extensions = EXTENSIONS.map(ExtensionType::Unknown);
    RequiredCapabilitiesExtension::new(&extensions, &[], &[CredentialType::Basic])
}

/// Stores the PSK of an era for a group.
pub(super) fn store_psk(psk: &EraPsk, provider: &Provider<'_>) -> bool {
    // The nonce is no part of the stored name.
    let id = PreSharedKeyId::external(EraPsk::id(psk.era()), Vec::new());
    id.store(provider, psk.as_bytes()).is_ok()
}

/// Returns the PSK of an era with a new nonce, for one commit.
pub(super) fn psk_id(era: EraId, provider: &Provider<'_>) -> Option<PreSharedKeyId> {
    use openmls_traits::OpenMlsProvider as _;
    let psk = Psk::External(ExternalPsk::new(EraPsk::id(era)));
    PreSharedKeyId::new(CIPHERSUITE, provider.rand(), psk).ok()
}

/// A member key as the signer of MLS. What it signs begins with a length and `MLS 1.0 ` (RFC 9420, section
/// 5.1.2), which no label of this crate does.
pub(super) struct MemberSigner<'k>(pub(super) &'k MemberKey);

impl Signer for MemberSigner<'_> {
    fn sign(&self, payload: &[u8]) -> Result<Vec<u8>, SignerError> {
        use ed25519_dalek::Signer as _;
        let signature = self.0.signing_key().try_sign(payload);
        let signature = signature.map_err(|_| SignerError::SigningError)?;
        Ok(signature.to_bytes().to_vec())
    }

    fn signature_scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}

/// Parses a message that is sealed for a group.
pub(super) fn parse_message(bytes: &[u8]) -> Option<ProtocolMessage> {
    let message = MlsMessageIn::tls_deserialize_exact_bytes(bytes).ok()?;
    message.try_into_protocol_message().ok()
}
