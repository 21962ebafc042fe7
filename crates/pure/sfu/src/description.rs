//! The text of offers and answers (SDP): the m-lines of an offer, and the text without transport-wide feedback
//! for what the server sends.
//!
//! The sources of a device are told by their order, since SDP has no name for them: of the m-lines on which it
//! sends, the first one for sound is the microphone and the second one the screen's sound, the first one for
//! pictures is the camera and the second one the screen. The m-lines on which it receives are its slots.

use crate::{
    input::SlotKind,
    source::{Layer, Source},
};

/// The maximum number of m-lines of an offer: the slots, and the four sources.
pub const MAX_LINES: usize = 68;

/// The URI of the header extension with transport-wide sequence numbers.
const TRANSPORT_CC: &str =
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";

/// An m-line of an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferLine {
    /// The name of the m-line (mid).
    pub mid: String,
    /// The use of the m-line.
    pub direction: LineDirection,
}

/// The use of an m-line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineDirection {
    /// The device sends a source on it, in layers with these names (rid), the smallest first. Without names
    /// there is one layer.
    Sends(Source, Vec<String>),
    /// The device receives in it.
    Receives(SlotKind),
}

/// The reason why the m-lines of an offer are not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineError {
    /// There are more than [`MAX_LINES`].
    TooMany,
    /// An m-line has no mid, or one that another has.
    Mid,
    /// An m-line is neither for sound nor for pictures.
    Kind,
    /// An m-line is for both directions, or for none.
    Direction,
    /// There are more m-lines to send on than sources.
    Sources,
    /// A source has more layers than it may have.
    Layers,
    /// A later offer of the same connection has other m-lines than the earlier one, or new ones to send on.
    Changed,
}

/// Reads the m-lines of an offer.
///
/// # Errors
/// The first m-line that is not as it must be.
pub fn offer_lines(offer: &str) -> Result<Vec<OfferLine>, LineError> {
    let mut lines: Vec<OfferLine> = Vec::new();
    for section in sections(offer) {
        if lines.len() >= MAX_LINES {
            return Err(LineError::TooMany);
        }
        let mid = section.value("a=mid:").ok_or(LineError::Mid)?;
        if mid.is_empty() || lines.iter().any(|line| line.mid == mid) {
            return Err(LineError::Mid);
        }
        let kind = section.kind().ok_or(LineError::Kind)?;
        let direction = match (section.has("a=sendonly"), section.has("a=recvonly")) {
            (false, true) => LineDirection::Receives(kind),
            (true, false) => {
                let is_sent = |source: Source| {
                    let mut directions = lines.iter().map(|line| &line.direction);
                    directions.any(|direction| matches!(direction, LineDirection::Sends(other, _) if *other == source))
                };
                let mut sources = Source::ALL.into_iter();
                let source = sources.find(|source| kind.fits(*source) && !is_sent(*source));
                let source = source.ok_or(LineError::Sources)?;
                let layers = section.layers();
                if layers.len() > most_layers(source) {
                    return Err(LineError::Layers);
                }
                LineDirection::Sends(source, layers)
            }
            _ => return Err(LineError::Direction),
        };
        lines.push(OfferLine {
            mid: mid.to_owned(),
            direction,
        });
    }
    Ok(lines)
}

const fn most_layers(source: Source) -> usize {
    match source {
        Source::Camera => Layer::ALL.len(),
        Source::Screen => 2,
        Source::Audio | Source::ScreenAudio => 1,
    }
}

/// Returns an offer or an answer without transport-wide feedback on the m-lines on which the server sends, so that
/// the receiver estimates its bandwidth itself, and packets carry no numbers for it. On the others it stays:
/// without it senders starve.
#[must_use]
pub fn without_downlink_feedback(text: &str, writer: Writer) -> String {
    let downlink = match writer {
        Writer::Device => "a=recvonly",
        Writer::Server => "a=sendonly",
    };
    let mut kept = String::with_capacity(text.len());
    // The sections are the rest of the text.
    let sections_length: usize = sections(text).map(|section| section.0.len()).sum();
    kept.push_str(text.get(..text.len() - sections_length).unwrap_or_default());
    for section in sections(text) {
        let is_downlink = section.has(downlink);
        for line in section.0.split_inclusive('\n') {
            let end = line.trim_end();
            let is_feedback = line.starts_with("a=rtcp-fb:") && end.ends_with(" transport-cc");
            let is_extension = line.starts_with("a=extmap:") && line.contains(TRANSPORT_CC);
            if !(is_downlink && (is_feedback || is_extension)) {
                kept.push_str(line);
            }
        }
    }
    kept
}

