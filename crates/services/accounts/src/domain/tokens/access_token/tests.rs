use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};

use super::*;

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);
const ISSUER: &str = "https://issuer.example";

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(7)
}

fn tokens(seeds: &[u8]) -> AccessTokens {
    AccessTokens::new(
        ISSUER,
        seeds.iter().enumerate().map(|(n, byte)| seed(*byte, n > 0)),
    )
}

/// Returns the seed of a key that was replaced at `NOW`, or of the newest key.
fn seed(byte: u8, is_retired: bool) -> TokenSeed {
    TokenSeed {
        seed: Zeroizing::new([byte; 32]),
        retired: is_retired.then_some(NOW),
    }
}

fn claims() -> AccessClaims {
    AccessClaims {
        aci: Aci::from_bytes([1; 16]),
        device: DeviceId::parse("3").unwrap(),
        session: SessionId::from_bytes([2; 16]),
    }
}

fn issue(tokens: &AccessTokens) -> String {
    tokens.issue(&claims(), NOW, [7; 16]).unwrap().to_string()
}

fn part(token: &str, n: usize) -> Value {
    let part = token.split('.').nth(n).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// Returns a token of exactly these parts, signed with the key of a seed.
fn signed(header: &Value, claims: &Value, seed: u8) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", encode(header), encode(claims));
    let signature = SigningKey::from_bytes(&[seed; 32]).sign(message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
}

#[test]
fn a_token_says_what_it_was_made_for_until_it_expires() {
    let tokens = tokens(&[1]);
    let token = issue(&tokens);
    for (now, good) in [
        (NOW, true),
        (NOW.plus(LIFETIME - 1), true),
        (NOW.plus(LIFETIME), false),
        (NOW.minus(CLOCK_TOLERANCE), true),
        (NOW.minus(CLOCK_TOLERANCE + 1), false),
    ] {
        assert_eq!(tokens.verify(&token, now), good.then(claims), "{now:?}");
    }
    let payload = part(&token, 1);
    assert_eq!(payload["iss"], ISSUER);
    assert_eq!(payload["aud"], "anteroom");
    assert_eq!(payload["sub"], claims().aci.to_uuid_string());
    assert_eq!(payload["did"], 3);
    assert_eq!(payload["exp"].as_u64(), Some(NOW.as_secs() + 900));
    assert_ne!(part(&issue(&tokens), 1)["jti"], Value::Null);
}

#[test]
fn the_newest_key_signs_and_the_older_still_verify() {
    let (old, both, new) = (tokens(&[1]), tokens(&[2, 1]), tokens(&[2]));
    assert!(both.verify(&issue(&old), NOW).is_some());
    assert!(new.verify(&issue(&both), NOW).is_some());
    assert!(old.verify(&issue(&both), NOW).is_none());
    assert!(new.verify(&issue(&old), NOW).is_none());
    assert!(tokens(&[]).issue(&claims(), NOW, [7; 16]).is_none());
    assert!(tokens(&[]).verify(&issue(&old), NOW).is_none());
    let ids: Vec<_> = both
        .public_keys(NOW)
        .into_iter()
        .map(|key| key.id)
        .collect();
    assert_eq!(part(&issue(&both), 0)["kid"], ids[0].as_str());
    assert_eq!(ids[1], old.public_keys(NOW)[0].id);
}

#[test]
fn a_retired_key_ends_when_its_last_token_has_expired() {
    let (old, both) = (tokens(&[1]), tokens(&[2, 1]));
    let end = NOW.plus(LIFETIME + CLOCK_TOLERANCE);
    for (now, keys) in [(NOW, 2), (end.minus(1), 2), (end, 1)] {
        assert_eq!(both.public_keys(now).len(), keys);
        // A thief of the key can write any time into a token.
        let token = old.issue(&claims(), now, [7; 16]).unwrap();
        assert_eq!(both.verify(&token, now).is_some(), keys == 2);
        assert!(both.claims_to_be_ours(&token));
    }
}

#[test]
fn the_thumbprint_is_that_of_the_standard() {
    // RFC 8037, appendices A.1 and A.3.
    let x = URL_SAFE_NO_PAD
        .decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
        .unwrap();
    let key = VerifyingKey::from_bytes(&x.try_into().unwrap()).unwrap();
    assert_eq!(
        thumbprint(&key),
        "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    );
}

#[test]
fn a_token_with_anything_else_in_it_is_refused() {
    let tokens = tokens(&[1]);
    let good = issue(&tokens);
    let (header, payload) = (part(&good, 0), part(&good, 1));
    assert!(tokens.verify(&signed(&header, &payload, 1), NOW).is_some());

    let with = |value: &Value, member: &str, other: Value| {
        let mut value = value.clone();
        value[member] = other;
        value
    };
    let without = |value: &Value, member: &str| {
        let mut value = value.clone();
        value.as_object_mut().unwrap().remove(member);
        value
    };
    let kid = header["kid"].clone();
    let headers = [
        with(&header, "alg", json!("none")),
        with(&header, "alg", json!("HS256")),
        with(&header, "alg", json!("RS256")),
        with(&header, "alg", json!("eddsa")),
        with(&header, "typ", json!("JWT")),
        with(&header, "kid", json!("other")),
        with(&header, "kid", json!(1)),
        with(&header, "crit", json!(["exp"])),
        with(&header, "jwk", json!({ "kty": "OKP" })),
        without(&header, "typ"),
        without(&header, "kid"),
        json!({ "kid": kid, "alg": "EdDSA" }),
        json!([]),
    ];
    for header in &headers {
        assert_eq!(
            tokens.verify(&signed(header, &payload, 1), NOW),
            None,
            "{header}"
        );
    }
    let now = NOW.as_secs();
    let payloads = [
        with(&payload, "iss", json!("https://other.example")),
        with(&payload, "iss", json!(format!("{ISSUER}/"))),
        with(&payload, "aud", json!("rooms")),
        with(&payload, "aud", json!(["anteroom"])),
        with(&payload, "sub", json!("")),
        with(&payload, "sub", json!("00000000")),
        with(&payload, "did", json!(0)),
        with(&payload, "did", json!("3")),
        with(&payload, "did", json!(4_294_967_296_u64)),
        with(&payload, "sid", json!("AAAA")),
        with(&payload, "iat", json!(now + 61)),
        with(&payload, "iat", json!(-1)),
        with(&payload, "exp", json!(now)),
        with(&payload, "exp", json!(now + LIFETIME + 1)),
        with(&payload, "exp", json!(u64::MAX)),
        with(&payload, "nbf", json!(now)),
        without(&payload, "exp"),
        without(&payload, "iat"),
        without(&payload, "aud"),
        without(&payload, "iss"),
        without(&payload, "sid"),
        without(&payload, "jti"),
        json!(null),
    ];
    for payload in &payloads {
        assert_eq!(
            tokens.verify(&signed(&header, payload, 1), NOW),
            None,
            "{payload}"
        );
    }
    // Another key under the id of this key.
    assert_eq!(tokens.verify(&signed(&header, &payload, 2), NOW), None);
    // The public key as the secret of an HMAC gives no valid signature: it is too short.
    for signature in [
        "",
        "AAAA",
        &URL_SAFE_NO_PAD.encode([0; 32]),
        &URL_SAFE_NO_PAD.encode([0; 64]),
        &URL_SAFE_NO_PAD.encode([0; 65]),
    ] {
        let unsigned = good.rsplit_once('.').unwrap().0;
        assert_eq!(tokens.verify(&format!("{unsigned}.{signature}"), NOW), None);
    }
}

#[test]
fn no_change_of_one_character_survives() {
    let tokens = tokens(&[1]);
    let good = issue(&tokens);
    for at in 0..good.len() {
        for other in ['A', 'B', '.', '=', '-', '\u{e9}', ' '] {
            let mut changed: Vec<char> = good.chars().collect();
            if changed[at] != other {
                changed[at] = other;
                let changed: String = changed.into_iter().collect();
                assert_eq!(tokens.verify(&changed, NOW), None, "{at} {other}");
            }
        }
        assert_eq!(tokens.verify(&good[..at], NOW), None);
    }
}

#[test]
fn noise_is_no_token() {
    const ALPHABET: &[u8] = b"AZaz09-_.=+/ {}\":,eyJhbGciOiJFZERTQSJ9";
    let tokens = tokens(&[1]);
    let good = issue(&tokens);
    let mut rng = rng();
    for _ in 0..10_000 {
        let length = rng.next_u32() as usize % 300;
        let pick = |n: u32| char::from(ALPHABET[n as usize % ALPHABET.len()]);
        let noise: String = (0..length).map(|_| pick(rng.next_u32())).collect();
        assert_eq!(tokens.verify(&noise, NOW), None);
        // A valid start, followed by random bytes.
        let keep = rng.next_u32() as usize % good.len();
        assert_eq!(
            tokens.verify(&format!("{}{noise}", &good[..keep]), NOW),
            None
        );
    }
    assert_eq!(
        tokens.verify(&format!("{good}{}", "A".repeat(2_000)), NOW),
        None
    );
    assert_eq!(tokens.verify(&"A.".repeat(1_000_000), NOW), None);
}
