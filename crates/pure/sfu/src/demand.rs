//! The demand for what one device sends: somebody sees or hears it.
//!
//! A source or a layer is wanted again at once, and no longer wanted when nobody has watched it for five
//! seconds. Of the camera the sender is told a number of layers, since encoders switch off the largest first:
//! a layer is wanted if it or a larger one is watched. A device is taken to send everything at first.

use core::time::Duration;

pub use anteroom_protocol::media::Wanted;

use crate::{source::PerSource, time::Moment};

/// The time without a watcher after which a source or layer is wanted no longer.
pub const UNWATCHED: Duration = Duration::from_secs(5);

/// The demand for what one device sends. The module's documentation has the rules.
#[derive(Clone, Copy, Debug)]
pub struct Demand {
    /// The layers and sources that the device has been told.
    told: Wanted,
    /// The layers and sources that are watched.
    watched: Wanted,
    /// The last moment at which each source was watched, unless it is; of the camera, each layer.
    last: PerSource<Moment>,
    last_of_layers: [Moment; 3],
}

impl Demand {
    /// Creates the demand for a device that begins to send.
    #[must_use]
    pub const fn new(now: Moment) -> Self {
        Self {
            told: Wanted::ALL,
            watched: Wanted::ALL,
            last: PerSource {
                audio: now,
                camera: now,
                screen: now,
                screen_audio: now,
            },
            last_of_layers: [now; 3],
        }
    }

    /// Notes the sources and layers that are watched from now on. Layers of the camera below a watched one
    /// count as watched.
    pub fn watch(&mut self, watched: Wanted, now: Moment) {
        for (number, last) in (1_u8..).zip(&mut self.last_of_layers) {
            note(
                self.watched.camera_layers >= number,
                watched.camera_layers >= number,
                last,
                now,
            );
        }
        let last = &mut self.last;
        note(self.watched.screen, watched.screen, &mut last.screen, now);
        note(self.watched.audio, watched.audio, &mut last.audio, now);
        note(
            self.watched.screen_audio,
            watched.screen_audio,
            &mut last.screen_audio,
            now,
        );
        self.watched = watched;
    }

    /// Returns the demand if it differs from the last one that this function has returned.
    pub fn change(&mut self, now: Moment) -> Option<Wanted> {
        let wanted = self.wanted(now);
        if wanted == self.told {
            return None;
        }
        self.told = wanted;
        Some(wanted)
    }

    /// Returns the demand that the device knows.
    #[must_use]
    pub const fn told(&self) -> Wanted {
        self.told
    }

    /// Returns the next moment at which the passing of time changes the demand.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Moment> {
        let (told, watched) = (self.told, self.watched);
        let layers = (1_u8..).zip(self.last_of_layers);
        let layers = layers
            .filter(|(number, _)| *number <= told.camera_layers && *number > watched.camera_layers);
        let ends = [
            (told.screen && !watched.screen, self.last.screen),
            (
                told.screen_audio && !watched.screen_audio,
                self.last.screen_audio,
            ),
            (told.audio && !watched.audio, self.last.audio),
        ];
        let ends = ends.into_iter().filter(|(ends, _)| *ends);
        let lasts = ends
            .map(|(_, last)| last)
            .chain(layers.map(|(_, last)| last));
        lasts.map(|last| last.plus(UNWATCHED)).min()
    }

    fn wanted(&self, now: Moment) -> Wanted {
        let is_recent = |last: Moment| now.since(last) < UNWATCHED;
        let layers = (1_u8..).zip(self.last_of_layers);
        let recent = layers.filter(|(_, last)| is_recent(*last));
        let recent = recent.map(|(number, _)| number).max().unwrap_or_default();
        let (watched, last) = (self.watched, self.last);
        Wanted {
            camera_layers: watched.camera_layers.max(recent),
            screen: watched.screen || is_recent(last.screen),
            screen_audio: watched.screen_audio || is_recent(last.screen_audio),
            audio: watched.audio || is_recent(last.audio),
        }
    }
}

/// Notes the last moment at which something was watched, when that ends.
const fn note(was_watched: bool, is_watched: bool, last: &mut Moment, now: Moment) {
    if was_watched && !is_watched {
        *last = now;
    }
}
