//! Joins a call and gives back what it hears, two seconds later, until the call ends. One person is heard at a time.
//!
//! The link is read from a file, since other users of the machine can read the arguments of a program:
//!
//! ```sh
//! export ANTEROOM_ISSUER_URL=http://127.0.0.1:8080 ANTEROOM_ACCOUNT=… ANTEROOM_DEVICE_PASSWORD=…
//! cargo run --package anteroom-client --features media --example echo_bot -- link.txt
//! ```
#![expect(clippy::print_stdout, reason = "a program speaks on standard output")]

use std::{
    collections::VecDeque,
    env, fs,
    time::{Duration, Instant},
};

use anteroom_client::{
    CallEvent, CallLink, Client, DemuxId, DeviceCredentials, EndReason, Error, PerSource, Source,
    media::{AudioLevel, MediaEvent, OpusPacket, ReceivedFrame, SlotCounts},
};

const DELAY: Duration = Duration::from_secs(2);
/// The silence after which somebody else is heard.
const PAUSE: Duration = Duration::from_millis(500);

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = env::args().nth(1).ok_or("name a file with the link")?;
    let link = CallLink::parse(&fs::read_to_string(file)?)?;
    let account = env::var("ANTEROOM_ACCOUNT")?;
    let device = DeviceCredentials::parse(&account, env::var("ANTEROOM_DEVICE_PASSWORD")?)?;
    let client = Client::connect(&env::var("ANTEROOM_ISSUER_URL")?, device).await?;
    println!("the call is over: {:?}", echo(&client, &link).await?);
    Ok(())
}

/// Joins, waits in the lobby if there is one, and gives back what is said until the call ends.
pub(crate) async fn echo(client: &Client, link: &CallLink) -> Result<EndReason, Error> {
    let mut call = client.join(link).await?;
    let slots = SlotCounts { audio: 1, video: 0 };
    let Some((sender, mut media)) = call.start_media(slots).await? else {
        return Ok(EndReason::Left);
    };
    let mut echo = Echo::default();
    loop {
        let due = echo.due();
        tokio::select! {
            event = call.next() => match event {
                Some(CallEvent::Joined(_)) => {
                    call.publish(PerSource { audio: true, ..PerSource::default() }).await?;
                }
                Some(CallEvent::Ended(end_reason)) => return Ok(end_reason),
                Some(_) => {}
                None => return Ok(EndReason::Left),
            },
            Some(event) = media.next() => {
                if let MediaEvent::Frame(frame) = event {
                    echo.hear(&frame, Instant::now());
                }
            }
            () = tokio::time::sleep_until(due.into()) => {
                for packet in echo.take(Instant::now()) {
                    // It is lost where there is no connection at the moment.
                    let _lost = sender.send_sound(Source::Audio, packet).await;
                }
            }
        }
    }
}

/// The sounds that wait for their time.
#[derive(Default)]
struct Echo {
    speaker: Option<(DemuxId, Instant)>,
    waiting: VecDeque<(Instant, OpusPacket)>,
}

impl Echo {
    fn hear(&mut self, frame: &ReceivedFrame, now: Instant) {
        let speaker = self.speaker.filter(|(_, last)| now - *last < PAUSE);
        if speaker.is_some_and(|(speaker, _)| speaker != frame.sender) {
            return;
        }
        self.speaker = Some((frame.sender, now));
        let level = frame.level.unwrap_or(AudioLevel::SILENCE);
        if let Some(packet) = OpusPacket::new(frame.data.to_vec(), level) {
            self.waiting.push_back((now + DELAY, packet));
        }
    }

    fn due(&self) -> Instant {
        let first = self.waiting.front().map(|(due, _)| *due);
        first.unwrap_or_else(|| Instant::now() + DELAY)
    }

    fn take(&mut self, now: Instant) -> Vec<OpusPacket> {
        let due = self.waiting.partition_point(|(due, _)| *due <= now);
        self.waiting
            .drain(..due)
            .map(|(_, packet)| packet)
            .collect()
    }
}
