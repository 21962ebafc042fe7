//! Descriptions of connections, and checks of paths.

use core::net::SocketAddr;

use str0m::ice::{StunMessage, TransId};

/// Returns the name and the password of a description.
pub fn credentials(description: &str) -> (String, String) {
    let value = |name: &str| {
        let line = description.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap().to_owned()
    };
    (value("a=ice-ufrag:"), value("a=ice-pwd:"))
}

/// Makes a check that nominates the path, with the names and the password of the server.
pub fn nomination(id: TransId, server: &str, device: &str, password: &str) -> Vec<u8> {
    let name = format!("{server}:{device}");
    let request = StunMessage::binding_request(&name, id, true, 1, u32::MAX, true);
    signed(&request, password)
}

/// Returns the bytes of a message with the code of a password.
pub fn signed(message: &StunMessage<'_>, password: &str) -> Vec<u8> {
    let provider = str0m::crypto::from_feature_flags().sha1_hmac_provider;
    let hmac = |key: &[u8], parts: &[&[u8]]| provider.sha1_hmac(key, parts);
    let mut bytes = vec![0; 512];
    let length = message.to_bytes(Some(password.as_bytes()), &mut bytes, hmac);
    bytes.truncate(length.unwrap());
    bytes
}

/// Returns the addresses of the candidates of an answer for a protocol.
pub fn candidates(answer: &str, protocol: &str) -> Vec<SocketAddr> {
    let section = answer.split("\r\nm=").nth(1).unwrap();
    let lines = section
        .lines()
        .filter(|line| line.starts_with("a=candidate:"));
    let parts = lines.map(|line| line.split(' ').collect::<Vec<&str>>());
    let of_protocol = parts.filter(|parts| parts[2].eq_ignore_ascii_case(protocol));
    of_protocol
        .map(|parts| SocketAddr::new(parts[4].parse().unwrap(), parts[5].parse().unwrap()))
        .collect()
}
