//! The params that a link names.

use anteroom_protocol::{CallLink, GenericPublicParams, ParamsId, RoomId, Timestamp};

use super::{ListedParams, PublishedParams, TrustedParams};
use crate::{IssuerError, ParamsKind, Pin, PinStore, Trust};

impl PublishedParams {
    /// Compares the list with the pins and with the params that a link was made under. The link's params are
    /// a claim of its creator about that link's room. If they are not pinned otherwise, they are pinned for
    /// this room alone, and trusted neither in another room nor for creating one.
    ///
    /// Links outlive params: expired params are accepted as long as they are listed or pinned.
    ///
    /// # Errors
    /// As [`Self::trusted`], and [`IssuerError::LinkParams`] if the issuer does not list the link's params,
    /// or lists others under their id, and they were never pinned. Nothing is pinned then.
    pub fn trusted_for_link(
        self,
        link: &CallLink,
        pins: &dyn PinStore,
        trust: Trust<'_>,
        now: Timestamp,
    ) -> Result<TrustedParams, IssuerError> {
        // A link names the params of those who create links, which guests do not.
        let Some(id) = link.params.filter(|_| !self.is_of_guest()) else {
            return self.trusted(pins, trust, now);
        };
        let room = link.root_key.room_id();
        let before = of_room(pins, &room, id)?;
        let Some(listed) = self.of_link(id, before.as_ref()) else {
            let is_pinned = pins.pins()?.has_id(ParamsKind::Generic, id);
            // Pinned params that are no longer listed are accepted. Other params under their id are not.
            let is_unlisted = self.generic.iter().all(|listed| listed.id != id);
            if is_unlisted && (is_pinned || before.is_some()) {
                return self.trusted(pins, trust, now);
            }
            return Err(IssuerError::LinkParams(id));
        };
        let listed = listed.clone();
        let pin = Pin::generic(&listed.params);
        let trusted = self.trusted(pins, trust, now)?;
        if trusted.generic(id).is_some() {
            return Ok(trusted);
        }
        if pins.pins()?.has_id(ParamsKind::Generic, id) {
            return Err(IssuerError::LinkParams(id));
        }
        if before.is_none() {
            pins.add_room_pin(&room, &pin)?;
        }
        // Another process may have pinned other bytes under this id.
        if of_room(pins, &room, id)?.as_ref() != Some(&pin) {
            return Err(IssuerError::LinkParams(id));
        }
        Ok(trusted.with_link(room, &listed))
    }

    /// Returns the listed params of this id. If the room has pinned params of this id, only equal ones.
    fn of_link(
        &self,
        id: ParamsId,
        pinned: Option<&Pin>,
    ) -> Option<&ListedParams<GenericPublicParams>> {
        self.generic.iter().find(|listed| {
            listed.id == id && pinned.is_none_or(|pin| Pin::generic(&listed.params) == *pin)
        })
    }
}

fn of_room(pins: &dyn PinStore, room: &RoomId, id: ParamsId) -> Result<Option<Pin>, IssuerError> {
    let mut pins = pins.room_pins(room)?.into_iter();
    Ok(pins.find(|pin| pin.kind() == ParamsKind::Generic && pin.id() == id))
}
