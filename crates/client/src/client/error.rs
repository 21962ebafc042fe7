//! The failures of a client of both services.

use std::{error, fmt};

use anteroom_protocol::LinkError;

use crate::{ClientError, RoomsError};

/// The failure of a [`Client`](crate::Client). None of the variants holds a secret.
///
/// `Debug` shows the message and its causes, since that is what a program prints whose `main` fails.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The issuer failed, or refused.
    #[error(transparent)]
    Issuer(ClientError),
    /// The issuer does not know the account, its device or the password (any more).
    #[error(
        "the issuer takes neither account nor device with this password or login: check them, or \
         have the operator look whether they are still there"
    )]
    SignedOut(#[source] ClientError),
    /// The room service failed, or refused.
    #[error(transparent)]
    Rooms(#[from] RoomsError),
    /// A text is no link.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// A text names no device of an account.
    #[error("that names no account: write its UUID, and a device as UUID.NUMBER")]
    AccountName,
    /// A text is no passkey of a link.
    #[error("that is no passkey: copy all of what `anteroom link show --passkey` prints")]
    Passkey,
    /// A link was given as a bare key.
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
    /// All credentials for creating links are used up, by this program or by another one that has the
    /// same stored credentials.
    #[error(
        "no credential for creating a link is left whose room is new: fetch some with \
         `Client::renew`, and create the link some hours later, since both services together can \
         tell by the time of a fetch which link the account creates"
    )]
    NoSpareLink,
}

impl From<ClientError> for Error {
    fn from(error: ClientError) -> Self {
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
