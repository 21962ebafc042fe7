//! Sound and picture of others: who sends what, and who speaks. This program sends and plays none itself.

use anteroom_client::{DemuxId, MediaNotice, Participant};

use super::View;

impl View {
    /// Takes a notice of the room service about media. None is worth a line of its own: they change all the time.
    pub(super) fn take_media(&mut self, notice: &MediaNotice) {
        if let MediaNotice::Speakers(devices) = notice {
            self.speakers.clone_from(devices);
        }
    }

    /// Returns what a device sends, and whether it speaks, for a list; empty for one that sends nothing.
    pub(super) fn media_of(&self, participant: &Participant) -> String {
        let media = participant.media;
        let sources = [
            (media.audio, "sound"),
            (media.camera, "a picture"),
            (media.screen, "the screen"),
            (media.screen_audio, "the sound of the screen"),
        ];
        let sources = sources.into_iter().filter(|(is_sent, _)| *is_sent);
        let sources: Vec<&str> = sources.map(|(_, source)| source).collect();
        let sent = match sources.split_last() {
            None => return String::new(),
            Some((last, [])) => (*last).to_owned(),
            Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        };
        let speaks = if self.speaks(participant.demux) {
            ", speaks"
        } else {
            ""
        };
        format!(", sends {sent}{speaks}")
    }

    /// Returns the same in words for a row of the list, the most telling one first.
    pub(super) fn media_words(&self, participant: &Participant) -> Vec<&'static str> {
        let media = participant.media;
        let speaks = self.speaks(participant.demux);
        let words = [
            speaks.then_some("speaks"),
            media.screen.then_some("screen"),
            media.camera.then_some("camera"),
            (media.audio && !speaks).then_some("sound"),
            (media.screen_audio && !media.screen).then_some("screen's sound"),
        ];
        words.into_iter().flatten().collect()
    }

    fn speaks(&self, device: DemuxId) -> bool {
        self.lost_since.is_none() && self.speakers.contains(&device)
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use anteroom_client::{CallEvent, SeatStatus};

    use super::*;
    use crate::{
        entry::Entry,
        view::tests::{joined, roster},
    };

    #[test]
    fn the_list_of_people_says_who_sends_what_and_who_speaks() {
        let mut view = View::of(None);
        let first = joined(SeatStatus::Active, false, roster(&[16, 32, 48], &[]));
        view.apply(&first, Duration::ZERO);
        let mut sending = roster(&[16, 32, 48], &[]);
        sending.active[1].media.audio = true;
        let screen = &mut sending.active[2].media;
        (screen.camera, screen.screen, screen.screen_audio) = (true, true, true);
        view.apply(&CallEvent::Roster(sending), Duration::ZERO);
        let notice = MediaNotice::Speakers(vec![view.roster.active[1].demux]);
        assert!(
            view.apply(&CallEvent::Media(notice), Duration::ZERO)
                .is_empty()
        );
        let lines = |view: &View| {
            let entries = view.everyone(Duration::ZERO).into_iter();
            let lines = entries.filter_map(|entry| match entry {
                Entry::Notice(line) => Some(line),
                _ => None,
            });
            lines.collect::<Vec<String>>().join("\n")
        };
        let shown = lines(&view);
        assert!(
            shown.contains("(in the call, sends sound, speaks)"),
            "{shown}"
        );
        let screen = "(in the call, sends a picture, the screen and the sound of the screen)";
        assert!(shown.contains(screen), "{shown}");
        // Nobody knows it without a connection.
        view.apply(&CallEvent::Lost, Duration::ZERO);
        let shown = lines(&view);
        assert!(!shown.contains("speaks"), "{shown}");
    }
}
