//! Warnings about forwarding headers from peers that the settings do not name. The log has one for
//! each group of peers: all clients behind a proxy that is not configured share its limits.

use std::{
    fmt,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// The groups with a warning. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct UnnamedProxies(Arc<[AtomicBool; 3]>);

/// The location of a peer. Its address is not logged, because it may be a client's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PeerGroup {
    Loopback,
    Private,
    Public,
}

impl UnnamedProxies {
    /// Warns of an untrusted peer that sent a forwarding header.
    pub(crate) fn warn(&self, peer: IpAddr) {
        if let Some(group) = self.first_of_group(peer) {
            tracing::warn!(
                "a forwarding header came from {group} that http.trusted_proxies does not name, \
                 and is ignored: if that is a reverse proxy of yours, name it there; until then \
                 all clients behind it share one address and its limits"
            );
        }
    }

    fn first_of_group(&self, peer: IpAddr) -> Option<PeerGroup> {
        let group = PeerGroup::of(peer);
        let [loopback, private, public] = &*self.0;
        let has_warned = match group {
            PeerGroup::Loopback => loopback,
            PeerGroup::Private => private,
            PeerGroup::Public => public,
        };
        (!has_warned.swap(true, Ordering::Relaxed)).then_some(group)
    }
}

impl PeerGroup {
    const fn of(peer: IpAddr) -> Self {
        let peer = peer.to_canonical();
        let is_private = match peer {
            IpAddr::V4(peer) => peer.is_private() || peer.is_link_local(),
            IpAddr::V6(peer) => peer.is_unique_local() || peer.is_unicast_link_local(),
        };
        match peer {
            _ if peer.is_loopback() => Self::Loopback,
            _ if is_private => Self::Private,
            _ => Self::Public,
        }
    }
}

impl fmt::Display for PeerGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Loopback => "a peer on this host",
            Self::Private => "a peer in a private network",
            Self::Public => "a peer with a public address",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_group_of_peers_is_warned_of_once() {
        use PeerGroup::{Loopback, Private, Public};
        let proxies = UnnamedProxies::default();
        for (peer, expected) in [
            ("127.0.0.1", Some(Loopback)),
            ("127.0.0.2", None),
            ("::1", None),
            ("::ffff:127.0.0.1", None),
            ("10.1.2.3", Some(Private)),
            ("192.168.0.1", None),
            ("169.254.0.1", None),
            ("fd00::1", None),
            ("fe80::1", None),
            ("203.0.113.9", Some(Public)),
            ("2001:db8::1", None),
        ] {
            let got = proxies.clone().first_of_group(peer.parse().unwrap());
            assert_eq!(got, expected, "{peer}");
        }
    }
}
