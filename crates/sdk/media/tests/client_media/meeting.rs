//! A media server, a call, and the media of its devices, with keys that the test hands out.

use core::{
    future::Future,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use anteroom_client_media::{
    AudioLevel, EpochFrames, Layer, MediaControl, MediaEvent, MediaEvents, MediaSender, OpusPacket,
    ReceivedFrame, SendError, SendOutcome, SessionDescription, Slot, SlotCounts, SlotKind, Source,
    Vp8Frame, Wanted, start,
};
use anteroom_e2ee::EpochKey;
use anteroom_media::{
    CallEvents, CallHandle, ListenAddresses, MediaEvent as ServerEvent, MediaServer, MediaSettings,
};
use anteroom_protocol::{
    DemuxId, EraId, GroupEpoch, OpaqueUserId,
    media::{PerSource, SlotWish, Subject, ViewRequest},
};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};
use zeroize::Zeroizing;

/// The time after which a test fails that waits for something.
const PATIENCE: Duration = Duration::from_secs(60);

/// The slots of a device.
const SLOTS: SlotCounts = SlotCounts { audio: 2, video: 2 };

/// A change of an answer on its way to a device.
type Tampering = Arc<dyn Fn(String) -> String + Send + Sync>;

/// A call at a media server.
pub(crate) struct Meeting {
    server: MediaServer,
    pub(crate) call: Arc<CallHandle>,
    /// The queues to the devices.
    devices: Arc<Mutex<BTreeMap<DemuxId, mpsc::UnboundedSender<Message>>>>,
    /// The devices of the leaves.
    leaves: BTreeMap<u32, DemuxId>,
    pub(crate) tampering: Tampering,
}

/// Numbers of connections.
type Numbers = Arc<Mutex<Vec<u64>>>;

enum Message {
    Answer(u64, String),
    Want(Wanted),
    Epoch(EpochFrames, oneshot::Sender<()>),
    Allow(bool, oneshot::Sender<()>),
    Restart,
    Lose,
}

/// A device in the call.
pub(crate) struct Device {
    pub(crate) id: DemuxId,
    messages: mpsc::UnboundedSender<Message>,
    pub(crate) sender: MediaSender,
    pub(crate) events: MediaEvents,
    pub(crate) slots: Vec<Slot>,
    /// The offers that it has made, by the numbers of their connections.
    pub(crate) offers: Numbers,
    /// Those of the answers that it was given.
    pub(crate) answers: Numbers,
    number: u32,
}

impl Meeting {
    pub(crate) fn new() -> Self {
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
        let devices = Arc::default();
        tokio::spawn(distribute(events, Arc::clone(&devices)));
        Self {
            server,
            call: Arc::new(call),
            devices,
            leaves: BTreeMap::new(),
            tampering: Arc::new(|answer| answer),
        }
    }

    /// Lets so many devices join, connect and get the keys of the first epoch.
    pub(crate) async fn of(devices: u32) -> (Self, Vec<Device>) {
        let mut meeting = Self::new();
        let mut joined = Vec::new();
        for number in 0..devices {
            let mut device = meeting.join(number);
            device.until_connected().await;
            joined.push(device);
        }
        for device in &joined {
            meeting.add_epoch(device, 1).await;
        }
        (meeting, joined)
    }

    /// Returns the address of the server for UDP.
    pub(crate) fn udp_address(&self) -> SocketAddr {
        let addresses = self.server.addresses();
        let first = addresses.first().and_then(|one| one.udp.first());
        *first.unwrap()
    }

    /// Lets a device have media.
    pub(crate) fn admit(&self, number: u32) -> DemuxId {
        let id = DemuxId::new(number * 16 + 16).unwrap();
        let user = OpaqueUserId::parse(&format!("{number:02x}")).unwrap();
        self.call.activate(id, user);
        self.call.publish(
            id,
            PerSource {
                audio: true,
                camera: true,
                screen: true,
                screen_audio: true,
            },
        );
        id
    }

