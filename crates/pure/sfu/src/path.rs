//! The path of a datagram.

use core::net::SocketAddr;

use str0m::net::Protocol;

/// A path between the server and a device.
#[derive(Clone, Copy, Debug)]
pub struct Path {
    /// The protocol.
    pub protocol: Protocol,
    /// The address of the server, as it is told to devices.
    pub local: SocketAddr,
    /// The address of the device.
    pub remote: SocketAddr,
}
