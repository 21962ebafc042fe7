//! Changed packets (RTP) and reports (RTCP) of a device whose connection works.

use crate::{
    call::Call,
    dice::Dice,
    plain_crypto::TAG,
    target::{Target, run},
};

/// Adds the rest of what a report has over the network: its number, and the code.
fn with_tail(report: &[u8], number: u32) -> Vec<u8> {
    let mut bytes = report.to_vec();
    bytes.extend([0; TAG]);
    bytes.extend((number | 0x8000_0000).to_be_bytes());
    bytes
}

/// Makes a call in which a device sees and is seen. Returns what the device has sent.
fn call() -> (Call, Vec<Vec<u8>>) {
    let mut call = Call::of(3);
    call.watch(0, 2);
    call.watch(2, 0);
    for _ in 0..200 {
        for number in [0, 2] {
            call.send(number, None);
            for layer in 0..2 {
                call.send(number, Some(layer));
            }
        }
        call.report(2);
        call.run(20);
    }
    let sent = call.devices[2].sent.iter();
    let media: Vec<Vec<u8>> = sent.filter(|bytes| bytes[0] >= 128).cloned().collect();
    (call, media)
}

fn is_report(bytes: &[u8]) -> bool {
    (64..96).contains(&(bytes[1] & 0x7f))
}

/// The streams on which a device sends, and one on which it receives.
fn ssrcs(media: &[Vec<u8>]) -> Vec<[u8; 4]> {
    let packets = media.iter().filter(|bytes| !is_report(bytes));
    let mut ssrcs: Vec<[u8; 4]> = packets
        .filter_map(|bytes| bytes.get(8..12)?.try_into().ok())
        .collect();
    ssrcs.sort_unstable();
    ssrcs.dedup();
    ssrcs
}

struct Packets {
    call: Call,
    seeds: Vec<Vec<u8>>,
    sequence: u16,
}

impl Target for Packets {
    fn make(_dice: &mut Dice) -> Self {
        let (call, media) = call();
        let seeds = media.into_iter().filter(|bytes| !is_report(bytes));
        Self {
            call,
            seeds: seeds.collect(),
            sequence: 0,
        }
    }

    fn run(&mut self, dice: &mut Dice, bytes: &mut Vec<u8>) {
        *bytes = dice.changed(&self.seeds);
        if dice.once_in(30) {
            bytes.resize(1_400 + dice.below(2_000), 7);
        }
        // A number that has not come yet, or else nearly all are old ones.
        if !dice.once_in(8) && bytes.len() > 4 {
            self.sequence = self.sequence.wrapping_add(1);
            bytes[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        }
        self.call.forge(2, bytes);
        if dice.once_in(20) {
            self.call.run(20);
        }
    }

    fn look(&mut self) -> bool {
        self.call.speak(0, 1);
        // A stream that has changed its name does not come back.
        true
    }
}

struct Reports {
    call: Call,
    seeds: Vec<Vec<u8>>,
    number: u32,
}

/// Beginnings of reports of all kinds, with the place of a stream.
const KINDS: [&[u8]; 14] = [
    &[0x80, 200, 0, 6],
    &[0x81, 201, 0, 7],
    &[0x81, 202, 0, 3],
    &[0x81, 203, 0, 1],
    &[0x80, 204, 0, 3],
    &[0x81, 205, 0, 33],
    &[0x8f, 205, 0, 6],
    &[0x81, 206, 0, 2],
    &[0x84, 206, 0, 4],
    &[0x8f, 206, 0, 5],
    &[0x82, 206, 0, 3],
    &[0x80, 207, 0, 4],
    &[0x80, 207, 0, 20],
    &[0xa1, 201, 0, 7],
];

impl Target for Reports {
    fn make(dice: &mut Dice) -> Self {
        let (call, media) = call();
        let mut streams = ssrcs(&media);
        let mut others = call.devices[0].sent.clone();
        others.retain(|bytes| bytes.len() > 12 && bytes[0] >= 128 && is_report(bytes));
        let reports = media.iter().filter(|bytes| is_report(bytes));
        let mut seeds: Vec<Vec<u8>> = reports.cloned().collect();
        // The reports of the device name the streams on which it receives.
        for seed in seeds.clone() {
            streams.extend(seed.chunks_exact(4).skip(1).filter_map(|word| {
                let word: [u8; 4] = word.try_into().ok()?;
                (word[0] > 3).then_some(word)
            }));
        }
        streams.truncate(64);
        for kind in KINDS.iter().cycle().take(200) {
            let mut report = kind.to_vec();
            let words = usize::from(report[3]);
            for word in 0..words {
                let bytes = if word < 3 || dice.once_in(4) {
                    *dice.pick(&streams)
                } else {
                    [dice.byte() & 7, dice.byte(), dice.byte(), dice.byte()]
                };
                report.extend(bytes);
            }
            if report[0] & 0x1f == 15 && report[1] == 206 {
                report[8..12].fill(0);
                report[12..16].copy_from_slice(b"REMB");
            }
            seeds.push(with_tail(&report, 1));
        }
        Self {
            call,
            seeds,
            number: 1_000,
        }
    }

    fn run(&mut self, dice: &mut Dice, bytes: &mut Vec<u8>) {
        *bytes = dice.changed(&self.seeds);
        // Several reports in one, with their lengths as they are.
        if dice.once_in(3) && bytes.len() > TAG + 4 {
            bytes.truncate(bytes.len() - TAG - 4);
            bytes.extend(dice.pick(&self.seeds));
        }
        if !dice.once_in(8) && bytes.len() > 4 {
            self.number += 1;
            let tail = bytes.len() - 4;
            bytes[tail..].copy_from_slice(&(self.number | 0x8000_0000).to_be_bytes());
        }
        self.call.forge(2, bytes);
        self.call.now += core::time::Duration::from_millis(2);
        if dice.once_in(8) {
            self.call.send(0, Some(0));
            self.call.run(5);
        }
    }

    fn look(&mut self) -> bool {
        self.call.speak(0, 1);
        self.call.devices[2].has_ended
    }
}

#[test]
fn packets() {
    run::<Packets>("packets", 3);
}

#[test]
fn reports() {
    run::<Reports>("reports", 4);
}
