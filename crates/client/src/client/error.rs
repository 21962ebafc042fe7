//! What can go wrong with a client of both services.

use anteroom_protocol::LinkError;

use crate::{ClientError, RoomsError};

/// The failure of a [`Client`](crate::Client). None of the variants holds a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The issuer failed, or refused.
    #[error(transparent)]
    Issuer(#[from] ClientError),
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
    /// All credentials for creating links are used up.
    #[error(
        "no credential for creating a link is left: fetch some with `Client::renew`, and create the \
         link some hours later, since both services together can tell by the time of a fetch which \
         link the account creates"
    )]
    NoSpareLink,
}
