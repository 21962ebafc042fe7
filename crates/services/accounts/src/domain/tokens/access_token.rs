//! Access tokens: JSON Web Tokens (RFC 7519) signed with Ed25519 (RFC 8037), in the profile of
//! RFC 9068 (`at+jwt`).
//!
//! Only this service parses them, and it accepts exactly the tokens that it issues: one header for
//! each key, byte for byte. No algorithm is negotiated, and no other header is parsed.

use anteroom_protocol::{Aci, Timestamp};
use anteroom_store::{DeviceId, SessionId};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// The audience of the tokens: only this service.
const AUDIENCE: &str = "anteroom";
/// The maximum length of a token, in bytes.
const MOST_BYTES: usize = 1_024;
/// The maximum difference between the clocks of two processes with the same database, in seconds.
const CLOCK_TOLERANCE: u64 = 60;

/// The time for which an access token is valid, in seconds.
pub(crate) const LIFETIME: u64 = 15 * 60;

/// The time for which a replaced token key still verifies, in seconds. All of its tokens are
/// expired after that.
pub const TOKEN_KEY_GRACE: u64 = LIFETIME + CLOCK_TOLERANCE;

/// Signs and verifies access tokens.
pub(crate) struct AccessTokens {
    issuer: String,
    /// The first key signs, and all verify.
    keys: Vec<AccessTokenKey>,
    /// The key for tokens without a key, so that their verification takes the same time.
    nobody: VerifyingKey,
}

/// The source of a signing key.
pub(crate) struct TokenSeed {
    pub(crate) seed: Zeroizing<[u8; 32]>,
    /// The time at which a newer key replaced this one.
    pub(crate) retired: Option<Timestamp>,
}

/// A signing key and the header of its tokens.
struct AccessTokenKey {
    signing: SigningKey,
    verifying: VerifyingKey,
    id: String,
    /// The header as a token contains it.
    header: String,
    /// The time from which all tokens of this key are expired.
    ends: Option<Timestamp>,
}

/// The content of an access token: a session of a device of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AccessClaims {
    pub(crate) aci: Aci,
    pub(crate) device: DeviceId,
    pub(crate) session: SessionId,
}

/// A public key for `/.well-known/jwks.json` (RFC 8037, section 2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicTokenKey {
    pub(crate) id: String,
    pub(crate) x: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    did: u32,
    sid: String,
    iat: u64,
    exp: u64,
    jti: String,
}

impl AccessTokens {
    /// Creates tokens in the name of `issuer`, with keys of these seeds, newest first.
    pub(crate) fn new(issuer: &str, seeds: impl IntoIterator<Item = TokenSeed>) -> Self {
        Self {
            issuer: issuer.to_owned(),
            keys: seeds
                .into_iter()
                .map(|seed| AccessTokenKey::new(&seed))
                .collect(),
            nobody: SigningKey::from_bytes(&[0; 32]).verifying_key(),
        }
    }

