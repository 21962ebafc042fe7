//! Failing logins, each from another address.

use std::net::{Ipv4Addr, Ipv6Addr};

use anyhow::{Context as _, Result};
use serde_json::json;
use tokio::time::timeout;

use super::state::{AttackRun, PATIENCE};
use crate::http::{Connection, Request};

/// A network for documentation (RFC 3849).
const SITE: u128 = 0x2001_0db8_0bad << 80;
/// A network for measurements (RFC 2544).
const MANY: u32 = u32::from_be_bytes([198, 19, 0, 0]);

/// Returns the n-th /64 of one /48.
pub(super) fn one_site(number: u64) -> String {
    let network = u128::from(number & 0xffff) << 64;
    Ipv6Addr::from(SITE | network | 1).to_string()
}

/// Returns the n-th IPv4 address.
pub(super) fn many_addresses(number: u64) -> String {
    let [.., high, low] = number.to_be_bytes();
    Ipv4Addr::from(MANY | u32::from(u16::from_be_bytes([high, low]))).to_string()
}

/// Sends one login with a wrong password from this address, which belongs to no account.
pub(super) async fn log_in(attacker: &AttackRun, address: &str) -> Result<()> {
    let host = &attacker.target.issuer;
    let email = format!("nobody{}@example.org", address.replace([':', '.'], "-"));
    let body = json!({ "email": email, "password": "a wrong password" }).to_string();
    let headers = format!("x-forwarded-for: {address}\r\n");
    let request = Request::post("/auth/login", host, &headers, &body, 401);
    let mut connection = Connection::over(attacker.connect(host).await?);
    timeout(PATIENCE * 3, connection.exchange(&request))
        .await
        .context("no answer in time")??;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_login_of_a_site_comes_from_another_64_of_its_48() {
        assert_eq!(one_site(0), "2001:db8:bad::1");
        assert_eq!(one_site(0x1_00ff), "2001:db8:bad:ff::1");
        assert_eq!(many_addresses(0x1_02ff), "198.19.2.255");
    }
}