/// Returns the id of the header extension with transport-wide numbers, if an offer has one id for it on all m-lines,
/// and that for nothing else. Of any other offer nobody could say which one a connection uses.
#[must_use]
pub fn transport_numbers(offer: &str) -> Option<u8> {
    let extensions = offer.lines().filter_map(|line| {
        let (id, uri) = line.trim().strip_prefix("a=extmap:")?.split_once(' ')?;
        let id = id.split_once('/').map_or(id, |(id, _)| id);
        Some((id.parse::<u8>().ok(), uri.contains(TRANSPORT_CC)))
    });
    let mut wanted = extensions.clone().filter(|(_, is_wanted)| *is_wanted);
    let id = wanted.next().and_then(|(id, _)| id);
    let id = id.filter(|id| (1..=14).contains(id))?;
    let agrees = |(other, is_wanted): (Option<u8>, bool)| {
        other.is_some_and(|other| is_wanted == (other == id))
    };
    extensions.clone().all(agrees).then_some(id)
}

/// Returns a description without the addresses of its writer.
#[must_use]
pub fn without_candidates(text: &str) -> String {
    let lines = text.split_inclusive('\n');
    lines
        .filter(|line| !line.starts_with("a=candidate:"))
        .collect()
}

/// Returns an answer in which streams have other SSRCs: pairs of the old and the new one.
#[must_use]
pub fn with_ssrcs(text: &str, changed: &[(u32, u32)]) -> String {
    let replaced = |word: &str| {
        let number: Option<u32> = word.trim_end().parse().ok();
        let new = number.and_then(|number| changed.iter().find(|(old, _)| *old == number));
        let rest = word.get(word.trim_end().len()..).unwrap_or_default();
        new.map_or_else(|| word.to_owned(), |(_, new)| format!("{new}{rest}"))
    };
    let lines = text.split_inclusive('\n');
    let lines = lines.map(|line| {
        if let Some(stream) = line.strip_prefix("a=ssrc:") {
            let (ssrc, rest) = stream.split_once(' ').unwrap_or((stream, ""));
            let space = if rest.is_empty() { "" } else { " " };
            format!("a=ssrc:{}{space}{rest}", replaced(ssrc))
        } else if line.starts_with("a=ssrc-group:") {
            let words: Vec<String> = line.split(' ').map(replaced).collect();
            words.join(" ")
        } else {
            line.to_owned()
        }
    });
    lines.collect()
}

/// The writer of a description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writer {
    /// The device, of an offer.
    Device,
    /// The server, of an answer.
    Server,
}

/// A section of a description: an m-line and its attributes.
#[derive(Clone, Copy)]
struct Section<'a>(&'a str);

/// Returns the sections of a description.
fn sections(text: &str) -> impl Iterator<Item = Section<'_>> {
    let starts = text.match_indices("m=").map(|(at, _)| at);
    // The letters may stand inside of a line, too.
    let is_start = |at: &usize| *at == 0 || text.as_bytes().get(at - 1) == Some(&b'\n');
    let starts: Vec<usize> = starts.filter(is_start).collect();
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let ends: Vec<usize> = ends.collect();
    starts
        .into_iter()
        .zip(ends)
        .filter_map(move |(start, end)| text.get(start..end).map(Section))
}

impl<'a> Section<'a> {
    fn lines(self) -> impl Iterator<Item = &'a str> {
        self.0.lines().map(str::trim_end)
    }

    fn has(self, line: &str) -> bool {
        self.lines().any(|other| other == line)
    }

    fn value(self, name: &str) -> Option<&'a str> {
        self.lines().find_map(|line| line.strip_prefix(name))
    }

    fn kind(self) -> Option<SlotKind> {
        match self.0.get(..8)? {
            "m=audio " => Some(SlotKind::Audio),
            "m=video " => Some(SlotKind::Video),
            _ => None,
        }
    }

    /// Returns the names of the layers that the device sends, in its order.
    fn layers(self) -> Vec<String> {
        let simulcast = self.value("a=simulcast:send ");
        let names = simulcast.and_then(|value| value.split(' ').next());
        let names = names.into_iter().flat_map(|names| names.split(';'));
        // A layer may have a mark that it is paused, and alternatives.
        let names = names.map(|name| {
            name.trim_start_matches('~')
                .split(',')
                .next()
                .unwrap_or_default()
        });
        names
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect()
    }
}
