//! The sources that a device sends, and those that admins have stopped.

use anteroom_protocol::media::{MuteOrder, PerSource, Source};

/// The states of a device's sources, in three bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SourceStates {
    /// The sources that the device says it sends.
    published: SourceSet,
    /// The sources that are stopped until the device publishes them anew.
    muted: SourceSet,
    /// The sources that an admin holds.
    held: SourceSet,
}

/// A set of sources: a bit for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct SourceSet(u8);

impl SourceSet {
    const fn bit(source: Source) -> u8 {
        match source {
            Source::Audio => 1,
            Source::Camera => 2,
            Source::Screen => 4,
            Source::ScreenAudio => 8,
        }
    }

    const fn has(self, source: Source) -> bool {
        self.0 & Self::bit(source) != 0
    }

    const fn set(&mut self, source: Source, is_in: bool) {
        match is_in {
            true => self.0 |= Self::bit(source),
            false => self.0 &= !Self::bit(source),
        }
    }

    fn values(self) -> PerSource<bool> {
        PerSource::from_fn(|source| self.has(source))
    }
}

impl SourceStates {
    /// Records what the device says it sends. A source that it did not send before is muted no longer.
    pub(crate) fn publish(&mut self, sources: &PerSource<bool>) {
        for source in Source::ALL {
            let is_published = *sources.of(source);
            if is_published && !self.published.has(source) {
                self.muted.set(source, false);
            }
            self.published.set(source, is_published);
        }
    }

    /// Carries an order of an admin out.
    pub(crate) const fn obey(&mut self, source: Source, order: MuteOrder) {
        match order {
            MuteOrder::Mute => self.muted.set(source, true),
            MuteOrder::Hold => {
                self.muted.set(source, true);
                self.held.set(source, true);
            }
            MuteOrder::Release => self.held.set(source, false),
        }
    }

    /// Returns what the device sends: what it publishes, and nobody has stopped.
    pub(crate) fn sent(self) -> PerSource<bool> {
        PerSource::from_fn(|source| {
            self.published.has(source) && !self.muted.has(source) && !self.held.has(source)
        })
    }

    /// Returns what the device says it sends.
    pub(crate) fn published(self) -> PerSource<bool> {
        self.published.values()
    }

    pub(crate) const fn is_held(self, source: Source) -> bool {
        self.held.has(source)
    }

    /// Returns whether a source that the device publishes is muted. Another one is not, once it is published.
    pub(crate) const fn is_muted(self, source: Source) -> bool {
        self.muted.has(source) && self.published.has(source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AUDIO: Source = Source::Audio;

    fn publishes(states: &mut SourceStates, is_published: bool) {
        states.publish(&PerSource {
            audio: is_published,
            ..PerSource::default()
        });
    }

    #[test]
    fn a_muted_source_goes_on_when_it_is_published_anew_and_a_held_one_after_its_release() {
        let mut states = SourceStates::default();
        publishes(&mut states, true);
        assert!(states.sent().audio);
        states.obey(AUDIO, MuteOrder::Mute);
        publishes(&mut states, true);
        assert!(!states.sent().audio);
        publishes(&mut states, false);
        publishes(&mut states, true);
        assert!(states.sent().audio);
        states.obey(AUDIO, MuteOrder::Hold);
        publishes(&mut states, false);
        publishes(&mut states, true);
        assert!(!states.sent().audio);
        states.obey(AUDIO, MuteOrder::Release);
        assert!(states.sent().audio);
        states.obey(AUDIO, MuteOrder::Hold);
        states.obey(AUDIO, MuteOrder::Release);
        assert!(!states.sent().audio);
    }

    #[test]
    fn the_sources_do_not_touch_each_other() {
        for source in Source::ALL {
            let mut states = SourceStates::default();
            states.publish(&PerSource::from_fn(|_| true));
            states.obey(source, MuteOrder::Hold);
            assert_eq!(states.sent(), PerSource::from_fn(|other| other != source));
            assert_eq!(states.published(), PerSource::from_fn(|_| true));
        }
    }
}
