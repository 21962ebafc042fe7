//! The signature of a request: `t=<seconds since 1970>,v1=<hex>`, where the hex is HMAC-SHA256 under
//! the secret of `<seconds>.<body>`.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::WebhookSecret;

/// Signs requests.
#[derive(Clone)]
pub(crate) struct Signer(Hmac<Sha256>);

impl Signer {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    pub(crate) fn new(secret: &WebhookSecret) -> Self {
        Self(Hmac::new_from_slice(secret.as_bytes()).expect("any length is a key"))
    }

    /// Returns the value of `Webhook-Signature`.
    pub(crate) fn sign(&self, seconds: u64, body: &[u8]) -> String {
        let mut mac = self.0.clone();
        mac.update(seconds.to_string().as_bytes());
        mac.update(b".");
        mac.update(body);
        let tag = hex::encode(mac.finalize().into_bytes());
        format!("t={seconds},v1={tag}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_another_implementation() {
        // printf '1700000000.{"event":"a"}' | openssl dgst -sha256 -hmac 0123456789abcdef
        let secret = WebhookSecret::new("0123456789abcdef".to_owned().into()).unwrap();
        assert_eq!(
            Signer::new(&secret).sign(1_700_000_000, br#"{"event":"a"}"#),
            "t=1700000000,v1=a3b7af113741c568aac8b0172e7df0935a7c168513df91bd2960760473e82ebd"
        );
    }
}