    /// Issues a token that is valid for [`LIFETIME`] from `issued` on; `None` while there is no
    /// key. The same claims, time, id and key give the same token.
    pub(crate) fn issue(
        &self,
        claims: &AccessClaims,
        issued: Timestamp,
        id: [u8; 16],
    ) -> Option<Zeroizing<String>> {
        let key = self.keys.first()?;
        let claims = Zeroizing::new(
            serde_json::to_vec(&Claims {
                iss: self.issuer.clone(),
                aud: AUDIENCE.to_owned(),
                sub: claims.aci.to_uuid_string(),
                did: claims.device.as_u32(),
                sid: URL_SAFE_NO_PAD.encode(claims.session.as_bytes()),
                iat: issued.as_secs(),
                exp: issued.plus(LIFETIME).as_secs(),
                jti: URL_SAFE_NO_PAD.encode(id),
            })
            .ok()?,
        );
        let mut token = Zeroizing::new(String::with_capacity(MOST_BYTES));
        token.push_str(&key.header);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(&*claims, &mut token);
        let signature = key.signing.sign(token.as_bytes());
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature.to_bytes(), &mut token);
        Some(token)
    }

    /// Returns the content of a token, if one of the keys signed it and it is valid at `now`.
    ///
    /// Exactly one signature is verified, whatever is wrong with the token.
    pub(crate) fn verify(&self, token: &str, now: Timestamp) -> Option<AccessClaims> {
        let Some(parts) = self.split(token, now) else {
            let _ = self
                .nobody
                .verify_strict(&[], &Signature::from_bytes(&[0; 64]));
            return None;
        };
        let signed = parts.key.verify_strict(parts.signed, &parts.signature);
        signed.ok()?;
        let claims = Zeroizing::new(URL_SAFE_NO_PAD.decode(parts.claims).ok()?);
        let claims: Claims = serde_json::from_slice(&claims).ok()?;
        let is_for_us = claims.iss == self.issuer && claims.aud == AUDIENCE;
        let is_good = claims.iat <= now.plus(CLOCK_TOLERANCE).as_secs()
            && now.as_secs() < claims.exp
            && claims.exp <= claims.iat.saturating_add(LIFETIME);
        if !(is_for_us && is_good) {
            return None;
        }
        let session = URL_SAFE_NO_PAD.decode(&claims.sid).ok()?;
        Some(AccessClaims {
            aci: Aci::parse(&claims.sub).ok()?,
            device: DeviceId::new(claims.did)?,
            session: SessionId::from_bytes(session.try_into().ok()?),
        })
    }

    /// Returns whether a token has the header of a token of this service.
    pub(crate) fn claims_to_be_ours(&self, token: &str) -> bool {
        let header = token.split('.').next().unwrap_or_default();
        self.keys.iter().any(|key| key.header == header)
    }

    /// Returns the public keys whose tokens are accepted at `now`, newest first.
    pub(crate) fn public_keys(&self, now: Timestamp) -> Vec<PublicTokenKey> {
        let public = |key: &AccessTokenKey| PublicTokenKey {
            id: key.id.clone(),
            x: URL_SAFE_NO_PAD.encode(key.verifying.as_bytes()),
        };
        self.live(now).map(public).collect()
    }

    fn live(&self, now: Timestamp) -> impl Iterator<Item = &AccessTokenKey> {
        let ended = move |key: &AccessTokenKey| key.ends.is_some_and(|end| end <= now);
        self.keys.iter().filter(move |key| !ended(key))
    }

    fn split<'a>(&'a self, token: &'a str, now: Timestamp) -> Option<Parts<'a>> {
        if token.len() > MOST_BYTES {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let key = self.live(now).find(|key| key.header == header)?;
        let mut bytes = [0; 64];
        let length = URL_SAFE_NO_PAD.decode_slice(signature, &mut bytes).ok()?;
        (length == bytes.len()).then(|| Parts {
            key: &key.verifying,
            signed: signed.as_bytes(),
            claims,
            signature: Signature::from_bytes(&bytes),
        })
    }
}

struct Parts<'a> {
    key: &'a VerifyingKey,
    signed: &'a [u8],
    claims: &'a str,
    signature: Signature,
}

impl AccessTokenKey {
    fn new(TokenSeed { seed, retired }: &TokenSeed) -> Self {
        let signing = SigningKey::from_bytes(seed);
        let verifying = signing.verifying_key();
        let id = thumbprint(&verifying);
        let header = format!(r#"{{"alg":"EdDSA","kid":"{id}","typ":"at+jwt"}}"#);
        Self {
            signing,
            verifying,
            id,
            header: URL_SAFE_NO_PAD.encode(header),
            ends: retired.map(|retired| retired.plus(TOKEN_KEY_GRACE)),
        }
    }
}

/// Returns the key's id, which depends only on the key (RFC 7638, section 3, and RFC 8037, appendix
/// A.3).
fn thumbprint(key: &VerifyingKey) -> String {
    let x = URL_SAFE_NO_PAD.encode(key.as_bytes());
    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    URL_SAFE_NO_PAD.encode(Sha256::digest(members))
}

#[cfg(test)]
mod tests;
