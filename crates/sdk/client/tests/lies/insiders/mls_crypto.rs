//! The provider of openmls for members that the test plays: cipher suite 1 of RFC 9420 alone.

use aes_gcm::{
    Aes128Gcm, KeyInit as _,
    aead::{Aead as _, Payload},
};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use hpke::{
    Deserializable as _, Kem as _, OpModeR, OpModeS, Serializable as _, aead::AesGcm128,
    kdf::HkdfSha256, kem::X25519HkdfSha256,
};
use openmls_memory_storage::MemoryStorage;
use openmls_traits::{
    OpenMlsProvider,
    crypto::OpenMlsCrypto,
    random::OpenMlsRand,
    types::{
        AeadType, Ciphersuite, CryptoError, ExporterSecret, HashType, HpkeCiphertext, HpkeConfig,
        HpkeKeyPair, KemOutput, SignatureScheme,
    },
};
use parking_lot::Mutex;
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};
use sha2::{Digest as _, Sha256};
use tls_codec::SecretVLBytes;

pub(crate) const CIPHERSUITE: Ciphersuite =
    Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519;

type Answer<T> = Result<T, CryptoError>;
const FAILURE: CryptoError = CryptoError::CryptoLibraryError;

/// Storage and cryptography of one member.
pub(crate) struct MlsProvider {
    storage: MemoryStorage,
    crypto: MlsCrypto,
}

/// The cryptography of a member that can cheat one of the others.
pub(crate) struct MlsCrypto {
    rng: Mutex<ChaCha20Rng>,
    /// The public key to which nothing is sealed so that it opens.
    cheated: Mutex<Option<Vec<u8>>>,
}

impl MlsProvider {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            storage: MemoryStorage::default(),
            crypto: MlsCrypto {
                rng: Mutex::new(ChaCha20Rng::seed_from_u64(seed)),
                cheated: Mutex::default(),
            },
        }
    }

    pub(crate) fn rng(&self) -> ChaCha20Rng {
        ChaCha20Rng::from_rng(&mut *self.crypto.rng.lock())
    }

    /// Spoils from now on what is sealed to a public key.
    pub(crate) fn cheat(&self, public_key: Vec<u8>) {
        *self.crypto.cheated.lock() = Some(public_key);
    }
}

impl OpenMlsProvider for MlsProvider {
    type CryptoProvider = MlsCrypto;
    type RandProvider = MlsCrypto;
    type StorageProvider = MemoryStorage;

    fn storage(&self) -> &MemoryStorage {
        &self.storage
    }

    fn crypto(&self) -> &MlsCrypto {
        &self.crypto
    }

    fn rand(&self) -> &MlsCrypto {
        &self.crypto
    }
}

impl OpenMlsRand for MlsCrypto {
    type Error = CryptoError;

    fn random_array<const N: usize>(&self) -> Answer<[u8; N]> {
        let mut bytes = [0; N];
        self.rng.lock().fill_bytes(&mut bytes);
        Ok(bytes)
    }

    fn random_vec(&self, length: usize) -> Answer<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.rng.lock().fill_bytes(&mut bytes);
        Ok(bytes)
    }
}

impl OpenMlsCrypto for MlsCrypto {
    fn supports(&self, suite: Ciphersuite) -> Answer<()> {
        (suite == CIPHERSUITE)
            .then_some(())
            .ok_or(CryptoError::UnsupportedCiphersuite)
    }

    fn supported_ciphersuites(&self) -> Vec<Ciphersuite> {
        vec![CIPHERSUITE]
    }

    fn hkdf_extract(&self, _: HashType, salt: &[u8], ikm: &[u8]) -> Answer<SecretVLBytes> {
        let (prk, _) = Hkdf::<Sha256>::extract(Some(salt), ikm);
        Ok(prk.as_slice().into())
    }

