//! The identity of a device that takes part in the end-to-end encryption of calls.

use anteroom_e2ee::{
    AdminKey, AdminPublicKey, Admission, Approval, CertificateChain, CertificatePublicKey,
    DeviceSecret, MemberKey, MemberPublicKey, Policy, SignedStatement, Signer,
};
use anteroom_e2ee_session::SessionOptions;
use anteroom_protocol::{Aci, CallLink, OpaqueUserId, RoomId, RootKey, Timestamp, redacted_debug};

use crate::{AdminRights, DeviceCertificate, Error, RoomStatements};

/// The maximum number of a user's devices in a group where the room service tells none.
const USER_DEVICES: usize = 5;

/// The maximum number whatever the room service tells: one user fills no group.
const MAX_USER_DEVICES: usize = 64;

/// Returns the maximum number of a user's devices in a group, from that of the room service for the call.
pub(super) fn user_devices(told: Option<u32>) -> usize {
    let told = told.map(|told| usize::try_from(told).unwrap_or(usize::MAX));
    told.unwrap_or(USER_DEVICES).clamp(1, MAX_USER_DEVICES)
}

/// The identity of a device in the room of a link, with which it takes part in the end-to-end encryption of
/// the room's calls.
#[derive(Clone)]
pub struct CallMember {
    room: RoomId,
    key: MemberKey,
    admin: Option<AdminPublicKey>,
    admin_key: Option<AdminKey>,
    admission: Admission,
    /// The approvals of so late a time that members do not add by them yet.
    late_approvals: Vec<SignedStatement<Approval>>,
    policy: Option<SignedStatement<Policy>>,
    certificate: Option<CertificateChain>,
    certificate_keys: Vec<CertificatePublicKey>,
}

redacted_debug!(CallMember);

impl CallMember {
    /// Creates the identity of a device.
    ///
    /// # Errors
    /// [`Error::LinkAdmin`] if the link's admin key is none.
    pub fn new(device: &DeviceSecret, link: &CallLink) -> Result<Self, Error> {
        let admin = link.admin.as_ref();
        let admin = admin.map(|named| AdminPublicKey::from_bytes(named.as_bytes()));
        let room = link.root_key.room_id();
        Ok(Self {
            room,
            key: device.member_key(&room),
            admin: admin.transpose().map_err(|_| Error::LinkAdmin)?,
            admin_key: None,
            admission: Admission::None,
            late_approvals: Vec::new(),
            policy: None,
            certificate: None,
            certificate_keys: Vec::new(),
        })
    }

    /// Adds the rights of an admin, who signs if the link names the admin key.
    #[must_use]
    pub fn with_rights(self, rights: &AdminRights) -> Self {
        let admin_key = rights.admin_key(&self.room);
        Self { admin_key, ..self }
    }

    /// Adds the policy and the approvals that the client has kept.
    #[must_use]
    pub fn with_statements(self, statements: &RoomStatements, now: Timestamp) -> Self {
        let own = self.key();
        let mut approvals: Vec<_> = statements.approvals(&own, now).collect();
        // Those of co-admins count in one era alone.
        approvals.sort_by_key(|approval| *approval.signer() != Signer::Admin);
        let admission = approvals.first().map(|one| (*one).clone());
        Self {
            admission: admission.map_or(Admission::None, Admission::Approval),
            late_approvals: statements.late_approvals(&own, now).cloned().collect(),
            policy: statements.policy().cloned(),
            ..self
        }
    }

    /// Adds the certificate that ties the device to the account, for the members alone. Whoever sees it can
    /// prove to outsiders that the account was there.
    #[must_use]
    pub fn with_certificate(self, certificate: &DeviceCertificate) -> Self {
        let chain = certificate.present(&self.room, &self.key());
        Self {
            certificate: Some(chain),
            ..self
        }
    }

    /// Adds the keys of the issuer that this device trusts, under which it verifies the certificates of the
    /// other members. Without them none holds.
    #[must_use]
    pub fn with_certificate_keys(
        self,
        keys: impl IntoIterator<Item = CertificatePublicKey>,
    ) -> Self {
        Self {
            certificate_keys: keys.into_iter().collect(),
            ..self
        }
    }

    /// Returns the device's public key in the room.
    #[must_use]
    pub fn key(&self) -> MemberPublicKey {
        self.key.public()
    }

    /// Returns whether the link names an admin key, so that the members decide who is in.
    pub(super) const fn has_admin(&self) -> bool {
        self.admin.is_some()
    }

    /// Returns whether the device has the admin key.
    pub(super) const fn has_admin_key(&self) -> bool {
        self.admin_key.is_some()
    }

    /// Returns the options of a session for an account.
    pub(super) fn session_options(
        &self,
        room: &RootKey,
        account: Aci,
        name: Option<String>,
    ) -> SessionOptions {
        let params = room.secret_params();
        let user = OpaqueUserId::of_ciphertext(&params.encrypt(&account.into()));
        SessionOptions {
            root_key: room.clone(),
            admin: self.admin,
            admin_key: self.admin_key.clone(),
            member_key: self.key.clone(),
            user,
            admission: self.admission.clone(),
            late_approvals: self.late_approvals.clone(),
            name,
            certificate: self.certificate.clone(),
            certificate_keys: self.certificate_keys.clone(),
            policy: self.policy.clone(),
            max_devices: USER_DEVICES,
            is_account: Box::new(move |user| user.decrypt(&params).is_ok()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_as_many_devices_in_a_group_as_the_room_service_allows() {
        for (told, expected) in [
            (None, 5),
            (Some(0), 1),
            (Some(2), 2),
            (Some(64), 64),
            (Some(u32::MAX), 64),
        ] {
            assert_eq!(user_devices(told), expected, "{told:?}");
        }
    }
}
