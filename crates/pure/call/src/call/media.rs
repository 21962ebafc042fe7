//! Media: who may send and receive, what each device says it sends, and the orders of admins about that.
//!
//! The call tells the media first and devices afterwards. What it knows of a device's sources stays here: media that
//! failed are told anew when they are opened again.

use anteroom_protocol::{
    DemuxId,
    media::{MuteOrder, MuteTarget, PerSource, SessionDescription, Source, ViewRequest},
};

use super::Call;
use crate::{
    ConnectionId, ErrorCode, MediaCommand, Message, Output, Status,
    media_limits::MediaLimits,
    seats::{Device, Seat},
    sources::SourceStates,
};

impl Call {
    /// Returns the commands that tell newly opened media of all devices: who may send and receive, what each says it
    /// sends, and what admins have stopped. There are few orders, however many devices are stopped.
    #[must_use]
    pub fn media_commands(&self) -> Vec<MediaCommand> {
        let devices = self.seats.iter().map(|(_, device)| device);
        let devices: Vec<&Device> = devices.filter(|device| self.carries(device)).collect();
        let activate = |device: &&Device| MediaCommand::Activate {
            device: device.demux_id,
            user: device.user.clone(),
        };
        let publish = |device: &&Device| MediaCommand::Publish {
            device: device.demux_id,
            sources: device.sources.published(),
        };
        let mut commands: Vec<MediaCommand> = devices.iter().map(activate).collect();
        // A hold mutes, and publishing afterwards ends that.
        commands.extend(orders(&devices, MuteOrder::Hold, SourceStates::is_held));
        commands.extend(devices.iter().map(publish));
        commands.extend(orders(&devices, MuteOrder::Mute, SourceStates::is_muted));
        commands
    }

    /// Returns whether a device may send and receive.
    #[must_use]
    pub fn has_media(&self, device: DemuxId) -> bool {
        let seat = self.seats.of_demux_id(device);
        let device = seat.and_then(|seat| self.seats.get(seat));
        device.is_some_and(|device| self.carries(device))
    }

    /// Returns the device of a connection.
    #[must_use]
    pub fn device_of(&self, connection: ConnectionId) -> Option<DemuxId> {
        let device = self.seats.get(self.seats.of_connection(connection)?)?;
        Some(device.demux_id)
    }

    /// Returns the connection of a device, if it may send and receive and is connected.
    #[must_use]
    pub fn media_connection(&self, device: DemuxId) -> Option<ConnectionId> {
        let device = self.seats.get(self.seats.of_demux_id(device)?)?;
        device.connection().filter(|_| self.carries(device))
    }

    /// Returns the connections of all devices that may send and receive.
    pub fn media_connections(&self) -> impl Iterator<Item = ConnectionId> {
        let devices = self.seats.iter().map(|(_, device)| device);
        let devices = devices.filter(|device| self.carries(device));
        devices.filter_map(Device::connection)
    }

    /// Returns whether a device may send and receive: it is in the call, and its media are sealed.
    pub(super) fn carries(&self, device: &Device) -> bool {
        self.limits.has_media && device.status() == Status::Active && device.member.is_some()
    }

    pub(super) fn media(&mut self, command: MediaCommand) {
        self.outputs.push_back(Output::Media(command));
    }

    pub(super) fn activate_media(&mut self, seat: Seat) {
        if let Some(device) = self.seats.get(seat)
            && self.carries(device)
        {
            let command = MediaCommand::Activate {
                device: device.demux_id,
                user: device.user.clone(),
            };
            self.media(command);
            self.hold_activated(seat);
        }
    }

    pub(super) fn remove_media(&mut self, device: &Device) {
        if self.carries(device) {
            self.media(MediaCommand::Remove(device.demux_id));
        }
    }

    /// Ends the media of all devices at once.
    pub(super) fn close_media(&mut self) {
        let has_any = (self.seats.iter()).any(|(_, device)| self.carries(device));
        if has_any {
            self.media(MediaCommand::Close);
        }
    }