    /// Lets a device join and make its offer. It publishes everything.
    pub(crate) fn join(&mut self, number: u32) -> Device {
        let id = self.admit(number);
        self.leaves.insert(number, id);
        let (messages, received) = mpsc::unbounded_channel();
        self.devices.lock().unwrap().insert(id, messages.clone());
        let (control, sender, events) = start(SLOTS, 1);
        let (offers, answers): (Numbers, Numbers) = Default::default();
        let device = Device {
            id,
            messages,
            sender,
            events,
            slots: Vec::new(),
            offers: Arc::clone(&offers),
            answers: Arc::clone(&answers),
            number,
        };
        let call = Arc::clone(&self.call);
        tokio::spawn(carry(
            id,
            control,
            call,
            received,
            (offers, answers),
            Arc::clone(&self.tampering),
        ));
        device
    }

    /// Gives a device the keys of an epoch.
    pub(crate) async fn add_epoch(&self, device: &Device, epoch: u64) {
        let (done, receipt) = oneshot::channel();
        device.send(Message::Epoch(self.epoch(device.number, epoch), done));
        receipt.await.unwrap();
    }

    /// Returns the keys of an epoch.
    pub(crate) fn epoch(&self, own_leaf: u32, epoch: u64) -> EpochFrames {
        let key = Zeroizing::new([u8::try_from(epoch).unwrap(); 16]);
        let leaves: BTreeSet<u32> = self.leaves.keys().copied().collect();
        EpochFrames {
            key: EpochKey::new(
                EraId::from_bytes([1; 16]),
                GroupEpoch { group: 1, epoch },
                key,
            ),
            own_leaf,
            stayed: leaves.clone(),
            leaves,
            devices: self.leaves.clone(),
            has_new_members: true,
        }
    }

    /// Says what a device wants to see in its slots for pictures.
    pub(crate) fn view(&self, viewer: &Device, wishes: &[(DemuxId, Source, u16)]) {
        let slots = viewer.slots.iter();
        let slots = slots.filter(|slot| slot.kind == SlotKind::Video);
        let wishes = slots.zip(wishes).map(|(slot, wish)| SlotWish {
            mid: slot.mid.clone(),
            subject: Subject::Device(wish.0),
            source: wish.1,
            height: wish.2,
        });
        let view = ViewRequest {
            slots: wishes.collect(),
            audio_without: Vec::new(),
        };
        self.call.view(viewer.id, view);
    }
}

/// Passes the events of a call to its devices.
async fn distribute(
    mut events: CallEvents,
    devices: Arc<Mutex<BTreeMap<DemuxId, mpsc::UnboundedSender<Message>>>>,
) {
    while let Some(event) = events.next().await {
        let (device, message) = match event {
            ServerEvent::Answer {
                device,
                session,
                answer,
            } => (device, Message::Answer(session, answer.into_text())),
            ServerEvent::Send { device, wanted } => (device, Message::Want(wanted)),
            _ => continue,
        };
        if let Some(device) = devices.lock().unwrap().get(&device) {
            let _gone = device.send(message);
        }
    }
}

/// Carries the messages of a device.
async fn carry(
    id: DemuxId,
    mut control: MediaControl,
    call: Arc<CallHandle>,
    mut messages: mpsc::UnboundedReceiver<Message>,
    (offers, answers): (Numbers, Numbers),
    tampering: Tampering,
) {
    control.open().await;
    loop {
        tokio::select! {
            Some(offer) = control.next_offer() => {
                offers.lock().unwrap().push(offer.session);
                call.offer(id, offer.session, offer.offer.into_text()).unwrap();
            }
            message = messages.recv() => match message {
                Some(Message::Answer(session, answer)) => {
                    let answer = SessionDescription::new(tampering(answer));
                    control.answer(session, answer).await;
                    answers.lock().unwrap().push(session);
                }
                Some(Message::Want(wanted)) => control.want(wanted).await,
                Some(Message::Epoch(frames, done)) => {
                    control.add_epoch(frames).await;
                    done.send(()).unwrap();
                }
                Some(Message::Allow(may_send, done)) => {
                    control.allow_sending(may_send).await;
                    done.send(()).unwrap();
                }
                Some(Message::Restart) => control.restart().await,
                Some(Message::Lose) => control.lose().await,
                None => return,
            }
        }
    }
}

