//! A session without media: the crate is built without the feature `media`.

use std::{convert::Infallible, future};

use anteroom_client_core::{CallEvent, MediaCommand, MediaEffect};

/// There is no request for media.
pub(crate) type MediaOpening = Infallible;

/// No media.
#[derive(Default)]
pub(super) struct SessionMedia;

#[expect(clippy::unused_async, reason = "the media of the feature wait")]
impl SessionMedia {
    pub(super) async fn start(&mut self, opening: MediaOpening) {
        match opening {}
    }

    pub(super) async fn observe(&mut self, _event: &CallEvent) {}

    pub(super) async fn carry_out(&mut self, _effect: MediaEffect) {}

    pub(super) async fn next_offer(&mut self) -> MediaCommand {
        future::pending().await
    }
}
