//! Known answers of RFC 9180, and refusals of other suites.

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

use super::*;

/// RFC 9180, appendix A.1.1: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM, mode base.
mod rfc_9180 {
    pub(super) const INFO: &str = "4f6465206f6e2061204772656369616e2055726e";
    pub(super) const IKM_R: &str =
        "6db9df30aa07dd42ee5e8181afdb977e538f5e1fec8a06223f33f7013e525037";
    pub(super) const SK_R: &str =
        "4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8";
    pub(super) const PK_R: &str =
        "3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d";
    pub(super) const ENC: &str = "37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431";
    pub(super) const AAD: &str = "436f756e742d30";
    pub(super) const PLAINTEXT: &str = "4265617574792069732074727574682c20747275746820626561757479";
    pub(super) const CIPHERTEXT: &str = "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a";
    pub(super) const EXPORTED: &str =
        "3853fe2b4035195a573ffc53856e77058e15d9ea064de3e59f4961d0095250ee";
}

const SUITE: HpkeConfig = HpkeConfig(
    HpkeKemType::DhKem25519,
    HpkeKdfType::HkdfSha256,
    HpkeAeadType::AesGcm128,
);

fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

#[test]
fn hpke_opens_and_exports_the_known_answers_of_rfc_9180() {
    let crypto = Crypto::without_rng();
    let pair = crypto
        .derive_hpke_keypair(SUITE, &bytes(rfc_9180::IKM_R))
        .unwrap();
    assert_eq!(hex::encode(&pair.public), rfc_9180::PK_R);
    let sealed = HpkeCiphertext {
        kem_output: bytes(rfc_9180::ENC).into(),
        ciphertext: bytes(rfc_9180::CIPHERTEXT).into(),
    };
    let (info, aad) = (bytes(rfc_9180::INFO), bytes(rfc_9180::AAD));
    let opened = crypto.hpke_open(SUITE, &sealed, &bytes(rfc_9180::SK_R), &info, &aad);
    assert_eq!(hex::encode(opened.unwrap()), rfc_9180::PLAINTEXT);
    let enc = bytes(rfc_9180::ENC);
    let exported =
        crypto.hpke_setup_receiver_and_export(SUITE, &enc, &pair.private, &info, b"", 32);
    assert_eq!(hex::encode(&*exported.unwrap()), rfc_9180::EXPORTED);
}

#[test]
fn what_hpke_seals_opens_with_the_same_inputs_alone() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let crypto = Crypto::with_rng(&mut rng);
    let pair = crypto.derive_hpke_keypair(SUITE, &[7; 32]).unwrap();
    let sealed = crypto
        .hpke_seal(SUITE, &pair.public, b"info", b"aad", b"text")
        .unwrap();
    let open = |info, aad| crypto.hpke_open(SUITE, &sealed, &pair.private, info, aad);
    assert_eq!(open(b"info", b"aad").unwrap(), b"text");
    assert!(open(b"other", b"aad").is_err() && open(b"info", b"other").is_err());
    let (kem_output, exported) = crypto
        .hpke_setup_sender_and_export(SUITE, &pair.public, b"info", b"context", 16)
        .unwrap();
    let received = crypto.hpke_setup_receiver_and_export(
        SUITE,
        &kem_output,
        &pair.private,
        b"info",
        b"context",
        16,
    );
    assert_eq!(*received.unwrap(), *exported);
}

#[test]
fn other_suites_and_an_absent_generator_are_refused() {
    let crypto = Crypto::without_rng();
    let other = Ciphersuite::MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519;
    assert!(crypto.supports(other).is_err() && crypto.supports(CIPHERSUITE).is_ok());
    assert!(crypto.hash(HashType::Sha2_512, b"").is_err());
    assert!(
        crypto
            .aead_encrypt(AeadType::Aes256Gcm, &[0; 32], b"", &[0; 12], b"")
            .is_err()
    );
    let none = CryptoError::InsufficientRandomness;
    let pair = crypto.derive_hpke_keypair(SUITE, &[7; 32]).unwrap();
    let sealed = crypto.hpke_seal(SUITE, &pair.public, b"", b"", b"");
    assert_eq!(sealed.err(), Some(none));
    assert_eq!(crypto.random_array::<4>(), Err(NoRandomness));
    assert_eq!(
        crypto.signature_key_gen(SignatureScheme::ED25519),
        Err(none)
    );
}

#[test]
fn signatures_are_those_of_ed25519() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let crypto = Crypto::with_rng(&mut rng);
    let scheme = SignatureScheme::ED25519;
    let (secret, public) = crypto.signature_key_gen(scheme).unwrap();
    let signature = crypto.sign(scheme, b"text", &secret).unwrap();
    assert_eq!(
        crypto.verify_signature(scheme, b"text", &public, &signature),
        Ok(())
    );
    let other = crypto.verify_signature(scheme, b"other", &public, &signature);
    assert_eq!(other, Err(CryptoError::InvalidSignature));
    assert!(
        crypto
            .verify_signature(scheme, b"text", &public[1..], &signature)
            .is_err()
    );
    assert!(
        crypto
            .verify_signature(scheme, b"text", &public, &[])
            .is_err()
    );
}
