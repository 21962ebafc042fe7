//! An active device: what it sends, and what it receives.

use anteroom_protocol::{DemuxId, OpaqueUserId};

use crate::{
    audio_slots::AudioSlots,
    demand::Demand,
    device_handle::DeviceHandle,
    downlink::Downlink,
    indexes::{DeviceIndex, SlotIndex, UserIndex},
    input::{Codec, Connection, MuteOrder, Sending, SlotKind, View},
    key_frames::KeyFrameRequests,
    layers::Layers,
    limits::{MediaLimits, RequestMeters, SourceLimit, SourceMeter},
    output::SlotState,
    slot::Slot,
    source::{Layer, PerLayer, PerSource, Source},
    time::Moment,
};

/// An active device.
#[derive(Debug)]
pub(crate) struct Device {
    pub(crate) id: DemuxId,
    pub(crate) user: OpaqueUserId,
    pub(crate) user_index: UserIndex,
    pub(crate) requests: RequestMeters,
    pub(crate) view: View,
    pub(crate) sources: PerSource<SourceState>,
    /// The receiving half. Without a connection it has no slots.
    pub(crate) viewer: Viewer,
    pub(crate) demand: Demand,
    pub(crate) is_connected: bool,
}

/// The receiving half of a device.
#[derive(Debug)]
pub(crate) struct Viewer {
    pub(crate) slots: Vec<Slot>,
    pub(crate) decodes: Vec<Codec>,
    pub(crate) audio: AudioSlots,
    /// The slots of `audio`, in the same order.
    pub(crate) audio_places: Vec<SlotIndex>,
    pub(crate) downlink: Downlink,
    /// The picture on trial.
    pub(crate) trial: Option<PictureTrial>,
    /// The bits a second that the viewer needs.
    pub(crate) need: u64,
    /// The state of the slots as the viewer knows it.
    pub(crate) reported: Vec<SlotState>,
    /// Whether the state may differ from that.
    pub(crate) is_changed: bool,
}

/// A picture on trial.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PictureTrial {
    pub(crate) slot: SlotIndex,
    pub(crate) sender: DeviceHandle,
    pub(crate) source: Source,
    pub(crate) layer: Layer,
}

/// A source of a device.
#[derive(Debug)]
pub(crate) struct SourceState {
    pub(crate) negotiated: Option<Sending>,
    /// Whether the device says that it sends it.
    pub(crate) is_published: bool,
    /// Whether an admin has stopped it, and the device has not published it anew.
    pub(crate) is_muted: bool,
    /// Whether an admin holds it.
    pub(crate) is_held: bool,
    /// Whether it was over its limit for too long, and the device has not published it anew. A new connection is no
    /// publication: others see the source as off until then.
    pub(crate) is_dropped: bool,
    pub(crate) meter: SourceMeter,
    pub(crate) layers: Layers,
    pub(crate) key_frames: PerLayer<KeyFrameRequests>,
    /// The slots in which it is to travel: exactly those with it as their flow.
    pub(crate) watchers: Vec<(DeviceIndex, SlotIndex)>,
    /// The moment since which each layer is wanted.
    pub(crate) wanted: PerLayer<Option<Moment>>,
}

/// The time after which a layer that is wanted and not sent, while others are, counts as one that the sender
/// cannot send.
const STARVATION: core::time::Duration = core::time::Duration::from_secs(3);

impl Device {
    pub(crate) fn new(
        id: DemuxId,
        user: OpaqueUserId,
        user_index: UserIndex,
        limits: &MediaLimits,
    ) -> Self {
        let source = |source| SourceState::new(source, *limits.sources.of(source));
        Self {
            id,
            user,
            user_index,
            requests: RequestMeters::default(),
            view: View::default(),
            sources: PerSource {
                audio: source(Source::Audio),
                camera: source(Source::Camera),
                screen: source(Source::Screen),
                screen_audio: source(Source::ScreenAudio),
            },
            viewer: Viewer::new(Connection::default(), Moment::default()),
            demand: Demand::new(Moment::default()),
            is_connected: false,
        }
    }

    /// Begins with a connection.
    pub(crate) fn connect(&mut self, connection: Connection, limits: &MediaLimits, now: Moment) {
        for source in Source::ALL {
            let limit = *limits.sources.of(source);
            let negotiated = *connection.sources.of(source);
            self.sources
                .of_mut(source)
                .connect(source, negotiated, limit, now);
        }
        self.viewer = Viewer::new(connection, now);
        self.viewer.name_audio_slots(&self.view);
        self.demand = Demand::new(now);
        self.is_connected = true;
    }

