//! Who gets in.

use subtle::ConstantTimeEq;

use super::{Call, Phase};
use crate::{
    CloseReason, ConnectionId, DemuxId, ErrorCode, Join, JoinRandomness, Joined, Message,
    OpaqueUserId, Output, Restrictions, ResumeSecret, Role, Status,
    places::{Device, Place},
};

impl Call {
    pub(super) fn join(&mut self, join: Join) {
        let connection = join.connection;
        if self.places.of_connection(connection).is_some() {
            self.send(connection, Message::Error(ErrorCode::AlreadyJoined));
            return;
        }
        if self.phase == Phase::New {
            self.phase = Phase::Waiting;
        }
        if let Some(place) = self.place_to_resume(&join) {
            self.resume(place, &join);
        } else if let Err(answer) = self.enter(join) {
            self.send(connection, answer);
            self.outputs.push_back(Output::Close {
                connection,
                reason: CloseReason::Refused,
            });
        }
    }

    fn enter(&mut self, join: Join) -> Result<(), Message> {
        let status = self.admission(&join.user, join.role)?;
        let demux_id = self
            .give_demux_id(&join.randomness)
            .ok_or(Message::Error(ErrorCode::TryAgain))?;
        let user = self.users.known_as(join.user);
        let device = Device::new(
            demux_id,
            user.clone(),
            join.role,
            status,
            join.randomness.resume_secret(),
            (join.connection, self.now),
        );
        let place = self.places.take(device);
        if let Some(device) = self.places.get(place) {
            self.rosters.add(place, device);
        }
        self.users.enter(&user, place);
        if status == Status::Active {
            self.phase = Phase::Running;
        }
        self.roster_changed = true;
        self.newcomer = Some(join.connection);
        self.welcome(place, join.connection);
        Ok(())
    }

    /// Where a new device goes, or why it does not.
    pub(super) fn admission(&self, user: &OpaqueUserId, role: Role) -> Result<Status, Message> {
        if self.phase == Phase::Ended {
            return Err(Message::Error(ErrorCode::Ended));
        }
        if !self.link.is_open(self.now) {
            return Err(Message::Error(ErrorCode::Expired));
        }
        if self.users.is_blocked(user) {
            return Err(Message::Blocked);
        }
        let status = match self.link.restrictions {
            Restrictions::None => Status::Active,
            Restrictions::AdminApproval if role == Role::Admin || self.users.is_approved(user) => {
                Status::Active
            }
            Restrictions::AdminApproval => Status::Pending,
        };
        if self.is_full(status) {
            return Err(Message::Error(ErrorCode::Full));
        }
        Ok(status)
    }

    fn give_demux_id(&mut self, randomness: &JoinRandomness) -> Option<DemuxId> {
        let places = &self.places;
        let free = randomness
            .demux_ids()
            .filter(|id| places.of_demux_id(*id).is_none());
        self.demux_ids.give(free)
    }

    /// The place of the same user whose secret the client shows. Looks at all of them, so that the
    /// time taken does not tell which one came near.
    pub(super) fn place_to_resume(&self, join: &Join) -> Option<Place> {
        let shown: &ResumeSecret = join.resume.as_ref()?;
        let mut found = None;
        for place in self.users.places(&join.user) {
            if let Some(device) = self.places.get(*place)
                && bool::from(device.resume.ct_eq(shown))
            {
                found = Some(*place);
            }
        }
        found
    }

    fn resume(&mut self, place: Place, join: &Join) {
        let replaced = self.places.reconnect(place, join.connection, self.now);
        if let Some(connection) = replaced {
            self.outputs.push_back(Output::Close {
                connection,
                reason: CloseReason::Replaced,
            });
        }
        if let Some(device) = self.places.get_mut(place) {
            device.resume = join.randomness.resume_secret();
        }
        self.newcomer = Some(join.connection);
        self.welcome(place, join.connection);
    }

    fn welcome(&mut self, place: Place, connection: ConnectionId) {
        self.rosters.publish();
        let Some(device) = self.places.get(place) else {
            return;
        };
        let joined = Joined {
            demux_id: device.demux_id,
            era_id: self.era_id,
            status: device.status(),
            is_admin: device.role == Role::Admin,
            resume: device.resume.clone(),
            max_devices: self.limits.max_devices,
            roster: self.roster(device.role.into()),
            link: self.link.clone(),
        };
        self.send(connection, Message::Joined(Box::new(joined)));
    }
}
