//! The content of a hello: name and member key of a device, sealed with its `join`.
//!
//! [`HelloKey`] seals it: HKDF-SHA256 with salt = room id and ikm = `crn`, AES-256-GCM-SIV, at most 640 bytes.
//! The length shows in steps of 256 bytes: with a member key, a name of up to 184 bytes is in the first step
//! (285 bytes sealed), longer ones in the second (541).
//!
//! The content is a JSON object, `{"memberKey":"...","name":"..."}`: the key in unpadded base64url, either
//! member absent if there is none. Readers leave out members they do not know, so that clients without
//! end-to-end encryption read the names.

use core::fmt;

use anteroom_protocol::{
    Hello, HelloKey, HelloTooLong, UidCiphertext, VerifyError, printable_name,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::MemberPublicKey;

/// The statement of a device about itself. `Debug` does not show the name.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct HelloContent {
    /// The name that the person chose, as it can be displayed; `None` without a visible character.
    pub name: Option<String>,
    /// The device's member key.
    pub member_key: Option<MemberPublicKey>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    member_key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

impl fmt::Debug for HelloContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HelloContent")
            .field("member_key", &self.member_key)
            .finish_non_exhaustive()
    }
}

impl HelloContent {
    /// Creates a hello. The name is cleaned: control characters, marks of direction and invisible characters
    /// go, and so does everything after 60 characters.
    #[must_use]
    pub fn new(name: &str, member_key: Option<MemberPublicKey>) -> Self {
        Self {
            name: printable_name(name),
            member_key,
        }
    }

    /// Seals the hello of a user under the key of the room.
    ///
    /// # Errors
    /// The name does not fit. Names that [`Self::new`] has cleaned do.
    pub fn seal<R: CryptoRng + ?Sized>(
        &self,
        key: &HelloKey,
        user: &UidCiphertext,
        rng: &mut R,
    ) -> Result<Hello, HelloTooLong> {
        let encoded = |key: MemberPublicKey| URL_SAFE_NO_PAD.encode(key.as_bytes());
        let body = Body {
            member_key: self.member_key.map(encoded),
            name: self.name.clone(),
        };
        let body = serde_json::to_vec(&body).map_err(|_| HelloTooLong)?;
        let mut nonce = [0; 12];
        rng.fill_bytes(&mut nonce);
        let sealed = key.seal(user, &Zeroizing::new(body), nonce)?;
        Hello::new(sealed).map_err(|_| HelloTooLong)
    }

    /// Opens a hello that the room service attributes to a user.
    ///
    /// # Errors
    /// It was not sealed for this user under the key of the room, or has another form. A member key that is
    /// none makes the whole hello fail: only a holder of the link could have sealed it.
    pub fn open(key: &HelloKey, user: &UidCiphertext, sealed: &[u8]) -> Result<Self, VerifyError> {
        let opened = key.open(user, sealed)?;
        let body: Body = serde_json::from_slice(&opened).map_err(|_| VerifyError)?;
        let decoded = |text: String| {
            let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| VerifyError)?;
            MemberPublicKey::from_bytes(&bytes).map_err(|_| VerifyError)
        };
        Ok(Self {
            name: body.name.and_then(|name| printable_name(&name)),
            member_key: body.member_key.map(decoded).transpose()?,
        })
    }
}
