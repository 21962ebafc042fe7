//! Changed offers (SDP), first ones and later ones.

use std::time::Instant;

use anteroom_sfu::{AnsweredOffer, DeviceOffer};
use str0m::{Candidate, Rtc};

use crate::{
    call::{Call, offer},
    dice::Dice,
    target::{Target, run_some},
};

/// An offer as browsers write it.
const OF_A_BROWSER: &str = include_str!("offer_of_a_browser.sdp");

/// Words at the limits of what they can mean.
const WORDS: [&str; 22] = [
    "",
    "0",
    "-1",
    "65535",
    "65536",
    "4294967295",
    "4294967296",
    "18446744073709551616",
    "a=mid:0",
    "a=rid:q send",
    "a=simulcast:send q;h;f",
    "a=ssrc-group:FID 1 2",
    "a=ssrc:4294967295 cname:x",
    "a=sendrecv",
    "a=inactive",
    "a=fingerprint:sha-256 00",
    "a=setup:active",
    "a=rtpmap:96 VP8/0",
    "a=fmtp:96 apt=96",
    "a=extmap:0 urn:ietf:params:rtp-hdrext:sdes:mid",
    "a=extmap:255 urn:ietf:params:rtp-hdrext:sdes:mid",
    "\u{fe0f}\u{1f980}",
];

struct Offers {
    call: Call,
    seeds: Vec<String>,
    cases: usize,
}

/// Changes an offer line by line, word by word, and byte by byte.
fn changed(text: &str, dice: &mut Dice) -> String {
    let mut lines: Vec<String> = text.split("\r\n").map(str::to_owned).collect();
    for _ in 0..=dice.below(5) {
        let place = dice.below(lines.len());
        let other = lines[dice.below(lines.len())].clone();
        let line = &mut lines[place];
        match dice.below(7) {
            0 => line.clear(),
            1 => *line = other,
            2 => lines.insert(place, other),
            3 => {
                let mut words: Vec<&str> = line.split(' ').collect();
                let word = dice.below(words.len());
                words[word] = dice.pick::<&str>(&WORDS);
                *line = words.join(" ");
            }
            4 => {
                let number = *dice.pick(&WORDS[1..8]);
                let at = line.find(|one: char| one.is_ascii_digit());
                if let Some(at) = at {
                    line.replace_range(at..=at, number);
                }
            }
            5 => (*dice.pick(&WORDS)).clone_into(line),
            _ => {
                let bytes = dice.changed(&[line.clone().into_bytes()]);
                *line = String::from_utf8_lossy(&bytes).into_owned();
            }
        }
    }
    lines.join("\r\n")
}

impl Target for Offers {
    fn make(_dice: &mut Dice) -> Self {
        let call = Call::of(2);
        let mut rtc = Rtc::builder().build(Instant::now());
        rtc.add_local_candidate(Candidate::host("192.0.2.2:9".parse().unwrap(), "udp").unwrap());
        let (offer, ..) = offer(&mut rtc);
        Self {
            call,
            seeds: vec![offer, OF_A_BROWSER.replace('\n', "\r\n")],
            cases: 0,
        }
    }

    fn run(&mut self, dice: &mut Dice, bytes: &mut Vec<u8>) {
        let text = dice.pick(&self.seeds).clone();
        let first = changed(&text, dice);
        first.as_bytes().clone_into(bytes);
        let now = self.call.now;
        let Ok(answered) = AnsweredOffer::new(&first, 1, &self.call.settings, now) else {
            return;
        };
        self.cases += 1;
        if !self.cases.is_multiple_of(8) {
            return;
        }
        // The connection is used, and offered again.
        self.call.begin_again(1);
        let device = self.call.devices[1].id;
        self.call.sfu.attach(now, device, answered).unwrap();
        self.call.run(5);
        let later = changed(&first, dice);
        bytes.extend(later.as_bytes());
        if let Ok(later) = DeviceOffer::read(&later) {
            let _refused = self.call.sfu.answer_again(now, device, later);
        }
        self.call.run(5);
    }

    fn look(&mut self) -> bool {
        self.call.begin_again(1);
        for _ in 0..400 {
            self.call.run(5);
        }
        self.call.speak(0, 1);
        false
    }
}

#[test]
fn the_offers_are_answered_as_they_are() {
    let mut dice = Dice::new(0);
    let offers = Offers::make(&mut dice);
    for offer in &offers.seeds {
        let answered = AnsweredOffer::new(offer, 1, &offers.call.settings, offers.call.now);
        assert!(answered.is_ok(), "{:?}: {offer}", answered.err());
    }
}

#[test]
fn offers() {
    // An offer costs a hundred times as much as a packet.
    run_some::<Offers>("offers", 5, 300);
}