    /// Ends the connection.
    pub(crate) fn disconnect(&mut self) {
        self.viewer = Viewer::new(Connection::default(), Moment::default());
        self.is_connected = false;
    }
}

impl Viewer {
    fn new(connection: Connection, now: Moment) -> Self {
        let slots = connection.slots.into_iter().map(Slot::new);
        Self {
            slots: slots.collect(),
            decodes: connection.decodes,
            audio: AudioSlots::default(),
            audio_places: Vec::new(),
            downlink: Downlink::new(now),
            trial: None,
            need: 0,
            reported: Vec::new(),
            is_changed: false,
        }
    }

    /// Leaves the audio slots that the view does not name to the active speakers.
    pub(crate) fn name_audio_slots(&mut self, view: &View) {
        let places = (0..).map(SlotIndex::new).zip(&self.slots);
        let audio = places.filter(|(place, slot)| {
            let is_named = view.wishes.iter().any(|wish| wish.slot == *place);
            slot.kind == SlotKind::Audio && !is_named
        });
        let places: Vec<SlotIndex> = audio.map(|(place, _)| place).collect();
        if places == self.audio_places {
            return;
        }
        // Senders stay in the slots that are still left to them.
        let sender_in = |place: &SlotIndex| {
            let before = self.audio_places.iter().position(|other| other == place)?;
            *self.audio.slots().get(before)?
        };
        self.audio = AudioSlots::of(places.iter().map(sender_in).collect());
        self.audio_places = places;
    }
}

impl SourceState {
    fn new(source: Source, limit: SourceLimit) -> Self {
        Self {
            negotiated: None,
            is_published: false,
            is_muted: false,
            is_held: false,
            is_dropped: false,
            meter: SourceMeter::new(limit),
            layers: Layers::new(source, 1),
            key_frames: PerLayer::default(),
            watchers: Vec::new(),
            wanted: PerLayer::default(),
        }
    }

    fn connect(
        &mut self,
        source: Source,
        negotiated: Option<Sending>,
        limit: SourceLimit,
        now: Moment,
    ) {
        self.negotiated = negotiated;
        self.meter = SourceMeter::new(limit);
        self.layers = Layers::new(source, negotiated.map_or(1, |sending| sending.layers));
        self.key_frames = PerLayer::default();
        // A sender sends everything at first.
        self.wanted = PerLayer::from_fn(|_| Some(now));
    }

    /// Takes what the device says. Returns whether that changes anything.
    pub(crate) fn publish(&mut self, is_published: bool, limit: SourceLimit) -> bool {
        if self.is_published == is_published {
            return false;
        }
        self.is_published = is_published;
        if is_published {
            self.is_muted = false;
            self.is_dropped = false;
            self.meter = SourceMeter::new(limit);
        }
        true
    }

    pub(crate) const fn obey(&mut self, order: MuteOrder) {
        match order {
            MuteOrder::Mute => self.is_muted = true,
            MuteOrder::Hold => {
                self.is_muted = true;
                self.is_held = true;
            }
            MuteOrder::Release => self.is_held = false,
        }
    }

    /// Returns whether packets of the source may be forwarded.
    pub(crate) const fn is_open(&self) -> bool {
        self.is_published
            && !self.is_muted
            && !self.is_held
            && !self.is_dropped
            && self.negotiated.is_some()
    }

    /// Returns the codec.
    pub(crate) fn codec(&self) -> Option<Codec> {
        self.negotiated.map(|sending| sending.codec)
    }

    /// Notes that the layers up to a number are wanted, and others are not.
    pub(crate) fn want(&mut self, count: u8, now: Moment) {
        for layer in Layer::ALL {
            let wanted = self.wanted.of_mut(layer);
            *wanted = if layer.count() <= count {
                Some(wanted.unwrap_or(now))
            } else {
                None
            };
        }
    }

    /// Returns whether the sender can send a layer, as far as is known.
    pub(crate) fn can_send(&self, layer: Layer, now: Moment) -> bool {
        let is_negotiated = self.layers.negotiated().any(|other| other == layer);
        let since = *self.wanted.of(layer);
        let is_late = since.is_some_and(|since| now.since(since) >= STARVATION);
        let mut others = self.layers.negotiated();
        let starves = is_late
            && !self.layers.is_live(layer, now)
            && others.any(|other| self.layers.is_live(other, now));
        is_negotiated && !starves
    }
}

/// Returns the handle of a device.
pub(crate) const fn handle_of(index: DeviceIndex, device: &Device) -> DeviceHandle {
    DeviceHandle {
        index,
        id: device.id,
    }
}
