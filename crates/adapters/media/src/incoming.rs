//! The datagrams and frames that come to the sockets of a thread.

use core::net::{IpAddr, SocketAddr};

use str0m::net::Protocol;

use crate::client_key::ClientKey;

/// Something that has come.
#[derive(Clone, Copy)]
pub(crate) struct Incoming<'a> {
    pub(crate) protocol: Protocol,
    pub(crate) from: SocketAddr,
    /// The address of ours to which it was sent.
    pub(crate) local: Option<IpAddr>,
    /// The owner of the connection over which it came. Of TCP only.
    pub(crate) owner: Option<ClientKey>,
    pub(crate) bytes: &'a [u8],
}

/// Returns whether bytes are those of a check of a path (STUN), or of the answer to one.
pub(crate) fn is_check(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|first| *first < 4)
}
