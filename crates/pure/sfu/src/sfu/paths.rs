//! The paths of connections: which device a check of a path is for, and which addresses are proven.

use core::net::SocketAddr;
use std::time::Instant;

use anteroom_protocol::DemuxId;
use str0m::{
    Input as RtcInput,
    net::{Protocol, Receive, Transmit},
};

use super::{Sfu, SfuOutput};
use crate::{input::Input, path::Path};

/// The beginning of a DTLS record, by which a connection tells whether it knows an address.
const RECORD: [u8; 13] = [20; 13];

impl Sfu {
    /// Returns the name in the credentials of a device's connection, which checks of its paths carry.
    #[must_use]
    pub fn path_user(&mut self, device: DemuxId) -> Option<String> {
        let handle = self.media.handle_of(device)?;
        let (_, peer) = self.peer_mut(handle)?;
        Some(peer.rtc.direct_api().local_ice_credentials().ufrag)
    }

    /// Returns whether a device is active.
    #[must_use]
    pub fn is_active(&self, device: DemuxId) -> bool {
        self.media.handle_of(device).is_some()
    }

    /// Returns whether a check of a path, or the answer to one, is for the connection of a device and has its
    /// credentials.
    #[must_use]
    pub fn accepts_check(&self, now: Instant, device: DemuxId, check: &[u8]) -> bool {
        // From an address that no device has, so that nothing but the credentials decides.
        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
        let check = Receive::new(Protocol::Udp, nowhere, nowhere, check);
        let input = check.map(|check| RtcInput::Receive(now, check)).ok();
        let peer = self.peer(device);
        peer.zip(input)
            .is_some_and(|(peer, input)| peer.rtc.accepts(&input))
    }

    /// Answers a check of a path with the credentials from before the last restart of ICE, which go on for a
    /// while. Returns whether it has them.
    pub fn receive_former_check(
        &mut self,
        now: Instant,
        device: DemuxId,
        path: Path,
        check: &[u8],
    ) -> bool {
        let Some(handle) = self.media.handle_of(device) else {
            return false;
        };
        let peer = self.peer_mut(handle);
        let former = peer.and_then(|(_, peer)| peer.former.as_ref());
        let answer = former.and_then(|former| former.answer(now, path.remote, check));
        let Some(contents) = answer else {
            return false;
        };
        self.outputs.push_back(SfuOutput::Transmit {
            to: device,
            datagram: Transmit {
                proto: path.protocol,
                source: path.local,
                destination: path.remote,
                contents: contents.into(),
            },
        });
        true
    }

    /// Returns whether a check of the connection to an address has been answered from it.
    #[must_use]
    pub fn has_proven(&self, now: Instant, device: DemuxId, path: Path) -> bool {
        let record = Receive::new(path.protocol, path.remote, path.local, &RECORD);
        let input = record.map(|record| RtcInput::Receive(now, record));
        let peer = self.peer(device);
        peer.zip(input.ok())
            .is_some_and(|(peer, input)| peer.rtc.accepts(&input))
    }

    /// Ends the connections whose paths have not been proven in time since a restart of ICE.
    pub(super) fn end_unproven(&mut self, now: Instant) {
        let peers = self.peers.iter().flatten();
        let late = peers.filter(|(_, peer)| peer.proof_due.is_some_and(|due| due <= now));
        let late: Vec<DemuxId> = late.map(|(device, _)| *device).collect();
        for device in late {
            self.handle(now, Input::Disconnect(device));
        }
    }
}
