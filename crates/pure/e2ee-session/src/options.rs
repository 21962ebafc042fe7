//! The identity of a device, and its knowledge before it joins.

use anteroom_e2ee::{
    AdminKey, AdminPublicKey, Admission, Approval, CertificateChain, CertificatePublicKey,
    MemberKey, Policy, SignedStatement,
};
use anteroom_protocol::{OpaqueUserId, RootKey, redacted_debug};

/// Returns whether a user id decrypts to an account of the room (or is a member of the group).
pub type AccountCheck = Box<dyn Fn(&OpaqueUserId) -> bool + Send + Sync>;

/// The identity of a device in a room, and its knowledge before it joins.
pub struct SessionOptions {
    /// The root key of the link.
    pub root_key: RootKey,
    /// The admin key that the link names.
    pub admin: Option<AdminPublicKey>,
    /// The admin key, on a device of an admin. It has an effect only if it is the one that the link names.
    pub admin_key: Option<AdminKey>,
    /// The device's key in the room.
    pub member_key: MemberKey,
    /// The user.
    pub user: OpaqueUserId,
    /// The admission that the device has kept from earlier calls. [`Event::Approved`](crate::Event::Approved)
    /// replaces it, and the admin key goes before it.
    pub admission: Admission,
    /// The approvals that the device has kept beside it, by which others do not add yet.
    pub late_approvals: Vec<SignedStatement<Approval>>,
    /// The name that the person chose.
    pub name: Option<String>,
    /// The certificate of the account.
    pub certificate: Option<CertificateChain>,
    /// The issuer's keys that this device trusts, for the certificates of the members.
    pub certificate_keys: Vec<CertificatePublicKey>,
    /// The newest policy of the room that the client has seen.
    pub policy: Option<SignedStatement<Policy>>,
    /// The maximum number of devices of a user in the call.
    pub max_devices: usize,
    /// The check of user ids.
    pub is_account: AccountCheck,
}

redacted_debug!(SessionOptions);
