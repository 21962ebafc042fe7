//! The call, and the paths of its devices.

use core::net::{Ipv4Addr, SocketAddr};
use std::collections::BTreeMap;

use anteroom_media::{
    CallEvents, CallHandle, ListenAddresses, MediaEvent, MediaServer, MediaSettings, SlotWish,
    ViewRequest,
};
use anteroom_protocol::{DemuxId, OpaqueUserId};
use anteroom_sfu::{
    input::Subject,
    source::{PerSource, Source},
};
use anteroom_testkit::{LinkShape, ShapedPath};
use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::{
    answer::with_udp_at,
    event, frame_keys,
    request::{PathKind, Request, ShapeLine, SlotLine},
};

/// A server with one call.
pub(crate) struct Meeting {
    call: CallHandle,
    server: MediaServer,
    devices: BTreeMap<DemuxId, Device>,
}

/// A device of the call.
struct Device {
    kind: PathKind,
    path: Option<ShapedPath>,
    /// The requests whose answers are to come, by session.
    offers: BTreeMap<u64, u64>,
}

impl Meeting {
    /// Starts a server on free ports of the loopback interface, with one thread that is never too busy.
    pub(crate) fn open() -> Result<(Self, CallEvents)> {
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
        // The machine of a test has other work.
        settings.load.percent = 101;
        let server = MediaServer::start(&settings)?;
        let (call, events) = server.open_call()?;
        let meeting = Self {
            call,
            server,
            devices: BTreeMap::new(),
        };
        Ok((meeting, events))
    }

    /// Executes a request. `None`: the answer is an event of the call.
    pub(crate) async fn run(&mut self, id: u64, request: Request) -> Result<Option<Value>> {
        match request {
            Request::Join { device, path } => self.join(device, path).await?,
            Request::Offer {
                device,
                session,
                offer,
            } => {
                let demux_id = demux_id(device)?;
                self.device(device)?.offers.insert(session, id);
                self.call.offer(demux_id, session, offer)?;
                return Ok(None);
            }
            Request::View { device, slots } => self.view(device, slots)?,
            Request::Publish { device, sources } => {
                let mut published = PerSource::default();
                for source in sources {
                    *published.of_mut(source.into()) = true;
                }
                self.call.publish(demux_id(device)?, published);
            }
            Request::Shape {
                device,
                upload,
                download,
            } => self.shape(device, upload, download)?,
            Request::Losses { device } => {
                let path = self.device(device)?.path.as_ref();
                let path = path.context("the device has no path to shape")?;
                let losses = json!({ "up": path.lost_uploads(), "down": path.lost_downloads() });
                return Ok(Some(losses));
            }
            Request::Leave { device } => {
                self.devices.remove(&demux_id(device)?);
                self.call.remove(demux_id(device)?).done().await;
            }
            Request::Group { devices, now } => {
                return Ok(Some(frame_keys::of_group(&devices, now)?));
            }
        }
        Ok(Some(json!({})))
    }

    /// Returns the line of an event.
    pub(crate) fn take_event(&mut self, event: MediaEvent) -> Option<Value> {
        match event {
            MediaEvent::Answer {
                device,
                session,
                answer,
            } => {
                let device = self.devices.get_mut(&device)?;
                let id = device.offers.remove(&session)?;
                let answer = answer.into_text();
                let answer = match &device.path {
                    None => answer,
                    Some(path) => {
                        with_udp_at(&answer, path.address(), device.kind == PathKind::Tcp)
                    }
                };
                Some(json!({ "id": id, "ok": answer }))
            }
            MediaEvent::OfferRefused {
                device,
                session,
                reason,
            } => {
                let id = self.devices.get_mut(&device)?.offers.remove(&session)?;
                Some(json!({ "id": id, "error": format!("{reason:?}") }))
            }
            event => Some(event::line(&event)),
        }
    }

    async fn join(&mut self, device: u32, kind: PathKind) -> Result<()> {
        let demux_id = demux_id(device)?;
        let user = OpaqueUserId::parse(&format!("{device:08x}")).context("no user id")?;
        let path = match kind {
            PathKind::Direct => None,
            PathKind::Proxy | PathKind::Tcp => {
                let path = ShapedPath::start(self.udp_address()?, device.into()).await?;
                let vanish = LinkShape {
                    loss: 1_000,
                    ..LinkShape::default()
                };
                if kind == PathKind::Tcp {
                    path.shape_upload(vanish);
                    path.shape_download(vanish);
                }
                Some(path)
            }
        };
        let offers = BTreeMap::new();
        let device = Device { kind, path, offers };
        self.devices.insert(demux_id, device);
        self.call.activate(demux_id, user);
        Ok(())
    }

    fn view(&self, device: u32, slots: Vec<SlotLine>) -> Result<()> {
        let wish = |line: SlotLine| {
            Ok(SlotWish {
                mid: line.mid,
                subject: Subject::Device(demux_id(line.device)?),
                source: Source::from(line.source),
                height: line.height,
            })
        };
        let slots = slots.into_iter().map(wish).collect::<Result<_>>()?;
        let view = ViewRequest {
            slots,
            audio_without: Vec::new(),
        };
        self.call.view(demux_id(device)?, view);
        Ok(())
    }

    fn shape(
        &mut self,
        device: u32,
        upload: Option<ShapeLine>,
        download: Option<ShapeLine>,
    ) -> Result<()> {
        let path = self.device(device)?.path.as_ref();
        let path = path.context("the device has no path to shape")?;
        if let Some(upload) = upload {
            path.shape_upload(upload.into());
        }
        if let Some(download) = download {
            path.shape_download(download.into());
        }
        Ok(())
    }

    fn device(&mut self, device: u32) -> Result<&mut Device> {
        let device = self.devices.get_mut(&demux_id(device)?);
        device.context("the device has not joined")
    }

    fn udp_address(&self) -> Result<SocketAddr> {
        let addresses = self.server.addresses();
        let first = addresses.first().and_then(|one| one.udp.first());
        first.copied().context("the server has no UDP port")
    }
}

fn demux_id(device: u32) -> Result<DemuxId> {
    DemuxId::new(device).context("the device is no demux id")
}
