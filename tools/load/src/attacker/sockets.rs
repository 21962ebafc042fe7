//! Sockets that never join.

use anyhow::Result;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{device::Device, state::AttackRun};

/// The length of the message that is never finished, in bytes.
const MESSAGE: u32 = 88 * 1024;
/// Final text frame, masked, with a length of 64 bits and a mask of zeros (RFC 6455, section 5.2).
const TEXT: u8 = 0x81;
const MASKED_LONG: u8 = 0x80 | 127;

/// Sends nothing, until the service closes the socket.
pub(super) async fn unjoined(attacker: &AttackRun) -> Result<()> {
    Device::open(attacker).await?.stay().await
}

/// Sends a message without its last byte, and waits for the end.
pub(super) async fn half_frame(attacker: &AttackRun) -> Result<()> {
    let mut stream = Device::open(attacker).await?.into_stream();
    let length = u64::from(MESSAGE);
    let mut frame = vec![TEXT, MASKED_LONG];
    frame.extend(length.to_be_bytes());
    frame.extend([0; 4]);
    frame.resize(frame.len() + usize::try_from(length)? - 1, b' ');
    stream.write_all(&frame).await?;
    stream.read_to_end(&mut Vec::new()).await?;
    Ok(())
}