impl Device {
    fn send(&self, message: Message) {
        self.messages.send(message).unwrap();
    }

    pub(crate) async fn allow(&self, may_send: bool) {
        let (done, receipt) = oneshot::channel();
        self.send(Message::Allow(may_send, done));
        receipt.await.unwrap();
    }

    pub(crate) fn restart(&self) {
        self.send(Message::Restart);
    }

    /// Says what others see and hear of the device.
    pub(crate) fn want(&self, wanted: Wanted) {
        self.send(Message::Want(wanted));
    }

    /// Says as the room service does that the media server has no connection.
    pub(crate) fn lose(&self) {
        self.send(Message::Lose);
    }

    pub(crate) async fn until_connected(&mut self) {
        self.slots = self
            .until(|event| match event {
                MediaEvent::Connected { slots } => Some(slots),
                _ => None,
            })
            .await;
    }

    /// Waits for an event.
    pub(crate) async fn until<T>(&mut self, wanted: impl Fn(MediaEvent) -> Option<T>) -> T {
        let waiting = async {
            loop {
                let event = self.events.next().await.unwrap();
                if let Some(wanted) = wanted(event) {
                    return wanted;
                }
            }
        };
        timeout(PATIENCE, waiting).await.unwrap()
    }

    /// Waits for a frame.
    pub(crate) async fn until_frame(
        &mut self,
        wanted: impl Fn(&ReceivedFrame) -> bool,
    ) -> ReceivedFrame {
        self.until(|event| match event {
            MediaEvent::Frame(frame) if wanted(&frame) => Some(frame),
            _ => None,
        })
        .await
    }

    /// Sends a sound.
    pub(crate) async fn say(&self, data: &[u8]) -> Result<SendOutcome, SendError> {
        let packet = OpusPacket {
            data: data.to_vec().into(),
            duration: Duration::from_millis(20),
            level: AudioLevel::below_loudest(30),
        };
        self.sender.send_sound(Source::Audio, packet).await
    }

    /// Shows a picture of the camera.
    pub(crate) async fn show(
        &self,
        layer: Layer,
        number: u16,
        data: Vec<u8>,
    ) -> Result<SendOutcome, SendError> {
        let frame = Vp8Frame {
            data: data.into(),
            time: Duration::from_millis(33) * number.into(),
            layer,
        };
        self.sender.send_picture(Source::Camera, frame).await
    }
}

/// Carries on with something in steps until something else is done.
pub(crate) async fn meanwhile<T>(
    done: impl Future<Output = T>,
    mut step: impl AsyncFnMut(u16),
) -> T {
    let mut done = core::pin::pin!(done);
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    for number in 0.. {
        tokio::select! {
            biased;
            done = &mut done => return done,
            _ = ticks.tick() => step(number).await,
        }
    }
    unreachable!("a number of steps has no end")
}

/// The bytes of a frame of VP8 of so many pixels in height, and a number.
pub(crate) fn picture(is_key: bool, height: u16, number: u16) -> Vec<u8> {
    let [low, high] = height.to_le_bytes();
    let width = height / 9 * 16;
    let [width_low, width_high] = width.to_le_bytes();
    let mut bytes = if is_key {
        vec![
            0x50, 0, 0, 0x9d, 0x01, 0x2a, width_low, width_high, low, high,
        ]
    } else {
        vec![0x51, 0, 0]
    };
    bytes.extend(number.to_be_bytes());
    // A key frame is several packets.
    bytes.resize(if is_key { 3_000 } else { 300 }, 7);
    bytes
}

/// The bytes of a sound.
pub(crate) fn sound(number: u16) -> Vec<u8> {
    [b"sound".as_slice(), &number.to_be_bytes()].concat()
}
