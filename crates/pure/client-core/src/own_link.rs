//! Links together with the passkeys of their admins.

use anteroom_protocol::{AdminPasskey, CallLink};
use zeroize::Zeroizing;

use crate::{Error, LinkState, wire};

/// A created link with the passkey, which makes its holder an admin.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OwnLink {
    /// The link for the members.
    pub link: CallLink,
    /// The secret of the room's admins.
    pub passkey: AdminPasskey,
    /// The state of the link.
    pub state: LinkState,
}

impl OwnLink {
    /// Creates the record of a created link.
    #[must_use]
    pub const fn new(link: CallLink, passkey: AdminPasskey, state: LinkState) -> Self {
        Self {
            link,
            passkey,
            state,
        }
    }

    /// Returns the passkey in base64, the form that `anteroom link show --passkey` prints and `anteroom link
    /// import` reads.
    #[must_use]
    pub fn passkey_text(&self) -> Zeroizing<String> {
        Zeroizing::new(wire::encode(self.passkey.as_bytes()))
    }
}

/// Parses the text of [`OwnLink::passkey_text`]; white space around it is ignored.
///
/// # Errors
/// [`Error::Passkey`] for any other text.
pub fn parse_passkey(text: &str) -> Result<AdminPasskey, Error> {
    let bytes = wire::decode(text.trim()).map(Zeroizing::new);
    let bytes = bytes.map_err(|_| Error::Passkey)?;
    let bytes = bytes.as_slice().try_into().map_err(|_| Error::Passkey)?;
    Ok(AdminPasskey::from_bytes(bytes))
}
