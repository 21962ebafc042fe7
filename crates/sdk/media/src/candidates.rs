//! The addresses of the media server, as its answers name them.

use core::net::SocketAddr;

/// The number of addresses for each protocol that are tried.
const MOST: usize = 8;

/// An address of the media server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ServerAddress {
    pub(crate) address: SocketAddr,
    pub(crate) is_tcp: bool,
}

/// Returns the addresses that the first section of an answer names, in their order: it is the same for all.
pub(crate) fn addresses(answer: &str) -> Vec<ServerAddress> {
    let mut addresses = Vec::new();
    let lines = answer.lines().map(str::trim_end);
    let lines = lines.filter_map(|line| line.strip_prefix("a=candidate:"));
    for found in lines.filter_map(address) {
        let same = addresses
            .iter()
            .filter(|other: &&ServerAddress| other.is_tcp == found.is_tcp);
        if same.count() < MOST && !addresses.contains(&found) {
            addresses.push(found);
        }
    }
    addresses
}

/// Reads a candidate (RFC 8839, section 5.1): its protocol, address and port. Of those for TCP only one that waits for
/// connections counts.
fn address(candidate: &str) -> Option<ServerAddress> {
    let mut parts = candidate.split(' ').skip(2);
    let protocol = parts.next()?;
    let mut parts = parts.skip(1);
    let (ip, port) = (parts.next()?, parts.next()?);
    let address = SocketAddr::new(ip.parse().ok()?, port.parse().ok()?);
    let is_tcp = protocol.eq_ignore_ascii_case("tcp");
    let is_known = is_tcp || protocol.eq_ignore_ascii_case("udp");
    let is_passive = !is_tcp || candidate.contains("tcptype passive");
    (is_known && is_passive && address.port() != 0).then_some(ServerAddress { address, is_tcp })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_in_their_order_once_each() {
        let answer = "v=0\r\nm=audio 9 x\r\n\
            a=candidate:1 1 udp 2130706175 192.0.2.1 3478 typ host\r\n\
            a=candidate:2 1 tcp 1671430143 2001:db8::1 3479 typ host tcptype passive\r\n\
            a=candidate:3 1 TCP 1671430143 192.0.2.1 9 typ host tcptype active\r\n\
            a=candidate:4 1 udp 1 name.local 5 typ host\r\n\
            a=candidate:5 1 udp 1 192.0.2.1\r\n\
            a=candidate:6 1 udp 1 192.0.2.1 0 typ host\r\n\
            m=video 9 x\r\n\
            a=candidate:1 1 udp 2130706175 192.0.2.1 3478 typ host\r\n";
        let expected = [("192.0.2.1:3478", false), ("[2001:db8::1]:3479", true)];
        let expected = expected.map(|(address, is_tcp)| ServerAddress {
            address: address.parse().unwrap(),
            is_tcp,
        });
        assert_eq!(addresses(answer), expected);
    }

    #[test]
    fn an_answer_with_many_addresses_leads_to_few_ways() {
        let line =
            |port: usize| format!("a=candidate:1 1 udp 1 192.0.2.1 {} typ host\r\n", port + 1);
        let answer: String = (0..1_000).map(line).collect();
        assert_eq!(addresses(&answer).len(), MOST);
    }
}
