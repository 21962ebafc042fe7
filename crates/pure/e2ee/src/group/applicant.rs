//! A device that asks to be added to a group.

use anteroom_protocol::{DAY, Timestamp, redacted_debug};
use openmls::prelude::{KeyPackage, KeyPackageIn, MlsMessageBodyIn, MlsMessageIn, ProtocolVersion};
use openmls_traits::OpenMlsProvider as _;
use tls_codec::{DeserializeBytes as _, Serialize as _, VLBytes};

use super::{
    crypto::CIPHERSUITE, error::GroupFailure, handshake::HandshakeKind, leaf::MemberLeaf,
    link::GroupLink, provider::Provider, storage::Storage,
};

/// The time for which a key package is valid at the least, before and after it is used.
const MARGIN: u64 = DAY / 2;

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
    /// No holder of the link sealed it, or it is none: cipher suite, signatures, lifetime, capabilities and
    /// claims.
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
        if key_package.ciphersuite() != CIPHERSUITE {
            return Err(GroupFailure::KeyPackage);
        }
        let leaf = MemberLeaf::parse(key_package.leaf_node());
        let leaf = leaf.map_err(|_| GroupFailure::KeyPackage)?;
        Ok(Self { key_package, leaf })
    }

    /// Returns whether the key package is valid for long enough, before and after `now`, that no member whose
    /// clock is half a day wrong refuses a commit with it.
    #[must_use]
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        let lifetime = self.key_package.life_time();
        lifetime.not_before() <= now.minus(MARGIN).as_secs()
            && lifetime.not_after() >= now.plus(MARGIN).as_secs()
    }

    /// Returns whether MLS refuses to add both devices in one commit, since they have a key in common.
    #[must_use]
    pub fn shares_key(&self, other: &Self) -> bool {
        let keys = self.keys();
        other.keys().iter().any(|key| keys.contains(key))
    }

    /// Returns the public keys of the package that no other one has.
    pub(super) fn keys(&self) -> [Vec<u8>; 2] {
        let encryption_key = self.key_package.leaf_node().encryption_key();
        let encoded = encryption_key.tls_serialize_detached().unwrap_or_default();
        let encryption_key = VLBytes::tls_deserialize_exact_bytes(&encoded);
        let encryption_key = encryption_key.map(Vec::from).unwrap_or_default();
        [
            encryption_key,
            self.key_package.hpke_init_key().as_slice().to_vec(),
        ]
    }

    /// Returns the claims of the device.
    #[must_use]
    pub const fn leaf(&self) -> &MemberLeaf {
        &self.leaf
    }
}
