//! Links with the passkeys of their admins.

use anteroom_protocol::{AdminPasskey, CallLink};
use zeroize::Zeroizing;

use crate::{Error, LinkState, rooms::passkey_text, wire};

/// A link that was created, with the passkey that makes its holder an admin.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OwnLink {
    /// The link to be given on.
    pub link: CallLink,
    /// The secret of the room's admins.
    pub passkey: AdminPasskey,
    /// The state of the link.
    pub state: LinkState,
}

impl OwnLink {
    /// The passkey in base64, as `anteroom link show --passkey` prints it and `anteroom link import`
    /// takes it.
    #[must_use]
    pub fn passkey_text(&self) -> Zeroizing<String> {
        passkey_text(&self.passkey)
    }
}

/// Reads a passkey from [`OwnLink::passkey_text`], with white space around it.
///
/// # Errors
/// [`Error::Passkey`] for any other text.
pub fn parse_passkey(text: &str) -> Result<AdminPasskey, Error> {
    let bytes = wire::decode(text.trim()).map(Zeroizing::new);
    let bytes = bytes.map_err(|_| Error::Passkey)?;
    let bytes = bytes.as_slice().try_into().map_err(|_| Error::Passkey)?;
    Ok(AdminPasskey::from_bytes(bytes))
}
