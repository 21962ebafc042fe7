//! Content of a message that one member alone opens: the member names a key of its own in its request, and the
//! answer is sealed for it (HPKE, RFC 9180, in the suite of the group).
//!
//! Every member of an epoch can open a message of the group, also one that came in after the time of which the
//! message speaks. An answer about an earlier time is for the one who asks.

use anteroom_protocol::{VerifyError, redacted_debug};
use openmls_traits::{
    crypto::OpenMlsCrypto as _,
    types::{HpkeCiphertext, HpkeKeyPair},
};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::{
    crypto::{CIPHERSUITE, Crypto},
    error::GroupFailure,
};
use crate::labels;

/// The length of an encapsulated key, in bytes.
const ENCAPSULATED: usize = 32;

/// A key for the answers to a member's requests.
pub struct ReplyKey {
    pair: HpkeKeyPair,
    public: [u8; 32],
}

redacted_debug!(ReplyKey);

impl ReplyKey {
    /// The number of bytes by which sealing makes a content longer.
    pub const OVERHEAD: usize = ENCAPSULATED + 16;

    /// Draws a key.
    ///
    /// # Errors
    /// [`GroupFailure::Mls`], never in fact.
    pub fn random(rng: &mut (dyn CryptoRng + Send)) -> Result<Self, GroupFailure> {
        let mut seed = Zeroizing::new([0; 32]);
        rng.fill_bytes(&mut *seed);
        let config = CIPHERSUITE.hpke_config();
        let pair = Crypto::without_rng().derive_hpke_keypair(config, &*seed);
        let pair = pair.map_err(|_| GroupFailure::Mls)?;
        let public = pair.public.as_slice().try_into();
        let public = public.map_err(|_| GroupFailure::Mls)?;
        Ok(Self { pair, public })
    }

    /// Returns the public half, for the request.
    #[must_use]
    pub const fn public(&self) -> &[u8; 32] {
        &self.public
    }

    /// Opens an answer. `subject` is the public part of it.
    ///
    /// # Errors
    /// It was not sealed for this key, or for another subject.
    pub fn open(&self, subject: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VerifyError> {
        let (encapsulated, ciphertext) = sealed
            .split_first_chunk::<ENCAPSULATED>()
            .ok_or(VerifyError)?;
        let sealed = HpkeCiphertext {
            kem_output: encapsulated.to_vec().into(),
            ciphertext: ciphertext.to_vec().into(),
        };
        let config = CIPHERSUITE.hpke_config();
        let key = &self.pair.private;
        let opened = Crypto::without_rng().hpke_open(config, &sealed, key, labels::REPLY, subject);
        opened.map(Zeroizing::new).map_err(|_| VerifyError)
    }

    /// Seals an answer for the public half of a key.
    ///
    /// # Errors
    /// [`GroupFailure::Mls`]: the key is none.
    pub fn seal(
        key: &[u8; 32],
        subject: &[u8],
        content: &[u8],
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<Vec<u8>, GroupFailure> {
        let config = CIPHERSUITE.hpke_config();
        let crypto = Crypto::with_rng(rng);
        let sealed = crypto.hpke_seal(config, key, labels::REPLY, subject, content);
        let sealed = sealed.map_err(|_| GroupFailure::Mls)?;
        Ok([sealed.kem_output.as_slice(), sealed.ciphertext.as_slice()].concat())
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    use super::*;

    #[test]
    fn an_answer_opens_with_the_key_of_the_request_and_its_subject_alone() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let key = ReplyKey::random(&mut rng).unwrap();
        let sealed = ReplyKey::seal(key.public(), b"subject", b"content", &mut rng).unwrap();
        assert_eq!(sealed.len(), b"content".len() + ReplyKey::OVERHEAD);
        assert_eq!(
            key.open(b"subject", &sealed).unwrap().as_slice(),
            b"content"
        );
        assert!(key.open(b"other", &sealed).is_err());
        assert!(key.open(b"subject", &sealed[..31]).is_err());
        let other = ReplyKey::random(&mut rng).unwrap();
        assert!(other.open(b"subject", &sealed).is_err());
    }
}
