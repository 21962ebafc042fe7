//! The claims of a token, and the check of their times.

use std::time::Duration;

use anteroom_protocol::{Timestamp, redacted_debug};
use serde::{Deserialize, Deserializer};

/// The maximum length of a subject or an email, in bytes (OpenID Connect Core 1.0, section 2).
const MAX_NAME: usize = 255;

/// The subject of a verified token. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct OidcSubject {
    /// The provider, as the settings name it.
    pub issuer: String,
    /// The provider's name of the user, which no other user ever gets. 1 to 255 bytes.
    pub subject: String,
    /// The user's email, if the token contains it; at most 255 bytes.
    pub email: Option<String>,
    /// Whether the provider has verified that the email is the user's.
    pub email_verified: bool,
    /// The time at which the token was issued; `None` if the token does not contain it.
    pub issued: Option<Timestamp>,
}

redacted_debug!(OidcSubject);

/// The relevant claims. `iss` and `aud` are checked with the signature.
#[derive(Deserialize)]
pub(crate) struct Claims {
    iss: String,
    sub: String,
    exp: NumericDate,
    #[serde(default)]
    nbf: Option<NumericDate>,
    #[serde(default)]
    iat: Option<NumericDate>,
    #[serde(default, deserialize_with = "lenient")]
    email: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    email_verified: Option<bool>,
}

/// The issuer of a token that is not verified. Its only use is to choose the provider.
#[derive(Deserialize)]
pub(crate) struct UnverifiedIssuer {
    pub(crate) iss: String,
}

/// Seconds since 1970, possibly with a fraction (RFC 7519, section 2).
#[derive(Clone, Copy, Deserialize)]
struct NumericDate(f64);

impl NumericDate {
    /// Returns the whole second; `None` for a number that is not a time since 1970.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range is checked"
    )]
    fn timestamp(self) -> Option<Timestamp> {
        const LATEST: f64 = 9e15;
        (0.0..LATEST)
            .contains(&self.0)
            .then(|| Timestamp::from_secs(self.0 as u64))
    }
}

/// Parses a value. A value of another type counts as missing.
fn lenient<'de, D: Deserializer<'de>, T: serde::de::DeserializeOwned>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).ok())
}

impl Claims {
    /// Returns whether the claims are valid at this time, with a tolerance of `skew`.
    pub(crate) fn hold_at(&self, now: Timestamp, skew: Duration) -> bool {
        let skew = skew.as_secs();
        let (early, late) = (seconds(now.minus(skew)), seconds(now.plus(skew)));
        let began = |date: Option<NumericDate>| date.is_none_or(|date| date.0 <= late);
        // The comparison is false for a value that is not a number.
        self.exp.0 > early && began(self.nbf) && began(self.iat)
    }

    pub(crate) fn subject(self) -> Option<OidcSubject> {
        let fits = |name: &String| !name.is_empty() && name.len() <= MAX_NAME;
        if !fits(&self.sub) {
            return None;
        }
        let email = self.email.filter(fits);
        Some(OidcSubject {
            issuer: self.iss,
            subject: self.sub,
            email_verified: email.is_some() && self.email_verified == Some(true),
            email,
            issued: self.iat.and_then(NumericDate::timestamp),
        })
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "exact for the next hundred million years"
)]
const fn seconds(moment: Timestamp) -> f64 {
    moment.as_secs() as f64
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const NOW: u64 = 1_700_000_000;

    fn claims(change: &Value) -> Option<Claims> {
        let mut claims = json!({"iss": "i", "sub": "s", "exp": NOW + 300});
        claims
            .as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        serde_json::from_value(claims).ok()
    }

    #[test]
    fn a_token_holds_from_its_beginning_to_its_end_give_or_take_the_skew() {
        for (change, expected) in [
            (json!({}), true),
            (json!({"exp": NOW + 1}), true),
            (json!({"exp": NOW - 59}), true),
            (
                json!({"exp": NOW - 59, "iat": NOW - 300, "nbf": NOW - 300}),
                true,
            ),
            (json!({"exp": NOW - 60}), false),
            (json!({"exp": 0}), false),
            (json!({"exp": -1}), false),
            (json!({"exp": 1e300}), true),
            (json!({"exp": NOW as f64 + 0.5}), true),
            (json!({"exp": null}), false),
            (json!({"exp": "1900000000"}), false),
            (json!({"nbf": NOW + 60}), true),
            (json!({"nbf": NOW + 61}), false),
            (json!({"nbf": "now"}), false),
            (json!({"iat": NOW + 60}), true),
            (json!({"iat": NOW + 61}), false),
            (json!({"iat": 1e300}), false),
        ] {
            let holds = claims(&change).is_some_and(|claims| {
                claims.hold_at(Timestamp::from_secs(NOW), Duration::from_secs(60))
            });
            assert_eq!(holds, expected, "{change}");
        }
    }

    #[test]
    fn a_subject_has_a_name_and_perhaps_an_email() {
        let long = "x".repeat(256);
        for (change, expected) in [
            (json!({}), Some((None, false))),
            (json!({"email": "a@b"}), Some((Some("a@b"), false))),
            (
                json!({"email": "a@b", "email_verified": true}),
                Some((Some("a@b"), true)),
            ),
            (
                json!({"email": "a@b", "email_verified": "true"}),
                Some((Some("a@b"), false)),
            ),
            (json!({"email_verified": true}), Some((None, false))),
            (
                json!({"email": 7, "email_verified": true}),
                Some((None, false)),
            ),
            (json!({"email": long}), Some((None, false))),
            (json!({"sub": ""}), None),
            (json!({"sub": long}), None),
            (json!({"sub": 7}), None),
            (json!({"sub": null}), None),
        ] {
            let subject = claims(&change).and_then(Claims::subject);
            let got = subject
                .as_ref()
                .map(|subject| (subject.email.as_deref(), subject.email_verified));
            assert_eq!(got, expected, "{change}");
        }
    }

    #[test]
    fn a_subject_knows_when_its_token_was_issued() {
        for (change, expected) in [
            (json!({}), None),
            (json!({"iat": NOW}), Some(NOW)),
            (json!({"iat": NOW as f64 + 0.9}), Some(NOW)),
            (json!({"iat": 0}), Some(0)),
            (json!({"iat": -1}), None),
            (json!({"iat": 1e300}), None),
        ] {
            let subject = claims(&change).and_then(Claims::subject).unwrap();
            let issued = subject.issued.map(Timestamp::as_secs);
            assert_eq!(issued, expected, "{change}");
        }
    }

    #[test]
    fn a_subject_does_not_show_itself() {
        let subject = claims(&json!({})).and_then(Claims::subject).unwrap();
        assert_eq!(format!("{subject:?}"), "OidcSubject(..)");
    }
}
