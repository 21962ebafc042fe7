//! The cryptography of MLS cipher suite 1, `MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519`, for openmls, over
//! the crates that the workspace has. Other suites are not supported.

use aes_gcm::{
    Aes128Gcm, KeyInit as _, Nonce,
    aead::{Aead as _, Payload},
};
use ed25519_dalek::{Signer as _, SigningKey};
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use hpke::{
    Deserializable as _, Kem as _, OpModeR, OpModeS, Serializable as _, aead::AesGcm128,
    kdf::HkdfSha256, kem::X25519HkdfSha256,
};
use openmls_traits::{
    crypto::OpenMlsCrypto,
    random::OpenMlsRand,
    types::{
        AeadType, Ciphersuite, CryptoError, ExporterSecret, HashType, HpkeAeadType, HpkeCiphertext,
        HpkeConfig, HpkeKdfType, HpkeKemType, HpkeKeyPair, KemOutput, SignatureScheme,
    },
};
use parking_lot::Mutex;
use rand_core::CryptoRng;
use sha2::{Digest as _, Sha256};
use tls_codec::SecretVLBytes;
use zeroize::Zeroizing;

use crate::keys::verify_strictly;

/// The cipher suite.
pub(super) const CIPHERSUITE: Ciphersuite =
    Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519;

/// The longest value that HKDF-SHA256 makes, in bytes.
const MAX_HKDF: usize = 255 * 32;

/// The cryptography, with the caller's random generator for one operation, or without one: what needs
/// randomness fails then.
pub(super) struct Crypto<'r> {
    // openmls seals to several members at once, on several threads.
    rng: Option<Mutex<&'r mut (dyn CryptoRng + Send)>>,
}

impl<'r> Crypto<'r> {
    pub(super) fn with_rng(rng: &'r mut (dyn CryptoRng + Send)) -> Self {
        Self {
            rng: Some(Mutex::new(rng)),
        }
    }

    /// Creates the cryptography of an operation that draws nothing.
    pub(super) const fn without_rng() -> Self {
        Self { rng: None }
    }

    fn with<T>(
        &self,
        draw: impl FnOnce(&mut (dyn CryptoRng + Send)) -> T,
    ) -> Result<T, CryptoError> {
        let rng = self.rng.as_ref();
        let mut rng = rng.ok_or(CryptoError::InsufficientRandomness)?.lock();
        Ok(draw(&mut **rng))
    }
}

/// The error of an operation that draws without a generator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this operation has no random generator")]
pub(super) struct NoRandomness;

impl OpenMlsRand for Crypto<'_> {
    type Error = NoRandomness;

    fn random_array<const N: usize>(&self) -> Result<[u8; N], NoRandomness> {
        let mut bytes = [0; N];
        self.with(|rng| rng.fill_bytes(&mut bytes))
            .map_err(|_| NoRandomness)?;
        Ok(bytes)
    }

    fn random_vec(&self, len: usize) -> Result<Vec<u8>, NoRandomness> {
        let mut bytes = vec![0; len];
        self.with(|rng| rng.fill_bytes(&mut bytes))
            .map_err(|_| NoRandomness)?;
        Ok(bytes)
    }
}

