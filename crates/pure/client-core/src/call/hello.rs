//! Hellos: what devices state about themselves when they join, sealed under a key derived from the link,
//! since a device joins before it knows the era.

use anteroom_e2ee::{HelloContent, MemberPublicKey};
use anteroom_protocol::{Aci, Hello, HelloKey, RootKey, UidCiphertext};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rand_core::CryptoRng;

use crate::TransportFailure;

/// The hellos of a room. Seals the hello of one user and opens those of others.
pub(crate) struct HelloCodec {
    key: HelloKey,
    own: UidCiphertext,
}

impl HelloCodec {
    /// Creates the hellos of a room for an account.
    pub(crate) fn new(room: &RootKey, own: Aci) -> Self {
        Self {
            key: HelloKey::derive(room),
            own: room.secret_params().encrypt(&own.into()),
        }
    }

    /// Seals the user's name and the device's member key for a `join`; `None` if there is no key, and the
    /// name has no visible character.
    pub(crate) fn seal<R: CryptoRng + ?Sized>(
        &self,
        name: Option<&str>,
        member_key: Option<MemberPublicKey>,
        rng: &mut R,
    ) -> Result<Option<Hello>, TransportFailure> {
        let content = HelloContent::new(name.unwrap_or_default(), member_key);
        if content == HelloContent::default() {
            return Ok(None);
        }
        let sealed = content.seal(&self.key, &self.own, rng);
        let cannot = TransportFailure::Malformed("the name cannot be sealed");
        sealed.map(Some).map_err(|_| cannot)
    }

    /// Returns a hello that the room service attributes to `user`; `None` if it does not open under the
    /// user's id.
    pub(crate) fn open(&self, user: &UidCiphertext, hello: &str) -> Option<HelloContent> {
        let sealed = URL_SAFE_NO_PAD.decode(hello).ok()?;
        HelloContent::open(&self.key, user, &sealed).ok()
    }
}