    pub(super) fn offer(
        &mut self,
        seat: Seat,
        session: u64,
        offer: SessionDescription,
    ) -> Result<(), ErrorCode> {
        let device = self.media_device(seat)?;
        let now = self.now;
        let user = self.active(seat)?.user.clone();
        // A device waits for the answer to its offer, so that it receives every refusal of one.
        if !(self.users.may_offer(&user) && self.media_limits(seat).offer(now)) {
            return Err(ErrorCode::TooManyOffers);
        }
        self.users.count_offer(&user);
        self.media(MediaCommand::Offer {
            device,
            session,
            offer,
        });
        Ok(())
    }

    pub(super) fn view(&mut self, seat: Seat, view: ViewRequest) -> Result<(), ErrorCode> {
        let device = self.media_device(seat)?;
        let now = self.now;
        let is_granted = self.media_limits(seat).view(now);
        self.active(seat)?.note_limit(is_granted)?;
        self.media(MediaCommand::View { device, view });
        Ok(())
    }

    pub(super) fn publish(
        &mut self,
        seat: Seat,
        sources: PerSource<bool>,
    ) -> Result<(), ErrorCode> {
        let device = self.media_device(seat)?;
        let now = self.now;
        let is_granted = self.media_limits(seat).publication(now);
        self.active(seat)?.note_limit(is_granted)?;
        self.media(MediaCommand::Publish { device, sources });
        self.change_sources(seat, |device| device.sources.publish(&sources));
        Ok(())
    }

    pub(super) fn mute(
        &mut self,
        admin: Seat,
        target: MuteTarget,
        source: Source,
        order: MuteOrder,
    ) -> Result<(), ErrorCode> {
        self.must_have_media()?;
        let by = self.seats.get(admin).map(|device| device.demux_id);
        let by = by.ok_or(ErrorCode::NotJoined)?;
        match target {
            MuteTarget::One(device) => {
                let target = self.target(admin, device)?;
                target.must_be(Status::Active)?;
                self.count_moderation(admin)?;
                let mut seats = vec![target.seat];
                if order != MuteOrder::Mute {
                    seats.extend(self.other_seats_with_media(&target.user, target.seat));
                    self.record_hold(&target.user, source, by, order);
                }
                self.order_seats(&seats, by, source, order);
                self.obey(&seats, by, source, order);
            }
            MuteTarget::AllBut(others) => {
                self.must_be_admin(admin)?;
                self.count_moderation(admin)?;
                let others = match order {
                    MuteOrder::Mute => others,
                    MuteOrder::Hold | MuteOrder::Release => {
                        self.record_holds(by, others, source, order)
                    }
                };
                let devices = self.seats.iter();
                let named = devices.filter(|(_, device)| {
                    device.demux_id != by && !others.contains(&device.demux_id)
                });
                let seats: Vec<Seat> = named.map(|(seat, _)| seat).collect();
                self.media(MediaCommand::Mute {
                    by,
                    target: MuteTarget::AllBut(others),
                    source,
                    order,
                });
                self.obey(&seats, by, source, order);
            }
        }
        Ok(())
    }

    /// Orders the media to stop a source of one device, or to let it go on.
    pub(super) fn order_one(&mut self, seat: Seat, by: DemuxId, source: Source, order: MuteOrder) {
        if let Some(device) = self.seats.get(seat).map(|device| device.demux_id) {
            self.media(MediaCommand::Mute {
                by,
                target: MuteTarget::One(device),
                source,
                order,
            });
        }
    }

