//! A connection with a limited number of bytes per second towards the client.

use std::{net::SocketAddr, time::Duration};

use anyhow::Result;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy},
    net::{TcpListener, TcpSocket, TcpStream},
    task::JoinHandle,
    time::sleep,
};

/// 10 Mbit/s.
const BYTES_PER_SECOND: u32 = 10_000_000 / 8;
/// The number of bytes that are forwarded at once.
const CHUNK: usize = 16 * 1024;
/// The system's receive buffer on the service's side, in bytes: a larger one would hide the slowness.
const BUFFER: u32 = 64 * 1024;

/// A proxy in front of a service. Ends when dropped.
pub(super) struct SlowProxy {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl SlowProxy {
    pub(super) async fn open(service: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(pass_on(client, service));
            }
        });
        Ok(Self { address, task })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for SlowProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Ends when either side does.
async fn pass_on(mut client: TcpStream, service: SocketAddr) -> Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(BUFFER)?;
    let mut service = socket.connect(service).await?;
    let (mut from_service, mut to_service) = service.split();
    let (mut from_client, mut to_client) = client.split();
    let down = async {
        let mut chunk = vec![0; CHUNK];
        loop {
            let read = from_service.read(&mut chunk).await?;
            let Some(bytes) = chunk.get(..read).filter(|bytes| !bytes.is_empty()) else {
                return anyhow::Ok(());
            };
            to_client.write_all(bytes).await?;
            let count = u32::try_from(read)?;
            sleep(Duration::from_secs(1) * count / BYTES_PER_SECOND).await;
        }
    };
    tokio::select! {
        passed = copy(&mut from_client, &mut to_service) => drop(passed?),
        passed = down => passed?,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_bytes_pass_in_both_directions() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let line = SlowProxy::open(listener.local_addr().unwrap())
            .await
            .unwrap();
        let service = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let (mut from_client, mut to_client) = stream.split();
            copy(&mut from_client, &mut to_client).await.unwrap();
        });
        let sent: Vec<u8> = (0..5 * CHUNK)
            .map(|number| number.to_le_bytes()[0])
            .collect();
        let mut client = TcpStream::connect(line.address).await.unwrap();
        let mut received = vec![0; sent.len()];
        let (mut from_line, mut to_line) = client.split();
        let (written, read) = tokio::join!(
            to_line.write_all(&sent),
            from_line.read_exact(&mut received)
        );
        written.unwrap();
        read.unwrap();
        assert!(received == sent, "the bytes are others");
        drop(client);
        service.await.unwrap();
    }
}
