//! The addresses under which clients reach the media of calls.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

use nix::{ifaddrs::getifaddrs, net::if_::InterfaceFlags};

use crate::settings::MediaSettings;

/// The maximum number of addresses of interfaces that clients are told.
const MOST_OF_INTERFACES: usize = 8;

/// The part of the world that reaches an address. Each part is larger than the ones before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    /// This machine alone.
    Machine,
    /// The networks of the machine.
    Network,
    /// Everybody, as far as the address tells.
    World,
}

impl Reach {
    /// Returns the part of the world that reaches an address.
    pub(super) fn of(address: IpAddr) -> Self {
        let is_of_network = match address.to_canonical() {
            IpAddr::V4(ip) => {
                let [first, second, ..] = ip.octets();
                // 100.64.0.0/10 is for the networks of providers, behind their NAT.
                let is_shared = first == 100 && second & 0xc0 == 64;
                ip.is_private() || ip.is_link_local() || is_shared
            }
            IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local(),
        };
        if address.to_canonical().is_loopback() {
            Self::Machine
        } else if is_of_network {
            Self::Network
        } else {
            Self::World
        }
    }
}

/// Returns the addresses that clients are told: those of the settings, those that are listened on, or those of
/// the machine's interfaces where all are listened on.
pub(super) fn told(settings: &MediaSettings) -> Vec<IpAddr> {
    if !settings.public_addresses.is_empty() {
        return settings.public_addresses.clone();
    }
    told_of(&settings.listen, &of_interfaces())
}

fn told_of(listen: &[IpAddr], interfaces: &[IpAddr]) -> Vec<IpAddr> {
    let mut told = listen.to_vec();
    told.retain(|ip| !ip.is_unspecified());
    for any in listen.iter().filter(|ip| ip.is_unspecified()) {
        let of_family = interfaces.iter().filter(|ip| ip.is_ipv4() == any.is_ipv4());
        told.extend(of_family);
    }
    if told.is_empty() {
        // A machine without a network still has calls of its own.
        told.extend(listen.iter().map(|any| match any {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        }));
    }
    told
}

/// Returns the addresses of the interfaces that are up, those that everybody reaches first.
fn of_interfaces() -> Vec<IpAddr> {
    // A sandbox may forbid the look at the interfaces, and the routes still tell an address of each family.
    let found = interfaces().unwrap_or_else(|_| of_routes());
    chosen(found)
}

/// Returns the addresses that clients are told of all that interfaces have.
fn chosen(found: Vec<IpAddr>) -> Vec<IpAddr> {
    let mut chosen: Vec<IpAddr> = Vec::new();
    for address in found {
        let is_bound_to_link = match address {
            IpAddr::V4(ip) => ip.is_link_local(),
            IpAddr::V6(ip) => ip.is_unicast_link_local(),
        };
        let is_useful = !address.is_unspecified() && !address.is_loopback() && !is_bound_to_link;
        if is_useful && !chosen.contains(&address) {
            chosen.push(address);
        }
    }
    chosen.sort_by_key(|address| (address.is_ipv6(), core::cmp::Reverse(Reach::of(*address))));
    // Each family has its share, so that many of one leave the other some.
    let (mut ipv4, mut ipv6): (Vec<IpAddr>, Vec<IpAddr>) =
        chosen.into_iter().partition(IpAddr::is_ipv4);
    ipv4.truncate(MOST_OF_INTERFACES / 2);
    ipv6.truncate(MOST_OF_INTERFACES / 2);
    ipv4.append(&mut ipv6);
    ipv4
}

fn interfaces() -> nix::Result<Vec<IpAddr>> {
    let all = getifaddrs()?;
    let up = all.filter(|interface| {
        let flags = InterfaceFlags::IFF_UP | InterfaceFlags::IFF_RUNNING;
        interface.flags.contains(flags)
    });
    let addresses = up.filter_map(|interface| {
        let address = interface.address?;
        let ipv4 = address.as_sockaddr_in().map(|it| IpAddr::V4(it.ip()));
        ipv4.or_else(|| address.as_sockaddr_in6().map(|it| IpAddr::V6(it.ip())))
    });
    Ok(addresses.collect())
}

