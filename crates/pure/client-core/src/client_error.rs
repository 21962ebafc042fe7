//! The errors of a client of both services.

use std::{error, fmt};

use anteroom_e2ee::StatementError;
use anteroom_protocol::LinkError;

use crate::{IssuerError, RoomsError, StatementStoreError};

/// The error of a client of both services. None of the variants holds a secret.
///
/// `Debug` shows the message and its causes, since a program whose `main` fails prints the `Debug` form.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The request to the issuer failed, or the issuer refused it.
    #[error(transparent)]
    Issuer(IssuerError),
    /// The issuer does not know the account, its device or the password (any more).
    #[error(
        "the issuer takes neither account nor device with this password or login: check them, or \
         have the operator look whether they are still there"
    )]
    SignedOut(#[source] IssuerError),
    /// The request to the room service failed, or the room service refused it.
    #[error(transparent)]
    Rooms(#[from] RoomsError),
    /// A text is no link.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// A text is no name of a device.
    #[error("that names no account: write its UUID, and a device as UUID.NUMBER")]
    AccountName,
    /// A text is neither an admin secret nor a passkey.
    #[error(
        "that is neither an admin secret nor a passkey: copy all of what `anteroom link show \
         --secret` prints"
    )]
    AdminRights,
    /// The admin key of a link is none.
    #[error(
        "the link is damaged: what follows admin= is no key of admins, one of its letters may be mistyped"
    )]
    LinkAdmin,
    /// No policy can be signed.
    #[error("the policy of the room cannot be signed: {0}")]
    Policy(#[from] StatementError),
    /// The caller's store of statements cannot be read.
    #[error(transparent)]
    Statements(#[from] StatementStoreError),
    /// A link was given as a bare key, without a room service.
    #[error(
        "the link names no room service: give the whole link, or name one in `ClientOptions::rooms`"
    )]
    NoRoomService,
    /// There is no credential for today, or its params are not trusted.
    #[error(
        "there is no credential for today that can be shown for this link: fetch some with \
         `Client::renew`, and visit the room some hours later, since both services together can \
         tell by the time of a fetch which room the account visits"
    )]
    NoCredential,
    /// All credentials for creating links are used up, by this program or by another one with the same stored
    /// credentials.
    #[error(
        "no credential for creating a link is left whose room is new: fetch some with \
         `Client::renew`, and create the link some hours later, since both services together can \
         tell by the time of a fetch which link the account creates"
    )]
    NoSpareLink,
}

impl From<IssuerError> for Error {
    fn from(error: IssuerError) -> Self {
        if error.is_signed_out() {
            Self::SignedOut(error)
        } else {
            Self::Issuer(error)
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        let mut cause = error::Error::source(self);
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
