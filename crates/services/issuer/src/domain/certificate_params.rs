//! The key of certificates as server params.

use anteroom_e2ee::{Certificate, CertificateKey, IdentityPublicKey, SignedCertificate};
use anteroom_protocol::{ParamsId, ParseError, Timestamp, redacted_debug};
use anteroom_store::{Account, AccountKind};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

/// The key with which an issuer signs the certificates of devices, as server params.
///
/// The secret params are the 32 bytes of the key's seed, the public params the 32 bytes of the Ed25519 public
/// key (RFC 8032).
#[derive(Clone)]
pub struct CertificateParams(CertificateKey);

redacted_debug!(CertificateParams);

impl CertificateParams {
    /// Draws a key.
    pub fn random(rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        Self(CertificateKey::random(rng))
    }

    /// Parses the secret params.
    ///
    /// # Errors
    /// They are not 32 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ParseError> {
        let seed = bytes.try_into().map_err(|_| ParseError)?;
        Ok(Self(CertificateKey::from_seed(seed)))
    }

    /// Returns the secret params.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.seed().to_vec())
    }

    /// Returns the public params.
    #[must_use]
    pub fn public_params(&self) -> Vec<u8> {
        self.0.public().as_bytes().to_vec()
    }

    /// Returns the id of the public params.
    #[must_use]
    pub fn id(&self) -> ParamsId {
        ParamsId::of(&self.public_params())
    }

    /// Certifies that the device with an identity key belongs to an account, until the end of the last day.
    pub(crate) fn issue(
        &self,
        account: &Account,
        identity_key: IdentityPublicKey,
        last_day: Timestamp,
    ) -> SignedCertificate {
        let certificate = Certificate {
            account: account.aci,
            is_guest: account.kind == AccountKind::Guest,
            identity_key,
            last_day,
        };
        certificate.sign(&self.0)
    }
}
