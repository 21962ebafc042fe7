//! The way from a datagram to a connection: by the name in a check of a path, and by the address it came from.
//!
//! 1. A check names the connection that it is for. It is checked against the connection's credentials elsewhere;
//!    after that the address is one that the connection **claims**.
//! 2. When a check of our own to an address has been answered from it, the address is **proven**: datagrams from
//!    it go to that connection alone, and media may be sent to it. A later proof of another connection wins, as
//!    when a port is given again.
//! 3. Before that, other datagrams from an address go to all connections that claim it: the handshake of DTLS may
//!    overtake the answer to a check. They are few, so that somebody who forges another's address costs little,
//!    and takes nothing away from it.

use core::time::Duration;
use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    time::Instant,
};

use anteroom_sfu::time::Moment;

use crate::{checks::AddressMeter, client_key::ClientKey};

/// The number of connections that can claim an address at once.
const CLAIMS: usize = 4;

/// The number of addresses of a connection that are kept. Those that are not proven go first.
const ADDRESSES: usize = 16;

/// The time for which the former name of a connection is known after a restart of ICE.
const FORMER: Duration = Duration::from_secs(10);

/// The connections of a thread, and their addresses.
#[derive(Default)]
pub(crate) struct Routes {
    clients: HashMap<ClientKey, Client>,
    names: HashMap<String, ClientKey>,
    addresses: HashMap<SocketAddr, Address>,
}

struct Client {
    /// The present name.
    name: String,
    /// The name before the last restart of ICE, and its end.
    former: Option<(String, Instant)>,
    addresses: Vec<SocketAddr>,
    new_addresses: AddressMeter,
}

#[derive(Default)]
struct Address {
    /// The address of ours at which datagrams came from it.
    local: Option<IpAddr>,
    proven: Option<ClientKey>,
    claims: Vec<ClientKey>,
}

impl Address {
    /// Notes the address of ours, unless it is proven for another connection.
    fn note_local(&mut self, key: ClientKey, local: Option<IpAddr>) {
        if self.proven.is_none_or(|proven| proven == key) {
            self.local = local.or(self.local);
        }
    }
}

/// The connection that a check names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NamedClient {
    pub(crate) key: ClientKey,
    /// Whether the name is that from before a restart of ICE.
    pub(crate) is_former: bool,
}

impl Routes {
    /// Adds a connection with the name in its credentials.
    pub(crate) fn add(&mut self, key: ClientKey, name: String) {
        self.names.insert(name.clone(), key);
        let client = Client {
            name,
            former: None,
            addresses: Vec::new(),
            new_addresses: AddressMeter::new(),
        };
        self.clients.insert(key, client);
    }

    /// Gives a connection the name that it has after a restart of ICE. Its addresses stay.
    pub(crate) fn rename(&mut self, key: ClientKey, name: String, now: Instant) {
        let Some(client) = self.clients.get_mut(&key) else {
            return;
        };
        if client.name == name {
            return;
        }
        self.names.insert(name.clone(), key);
        let before = core::mem::replace(&mut client.name, name);
        if let Some((former, _)) = client.former.replace((before, now + FORMER)) {
            self.names.remove(&former);
        }
    }

    /// Removes a connection with its names and addresses.
    pub(crate) fn remove(&mut self, key: ClientKey) {
        let Some(client) = self.clients.remove(&key) else {
            return;
        };
        self.names.remove(&client.name);
        if let Some((former, _)) = client.former {
            self.names.remove(&former);
        }
        for address in client.addresses {
            self.release(address, key);
        }
    }

    /// Returns the connection that a check names.
    pub(crate) fn named(&mut self, name: &str, now: Instant) -> Option<NamedClient> {
        let key = *self.names.get(name)?;
        let client = self.clients.get_mut(&key)?;
        let former = client.former.as_ref();
        let is_former = former.is_some_and(|(former, _)| former == name);
        if is_former && former.is_some_and(|(_, end)| *end <= now) {
            client.former = None;
            self.names.remove(name);
            return None;
        }
        Some(NamedClient { key, is_former })
    }

