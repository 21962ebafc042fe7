//! The way of a datagram to its connection.

use std::time::Instant;

use anteroom_sfu::Path;
use str0m::{ice::StunMessage, net::Protocol};

use super::Router;
use crate::{
    client_key::ClientKey,
    containment::contained,
    incoming::{Incoming, is_check},
};

/// The most bytes of a check of a path, or of the answer to one. The largest has 20 bytes of header, a name of 276
/// (two fragments of which the device's has at most 256 characters, and ours is short) and some 80 of priority,
/// role, nomination, code and checksum. The rest is for attributes that clients add.
const MAX_CHECK: usize = 600;

impl Router {
    /// Takes something that has come. Returns the owner of the connection from then on.
    pub(crate) fn receive(&mut self, incoming: Incoming<'_>, now: Instant) -> Option<ClientKey> {
        self.counts.received_packets += 1;
        self.counts.received_bytes += incoming.bytes.len() as u64;
        let Incoming {
            protocol,
            from,
            local,
            owner,
            bytes,
        } = incoming;
        let Some(told) = self.addresses.told(protocol, local, from) else {
            self.counts.unknown_packets += 1;
            return owner;
        };
        let path = Path {
            protocol,
            local: told,
            remote: from,
        };
        if is_check(bytes) {
            return self.receive_check(path, incoming, now);
        }
        let proven = match protocol {
            Protocol::Udp => self.routes.proven(from),
            _ => owner,
        };
        if let Some(key) = proven {
            self.give(key, path, bytes, now);
        } else {
            let claims = match protocol {
                Protocol::Udp => self.routes.claims(from),
                _ => Vec::new(),
            };
            if claims.is_empty() {
                self.counts.unknown_packets += 1;
            }
            for key in claims {
                self.give(key, path, bytes, now);
            }
        }
        owner
    }

    /// Gives a connection a datagram that is no check.
    fn give(&mut self, key: ClientKey, path: Path, bytes: &[u8], now: Instant) {
        self.with(key, |call| call.sfu.receive(now, key.device, path, bytes));
    }

    fn receive_check(
        &mut self,
        path: Path,
        incoming: Incoming<'_>,
        now: Instant,
    ) -> Option<ClientKey> {
        let owner = incoming.owner;
        // Anybody can send it: the work for it, and what the parser logs, must have an end.
        if incoming.bytes.len() > MAX_CHECK {
            self.counts.unknown_packets += 1;
            return owner;
        }
        // It is of no call yet: a fault in the code of others would end the thread.
        let Some(Ok(message)) = contained(|| StunMessage::parse(incoming.bytes)) else {
            self.counts.unknown_packets += 1;
            return owner;
        };
        if !message.is_binding_request() {
            self.receive_answer(path, incoming, now);
            return owner;
        }
        let moment = self.moment(now);
        let name = message.split_username().map(|(name, _)| name);
        let named = name.and_then(|name| self.routes.named(name, now));
        let Some(named) = named.filter(|named| owner.is_none_or(|owner| owner == named.key)) else {
            self.counts.unknown_packets += 1;
            return owner;
        };
        let key = named.key;
        let is_proven = match path.protocol {
            Protocol::Udp => self.routes.proven(path.remote) == Some(key),
            _ => owner == Some(key),
        };
        if !is_proven && !self.checks.count(path.remote, moment) {
            self.counts.limited_checks += 1;
            return owner;
        }
        let bytes = incoming.bytes;
        if named.is_former {
            let device = key.device;
            if is_proven {
                self.with(key, |call| {
                    call.sfu.receive_former_check(now, device, path, bytes)
                });
            }
            return owner;
        }
        if !self.is_genuine(key, bytes, now) {
            self.counts.refused_checks += 1;
            return owner;
        }
        let may_have = is_proven
            || match path.protocol {
                Protocol::Udp => self.routes.claim(key, path.remote, incoming.local, moment),
                _ => self.routes.count_new_address(key, moment),
            };
        if !may_have {
            self.counts.limited_checks += 1;
            return owner;
        }
        if is_proven && path.protocol == Protocol::Udp {
            self.routes.claim(key, path.remote, incoming.local, moment);
        }
        self.give(key, path, bytes, now);
        Some(key)
    }

    /// Returns whether a check has the credentials of a connection.
    fn is_genuine(&mut self, key: ClientKey, bytes: &[u8], now: Instant) -> bool {
        let accepts = self.with(key, |call| call.sfu.accepts_check(now, key.device, bytes));
        accepts.unwrap_or(false)
    }

    /// Takes the answer to a check of ours: whose it was, only its credentials tell.
    fn receive_answer(&mut self, path: Path, incoming: Incoming<'_>, now: Instant) {
        let proven = self.routes.proven(path.remote);
        let candidates = match path.protocol {
            Protocol::Udp => {
                let claims = self.routes.claims(path.remote);
                proven.into_iter().chain(claims).collect()
            }
            _ => Vec::from_iter(incoming.owner),
        };
        for key in candidates {
            if !self.is_genuine(key, incoming.bytes, now) {
                continue;
            }
            self.give(key, path, incoming.bytes, now);
            let has_proven = self.with(key, |call| call.sfu.has_proven(now, key.device, path));
            if path.protocol == Protocol::Udp && has_proven == Some(true) {
                self.routes.prove(key, path.remote);
            }
            return;
        }
        self.counts.refused_checks += 1;
    }
}
