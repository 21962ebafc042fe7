//! One account that requests credentials without pause.

use std::sync::atomic::Ordering;

use anteroom_client::DayRange;
use anyhow::Result;

use super::state::AttackRun;
use crate::{
    http::{Connection, Request},
    os,
};

/// Credentials of both kinds.
pub(super) const GROUP: &str = "/v1/certificate/auth/group";
/// The path of credentials for call links.
pub(super) const LINK: &str = "/v1/call-link/auth";

/// Asks for the longest range again and again, until the service refuses.
pub(super) async fn ask(attacker: &AttackRun, path: &str) -> Result<()> {
    let host = &attacker.target.issuer;
    let week = DayRange::week_from(os::now());
    let (first, last) = (week.first().as_secs(), week.last().as_secs());
    let path = format!("{path}?redemptionStartSeconds={first}&redemptionEndSeconds={last}");
    let headers = format!("authorization: {}\r\n", attacker.target.authorization);
    let request = Request::get(&path, host, &headers, 200);
    let mut connection = Connection::over(attacker.connect(host).await?);
    loop {
        connection.exchange(&request).await?;
        attacker.batches.fetch_add(1, Ordering::Relaxed);
    }
}
