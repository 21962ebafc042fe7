//! Signers of statements, and the keys that count.

use anteroom_protocol::ParseError;

use super::co_admin::CoAdmin;
use crate::{
    AdminKey, AdminPublicKey, MemberKey, MemberPublicKey,
    encoding::{Reader, Writer},
    keys::{SignatureBytes, SigningRole as _},
};

const ADMIN: u8 = 0;
const CO_ADMIN: u8 = 1;

/// The signer that a statement names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signer {
    /// The admin key.
    Admin,
    /// The member key of a co-admin.
    CoAdmin(MemberPublicKey),
}

impl Signer {
    pub(super) fn write(&self, writer: &mut Writer) {
        match self {
            Self::Admin => writer.u8(ADMIN),
            Self::CoAdmin(key) => {
                writer.u8(CO_ADMIN);
                writer.key(key);
            }
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        match reader.u8()? {
            ADMIN => Ok(Self::Admin),
            CO_ADMIN => reader.key().map(Self::CoAdmin),
            _ => Err(ParseError),
        }
    }
}

/// A key that signs statements.
#[derive(Clone, Copy, Debug)]
pub enum StatementKey<'k> {
    /// The admin key.
    Admin(&'k AdminKey),
    /// The member key of a co-admin.
    CoAdmin(&'k MemberKey),
}

impl StatementKey<'_> {
    /// Returns the name of the signer.
    #[must_use]
    pub fn signer(&self) -> Signer {
        match self {
            Self::Admin(_) => Signer::Admin,
            Self::CoAdmin(key) => Signer::CoAdmin(key.public()),
        }
    }

    pub(super) fn sign(&self, label: &[u8], message: &[u8]) -> SignatureBytes {
        match self {
            Self::Admin(key) => key.sign(label, message),
            Self::CoAdmin(key) => key.sign(label, message),
        }
    }
}

/// The keys whose statements count: the admin key of the link, and the member keys of the co-admins of the
/// present era.
#[derive(Clone, Copy, Debug)]
pub struct Authority<'k> {
    /// The admin key.
    pub admin: &'k AdminPublicKey,
    /// The co-admins of the present era.
    pub co_admins: &'k [CoAdmin],
}

impl<'k> Authority<'k> {
    /// Creates the authority of the admin alone.
    #[must_use]
    pub const fn of_admin(admin: &'k AdminPublicKey) -> Self {
        Self {
            admin,
            co_admins: &[],
        }
    }

    /// Returns the co-admin with a member key.
    #[must_use]
    pub fn co_admin(&self, key: &MemberPublicKey) -> Option<&'k CoAdmin> {
        self.co_admins.iter().find(|one| one.member_key == *key)
    }
}
