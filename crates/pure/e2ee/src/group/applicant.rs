//! A device that asks to be added to a group.

use anteroom_protocol::redacted_debug;
use openmls::prelude::{KeyPackage, KeyPackageIn, MlsMessageBodyIn, MlsMessageIn, ProtocolVersion};
use openmls_traits::OpenMlsProvider as _;
use tls_codec::DeserializeBytes as _;

use super::{
    error::GroupFailure,
    handshake::HandshakeKind,
    leaf::MemberLeaf,
    link::GroupLink,
    provider::{Provider, Storage},
};

/// A device that asks to be added, with its key package.
#[derive(Clone)]
pub struct Applicant {
    pub(super) key_package: KeyPackage,
    leaf: MemberLeaf,
}

redacted_debug!(Applicant);

impl Applicant {
    /// Opens and verifies a sealed key package.
    ///
    /// # Errors
    /// No holder of the link sealed it, or it is none: signatures, lifetime, capabilities and claims.
    pub fn open(link: &GroupLink, sealed: &[u8]) -> Result<Self, GroupFailure> {
        let opened = link.handshake.open(HandshakeKind::KeyPackage, None, sealed);
        let opened = opened.map_err(|_| GroupFailure::KeyPackage)?;
        let message = MlsMessageIn::tls_deserialize_exact_bytes(&opened);
        let package: KeyPackageIn = match message.map_err(|_| GroupFailure::KeyPackage)?.extract() {
            MlsMessageBodyIn::KeyPackage(package) => package,
            _ => return Err(GroupFailure::KeyPackage),
        };
        let storage = Storage::default();
        let provider = Provider::without_rng(&storage);
        let key_package = package
            .validate(provider.crypto(), ProtocolVersion::Mls10)
            .map_err(|_| GroupFailure::KeyPackage)?;
        let leaf = MemberLeaf::parse(key_package.leaf_node());
        let leaf = leaf.map_err(|_| GroupFailure::KeyPackage)?;
        Ok(Self { key_package, leaf })
    }

    /// Returns the claims of the device.
    #[must_use]
    pub const fn leaf(&self) -> &MemberLeaf {
        &self.leaf
    }
}
