//! The CPU time and the memory of a process, from `/proc`. The system brings the time of a thread up to date when
//! it switches threads, and with its ticks: it is some milliseconds behind at most.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};

/// Nanoseconds in a second.
const NANOSECONDS: f64 = 1e9;

/// Returns the CPU time of all threads of a process that run, in seconds.
///
/// # Errors
/// The process has ended, or the system does not tell.
pub fn cpu_seconds(process: u32) -> Result<f64> {
    let mut nanoseconds = 0_u64;
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        // A thread may end meanwhile.
        nanoseconds += cpu_nanoseconds(&thread?.path()).unwrap_or_default();
    }
    Ok(nanoseconds as f64 / NANOSECONDS)
}

/// Returns the CPU time of this thread, in seconds.
///
/// # Errors
/// The system does not tell.
pub fn thread_seconds() -> Result<f64> {
    Ok(cpu_nanoseconds(Path::new("/proc/thread-self"))? as f64 / NANOSECONDS)
}

fn cpu_nanoseconds(thread: &Path) -> Result<u64> {
    let text = fs::read_to_string(thread.join("schedstat"))?;
    let first = text.split_whitespace().next();
    Ok(first.context("no CPU time")?.parse()?)
}

/// Returns the resident memory of a process, in bytes.
///
/// # Errors
/// The process has ended, or the system does not tell.
pub fn resident_bytes(process: u32) -> Result<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next());
    let kibibytes: u64 = kibibytes.context("no resident memory")?.parse()?;
    Ok(kibibytes * 1_024)
}

/// Returns the datagrams for which UDP sockets of this machine had no room since they were opened, by their ports.
///
/// # Errors
/// The system does not tell.
pub fn dropped_by_port() -> Result<Vec<(u16, u64)>> {
    let text = fs::read_to_string("/proc/net/udp")?;
    let sockets = text.lines().skip(1).filter_map(|line| {
        let mut fields = line.split_whitespace();
        let (_, port) = fields.nth(1)?.split_once(':')?;
        let dropped = fields.last()?.parse().ok()?;
        Some((u16::from_str_radix(port, 16).ok()?, dropped))
    });
    Ok(sockets.collect())
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use super::*;

    #[test]
    fn a_socket_without_room_tells_what_it_has_dropped() {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        let dropped = || {
            let sockets = dropped_by_port().unwrap();
            let socket = sockets.into_iter().find(|(other, _)| *other == port);
            socket.unwrap().1
        };
        assert_eq!(dropped(), 0);
        while dropped() == 0 {
            socket.send_to(&[0; 60_000], ("127.0.0.1", port)).unwrap();
        }
    }

    #[test]
    fn this_process_uses_memory_and_time() {
        let own = std::process::id();
        assert!(resident_bytes(own).unwrap() > 100_000);
        let before = (cpu_seconds(own).unwrap(), thread_seconds().unwrap());
        while thread_seconds().unwrap() < before.1 + 0.01 {}
        assert!(cpu_seconds(own).unwrap() > before.0);
    }
}
