//! Hellos: what devices state about themselves when they join, sealed under a key derived from the link,
//! since a device joins before it knows the era.

use anteroom_protocol::{Aci, Hello, HelloKey, RootKey, UidCiphertext};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::chat::printable_name;
use crate::TransportFailure;

/// The hellos of a room. Seals the hello of one user and opens those of others.
pub(crate) struct HelloCodec {
    key: HelloKey,
    own: UidCiphertext,
}

/// The JSON content of a hello. Readers ignore unknown members.
#[derive(Serialize, Deserialize)]
struct HelloBody {
    name: Option<String>,
}

impl HelloCodec {
    /// Creates the hellos of a room for an account.
    pub(crate) fn new(room: &RootKey, own: Aci) -> Self {
        Self {
            key: HelloKey::derive(room),
            own: room.secret_params().encrypt(&own.into()),
        }
    }

    /// Seals the user's name for a `join`; `None` if the name has no visible character.
    pub(crate) fn seal<R: CryptoRng + ?Sized>(
        &self,
        name: &str,
        rng: &mut R,
    ) -> Result<Option<Hello>, TransportFailure> {
        let name = printable_name(name);
        if name.is_empty() {
            return Ok(None);
        }
        let hello = serde_json::to_vec(&HelloBody { name: Some(name) }).map(Zeroizing::new);
        let mut nonce = [0; 12];
        rng.fill_bytes(&mut nonce);
        let sealed = hello
            .ok()
            .and_then(|hello| self.key.seal(&self.own, &hello, nonce).ok())
            .and_then(|sealed| Hello::new(sealed).ok());
        let cannot = TransportFailure::Malformed("the name cannot be sealed");
        sealed.map(Some).ok_or(cannot)
    }

    /// Returns the name in a hello that the room service attributes to `user`, as it can be displayed; `None`
    /// if the hello does not open under the user's id, or carries no name.
    pub(crate) fn name(&self, user: &UidCiphertext, hello: &str) -> Option<String> {
        let sealed = URL_SAFE_NO_PAD.decode(hello).ok()?;
        let hello = self.key.open(user, &sealed).ok()?;
        let hello: HelloBody = serde_json::from_slice(&hello).ok()?;
        let name = printable_name(&hello.name?);
        Some(name).filter(|name| !name.is_empty())
    }
}
