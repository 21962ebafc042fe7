//! `ring` behind `jsonwebtoken`.

use jsonwebtoken::{
    Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind, EncodingKey,
    crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils},
    errors::{Error as JwtError, ErrorKind},
};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, Ed25519KeyPair, RSA_PKCS1_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA256, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey,
    VerificationAlgorithm,
};
use signature::{Error, Signer, Verifier};

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: signer,
    verifier_factory: verifier,
    key_utils: KeyUtils::new_unimplemented(),
};

/// Installs `ring` as the cryptography of `jsonwebtoken`, in the whole process: RS256, PS256, ES256
/// and EdDSA are verified, EdDSA is signed, and every other algorithm is refused.
///
/// The first installation stays. The creation of a verifier installs it too.
pub fn install_token_crypto() {
    // An error means that another provider is installed, which stays.
    let _ = PROVIDER.install_default();
}

fn signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>, JwtError> {
    if *algorithm != Algorithm::EdDSA || key.family() != AlgorithmFamily::Ed {
        return Err(ErrorKind::UnsupportedAlgorithm.into());
    }
    let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(key.as_bytes())
        .map_err(|_| ErrorKind::InvalidEddsaKey)?;
    Ok(Box::new(EddsaSigner(pair)))
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>, JwtError> {
    let key = match (algorithm, key.family(), key.kind()) {
        (Algorithm::RS256, AlgorithmFamily::Rsa, DecodingKeyKind::RsaModulusExponent { n, e }) => {
            RingKey::Rsa(&RSA_PKCS1_2048_8192_SHA256, n.clone(), e.clone())
        }
        (Algorithm::PS256, AlgorithmFamily::Rsa, DecodingKeyKind::RsaModulusExponent { n, e }) => {
            RingKey::Rsa(&RSA_PSS_2048_8192_SHA256, n.clone(), e.clone())
        }
        (Algorithm::ES256, AlgorithmFamily::Ec, DecodingKeyKind::SecretOrDer(point)) => {
            RingKey::Point(&ECDSA_P256_SHA256_FIXED, point.clone())
        }
        (Algorithm::EdDSA, AlgorithmFamily::Ed, DecodingKeyKind::SecretOrDer(point)) => {
            RingKey::Point(&ED25519, point.clone())
        }
        _ => return Err(ErrorKind::UnsupportedAlgorithm.into()),
    };
    let algorithm = *algorithm;
    Ok(Box::new(RingVerifier { algorithm, key }))
}

struct EddsaSigner(Ed25519KeyPair);

impl Signer<Vec<u8>> for EddsaSigner {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(self.0.sign(message).as_ref().to_vec())
    }
}

impl JwtSigner for EddsaSigner {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

struct RingVerifier {
    algorithm: Algorithm,
    key: RingKey,
}

enum RingKey {
    /// The modulus and the exponent.
    Rsa(&'static RsaParameters, Vec<u8>, Vec<u8>),
    Point(&'static dyn VerificationAlgorithm, Vec<u8>),
}

impl Verifier<Vec<u8>> for RingVerifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), Error> {
        let verified = match &self.key {
            RingKey::Rsa(parameters, n, e) => {
                RsaPublicKeyComponents { n, e }.verify(parameters, message, signature)
            }
            RingKey::Point(scheme, point) => {
                UnparsedPublicKey::new(*scheme, point).verify(message, signature)
            }
        };
        verified.map_err(|_| Error::new())
    }
}

impl JwtVerifier for RingVerifier {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}