impl OpenMlsCrypto for Crypto<'_> {
    fn supports(&self, ciphersuite: Ciphersuite) -> Result<(), CryptoError> {
        if ciphersuite == CIPHERSUITE {
            Ok(())
        } else {
            Err(CryptoError::UnsupportedCiphersuite)
        }
    }

    fn supported_ciphersuites(&self) -> Vec<Ciphersuite> {
        vec![CIPHERSUITE]
    }

    fn hkdf_extract(
        &self,
        hash_type: HashType,
        salt: &[u8],
        ikm: &[u8],
    ) -> Result<SecretVLBytes, CryptoError> {
        is_sha256(hash_type)?;
        let (prk, _) = Hkdf::<Sha256>::extract(Some(salt), ikm);
        Ok(prk.as_slice().into())
    }

    fn hmac(
        &self,
        hash_type: HashType,
        key: &[u8],
        message: &[u8],
    ) -> Result<SecretVLBytes, CryptoError> {
        is_sha256(hash_type)?;
        let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key)
            .map_err(|_| CryptoError::InvalidLength)?;
        mac.update(message);
        Ok(mac.finalize().into_bytes().as_slice().into())
    }

    fn hkdf_expand(
        &self,
        hash_type: HashType,
        prk: &[u8],
        info: &[u8],
        okm_len: usize,
    ) -> Result<SecretVLBytes, CryptoError> {
        is_sha256(hash_type)?;
        let invalid = CryptoError::HkdfOutputLengthInvalid;
        if okm_len > MAX_HKDF {
            return Err(invalid);
        }
        let hkdf = Hkdf::<Sha256>::from_prk(prk).map_err(|_| invalid)?;
        let mut okm = vec![0; okm_len];
        hkdf.expand(info, &mut okm).map_err(|_| invalid)?;
        Ok(okm.into())
    }

    fn hash(&self, hash_type: HashType, data: &[u8]) -> Result<Vec<u8>, CryptoError> {
        is_sha256(hash_type)?;
        Ok(Sha256::digest(data).to_vec())
    }

    fn aead_encrypt(
        &self,
        alg: AeadType,
        key: &[u8],
        data: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        let (cipher, nonce) = aead(alg, key, nonce)?;
        let payload = Payload { msg: data, aad };
        cipher
            .encrypt(&nonce, payload)
            .map_err(|_| CryptoError::CryptoLibraryError)
    }

    fn aead_decrypt(
        &self,
        alg: AeadType,
        key: &[u8],
        ct_tag: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        let (cipher, nonce) = aead(alg, key, nonce)?;
        let payload = Payload { msg: ct_tag, aad };
        cipher
            .decrypt(&nonce, payload)
            .map_err(|_| CryptoError::AeadDecryptionError)
    }

    fn signature_key_gen(&self, alg: SignatureScheme) -> Result<(Vec<u8>, Vec<u8>), CryptoError> {
        is_ed25519(alg)?;
        let mut seed = Zeroizing::new([0; 32]);
        self.with(|rng| rng.fill_bytes(seed.as_mut_slice()))?;
        let key = SigningKey::from_bytes(&seed);
        Ok((seed.to_vec(), key.verifying_key().to_bytes().to_vec()))
    }

    fn verify_signature(
        &self,
        alg: SignatureScheme,
        data: &[u8],
        pk: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        is_ed25519(alg)?;
        let pk = pk.try_into().map_err(|_| CryptoError::InvalidPublicKey)?;
        let key = ed25519_dalek::VerifyingKey::from_bytes(pk)
            .map_err(|_| CryptoError::InvalidPublicKey)?;
        let signature = signature
            .try_into()
            .map_err(|_| CryptoError::SignatureDecodingError)?;
        verify_strictly(&key, data, signature).map_err(|_| CryptoError::InvalidSignature)
    }

    fn sign(&self, alg: SignatureScheme, data: &[u8], key: &[u8]) -> Result<Vec<u8>, CryptoError> {
        is_ed25519(alg)?;
        let seed = key.try_into().map_err(|_| CryptoError::SigningError)?;
        let key = SigningKey::from_bytes(seed);
        Ok(key.sign(data).to_bytes().to_vec())
    }

    fn hpke_seal(
        &self,
        config: HpkeConfig,
        pk_r: &[u8],
        info: &[u8],
        aad: &[u8],
        ptxt: &[u8],
    ) -> Result<HpkeCiphertext, CryptoError> {
        is_suite(&config)?;
        let recipient = public_key(pk_r)?;
        let sealed = self.with(|mut rng| {
            hpke::single_shot_seal_with_rng::<AesGcm128, HkdfSha256, X25519HkdfSha256>(
                &OpModeS::Base,
                &recipient,
                info,
                ptxt,
                aad,
                &mut rng,
            )
        })?;
        let (kem_output, ciphertext) = sealed.map_err(|_| CryptoError::HpkeEncryptionError)?;
        Ok(HpkeCiphertext {
            kem_output: kem_output.to_bytes().to_vec().into(),
            ciphertext: ciphertext.into(),
        })
    }

    fn hpke_open(
        &self,
        config: HpkeConfig,
        input: &HpkeCiphertext,
        sk_r: &[u8],
        info: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        is_suite(&config)?;
        hpke::single_shot_open::<AesGcm128, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &private_key(sk_r)?,
            &encapsulated_key(input.kem_output.as_slice())?,
            info,
            input.ciphertext.as_slice(),
            aad,
        )
        .map_err(|_| CryptoError::HpkeDecryptionError)
    }

    fn hpke_setup_sender_and_export(
        &self,
        config: HpkeConfig,
        pk_r: &[u8],
        info: &[u8],
        exporter_context: &[u8],
        exporter_length: usize,
    ) -> Result<(KemOutput, ExporterSecret), CryptoError> {
        is_suite(&config)?;
        let recipient = public_key(pk_r)?;
        let context = self.with(|mut rng| {
            hpke::setup_sender_with_rng::<AesGcm128, HkdfSha256, X25519HkdfSha256>(
                &OpModeS::Base,
                &recipient,
                info,
                &mut rng,
            )
        })?;
        let (kem_output, context) = context.map_err(|_| CryptoError::SenderSetupError)?;
        let mut exported = vec![0; exporter_length];
        context
            .export(exporter_context, &mut exported)
            .map_err(|_| CryptoError::ExporterError)?;
        Ok((kem_output.to_bytes().to_vec(), exported.into()))
    }

    fn hpke_setup_receiver_and_export(
        &self,
        config: HpkeConfig,
        enc: &[u8],
        sk_r: &[u8],
        info: &[u8],
        exporter_context: &[u8],
        exporter_length: usize,
    ) -> Result<ExporterSecret, CryptoError> {
        is_suite(&config)?;
        let context = hpke::setup_receiver::<AesGcm128, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &private_key(sk_r)?,
            &encapsulated_key(enc)?,
            info,
        )
        .map_err(|_| CryptoError::ReceiverSetupError)?;
        let mut exported = vec![0; exporter_length];
        context
            .export(exporter_context, &mut exported)
            .map_err(|_| CryptoError::ExporterError)?;
        Ok(exported.into())
    }

    fn derive_hpke_keypair(
        &self,
        config: HpkeConfig,
        ikm: &[u8],
    ) -> Result<HpkeKeyPair, CryptoError> {
        is_suite(&config)?;
        let (private, public) = X25519HkdfSha256::derive_keypair(ikm);
        Ok(HpkeKeyPair {
            private: private.to_bytes().to_vec().into(),
            public: public.to_bytes().to_vec(),
        })
    }
}

