//! The networks of a client's address, each with a budget of its own.

use std::net::IpAddr;

use crate::ClientAddress;

/// A network that shares a budget: an IPv4 address, or an IPv6 network of 64, 56 or 48 bits.
///
/// One customer has at least a /64 and often a /56 or a /48. A limit applies to each of these
/// networks, with more room for the wider ones: the owner of a /48 must not count as 65,536
/// clients, and its neighbours must not share the budget of a single client.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct AddressGroup {
    network: [u8; 16],
    factor: u32,
}

/// The leading bytes of the IPv6 networks, with their multiples of a single client's budget.
const IPV6_GROUPS: [(usize, u32); 3] = [(8, 1), (7, 4), (6, 16)];

impl AddressGroup {
    /// Returns the first 16 bytes of addresses in the network, with zeros after its prefix. IPv4 is
    /// mapped to IPv6.
    #[must_use]
    pub const fn network(&self) -> &[u8; 16] {
        &self.network
    }

    /// Returns the network's multiple of a single client's budget: 1 for an IPv4 address and a /64,
    /// 4 for a /56, 16 for a /48.
    #[must_use]
    pub const fn factor(&self) -> u32 {
        self.factor
    }

    /// Returns the network's share of `total` slots: `per_client` for each of its
    /// [factor](Self::factor), but at most half of the total, so that one network of any width
    /// leaves room for others. At least one.
    #[must_use]
    pub fn share(&self, per_client: usize, total: usize) -> usize {
        let factor = usize::try_from(self.factor).unwrap_or(usize::MAX);
        let half = (total / 2).max(1);
        per_client.saturating_mul(factor).min(half)
    }
}

impl std::fmt::Debug for AddressGroup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AddressGroup(.., {})", self.factor)
    }
}

impl ClientAddress {
    /// Returns the narrowest network that shares one limit: a single IPv4 address, or an IPv6 network
    /// of 64 bits, which is the minimum of one customer. 16 bytes, with IPv4 mapped to IPv6.
    #[must_use]
    pub fn limit_group(self) -> [u8; 16] {
        let narrowest = self.groups().next();
        narrowest.map_or([0; 16], |group| group.network)
    }

    /// Returns the networks of this address that share budgets, the narrowest first: one for IPv4,
    /// three for IPv6.
    pub fn groups(self) -> impl Iterator<Item = AddressGroup> + use<> {
        let (octets, sizes) = match self.ip() {
            IpAddr::V4(address) => (address.to_ipv6_mapped().octets(), &[(16, 1)][..]),
            IpAddr::V6(address) => (address.octets(), &IPV6_GROUPS[..]),
        };
        sizes.iter().map(move |(bytes, factor)| {
            let mut network = [0; 16];
            for (to, from) in network.iter_mut().zip(octets).take(*bytes) {
                *to = from;
            }
            AddressGroup {
                network,
                factor: *factor,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(address: &str) -> Vec<AddressGroup> {
        ClientAddress::new(address.parse().unwrap())
            .groups()
            .collect()
    }

    #[test]
    fn neighbours_share_the_networks_that_they_are_both_in_and_no_others() {
        for (one, other, shared) in [
            ("192.0.2.1", "192.0.2.1", 1),
            ("192.0.2.1", "192.0.2.2", 0),
            ("192.0.2.1", "::ffff:192.0.2.1", 1),
            ("2001:db8::1", "2001:db8::2", 3),
            ("2001:db8:0:1::1", "2001:db8:0:2::1", 2),
            ("2001:db8:0:100::1", "2001:db8:0:200::1", 1),
            ("2001:db8:1::1", "2001:db8:2::1", 0),
        ] {
            let others = groups(other);
            let both = groups(one).into_iter().filter(|g| others.contains(g));
            assert_eq!(both.count(), shared, "{one} {other}");
        }
    }

    #[test]
    fn wider_networks_have_more_room() {
        let factors = |address| groups(address).iter().map(AddressGroup::factor).collect();
        let ipv6: Vec<u32> = factors("2001:db8::1");
        let ipv4: Vec<u32> = factors("192.0.2.1");
        assert_eq!((ipv6, ipv4), (vec![1, 4, 16], vec![1]));
    }

    #[test]
    fn a_network_has_its_share_for_each_client_and_at_most_half_of_all() {
        // The slots of a client, the slots in total, and the shares of a /64, a /56 and a /48.
        for (per_client, total, shares) in [
            (2, 1_000, [2, 8, 32]),
            (2, 20, [2, 8, 10]),
            (128, 256, [128, 128, 128]),
            (128, 1_024, [128, 512, 512]),
            (9, 9, [4, 4, 4]),
            (1, 1, [1, 1, 1]),
            (1, 0, [1, 1, 1]),
            (usize::MAX, usize::MAX, [usize::MAX / 2; 3]),
        ] {
            let got: Vec<usize> = groups("2001:db8::1")
                .iter()
                .map(|group| group.share(per_client, total))
                .collect();
            assert_eq!(got, shares, "{per_client} of {total}");
        }
    }

    #[test]
    fn the_text_for_debugging_hides_the_network() {
        let text = format!("{:?}", groups("192.0.2.77"));
        assert_eq!(text, "[AddressGroup(.., 1)]");
    }
}
