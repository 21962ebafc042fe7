//! The floor: the least that any server must do for a packet, which is to protect it (SRTP, AES-256-GCM) and to
//! send it by a system call of its own.

use core::net::SocketAddr;
use std::{
    io,
    net::UdpSocket,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result};
use socket2::{Domain, Protocol, Socket, Type};

use crate::{messages::Traffic, own_address::own_address, process_usage::thread_seconds};

/// The receivers.
const RECEIVERS: usize = 20;

/// The bytes that may wait in a socket of a receiver.
const SOCKET_BUFFER: usize = 4 << 20;

/// The time between two looks at all receivers.
const DRAIN_INTERVAL: Duration = Duration::from_micros(500);

/// The bytes of a header with its extensions, and of the code that protects a packet.
const HEADER: usize = 24;
const TAG: usize = 16;

/// Measures the CPU time for a packet of the traffic, in microseconds.
///
/// # Errors
/// The system refuses sockets or a thread, or does not tell the time.
pub fn measure(packets: u32, traffic: Traffic) -> Result<f64> {
    let sender = UdpSocket::bind((own_address(), 0))?;
    let (receivers, addresses) = receivers()?;
    let is_over = Arc::new(AtomicBool::new(false));
    let drained = thread::spawn({
        let is_over = Arc::clone(&is_over);
        move || drain(&receivers, &is_over)
    });
    let lengths = lengths(traffic);
    let provider = str0m::crypto::from_feature_flags().srtp_provider;
    let mut cipher = provider.aead_aes_256_gcm().create_cipher([7; 32], true);
    let payload = vec![0x55; 2_048];
    let mut datagram = vec![0; HEADER + payload.len() + TAG];
    let before = thread_seconds()?;
    let sizes = lengths.iter().cycle();
    let to = addresses.iter().cycle();
    for ((number, length), address) in (0..packets).zip(sizes).zip(to) {
        let length = (*length).min(payload.len());
        let (header, rest) = datagram.split_at_mut(HEADER);
        let mut iv = [3; 12];
        for (byte, value) in iv.iter_mut().zip(number.to_be_bytes()) {
            *byte = value;
        }
        let input = payload.get(..length).unwrap_or_default();
        let output = rest.get_mut(..length + TAG).context("no room")?;
        cipher
            .encrypt(&iv, header, input, output)
            .map_err(|error| anyhow::anyhow!("a packet cannot be protected: {error:?}"))?;
        let bytes = datagram.get(..HEADER + length + TAG).unwrap_or_default();
        match sender.send_to(bytes, address) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.into()),
        }
    }
    let seconds = thread_seconds()? - before;
    is_over.store(true, Ordering::Release);
    let _ended = drained.join();
    Ok(seconds * 1e6 / f64::from(packets.max(1)))
}

/// Returns lengths of packets in the mix of the traffic: as many as it has in a second.
fn lengths(traffic: Traffic) -> Vec<usize> {
    let in_a_second = |micros: u64| usize::try_from(1_000_000 / micros.max(1)).unwrap_or(1);
    let pictures = in_a_second(traffic.picture_micros) * traffic.picture_packets as usize;
    let sounds = in_a_second(traffic.sound_micros);
    let mut lengths = vec![traffic.picture_bytes as usize; pictures];
    for number in 0..sounds {
        let place = (number * lengths.len()) / sounds.max(1);
        lengths.insert(place, traffic.sound_bytes as usize);
    }
    lengths
}

fn receivers() -> Result<(Vec<UdpSocket>, Vec<SocketAddr>)> {
    let mut sockets = Vec::new();
    let mut addresses = Vec::new();
    for _ in 0..RECEIVERS {
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
        socket.set_recv_buffer_size(SOCKET_BUFFER)?;
        socket.set_nonblocking(true)?;
        socket.bind(&SocketAddr::from((own_address(), 0)).into())?;
        let socket = UdpSocket::from(socket);
        addresses.push(socket.local_addr()?);
        sockets.push(socket);
    }
    Ok((sockets, addresses))
}

/// Takes all that comes, many packets at once, so that none wakes the thread.
fn drain(sockets: &[UdpSocket], is_over: &AtomicBool) {
    let mut buffer = vec![0; 2_048];
    while !is_over.load(Ordering::Acquire) {
        thread::sleep(DRAIN_INTERVAL);
        for socket in sockets {
            while socket.recv_from(&mut buffer).is_ok() {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mix_is_that_of_the_traffic() {
        let traffic = Traffic {
            picture_micros: 36_363,
            picture_packets: 4,
            picture_bytes: 1_200,
            sound_micros: 20_000,
            sound_bytes: 80,
        };
        let lengths = lengths(traffic);
        let sounds = lengths.iter().filter(|length| **length == 80).count();
        assert_eq!((lengths.len(), sounds), (158, 50));
        // CPU time is told in steps of some milliseconds.
        assert!(measure(20_000, traffic).unwrap() > 0.0);
    }
}
