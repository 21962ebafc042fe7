//! Unfinished TLS handshakes.

use std::sync::Arc;

use anyhow::Result;
use rustls::{ClientConfig, ClientConnection, RootCertStore, crypto::ring, pki_types::ServerName};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::state::AttackRun;

/// Sends nothing, until the service closes the connection.
pub(super) async fn silent(attacker: &AttackRun) -> Result<()> {
    say_and_wait(attacker, &[]).await
}

/// Sends the whole first message and ignores the answer.
pub(super) async fn half(attacker: &AttackRun) -> Result<()> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let name = ServerName::try_from("localhost")?;
    let mut hello = Vec::new();
    ClientConnection::new(Arc::new(config), name)?.write_tls(&mut hello)?;
    say_and_wait(attacker, &hello).await
}

async fn say_and_wait(attacker: &AttackRun, message: &[u8]) -> Result<()> {
    let mut stream = attacker.connect(&attacker.target.rooms).await?;
    stream.write_all(message).await?;
    stream.read_to_end(&mut Vec::new()).await?;
    Ok(())
}