/// Returns the addresses from which packets would leave for the internet. Nothing is sent: a UDP socket that is
/// connected has only chosen its route.
fn of_routes() -> Vec<IpAddr> {
    let route = |from: IpAddr, to: IpAddr| {
        let socket = UdpSocket::bind((from, 0)).ok()?;
        socket.connect((to, 9)).ok()?;
        Some(socket.local_addr().ok()?.ip())
    };
    // Addresses of documentation, which nobody has.
    let ipv4 = route(
        Ipv4Addr::UNSPECIFIED.into(),
        Ipv4Addr::new(192, 0, 2, 1).into(),
    );
    let ipv6 = route(
        Ipv6Addr::UNSPECIFIED.into(),
        Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into(),
    );
    [ipv4, ipv6].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn addresses_are_told_as_set_as_listened_on_or_of_the_interfaces() {
        let interfaces = addresses(&["192.168.1.5", "fd00::5"]);
        for (listen, expected) in [
            (vec!["0.0.0.0", "::"], vec!["192.168.1.5", "fd00::5"]),
            (vec!["0.0.0.0"], vec!["192.168.1.5"]),
            (vec!["::"], vec!["fd00::5"]),
            (vec!["127.0.0.1"], vec!["127.0.0.1"]),
            (vec!["127.0.0.1", "::"], vec!["127.0.0.1", "fd00::5"]),
        ] {
            let told = told_of(&addresses(&listen), &interfaces);
            assert_eq!(told, addresses(&expected), "{listen:?}");
        }
        let offline = told_of(&addresses(&["0.0.0.0", "::"]), &[]);
        assert_eq!(offline, addresses(&["127.0.0.1", "::1"]));
        let settings = MediaSettings {
            public_addresses: addresses(&["198.51.100.1", "10.0.0.1"]),
            ..MediaSettings::default()
        };
        assert_eq!(told(&settings), settings.public_addresses);
    }

    #[test]
    fn of_the_addresses_of_interfaces_the_useful_ones_are_chosen() {
        let found = addresses(&[
            "127.0.0.1",
            "::1",
            "fe80::1",
            "169.254.1.1",
            "fd00::1",
            "10.0.0.1",
            "10.0.0.1",
            "2001:db8::1",
            "198.51.100.1",
            "10.0.0.2",
            "10.0.0.3",
            "10.0.0.4",
        ]);
        let expected = [
            "198.51.100.1",
            "10.0.0.1",
            "10.0.0.2",
            "10.0.0.3",
            "2001:db8::1",
            "fd00::1",
        ];
        assert_eq!(chosen(found), addresses(&expected));
    }

    #[test]
    fn the_addresses_of_this_machine_can_be_listened_on() {
        for address in of_interfaces() {
            assert_ne!(Reach::of(address), Reach::Machine, "{address}");
            UdpSocket::bind((address, 0)).unwrap();
        }
        for address in of_routes() {
            UdpSocket::bind((address, 0)).unwrap();
        }
    }

    #[test]
    fn private_addresses_are_reached_by_their_networks() {
        for (text, expected) in [
            ("127.0.0.1", Reach::Machine),
            ("::1", Reach::Machine),
            ("::ffff:127.0.0.1", Reach::Machine),
            ("10.1.2.3", Reach::Network),
            ("172.31.0.1", Reach::Network),
            ("192.168.0.1", Reach::Network),
            ("100.64.0.1", Reach::Network),
            ("100.127.255.1", Reach::Network),
            ("100.128.0.1", Reach::World),
            ("fd12::1", Reach::Network),
            ("fe80::1", Reach::Network),
            ("198.51.100.1", Reach::World),
            ("2001:db8::1", Reach::World),
        ] {
            assert_eq!(Reach::of(text.parse().unwrap()), expected, "{text}");
        }
    }
}
