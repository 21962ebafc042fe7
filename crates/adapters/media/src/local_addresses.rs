//! The addresses of a thread, as they are told to devices.

use core::net::{IpAddr, SocketAddr};

use str0m::net::Protocol;

/// The addresses of a thread, as they are told to devices.
#[derive(Clone, Debug, Default)]
pub(crate) struct LocalAddresses {
    pub(crate) udp: Vec<SocketAddr>,
    pub(crate) tcp: Vec<SocketAddr>,
}

impl LocalAddresses {
    /// Gives each public address the ports of the sockets of its family.
    pub(crate) fn new(public: &[IpAddr], udp: &[SocketAddr], tcp: &[SocketAddr]) -> Self {
        let with_ports = |sockets: &[SocketAddr]| {
            let told = public.iter().filter_map(|address| {
                let mut sockets = sockets.iter();
                let socket = sockets.find(|socket| socket.is_ipv4() == address.is_ipv4())?;
                Some(SocketAddr::new(*address, socket.port()))
            });
            told.collect()
        };
        Self {
            udp: with_ports(udp),
            tcp: with_ports(tcp),
        }
    }

    /// Returns the address to which something came, as it was told: behind a NAT that is not the one that the
    /// socket has.
    pub(crate) fn told(
        &self,
        protocol: Protocol,
        local: Option<IpAddr>,
        from: SocketAddr,
    ) -> Option<SocketAddr> {
        let told = match protocol {
            Protocol::Udp => &self.udp,
            _ => &self.tcp,
        };
        let exact = told.iter().find(|told| Some(told.ip()) == local);
        let of_family = || told.iter().find(|told| told.is_ipv4() == from.is_ipv4());
        exact.or_else(of_family).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_addresses_have_the_ports_of_their_family() {
        let public =
            ["198.51.100.1", "2001:db8::1", "192.168.0.1"].map(|text| text.parse().unwrap());
        let udp = ["0.0.0.0:1", "[::]:2"].map(|text| text.parse().unwrap());
        let tcp = ["0.0.0.0:3"].map(|text| text.parse().unwrap());
        let addresses = LocalAddresses::new(&public, &udp, &tcp);
        let texts = |addresses: &[SocketAddr]| -> Vec<String> {
            addresses.iter().map(ToString::to_string).collect()
        };
        assert_eq!(
            texts(&addresses.udp),
            ["198.51.100.1:1", "[2001:db8::1]:2", "192.168.0.1:1"]
        );
        assert_eq!(texts(&addresses.tcp), ["198.51.100.1:3", "192.168.0.1:3"]);
        let told = |local: &str, from: &str| {
            let from = from.parse().unwrap();
            let told = addresses.told(Protocol::Udp, local.parse().ok(), from);
            told.map(|told| told.to_string())
        };
        let expected = |text: &str| Some(text.to_owned());
        assert_eq!(
            told("192.168.0.1", "192.168.0.9:9"),
            expected("192.168.0.1:1")
        );
        assert_eq!(
            told("10.0.0.1", "203.0.113.9:9"),
            expected("198.51.100.1:1")
        );
        assert_eq!(told("none", "[2001:db8::9]:9"), expected("[2001:db8::1]:2"));
        let from = "[2001:db8::9]:9".parse().unwrap();
        assert_eq!(addresses.told(Protocol::Tcp, None, from), None);
    }
}
