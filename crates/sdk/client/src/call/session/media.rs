//! The media of a session.

use anteroom_client_core::{MediaCommand, call::command::Command};
use anteroom_protocol::media::{MuteOrder, MuteTarget, PerSource, Source, ViewRequest};

use super::CallSession;
use crate::RoomsError;

impl CallSession {
    /// Starts the media of this session: frames are sealed for the members of the group, and sent and received over a
    /// connection to the room service's media server as soon as the device is in a call that has media
    /// ([`SeatInfo::media`](crate::SeatInfo::media)). A lost connection, and one at a new seat, is made again, until
    /// `MediaEvent::GivenUp`. `None` after the first time: the keys of a session count the frames that they have sealed,
    /// and are never begun anew.
    ///
    /// # Errors
    /// [`RoomsError::Over`].
    #[cfg(feature = "media")]
    pub async fn start_media(
        &self,
        slots: anteroom_client_media::SlotCounts,
    ) -> Result<
        Option<(
            anteroom_client_media::MediaSender,
            anteroom_client_media::MediaEvents,
        )>,
        RoomsError,
    > {
        use crate::call::{session_command::SessionCommand, session_media::MediaOpening};

        let (reply, started) = tokio::sync::oneshot::channel();
        let opening = MediaOpening { slots, reply };
        self.queue(SessionCommand::Media(opening)).await?;
        started.await.map_err(|_| RoomsError::Over)
    }

    /// Says what this device sends: others see it in the roster. At a new seat it is said again. Frames of other
    /// sources are not passed on.
    ///
    /// # Errors
    /// [`RoomsError::Over`].
    pub async fn publish(&self, sources: PerSource<bool>) -> Result<(), RoomsError> {
        self.media(MediaCommand::Publish(sources)).await
    }

    /// Says what to show in which slot (`MediaEvent::Connected`). It is said again for the same slots of another
    /// connection, whose names are others, unless the device has a new seat.
    ///
    /// # Errors
    /// [`RoomsError::Over`].
    pub async fn view(&self, view: ViewRequest) -> Result<(), RoomsError> {
        self.media(MediaCommand::View(view)).await
    }

    /// Stops what others send, or ends that. For admins and co-admins. A hold is of the users of the devices: of all
    /// their devices, also of those with which they join later in the era. Users who join later are not held.
    ///
    /// # Errors
    /// [`RoomsError::Over`].
    pub async fn mute(
        &self,
        target: MuteTarget,
        source: Source,
        order: MuteOrder,
    ) -> Result<(), RoomsError> {
        let command = MediaCommand::Mute {
            target,
            source,
            order,
        };
        self.media(command).await
    }

    async fn media(&self, command: MediaCommand) -> Result<(), RoomsError> {
        self.command(Command::Media(command)).await
    }
}
