//! The addresses in an answer, for the path of a device.

use core::net::SocketAddr;

/// Returns an answer with this address in place of the server's ones for UDP; without those for TCP, unless they
/// stay.
pub(crate) fn with_udp_at(answer: &str, address: SocketAddr, keeps_tcp: bool) -> String {
    let lines = answer.split_inclusive('\n');
    lines
        .filter_map(|line| {
            let Some(candidate) = line.strip_prefix("a=candidate:") else {
                return Some(line.to_owned());
            };
            // foundation component protocol priority address port ...
            let mut words: Vec<&str> = candidate.split(' ').collect();
            let is_udp = words
                .get(2)
                .is_some_and(|word| word.eq_ignore_ascii_case("udp"));
            if !is_udp {
                return keeps_tcp.then(|| line.to_owned());
            }
            let (ip, port) = (address.ip().to_string(), address.port().to_string());
            *words.get_mut(4)? = &ip;
            *words.get_mut(5)? = &port;
            Some(format!("a=candidate:{}", words.join(" ")))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_takes_the_place_of_the_servers() {
        let answer = "a=mid:0\r\na=candidate:1 1 udp 9 127.0.0.1 4000 typ host\r\na=candidate:2 1 tcp 8 127.0.0.1 4000 typ host tcptype passive\r\na=end-of-candidates\r\n";
        let address = "127.0.0.2:5".parse().unwrap();
        let udp =
            "a=mid:0\r\na=candidate:1 1 udp 9 127.0.0.2 5 typ host\r\na=end-of-candidates\r\n";
        assert_eq!(with_udp_at(answer, address, false), udp);
        let both = with_udp_at(answer, address, true);
        assert!(
            both.contains("2 5 typ") && both.contains("tcp 8 127.0.0.1 4000"),
            "{both}"
        );
    }
}
