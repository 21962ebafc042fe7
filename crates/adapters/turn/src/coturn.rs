//! Time-limited credentials for coturn, made without a request.
//!
//! The scheme is that of "A REST API For Access To TURN Services" (draft-uberti-behave-turn-rest-00,
//! section 2.2), which coturn calls `use-auth-secret`:
//!
//! ```text
//! username = <expiry, seconds since 1970> ":" <name of the user>
//! password = base64(HMAC-SHA1(secret, username))
//! ```
//!
//! The relay accepts them until the expiry, without having seen them before. (The scheme requires
//! SHA-1. HMAC does not depend on the collision resistance that SHA-1 has lost.)

use anteroom_protocol::Timestamp;
use anteroom_runtime::Pseudonym;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use zeroize::{Zeroize as _, Zeroizing};

use crate::{RelaySecret, RelayTtl, relay::Credentials};

/// Creates credentials that are valid for `ttl` from now on.
pub(crate) fn credentials(
    secret: &RelaySecret,
    user: Pseudonym,
    now: Timestamp,
    ttl: RelayTtl,
) -> Credentials {
    let expiry = now.plus(ttl.as_secs()).as_secs();
    let username = Zeroizing::new(format!("{expiry}:{user}"));
    let password = password(secret.expose().as_bytes(), &username);
    Credentials { username, password }
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
fn password(secret: &[u8], username: &str) -> Zeroizing<String> {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).expect("any length is a key");
    mac.update(username.as_bytes());
    let mut tag = mac.finalize().into_bytes();
    let text = Zeroizing::new(STANDARD.encode(tag));
    tag.as_mut_slice().zeroize();
    text
}

#[cfg(test)]
mod tests {
    use anteroom_protocol::Aci;
    use anteroom_runtime::Pseudonymizer;

    use super::*;

    #[test]
    fn the_password_is_the_hmac_of_the_username() {
        // The first two: RFC 2202, section 3, test cases 2 and 6, as base64. The others: computed
        // with OpenSSL 3.0.
        let long = [0xaa_u8; 80];
        let cases: [(&[u8], &str, &str); 4] = [
            (
                b"Jefe",
                "what do ya want for nothing?",
                "7/zfauXrL6LSdBbV8YTfnCWafHk=",
            ),
            (
                &long,
                "Test Using Larger Than Block-Size Key - Hash Key First",
                "qkrl4VJy0A6VcFY3zoo7Ve1AIRI=",
            ),
            (b"north", "1433895918:user", "/gk4t5tUc08OpM3NjrVjHSFVNmY="),
            (
                b"a secret shared with coturn",
                "1795480000:g5JkKoHIN0kKp0Oz6au05w",
                "a95kvw1IacW10IOgn5EadVv8r2w=",
            ),
        ];
        for (secret, username, expected) in cases {
            assert_eq!(password(secret, username).as_str(), expected, "{username}");
        }
    }

    #[test]
    fn the_username_is_the_expiry_and_the_users_name() {
        let secret = RelaySecret::new(Zeroizing::new("0123456789abcdef".to_owned())).unwrap();
        let user = Pseudonymizer::new(Zeroizing::new([1; 32])).account(&Aci::from_bytes([2; 16]));
        let (now, ttl) = (
            Timestamp::from_secs(1_000),
            RelayTtl::from_secs(600).unwrap(),
        );
        let made = credentials(&secret, user, now, ttl);
        assert_eq!(made.username.as_str(), format!("1600:{user}"));
        assert_eq!(made.password, password(b"0123456789abcdef", &made.username));
        let end = credentials(&secret, user, Timestamp::from_secs(u64::MAX), ttl);
        assert!(end.username.starts_with("18446744073709551615:"));
    }
}