    /// Returns the connection for which an address is proven.
    pub(crate) fn proven(&self, address: SocketAddr) -> Option<ClientKey> {
        self.addresses.get(&address)?.proven
    }

    /// Returns the connections that claim an address.
    pub(crate) fn claims(&self, address: SocketAddr) -> Vec<ClientKey> {
        let address = self.addresses.get(&address);
        address.map_or_else(Vec::new, |address| address.claims.clone())
    }

    /// Returns the address of ours from which an address is to be sent to.
    pub(crate) fn local(&self, address: SocketAddr) -> Option<IpAddr> {
        self.addresses.get(&address)?.local
    }

    /// Returns whether checks may be sent for a connection to an address.
    pub(crate) fn is_claimed(&self, key: ClientKey, address: SocketAddr) -> bool {
        let address = self.addresses.get(&address);
        address.is_some_and(|address| address.proven == Some(key) || address.claims.contains(&key))
    }

    /// Notes that a check with the credentials of a connection came from an address. Returns whether the
    /// connection may have one more, if it is new.
    pub(crate) fn claim(
        &mut self,
        key: ClientKey,
        from: SocketAddr,
        local: Option<IpAddr>,
        now: Moment,
    ) -> bool {
        if self.is_claimed(key, from) {
            if let Some(address) = self.addresses.get_mut(&from) {
                address.note_local(key, local);
            }
            return true;
        }
        let Some(client) = self.clients.get_mut(&key) else {
            return false;
        };
        if !client.new_addresses.count(now) {
            return false;
        }
        client.addresses.push(from);
        let most = client.addresses.len() > ADDRESSES;
        let address = self.addresses.entry(from).or_default();
        address.note_local(key, local);
        let pushed_out = (address.claims.len() >= CLAIMS).then(|| address.claims.remove(0));
        address.claims.push(key);
        if let Some(other) = pushed_out
            && let Some(client) = self.clients.get_mut(&other)
        {
            client.addresses.retain(|other| *other != from);
        }
        if most {
            self.forget_one(key);
        }
        true
    }

    /// Counts a new address of a connection over TCP, which has its connection for a route. Returns whether the
    /// connection may have one more.
    pub(crate) fn count_new_address(&mut self, key: ClientKey, now: Moment) -> bool {
        let client = self.clients.get_mut(&key);
        client.is_some_and(|client| client.new_addresses.count(now))
    }

    /// Notes that a check of a connection to an address was answered from it.
    pub(crate) fn prove(&mut self, key: ClientKey, from: SocketAddr) {
        let Some(address) = self.addresses.get_mut(&from) else {
            return;
        };
        if !address.claims.contains(&key) {
            return;
        }
        let before = address.proven.replace(key);
        address.claims.retain(|other| *other != key);
        if let Some(before) = before
            && let Some(client) = self.clients.get_mut(&before)
        {
            client.addresses.retain(|other| *other != from);
        }
    }

    /// Forgets the oldest address of a connection that is not proven, or else the oldest.
    fn forget_one(&mut self, key: ClientKey) {
        let Some(client) = self.clients.get_mut(&key) else {
            return;
        };
        let addresses = &self.addresses;
        let is_proven = |address: &SocketAddr| {
            let address = addresses.get(address);
            address.is_some_and(|address| address.proven == Some(key))
        };
        let mut places = client.addresses.iter();
        let place = places.position(|address| !is_proven(address));
        let address = client.addresses.remove(place.unwrap_or_default());
        self.release(address, key);
    }

    /// Takes a connection off an address.
    fn release(&mut self, from: SocketAddr, key: ClientKey) {
        let Some(address) = self.addresses.get_mut(&from) else {
            return;
        };
        address.proven = address.proven.filter(|other| *other != key);
        address.claims.retain(|other| *other != key);
        if address.proven.is_none() && address.claims.is_empty() {
            self.addresses.remove(&from);
        }
    }
}

#[cfg(test)]
mod tests;
