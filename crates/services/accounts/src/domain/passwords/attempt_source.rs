//! The classes of clients that wait for a login, and their shares of the limits.
//!
//! The jobs after accepted requests have a place of their own, which no login uses.
//!
//! Half of all other places are for networks with a recent login and for devices that show their
//! last refresh token, so that a flood from elsewhere does not keep them out. In both halves no
//! network has more than a half, and no IPv4 address, IPv6 /64 or device more than a quarter. The
//! class depends on the address and the device alone, never on the email, so that it does not show
//! whether an account exists.

use anteroom_runtime::{AddressGroup, ClientAddress, LimitKey, Share, network_shares};

/// A client whose password is to be hashed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum AttemptSource {
    /// A device that has shown its last refresh token. The key stands for its account.
    Device(LimitKey),
    /// A client in a network with a recent login.
    KnownNetwork(ClientAddress),
    /// Any other client.
    UnknownNetwork(ClientAddress),
    /// A job after an accepted request. One runs at a time.
    Job,
}

/// A share of all clients that log in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum LoginShare {
    Known,
    Unknown,
    Job,
    Device(LimitKey),
    Network(AddressGroup),
}

impl AttemptSource {
    /// Returns the shares of the client in `places` places for clients.
    pub(crate) fn shares(self, places: usize) -> Vec<Share<LoginShare>> {
        let class = (places / 2).max(1);
        let client = (class / 4).max(1);
        let share = |key, most| Share { key, most };
        let of_network = |key, address| {
            let networks = network_shares(address, |group| group.share(client, class));
            let networks = networks.into_iter();
            std::iter::once(share(key, class))
                .chain(networks.map(|of| share(LoginShare::Network(of.key), of.most)))
                .collect()
        };
        match self {
            Self::Job => vec![share(LoginShare::Job, 1)],
            Self::Device(key) => vec![
                share(LoginShare::Known, class),
                share(LoginShare::Device(key), client),
            ],
            Self::KnownNetwork(address) => of_network(LoginShare::Known, address),
            Self::UnknownNetwork(address) => of_network(LoginShare::Unknown, address),
        }
    }
}
