//! A connection over TCP, with frames of RFC 4571.

use std::io::{self, Read, Write};

use mio::net::TcpStream;

/// A connection over TCP, with the bytes that have come and those that wait.
pub struct TcpTransport {
    /// The connection.
    pub stream: TcpStream,
    pub(crate) received: Vec<u8>,
    pub(crate) waiting: Vec<u8>,
    /// The maximum number of bytes that are written at once.
    pub at_once: usize,
    /// Whether the device reads what comes.
    pub reads: bool,
}

impl TcpTransport {
    pub(crate) fn push(&mut self, datagram: &[u8]) {
        let length = u16::try_from(datagram.len()).unwrap();
        self.waiting.extend(length.to_be_bytes());
        self.waiting.extend(datagram);
    }

    /// Writes what waits, some bytes at once.
    pub(crate) fn write_waiting(&mut self) {
        while !self.waiting.is_empty() {
            let length = self.waiting.len().min(self.at_once);
            match self.stream.write(&self.waiting[..length]) {
                Ok(written) => drop(self.waiting.drain(..written)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => return self.waiting.clear(),
            }
        }
    }

    /// Reads the next frame, if it is whole.
    pub(crate) fn read(&mut self) -> Option<Vec<u8>> {
        if !self.reads {
            return None;
        }
        loop {
            if let Some((header, rest)) = self.received.split_first_chunk::<2>() {
                let length = usize::from(u16::from_be_bytes(*header));
                if rest.len() >= length {
                    let frame = rest[..length].to_vec();
                    self.received.drain(..2 + length);
                    return Some(frame);
                }
            }
            let mut bytes = [0; 16_384];
            match self.stream.read(&mut bytes) {
                Ok(0) | Err(_) => return None,
                Ok(length) => self.received.extend(&bytes[..length]),
            }
        }
    }
}
