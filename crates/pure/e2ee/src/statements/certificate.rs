//! Certificates: the issuer's word that a device belongs to an account, and the device's word that a member
//! key is its own.

use anteroom_protocol::{Aci, DAY, ParseError, RoomId, Timestamp, VerifyError, redacted_debug};

use crate::{
    CertificateKey, CertificatePublicKey, IdentityKey, IdentityPublicKey, MemberPublicKey,
    encoding::{Reader, Writer},
    keys::{SignatureBytes, SigningRole as _, VerifyingRole as _},
    labels,
};

const VERSION: u8 = 1;

/// The content of a certificate.
///
/// Encoding: `01 || account id (16) || guest: 00 or 01 || identity key (32) || last day (8)`.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The account.
    pub account: Aci,
    /// Whether the account is a guest's.
    pub is_guest: bool,
    /// The key of the device's identity.
    pub identity_key: IdentityPublicKey,
    /// The midnight UTC at which the last day of the certificate begins.
    pub last_day: Timestamp,
}

redacted_debug!(Certificate);

impl Certificate {
    const LENGTH: usize = 1 + 16 + 1 + 32 + 8;

    /// Signs the certificate with the issuer's key.
    #[must_use]
    pub fn sign(&self, issuer: &CertificateKey) -> SignedCertificate {
        let signature = issuer.sign(labels::CERTIFICATE, &self.to_bytes());
        SignedCertificate {
            certificate: self.clone(),
            signature,
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.u8(VERSION);
        writer.fixed(self.account.as_bytes());
        writer.u8(u8::from(self.is_guest));
        writer.fixed(self.identity_key.as_bytes());
        writer.time(self.last_day);
        writer.finish()
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        reader.expect(VERSION)?;
        let account = Aci::from_bytes(reader.fixed()?);
        let is_guest = reader.flag()?;
        let identity_key = IdentityPublicKey::from_certificate(reader.fixed()?);
        let last_day = reader.time()?;
        if !last_day.is_day_aligned() {
            return Err(ParseError);
        }
        Ok(Self {
            account,
            is_guest,
            identity_key,
            last_day,
        })
    }
}

/// A certificate with the issuer's signature, as a device receives it.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedCertificate {
    certificate: Certificate,
    signature: SignatureBytes,
}

redacted_debug!(SignedCertificate);

impl SignedCertificate {
    /// The length in bytes.
    pub const LENGTH: usize = Certificate::LENGTH + 64;

    /// Parses certificate and signature. The signature is not verified.
    ///
    /// # Errors
    /// The bytes have another form.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new(bytes);
        let signed = Self::read(&mut reader)?;
        reader.finish()?;
        Ok(signed)
    }

    /// Returns the content. The signature may not be verified.
    #[must_use]
    pub const fn content(&self) -> &Certificate {
        &self.certificate
    }

    /// Returns the bytes: certificate, then the issuer's signature (64).
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        [&self.certificate.to_bytes()[..], &self.signature].concat()
    }

    /// Adds the signature of the device's identity key over room id and member key.
    #[must_use]
    pub fn present(
        &self,
        identity: &IdentityKey,
        room: &RoomId,
        member_key: &MemberPublicKey,
    ) -> CertificateChain {
        let message = identity_message(room, member_key);
        CertificateChain {
            certificate: self.clone(),
            signature: identity.sign(labels::IDENTITY, &message),
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        Ok(Self {
            certificate: Certificate::read(reader)?,
            signature: reader.signature()?,
        })
    }
}

/// The chain from the issuer's key to a member key, as it stands in a leaf.
#[derive(Clone, PartialEq, Eq)]
pub struct CertificateChain {
    certificate: SignedCertificate,
    signature: SignatureBytes,
}

redacted_debug!(CertificateChain);

impl CertificateChain {
    /// The length in bytes.
    pub const LENGTH: usize = SignedCertificate::LENGTH + 64;

    /// Parses a chain. The signatures are not verified.
    ///
    /// # Errors
    /// The bytes have another form.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new(bytes);
        let certificate = SignedCertificate::read(&mut reader)?;
        let signature = reader.signature()?;
        reader.finish()?;
        Ok(Self {
            certificate,
            signature,
        })
    }

    /// Returns the bytes: certificate, issuer's signature (64), signature of the identity key (64).
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.certificate.to_bytes();
        bytes.extend(self.signature);
        bytes
    }

    /// Verifies the chain: the issuer vouches for the account's device until the end of the last day, and the
    /// device for the member key in the room.
    ///
    /// # Errors
    /// [`CertificateError`], in the order of its variants.
    pub fn verify(
        &self,
        issuer: &CertificatePublicKey,
        account: &Aci,
        room: &RoomId,
        member_key: &MemberPublicKey,
        now: Timestamp,
    ) -> Result<&Certificate, CertificateError> {
        let SignedCertificate {
            certificate,
            signature,
        } = &self.certificate;
        issuer
            .verify(labels::CERTIFICATE, &certificate.to_bytes(), signature)
            .map_err(|VerifyError| CertificateError::Issuer)?;
        let message = identity_message(room, member_key);
        certificate
            .identity_key
            .verify(labels::IDENTITY, &message, &self.signature)
            .map_err(|VerifyError| CertificateError::Device)?;
        if certificate.account != *account {
            return Err(CertificateError::Account);
        }
        if now >= certificate.last_day.plus(DAY) {
            return Err(CertificateError::Expired);
        }
        Ok(certificate)
    }
}

fn identity_message(room: &RoomId, member_key: &MemberPublicKey) -> Vec<u8> {
    [&room.as_bytes()[..], member_key.as_bytes()].concat()
}

/// The reason for which a certificate shows nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// The issuer did not sign it.
    #[error("the issuer did not sign it")]
    Issuer,
    /// The device did not sign the room and the member key.
    #[error("the device did not sign it for this room")]
    Device,
    /// It is of another account.
    #[error("it is of another account")]
    Account,
    /// Its last day is over.
    #[error("its last day is over")]
    Expired,
}
