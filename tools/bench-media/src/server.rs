//! The server under test: the media server of the product with one call, whose messages come by the dialogue
//! instead of the socket of a room.

use anteroom_media::{
    CallEvents, CallHandle, ListenAddresses, MediaEvent, MediaServer, MediaSettings, SlotWish,
    ViewRequest,
};
use anteroom_protocol::{DemuxId, OpaqueUserId};
use anteroom_sfu::{
    input::Subject,
    source::{PerSource, Source},
};
use anyhow::{Context as _, Result, bail};
use tokio::runtime::{Builder, Runtime};

use crate::{
    messages::{ServerAnswer, ServerRequest},
    own_address::own_address,
};

/// The height in which pictures are asked for.
const HEIGHT: u16 = 180;

/// The media server with its call.
pub struct ServerUnderTest {
    call: CallHandle,
    events: CallEvents,
    runtime: Runtime,
    allocations: Option<fn() -> u64>,
    _server: MediaServer,
}

impl ServerUnderTest {
    /// Starts the server with one thread on a free port of this machine. `allocations` counts those of
    /// the program.
    ///
    /// # Errors
    /// A socket or a thread is refused.
    pub fn start(allocations: Option<fn() -> u64>) -> Result<Self> {
        let address = own_address();
        let mut settings = MediaSettings {
            listen: ListenAddresses {
                ipv4: Some(address),
                ipv6: None,
                port: 0,
            },
            public_addresses: vec![address.into()],
            threads: 1,
            ..MediaSettings::default()
        };
        // A measurement goes to the end of a thread's strength, and the machine may be busy otherwise.
        settings.load.percent = 101;
        let server = MediaServer::start(&settings)?;
        let (call, events) = server.open_call()?;
        Ok(Self {
            call,
            events,
            runtime: Builder::new_current_thread().build()?,
            allocations,
            _server: server,
        })
    }

    /// Carries out a request.
    ///
    /// # Errors
    /// The server refuses the offer.
    pub fn answer(&mut self, request: ServerRequest) -> Result<ServerAnswer> {
        let mut answer = ServerAnswer::default();
        match request {
            ServerRequest::Join {
                device,
                publishes,
                offer,
            } => {
                let device = device_of(device)?;
                let user = OpaqueUserId::parse(&format!("{:08x}", device.number()))?;
                self.call.activate(device, user);
                if publishes {
                    let sources = PerSource {
                        audio: true,
                        camera: true,
                        ..PerSource::default()
                    };
                    self.call.publish(device, sources);
                }
                self.call.offer(device, 1, offer)?;
                answer.answer = Some(self.answer_for(device)?);
            }
            ServerRequest::View { device, slots } => {
                let wishes = slots.into_iter().map(|(mid, shown)| {
                    Ok(SlotWish {
                        mid,
                        subject: Subject::Device(device_of(shown)?),
                        source: Source::Camera,
                        height: HEIGHT,
                    })
                });
                let view = ViewRequest {
                    slots: wishes.collect::<Result<_>>()?,
                    audio_without: Vec::new(),
                };
                self.call.view(device_of(device)?, view);
            }
            ServerRequest::Allocations {} => {
                answer.allocations = self.allocations.map(|count| count());
            }
        }
        Ok(answer)
    }

    /// Waits for the answer to the offer of a device.
    fn answer_for(&mut self, of: DemuxId) -> Result<String> {
        loop {
            let event = self.runtime.block_on(self.events.next());
            match event.context("the media of the call have ended")? {
                MediaEvent::Answer { device, answer, .. } if device == of => {
                    return Ok(answer.into_text());
                }
                MediaEvent::OfferRefused { reason, .. } => bail!("an offer is refused: {reason:?}"),
                MediaEvent::Failed => bail!("the media of the call have failed"),
                _ => {}
            }
        }
    }
}

/// Returns the device with a number.
fn device_of(number: u32) -> Result<DemuxId> {
    DemuxId::new((number + 1) * 16).context("a number of a device is out of range")
}
