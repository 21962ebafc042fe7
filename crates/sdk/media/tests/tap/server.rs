//! A media server with a call of one device.

use core::net::Ipv4Addr;

use anteroom_media::{
    CallEvents, CallHandle, ListenAddresses, MediaEvent, MediaServer, MediaSettings,
};
use anteroom_protocol::{DemuxId, OpaqueUserId, media::PerSource};

/// The server, and the call.
pub(crate) struct Server {
    _server: MediaServer,
    call: CallHandle,
    events: CallEvents,
    device: DemuxId,
}

impl Server {
    /// Starts a server on free ports. The device of its call publishes a microphone and a camera.
    pub(crate) fn start() -> Self {
        let mut settings = MediaSettings {
            listen: ListenAddresses {
                ipv4: Some(Ipv4Addr::LOCALHOST),
                ipv6: None,
                port: 0,
            },
            public_addresses: vec![Ipv4Addr::LOCALHOST.into()],
            threads: 1,
            ..MediaSettings::default()
        };
        settings.load.percent = 101;
        let server = MediaServer::start(&settings).unwrap();
        let (call, events) = server.open_call().unwrap();
        let device = DemuxId::new(16).unwrap();
        call.activate(device, OpaqueUserId::parse("01").unwrap());
        let sources = PerSource {
            audio: true,
            camera: true,
            ..PerSource::default()
        };
        call.publish(device, sources);
        Self {
            _server: server,
            call,
            events,
            device,
        }
    }

    /// Returns the answer to an offer.
    pub(crate) async fn answer(&mut self, session: u64, offer: String) -> String {
        self.call.offer(self.device, session, offer).unwrap();
        loop {
            if let MediaEvent::Answer { answer, .. } = self.events.next().await.unwrap() {
                return answer.into_text();
            }
        }
    }
}
