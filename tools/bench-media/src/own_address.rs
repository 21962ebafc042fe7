//! The address over which all media travel.

use core::net::{IpAddr, Ipv4Addr};
use std::net::UdpSocket;

/// An address of another network, of those that documents use: nothing is sent to it.
const ELSEWHERE: (Ipv4Addr, u16) = (Ipv4Addr::new(198, 51, 100, 1), 9);

/// Returns the address of this machine, or that of the loopback interface if it has no network. Packets to the former
/// travel over the loopback interface too, but Janus offers only the former.
#[must_use]
pub fn own_address() -> Ipv4Addr {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0));
    let address = socket.and_then(|socket| {
        socket.connect(ELSEWHERE)?;
        socket.local_addr()
    });
    match address.map(|address| address.ip()) {
        Ok(IpAddr::V4(address)) => address,
        _ => Ipv4Addr::LOCALHOST,
    }
}
