//! Attacks on media by a device in the call of those who talk.

use std::{net::UdpSocket, time::Duration};

use anteroom_media_device::{Client, TransId, candidates, credentials, nomination};
use anteroom_protocol::DemuxId;
use anyhow::{Context as _, Result, ensure};
use mio::Poll;
use serde_json::{Value, json};
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::{
    device::Device,
    state::{AttackRun, FROM, PATIENCE},
    target::Insider,
};

/// The time between two moments at which a device sends.
const STEP: Duration = Duration::from_millis(1);
/// The packets of pictures and of sound that it sends then: thirty megabits of pictures a second, and two thousand
/// packets of sound.
const PICTURES: u8 = 4;
const SOUNDS: usize = 2;
/// The packets in streams of others that it sends then.
const FOREIGN: u16 = 5;
/// The address that somebody else has.
const VICTIM: &str = "127.0.0.3:0";
/// The first bytes of checks and of their answers are below; those of answers that grant something are both 1.
const NOT_ICE: u8 = 4;

/// A device in the call, with a connection.
struct InsiderDevice {
    socket: Device,
    client: Client,
    _poll: Poll,
}

/// Sends ten times what a device may.
pub(super) async fn send_too_much(attacker: &AttackRun) -> Result<()> {
    let device = InsiderDevice::join(attacker).await?;
    attacker.note_full_force();
    device
        .repeat(|client| {
            for number in 0..PICTURES {
                client.show_large(number);
            }
            for _ in 0..SOUNDS {
                client.say_now(b"too much");
            }
        })
        .await
}

/// Sends packets in streams that are not its own: those of the others, by their seats, and without end.
pub(super) async fn send_in_streams_of_others(attacker: &AttackRun) -> Result<()> {
    let mut device = InsiderDevice::join(attacker).await?;
    let seats = insider(attacker)?.seats.clone();
    let mut header = device.client.header(1, 1);
    attacker.note_full_force();
    let mut number = 0_u32;
    device
        .repeat(|client| {
            for _ in 0..FOREIGN {
                number = number.wrapping_add(1);
                let seat = seats.iter().cycle().nth(number as usize % 16);
                let stream = match number % 3 {
                    0 => number << 8,
                    _ => seat.map_or(0, |seat| seat + number % 16),
                };
                let [.., high, low] = number.to_be_bytes();
                drop(header.splice(2..4, [high, low]));
                drop(header.splice(8..12, stream.to_be_bytes()));
                client.send_packet(&[&header, b"in the name of others".as_slice()].concat());
            }
        })
        .await
}

/// Nominates the address of somebody else for its media, with its own credentials and with wrong ones, and counts what
/// comes there that is neither a check nor the answer to one.
pub(super) async fn aim_at_somebody(attacker: &AttackRun) -> Result<()> {
    let mut device = InsiderDevice::join(attacker).await?;
    let port = attacker.target.media.context("the target has no media")?;
    let (name, password) = credentials(&device.client.answer);
    let own = device.client.rtc.direct_api().local_ice_credentials();
    let victim = UdpSocket::bind(VICTIM)?;
    victim.set_nonblocking(true)?;
    let mut bytes = [0; 2_048];
    device
        .repeat(|_| {
            for (name, password) in [
                (name.as_str(), password.as_str()),
                (&name, "not the password of the device"),
                ("nobody", &password),
            ] {
                let check = nomination(TransId::new(), name, &own.ufrag, password);
                // The socket of the service may be full.
                let _lost = victim.send_to(&check, port);
            }
            while let Ok((length, _)) = victim.recv_from(&mut bytes) {
                match bytes.first_chunk().filter(|_| length > 1) {
                    // It has the credentials.
                    Some([1, 1]) => attacker.note_full_force(),
                    Some([0..NOT_ICE, _]) => {}
                    _ => attacker.note_unproven(),
                }
            }
        })
        .await
}

fn insider(attacker: &AttackRun) -> Result<&Insider> {
    let insider = attacker.target.insider.as_ref();
    insider.context("the target has no insider")
}

impl InsiderDevice {
    /// Joins the call with a connection of its own.
    async fn join(attacker: &AttackRun) -> Result<Self> {
        timeout(PATIENCE, Self::connect(attacker))
            .await
            .context("no connection for media in time")?
    }

    async fn connect(attacker: &AttackRun) -> Result<Self> {
        let insider = insider(attacker)?;
        let mut socket = Device::open(attacker).await?;
        let join = json!({
            "type": "join", "roomId": insider.room, "auth": insider.presentation,
            "member": insider.member,
        });
        socket.say(&join).await?;
        let joined = socket.hear_of("joined").await?;
        let number = joined.get("demuxId").and_then(Value::as_u64);
        let id = u32::try_from(number.context("no seat")?)?;
        let id = DemuxId::new(id).context("no seat")?;
        let poll = Poll::new()?;
        let (mut client, offer) = Client::new(id, false, (FROM, 0).into(), poll.registry(), 1);
        let publish = json!({
            "type": "publish", "audio": true, "camera": true, "screen": false, "screenAudio": false,
        });
        socket.say(&publish).await?;
        let media = json!({ "type": "media", "session": 1, "offer": offer });
        socket.say(&media).await?;
        let answer = socket.hear_of("media").await?;
        let answer = answer.get("answer").and_then(Value::as_str);
        let answer = answer.context("no answer")?;
        ensure!(!candidates(answer, "udp").is_empty(), "no port");
        client.take_answer(answer, poll.registry());
        let mut clock = interval(STEP);
        while !client.is_connected {
            clock.tick().await;
            client.pump();
        }
        Ok(Self {
            socket,
            client,
            _poll: poll,
        })
    }

    /// Does something at every step, until the service ends the socket.
    async fn repeat(self, mut act: impl FnMut(&mut Client) + Send) -> Result<()> {
        let staying = self.socket.stay();
        let mut client = self.client;
        let acting = async {
            let mut clock = interval(STEP);
            clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                clock.tick().await;
                client.pump();
                // Only the newest are of use.
                client.packets.clear();
                client.answered_checks.clear();
                act(&mut client);
            }
        };
        tokio::select! {
            ended = staying => ended,
            () = acting => Ok(()),
        }
    }
}
