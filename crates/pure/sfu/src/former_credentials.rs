//! The credentials of a connection from before a restart of ICE: the device goes on with them until it has the
//! answer, so checks with them are answered for a while.

use core::{net::SocketAddr, time::Duration};
use std::time::Instant;

use str0m::{
    IceCreds,
    ice::{StunMessage, TransId},
};

/// The time for which former credentials go on.
const LIFE: Duration = Duration::from_secs(10);

/// The maximum length of an answer.
const MAX_ANSWER: usize = 256;

/// Credentials from before a restart of ICE.
pub(crate) struct FormerCredentials {
    credentials: IceCreds,
    end: Instant,
}

impl FormerCredentials {
    /// Notes the credentials that a restart at `now` has replaced.
    pub(crate) fn new(credentials: IceCreds, now: Instant) -> Self {
        Self {
            credentials,
            end: now + LIFE,
        }
    }

    /// Answers a check of a path that came from an address, if it has the credentials.
    pub(crate) fn answer(&self, now: Instant, from: SocketAddr, check: &[u8]) -> Option<Vec<u8>> {
        if now >= self.end {
            return None;
        }
        let check = StunMessage::parse(check).ok()?;
        let (user, _) = check.split_username()?;
        let password = self.credentials.pass.as_bytes();
        let is_genuine = check.is_binding_request()
            && user == self.credentials.ufrag
            && check.verify(password, hmac);
        is_genuine.then(|| reply(check.trans_id(), from, password))?
    }
}

fn reply(check: TransId, to: SocketAddr, password: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = vec![0; MAX_ANSWER];
    let message = StunMessage::binding_reply(check, to);
    let length = message.to_bytes(Some(password), &mut bytes, hmac).ok()?;
    bytes.truncate(length);
    Some(bytes)
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 20] {
    let provider = str0m::crypto::from_feature_flags();
    provider.sha1_hmac_provider.sha1_hmac(key, parts)
}
