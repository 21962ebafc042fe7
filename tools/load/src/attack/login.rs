//! A legitimate login, from an address with earlier logins.

use std::net::Ipv4Addr;

use anyhow::Result;
use serde_json::json;

use crate::http::{Connection, Request};

/// An account with a password.
pub(super) struct Login {
    pub(super) email: String,
    address: Ipv4Addr,
}

impl Login {
    /// The password of all accounts.
    pub(super) const PASSWORD: &str = "a password for measurements";

    pub(super) fn new(number: u8) -> Self {
        Self {
            email: format!("person{number}@example.org"),
            // A network for measurements (RFC 2544).
            address: Ipv4Addr::new(198, 18, 0, number),
        }
    }

    /// Logs in on a new connection, always as the same device, since an account has a limited number.
    pub(super) async fn log_in(&self, issuer: &str) -> Result<()> {
        let Self { email, address } = self;
        let body = json!({ "email": email, "password": Self::PASSWORD, "deviceId": 1 }).to_string();
        let headers = format!("x-forwarded-for: {address}\r\n");
        let request = Request::post("/auth/login", issuer, &headers, &body, 200);
        Connection::open(issuer).await?.exchange(&request).await?;
        Ok(())
    }
}