    /// Orders the media to stop a source of a user's devices, or to let it go on, with as few orders however many
    /// devices there are: one, and another for the admin's own device, which an order to several leaves out.
    fn order_seats(&mut self, seats: &[Seat], by: DemuxId, source: Source, order: MuteOrder) {
        if let [one] = seats {
            return self.order_one(*one, by, source, order);
        }
        let devices = self.seats.iter();
        let (named, others): (Vec<_>, Vec<_>) = devices
            .filter(|(_, device)| self.carries(device))
            .map(|(seat, device)| (seat, device.demux_id))
            .partition(|(seat, _)| seats.contains(seat));
        let own = named.into_iter().find(|(_, device)| *device == by);
        let others = others.into_iter().map(|(_, device)| device);
        let others = others.filter(|device| *device != by).collect();
        self.media(MediaCommand::Mute {
            by,
            target: MuteTarget::AllBut(others),
            source,
            order,
        });
        if let Some((seat, _)) = own {
            self.order_one(seat, by, source, order);
        }
    }

    /// Carries an order out for devices, and tells them.
    fn obey(&mut self, seats: &[Seat], by: DemuxId, source: Source, order: MuteOrder) {
        for seat in seats {
            let device = self.seats.get(*seat);
            let Some(device) = device.filter(|device| self.carries(device)) else {
                continue;
            };
            let connection = device.connection();
            self.change_sources(*seat, |device| device.sources.obey(source, order));
            if let Some(connection) = connection {
                self.send(connection, Message::Muted { by, source, order });
            }
        }
    }

    /// Mutes a source that the media have dropped, until the device publishes it anew.
    ///
    /// The media are told, too: the device may have published the source anew since, and they forward it then. So both
    /// come to the same state, whatever has passed on its way between them.
    pub(super) fn source_dropped(&mut self, device: DemuxId, source: Source) {
        if let Some(seat) = self.seats.of_demux_id(device)
            && self.has_media(device)
        {
            let order = MuteOrder::Mute;
            self.order_one(seat, device, source, order);
            self.change_sources(seat, |device| device.sources.obey(source, order));
        }
    }

    /// Changes the sources of a device, and its entry if others see that.
    pub(super) fn change_sources(&mut self, seat: Seat, change: impl FnOnce(&mut Device)) {
        if let Some(device) = self.seats.get_mut(seat) {
            let before = device.sources.sent();
            change(device);
            if device.sources.sent() != before {
                self.update_entry(seat);
            }
        }
    }

    /// Returns the device of a seat that may ask for media.
    fn media_device(&mut self, seat: Seat) -> Result<DemuxId, ErrorCode> {
        self.must_have_media()?;
        let device = self.active(seat)?;
        if device.member.is_none() {
            return Err(ErrorCode::MediaUnsealed);
        }
        Ok(device.demux_id)
    }

    const fn must_have_media(&self) -> Result<(), ErrorCode> {
        match self.limits.has_media {
            true => Ok(()),
            false => Err(ErrorCode::MediaUnavailable),
        }
    }

    fn media_limits(&mut self, seat: Seat) -> &mut MediaLimits {
        let limits = self.media_limits.entry(seat);
        limits.or_insert_with(MediaLimits::full)
    }
}

/// Returns the orders that stop sources of devices, for each source as few as there can be.
fn orders(
    devices: &[&Device],
    order: MuteOrder,
    is_stopped: impl Fn(SourceStates, Source) -> bool,
) -> Vec<MediaCommand> {
    let mut orders = Vec::new();
    for source in Source::ALL {
        let (stopped, others): (Vec<&Device>, Vec<&Device>) = devices
            .iter()
            .partition(|device| is_stopped(device.sources, source));
        let ids = |devices: Vec<&Device>| -> Vec<DemuxId> {
            devices.iter().map(|device| device.demux_id).collect()
        };
        let (stopped, others) = (ids(stopped), ids(others));
        let mut mute = |by, target| {
            orders.push(MediaCommand::Mute {
                by,
                target,
                source,
                order,
            });
        };
        // An order to all leaves out the device that gives it.
        match (stopped.as_slice(), others.first()) {
            ([], _) => {}
            ([one], _) => mute(*one, MuteTarget::One(*one)),
            (_, Some(by)) => mute(*by, MuteTarget::AllBut(others)),
            ([first, ..], None) => {
                mute(*first, MuteTarget::One(*first));
                mute(*first, MuteTarget::AllBut(Vec::new()));
            }
        }
    }
    orders
}
