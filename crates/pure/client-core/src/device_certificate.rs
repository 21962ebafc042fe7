//! The certificate of this device.

use anteroom_e2ee::{
    CertificateChain, CertificateError, CertificatePublicKey, DeviceSecret, IdentityKey,
    MemberPublicKey, SignedCertificate,
};
use anteroom_protocol::{Aci, DAY, ParamsId, RoomId, Timestamp, redacted_debug};

/// The issuer's certificate of this device, verified, with the identity key that it names. It tells the
/// members of a call whose device this is.
#[derive(Clone)]
pub struct DeviceCertificate {
    pub(crate) identity: IdentityKey,
    pub(crate) certificate: SignedCertificate,
    /// The id of the params it was issued under.
    pub(crate) params: ParamsId,
    /// The midnight at which its last day begins.
    pub(crate) last_day: Timestamp,
}

redacted_debug!(DeviceCertificate);

impl DeviceCertificate {
    /// Verifies a certificate in the way in which members of a call will: with a signature of the identity
    /// key, over a room and a member key that are nobody's.
    ///
    /// # Errors
    /// Members would refuse the certificate.
    pub(crate) fn verified(
        certificate: SignedCertificate,
        identity: &IdentityKey,
        (params, key): (ParamsId, &CertificatePublicKey),
        account: &Aci,
        now: Timestamp,
    ) -> Result<Self, CertificateError> {
        let room = RoomId::from_bytes([0; 32]);
        let member_key = DeviceSecret::from_bytes([0; 32]).member_key(&room).public();
        let chain = certificate.present(identity, &room, &member_key);
        let last_day = chain
            .verify(key, account, &room, &member_key, now)?
            .last_day;
        Ok(Self {
            identity: identity.clone(),
            certificate,
            params,
            last_day,
        })
    }

    /// Returns the certificate.
    #[must_use]
    pub const fn certificate(&self) -> &SignedCertificate {
        &self.certificate
    }

    /// Returns the identity key, which signs the member keys of this device.
    #[must_use]
    pub const fn identity(&self) -> &IdentityKey {
        &self.identity
    }

    /// Returns the midnight UTC at which the last day of the certificate begins.
    #[must_use]
    pub const fn last_day(&self) -> Timestamp {
        self.last_day
    }

    /// Ties a member key of this device to the account, for the members of a room.
    #[must_use]
    pub fn present(&self, room: &RoomId, member_key: &MemberPublicKey) -> CertificateChain {
        self.certificate.present(&self.identity, room, member_key)
    }

    /// Returns whether the certificate holds at `now`.
    pub(crate) fn is_good(&self, now: Timestamp) -> bool {
        now < self.last_day.plus(DAY)
    }
}