    fn hmac(&self, _: HashType, key: &[u8], message: &[u8]) -> Answer<SecretVLBytes> {
        let mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key);
        let mac = mac.map_err(|_| FAILURE)?.chain_update(message);
        Ok(mac.finalize().into_bytes().as_slice().into())
    }

    fn hkdf_expand(
        &self,
        _: HashType,
        prk: &[u8],
        info: &[u8],
        length: usize,
    ) -> Answer<SecretVLBytes> {
        let hkdf = Hkdf::<Sha256>::from_prk(prk).map_err(|_| FAILURE)?;
        let mut okm = vec![0; length];
        hkdf.expand(info, &mut okm).map_err(|_| FAILURE)?;
        Ok(okm.into())
    }

    fn hash(&self, _: HashType, data: &[u8]) -> Answer<Vec<u8>> {
        Ok(Sha256::digest(data).to_vec())
    }

    fn aead_encrypt(
        &self,
        _: AeadType,
        key: &[u8],
        msg: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Answer<Vec<u8>> {
        let (cipher, nonce) = aead(key, nonce)?;
        let sealed = cipher.encrypt(&nonce.into(), Payload { msg, aad });
        sealed.map_err(|_| FAILURE)
    }

    fn aead_decrypt(
        &self,
        _: AeadType,
        key: &[u8],
        msg: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Answer<Vec<u8>> {
        let (cipher, nonce) = aead(key, nonce)?;
        let opened = cipher.decrypt(&nonce.into(), Payload { msg, aad });
        opened.map_err(|_| CryptoError::AeadDecryptionError)
    }

    fn signature_key_gen(&self, _: SignatureScheme) -> Answer<(Vec<u8>, Vec<u8>)> {
        let seed = self.random_array()?;
        let public = SigningKey::from_bytes(&seed).verifying_key();
        Ok((seed.to_vec(), public.to_bytes().to_vec()))
    }

    fn verify_signature(
        &self,
        _: SignatureScheme,
        data: &[u8],
        key: &[u8],
        signature: &[u8],
    ) -> Answer<()> {
        let key = key.try_into().map_err(|_| FAILURE)?;
        let key = VerifyingKey::from_bytes(key).map_err(|_| FAILURE)?;
        let signature = signature.try_into().map_err(|_| FAILURE)?;
        let verified = key.verify_strict(data, &Signature::from_bytes(signature));
        verified.map_err(|_| CryptoError::InvalidSignature)
    }

    fn sign(&self, _: SignatureScheme, data: &[u8], key: &[u8]) -> Answer<Vec<u8>> {
        let seed = key.try_into().map_err(|_| FAILURE)?;
        Ok(SigningKey::from_bytes(seed).sign(data).to_bytes().to_vec())
    }

    fn hpke_seal(
        &self,
        _: HpkeConfig,
        key: &[u8],
        info: &[u8],
        aad: &[u8],
        plaintext: &[u8],
    ) -> Answer<HpkeCiphertext> {
        let recipient = <X25519HkdfSha256 as hpke::Kem>::PublicKey::from_bytes(key);
        let recipient = recipient.map_err(|_| FAILURE)?;
        let sealed = hpke::single_shot_seal_with_rng::<AesGcm128, HkdfSha256, X25519HkdfSha256>(
            &OpModeS::Base,
            &recipient,
            info,
            plaintext,
            aad,
            &mut *self.rng.lock(),
        );
        let (kem_output, mut ciphertext) = sealed.map_err(|_| FAILURE)?;
        if self.cheated.lock().as_deref() == Some(key) {
            ciphertext[0] ^= 1;
        }
        Ok(HpkeCiphertext {
            kem_output: kem_output.to_bytes().to_vec().into(),
            ciphertext: ciphertext.into(),
        })
    }

    fn hpke_open(
        &self,
        _: HpkeConfig,
        input: &HpkeCiphertext,
        key: &[u8],
        info: &[u8],
        aad: &[u8],
    ) -> Answer<Vec<u8>> {
        let key = <X25519HkdfSha256 as hpke::Kem>::PrivateKey::from_bytes(key);
        let encapsulated =
            <X25519HkdfSha256 as hpke::Kem>::EncappedKey::from_bytes(input.kem_output.as_slice());
        let opened = hpke::single_shot_open::<AesGcm128, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &key.map_err(|_| FAILURE)?,
            &encapsulated.map_err(|_| FAILURE)?,
            info,
            input.ciphertext.as_slice(),
            aad,
        );
        opened.map_err(|_| CryptoError::HpkeDecryptionError)
    }

    fn hpke_setup_sender_and_export(
        &self,
        _: HpkeConfig,
        _: &[u8],
        _: &[u8],
        _: &[u8],
        _: usize,
    ) -> Answer<(KemOutput, ExporterSecret)> {
        // External commits alone need it.
        Err(CryptoError::SenderSetupError)
    }

    fn hpke_setup_receiver_and_export(
        &self,
        _: HpkeConfig,
        _: &[u8],
        _: &[u8],
        _: &[u8],
        _: &[u8],
        _: usize,
    ) -> Answer<ExporterSecret> {
        Err(CryptoError::ReceiverSetupError)
    }

    fn derive_hpke_keypair(&self, _: HpkeConfig, ikm: &[u8]) -> Answer<HpkeKeyPair> {
        let (private, public) = X25519HkdfSha256::derive_keypair(ikm);
        Ok(HpkeKeyPair {
            private: private.to_bytes().to_vec().into(),
            public: public.to_bytes().to_vec(),
        })
    }
}

fn aead(key: &[u8], nonce: &[u8]) -> Answer<(Aes128Gcm, [u8; 12])> {
    let cipher = Aes128Gcm::new_from_slice(key).map_err(|_| FAILURE)?;
    Ok((cipher, nonce.try_into().map_err(|_| FAILURE)?))
}
