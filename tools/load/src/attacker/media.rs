//! Attacks on the port of media by those who are in no call.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, Result};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::UdpSocket,
    time::timeout,
};

use super::state::{AttackRun, FROM};

/// The datagrams that come from one address.
const DATAGRAMS: usize = 50;
/// The time for which the address then listens for an answer.
const ANSWER: Duration = Duration::from_millis(50);

/// Sends datagrams of all kinds from an address that nobody knows, and counts what comes back.
pub(super) async fn flood(attacker: &AttackRun, number: u64) -> Result<()> {
    let socket = UdpSocket::bind((FROM, 0)).await?;
    socket.connect(port(attacker)?).await?;
    let kinds = kinds(number);
    for kind in kinds.iter().cycle().take(DATAGRAMS) {
        // The socket of the service may be full.
        let _lost = socket.send(kind).await;
    }
    let mut bytes = [0; 2_048];
    while timeout(ANSWER, socket.recv(&mut bytes))
        .await
        .is_ok_and(|received| received.is_ok())
    {
        attacker.note_unproven();
    }
    Ok(())
}

/// Opens a connection that says nothing, or too little, until the service closes it.
pub(super) async fn silent_connection(attacker: &AttackRun, number: u64) -> Result<()> {
    let port = port(attacker)?.to_string();
    let mut stream = attacker.connect(&port).await?;
    let beginnings: [&[u8]; 3] = [&[], &[7], &[0x07, 0xd0, 22, 22]];
    let beginning = beginnings.iter().cycle().nth(usize::try_from(number % 3)?);
    stream.write_all(beginning.context("no beginning")?).await?;
    stream.read_to_end(&mut Vec::new()).await?;
    Ok(())
}

fn port(attacker: &AttackRun) -> Result<SocketAddr> {
    attacker.target.media.context("the target has no media")
}

/// Returns datagrams of sound, of a report, of a handshake, of checks with the credentials of others, and garbage,
/// that differ by a number.
fn kinds(number: u64) -> Vec<Vec<u8>> {
    let number = number.to_be_bytes();
    let mut sound = vec![0x80, 111];
    // Number, time and stream: one that the service may have, if somebody guesses well.
    sound.extend([&number[6..], &number[4..], &number[4..]].concat());
    sound.resize(200, 7);
    let mut report = vec![0x81, 201, 0, 7];
    report.extend(&number[4..]);
    report.resize(32, 0);
    let mut hello = vec![22, 0xfe, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 190, 1, 0, 0, 178];
    hello.extend([0, 0, 0, 0, 0, 0, 0, 178, 0xfe, 0xfd]);
    hello.resize(203, 7);
    vec![
        sound,
        report,
        hello,
        check(&format!("{:x}:x", u64::from_be_bytes(number)), true),
        check("a foreign name:x", false),
        vec![0; 20],
        vec![0xff; 1_200],
        vec![1],
    ]
}

/// Returns a check of a path (RFC 8489) that nominates it, without a code or with a wrong one.
fn check(name: &str, is_signed: bool) -> Vec<u8> {
    let mut contents = vec![0, 6];
    let padding = name.len().next_multiple_of(4) - name.len();
    contents.extend(u16::try_from(name.len()).unwrap_or_default().to_be_bytes());
    contents.extend(name.as_bytes());
    contents.resize(contents.len() + padding, 0);
    // USE-CANDIDATE and PRIORITY.
    contents.extend([0, 0x25, 0, 0, 0, 0x24, 0, 4, 0, 0, 0, 1]);
    if is_signed {
        contents.extend([0, 8, 0, 20]);
        contents.extend([7; 20]);
    }
    let length = u16::try_from(contents.len()).unwrap_or_default();
    let mut check = vec![0, 1];
    check.extend(length.to_be_bytes());
    check.extend([0x21, 0x12, 0xa4, 0x42]);
    check.extend([9; 12]);
    check.extend(contents);
    check
}
