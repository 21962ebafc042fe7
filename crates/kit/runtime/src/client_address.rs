//! The address of a client.

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
};

/// The client's address. Its text is for limits only and appears in no log: `Debug` hides it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClientAddress(IpAddr);

impl ClientAddress {
    /// The address of all requests whose address is unknown.
    pub const UNKNOWN: Self = Self(IpAddr::V6(Ipv6Addr::UNSPECIFIED));

    /// Creates the address. An IPv4 address that is mapped to IPv6 becomes IPv4.
    #[must_use]
    pub const fn new(address: IpAddr) -> Self {
        Self(address.to_canonical())
    }

    /// Returns the IP address.
    #[must_use]
    pub const fn ip(self) -> IpAddr {
        self.0
    }
}

impl fmt::Debug for ClientAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientAddress(..)")
    }
}
