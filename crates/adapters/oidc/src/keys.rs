//! A provider's keys (RFC 7517).

use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

/// The maximum number of a provider's keys.
const MAX_KEYS: usize = 100;
/// The maximum length of a key's id, in bytes.
pub(crate) const MAX_KEY_ID: usize = 255;

/// The accepted algorithms. None of them is symmetric, so that a public key can never be used as a
/// secret.
pub(crate) const ALGORITHMS: [Algorithm; 4] = [
    Algorithm::RS256,
    Algorithm::PS256,
    Algorithm::ES256,
    Algorithm::EdDSA,
];

/// Keys that can verify tokens.
#[derive(Default)]
pub(crate) struct KeySet(Vec<Key>);

struct Key {
    id: String,
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

impl KeySet {
    /// Parses the usable keys of a JWKS. Ignores others (for encryption, of other algorithms,
    /// without an id). Returns `None` if there is no usable key.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let set: JwkSet = serde_json::from_slice(bytes).ok()?;
        let keys = set.keys.into_iter().take(MAX_KEYS);
        let keys: Vec<Key> = keys.filter_map(|value| usable(&value)).collect();
        (!keys.is_empty()).then_some(Self(keys))
    }

    /// Returns the key with this id, if it is for this algorithm.
    pub(crate) fn find(&self, id: &str, algorithm: Algorithm) -> Option<&DecodingKey> {
        self.0
            .iter()
            .find(|key| key.id == id && key.algorithms.contains(&algorithm))
            .map(|key| &key.key)
    }

    /// Returns whether there is a key with this id, for any algorithm.
    pub(crate) fn knows(&self, id: &str) -> bool {
        self.0.iter().any(|key| key.id == id)
    }
}

#[derive(Deserialize)]
struct JwkSet {
    keys: Vec<Value>,
}

/// The relevant members. No private member is one of them.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: String,
    #[serde(rename = "use")]
    purpose: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

fn usable(value: &Value) -> Option<Key> {
    let jwk = Jwk::deserialize(value).ok()?;
    let for_signatures = jwk
        .purpose
        .as_deref()
        .is_none_or(|purpose| purpose == "sig")
        && jwk
            .key_ops
            .as_ref()
            .is_none_or(|operations| operations.iter().any(|operation| operation == "verify"));
    if !for_signatures || jwk.kid.is_empty() || jwk.kid.len() > MAX_KEY_ID {
        return None;
    }
    let (possible, key) = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
        ("RSA", _) => (
            &[Algorithm::RS256, Algorithm::PS256][..],
            DecodingKey::from_rsa_components(&jwk.n?, &jwk.e?).ok()?,
        ),
        ("EC", Some("P-256")) => (
            &[Algorithm::ES256][..],
            DecodingKey::from_ec_components(&jwk.x?, &jwk.y?).ok()?,
        ),
        ("OKP", Some("Ed25519")) => (
            &[Algorithm::EdDSA][..],
            DecodingKey::from_ed_components(&jwk.x?).ok()?,
        ),
        _ => return None,
    };
    let named = jwk.alg.as_deref();
    let algorithms: Vec<Algorithm> = possible
        .iter()
        .copied()
        .filter(|algorithm| named.is_none_or(|named| names(*algorithm).contains(&named)))
        .collect();
    (!algorithms.is_empty()).then_some(Key {
        id: jwk.kid,
        algorithms,
        key,
    })
}

/// Returns the names of an algorithm. `Ed25519` is the name that RFC 9864 gives to EdDSA over that
/// curve.
const fn names(algorithm: Algorithm) -> &'static [&'static str] {
    match algorithm {
        Algorithm::RS256 => &["RS256"],
        Algorithm::PS256 => &["PS256"],
        Algorithm::ES256 => &["ES256"],
        Algorithm::EdDSA => &["EdDSA", "Ed25519"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_public_keys_for_known_signatures_are_taken() {
        let rsa = || json!({"kty": "RSA", "kid": "k", "n": "AQAB", "e": "AQAB"});
        let with = |member: &str, value: Value| {
            let mut key = rsa();
            key[member] = value;
            key
        };
        use Algorithm::{ES256, EdDSA, PS256, RS256};
        for (key, expected) in [
            (rsa(), &[RS256, PS256][..]),
            (with("alg", json!("RS256")), &[RS256]),
            (with("alg", json!("PS256")), &[PS256]),
            (with("alg", json!("HS256")), &[]),
            (with("alg", json!("RS512")), &[]),
            (with("alg", json!(null)), &[RS256, PS256]),
            (with("use", json!("sig")), &[RS256, PS256]),
            (with("use", json!("enc")), &[]),
            (with("key_ops", json!(["verify"])), &[RS256, PS256]),
            (with("key_ops", json!(["encrypt"])), &[]),
            (with("kid", json!("")), &[]),
            (with("kid", json!(null)), &[]),
            (with("n", json!(7)), &[]),
            (with("n", json!("no base64!")), &[]),
            (with("kty", json!("oct")), &[]),
            (json!({"kty": "oct", "kid": "k", "k": "AQAB"}), &[]),
            (
                json!({"kty": "EC", "crv": "P-256", "kid": "k", "x": "AQ", "y": "AQ"}),
                &[ES256],
            ),
            (
                json!({"kty": "EC", "crv": "P-384", "kid": "k", "x": "AQ", "y": "AQ"}),
                &[],
            ),
            (json!({"kty": "EC", "kid": "k", "x": "AQ", "y": "AQ"}), &[]),
            (
                json!({"kty": "OKP", "crv": "Ed25519", "kid": "k", "x": "AQ"}),
                &[EdDSA],
            ),
            (
                json!({"kty": "OKP", "crv": "Ed448", "kid": "k", "x": "AQ"}),
                &[],
            ),
            (json!("junk"), &[]),
        ] {
            let set = KeySet::parse(json!({"keys": [key, 5]}).to_string().as_bytes());
            for algorithm in ALGORITHMS {
                let found = set.as_ref().and_then(|set| set.find("k", algorithm));
                assert_eq!(
                    found.is_some(),
                    expected.contains(&algorithm),
                    "{key} {algorithm:?}"
                );
            }
        }
        for junk in ["", "{}", "[]", "{\"keys\": 5}", "{\"keys\": []}", "\u{0}"] {
            assert!(KeySet::parse(junk.as_bytes()).is_none(), "{junk:?}");
        }
    }

    #[test]
    fn the_number_of_keys_is_bounded() {
        let key = |number: usize| json!({"kty": "OKP", "crv": "Ed25519", "kid": format!("{number}"), "x": "AQ"});
        let keys: Vec<Value> = (0..=MAX_KEYS).map(key).collect();
        let set = KeySet::parse(json!({ "keys": keys }).to_string().as_bytes()).unwrap();
        assert!(set.knows("99") && !set.knows("100"));
    }
}