type PublicKey = <X25519HkdfSha256 as hpke::Kem>::PublicKey;
type PrivateKey = <X25519HkdfSha256 as hpke::Kem>::PrivateKey;
type EncapsulatedKey = <X25519HkdfSha256 as hpke::Kem>::EncappedKey;

fn public_key(bytes: &[u8]) -> Result<PublicKey, CryptoError> {
    PublicKey::from_bytes(bytes).map_err(|_| CryptoError::InvalidPublicKey)
}

fn private_key(bytes: &[u8]) -> Result<PrivateKey, CryptoError> {
    PrivateKey::from_bytes(bytes).map_err(|_| CryptoError::InvalidLength)
}

fn encapsulated_key(bytes: &[u8]) -> Result<EncapsulatedKey, CryptoError> {
    EncapsulatedKey::from_bytes(bytes).map_err(|_| CryptoError::HpkeDecryptionError)
}

fn aead(alg: AeadType, key: &[u8], nonce: &[u8]) -> Result<(Aes128Gcm, AesNonce), CryptoError> {
    if alg != AeadType::Aes128Gcm {
        return Err(CryptoError::UnsupportedAeadAlgorithm);
    }
    let cipher = Aes128Gcm::new_from_slice(key).map_err(|_| CryptoError::InvalidLength)?;
    let nonce: [u8; 12] = nonce.try_into().map_err(|_| CryptoError::InvalidLength)?;
    Ok((cipher, nonce.into()))
}

type AesNonce = Nonce<<Aes128Gcm as aes_gcm::AeadCore>::NonceSize>;

fn is_sha256(hash_type: HashType) -> Result<(), CryptoError> {
    match hash_type {
        HashType::Sha2_256 => Ok(()),
        HashType::Sha2_384 | HashType::Sha2_512 => Err(CryptoError::UnsupportedHashAlgorithm),
    }
}

fn is_ed25519(alg: SignatureScheme) -> Result<(), CryptoError> {
    if alg == SignatureScheme::ED25519 {
        Ok(())
    } else {
        Err(CryptoError::UnsupportedSignatureScheme)
    }
}

fn is_suite(config: &HpkeConfig) -> Result<(), CryptoError> {
    let HpkeConfig(kem, kdf, aead) = config;
    if (*kem, *kdf) == (HpkeKemType::DhKem25519, HpkeKdfType::HkdfSha256)
        && *aead == HpkeAeadType::AesGcm128
    {
        Ok(())
    } else {
        Err(CryptoError::UnsupportedCiphersuite)
    }
}

#[cfg(test)]
mod tests;
