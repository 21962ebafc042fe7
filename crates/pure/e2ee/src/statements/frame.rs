//! The frame of statements of admins.

use core::fmt;
use std::sync::Arc;

use anteroom_protocol::{ParseError, RoomId};

use super::{
    error::StatementError,
    signer::{Authority, Signer, StatementKey},
};
use crate::{
    AdminPublicKey,
    encoding::{Reader, Writer},
    keys::{SIGNATURE_LENGTH, SignatureBytes, VerifyingRole as _},
};

const VERSION: u8 = 1;

/// A kind of statement of admins.
pub trait Statement: Clone + private::Body {
    /// The maximum length of a signed statement, in bytes.
    const MAX_LENGTH: usize;

    /// Returns the room that the statement is about.
    fn room(&self) -> &RoomId;
}

pub(crate) mod private {
    use super::{ParseError, Reader};

    /// The bytes of a kind of statement.
    pub trait Body: Sized {
        /// The number of the kind.
        const KIND: u8;
        /// The label of the signature.
        const LABEL: &'static [u8];
        /// Whether a co-admin may sign it.
        const BY_CO_ADMINS: bool;

        /// Returns the body.
        fn to_bytes(&self) -> Vec<u8>;

        /// Reads a body, and checks the values.
        fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError>;
    }
}

/// A statement with its signature. Cheap to clone; two are equal if their bytes are.
#[derive(Clone)]
pub struct SignedStatement<S> {
    statement: S,
    signer: Signer,
    signature: SignatureBytes,
    bytes: Arc<[u8]>,
}

impl<S: Statement> SignedStatement<S> {
    /// Signs a statement.
    ///
    /// # Errors
    /// [`StatementError::Forbidden`]: a value is out of its bounds, or the signed statement is longer than
    /// [`Statement::MAX_LENGTH`].
    pub fn sign(statement: &S, key: &StatementKey<'_>) -> Result<Self, StatementError> {
        let signer = key.signer();
        let mut writer = Writer::default();
        writer.u8(VERSION);
        writer.u8(S::KIND);
        signer.write(&mut writer);
        writer.bytes(&statement.to_bytes());
        let mut bytes = writer.finish();
        let signature = key.sign(S::LABEL, &bytes);
        bytes.extend(signature);
        // The reader has all rules about values, so that nobody signs what nobody accepts.
        Self::parse(&bytes).map_err(|_| StatementError::Forbidden)
    }

    /// Parses a signed statement. The signature is not verified.
    ///
    /// # Errors
    /// [`StatementError::Malformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, StatementError> {
        Self::read(Reader::new(bytes)).map_err(|_| StatementError::Malformed)
    }

    /// Reads a signed statement to the end of its bytes.
    pub(crate) fn read(mut reader: Reader<'_>) -> Result<Self, ParseError> {
        let bytes = reader.rest();
        if bytes.len() > S::MAX_LENGTH {
            return Err(ParseError);
        }
        reader.expect(VERSION)?;
        reader.expect(S::KIND)?;
        let signer = Signer::read(&mut reader)?;
        let mut body = reader.nested(S::MAX_LENGTH)?;
        let statement = <S as private::Body>::read(&mut body)?;
        body.finish()?;
        let signature = reader.signature()?;
        reader.finish()?;
        Ok(Self {
            statement,
            signer,
            signature,
            bytes: bytes.into(),
        })
    }

    /// Verifies that the statement is about a room and signed by a key that counts.
    ///
    /// # Errors
    /// [`StatementError::OtherRoom`], [`StatementError::Unauthorized`] or [`StatementError::Signature`].
    pub fn verify(&self, room: &RoomId, authority: &Authority<'_>) -> Result<&S, StatementError> {
        if self.statement.room() != room {
            return Err(StatementError::OtherRoom);
        }
        let message = self.message();
        let verified = match &self.signer {
            Signer::Admin => authority.admin.verify(S::LABEL, message, &self.signature),
            Signer::CoAdmin(key) if S::BY_CO_ADMINS && authority.co_admin(key).is_some() => {
                key.verify(S::LABEL, message, &self.signature)
            }
            Signer::CoAdmin(_) => return Err(StatementError::Unauthorized),
        };
        match verified {
            Ok(()) => Ok(&self.statement),
            Err(_) => Err(StatementError::Signature),
        }
    }

    /// Returns the signed bytes.
    fn message(&self) -> &[u8] {
        let length = self.bytes.len().saturating_sub(SIGNATURE_LENGTH);
        self.bytes.get(..length).unwrap_or_default()
    }
}

/// Returns whether statements of the admin key are about a room and signed by that key, all of them. What holds
/// here and is refused by [`SignedStatement::verify`] can be made by the owner of the admin key alone, who can
/// sign the same statement so that both take it.
pub(crate) fn are_all_signed<S: Statement>(
    statements: &[&SignedStatement<S>],
    room: &RoomId,
    admin: &AdminPublicKey,
) -> bool {
    let is_of_admin =
        |one: &&SignedStatement<S>| one.signer == Signer::Admin && one.statement.room() == room;
    let signed: Vec<(&[u8], &SignatureBytes)> = statements
        .iter()
        .map(|one| (one.message(), &one.signature))
        .collect();
    statements.iter().all(is_of_admin) && admin.verify_all(S::LABEL, &signed)
}

impl<S> SignedStatement<S> {
    /// Returns the statement as it is claimed; [`Self::verify`] says whether it counts.
    #[must_use]
    pub const fn claimed(&self) -> &S {
        &self.statement
    }

    /// Returns the signer that it names.
    #[must_use]
    pub const fn signer(&self) -> &Signer {
        &self.signer
    }

    /// Returns the bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl<S> PartialEq for SignedStatement<S> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl<S> Eq for SignedStatement<S> {}

/// Shows the length only.
impl<S> fmt::Debug for SignedStatement<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignedStatement({} bytes)", self.bytes.len())
    }
}
