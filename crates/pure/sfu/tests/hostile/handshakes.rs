//! Changed checks of paths (STUN) and handshakes (DTLS), before a connection works and after.

use crate::{
    call::Call,
    dice::Dice,
    target::{Target, run},
};

/// A device whose connection is about to begin, in a call with two others.
struct Handshake {
    call: Call,
    seeds: Vec<Vec<u8>>,
    cases: usize,
}

impl Target for Handshake {
    fn make(_dice: &mut Dice) -> Self {
        let mut call = Call::of(3);
        let seeds = call.devices[2].sent.clone();
        call.begin_again(2);
        Self {
            call,
            seeds,
            cases: 0,
        }
    }

    fn run(&mut self, dice: &mut Dice, bytes: &mut Vec<u8>) {
        self.cases += 1;
        if self.cases.is_multiple_of(40) {
            self.call.begin_again(2);
        }
        *bytes = match dice.below(8) {
            // The datagrams of the device in this handshake, and those in another.
            0..4 if !self.call.devices[2].sent.is_empty() => {
                dice.changed(&self.call.devices[2].sent)
            }
            4 => dice.pick(&self.seeds).clone(),
            _ => dice.changed(&self.seeds),
        };
        self.call.forge(2, bytes);
        if dice.once_in(4) {
            self.call.run(5);
        }
    }

    fn look(&mut self) -> bool {
        self.call.speak(0, 1);
        false
    }
}

/// A device whose connection works, in a call with two others.
struct Connected {
    call: Call,
    seeds: Vec<Vec<u8>>,
}

impl Target for Connected {
    fn make(_dice: &mut Dice) -> Self {
        let call = Call::of(3);
        let seeds = call.devices[2].sent.iter();
        let seeds = seeds.filter(|bytes| bytes[0] < 128).cloned().collect();
        Self { call, seeds }
    }

    fn run(&mut self, dice: &mut Dice, bytes: &mut Vec<u8>) {
        *bytes = dice.changed(&self.seeds);
        self.call.forge(2, bytes);
        if dice.once_in(20) {
            self.call.run(5);
        }
    }

    fn look(&mut self) -> bool {
        self.call.speak(0, 1);
        self.call.devices[2].has_ended
    }
}

#[test]
fn handshakes() {
    run::<Handshake>("handshakes", 1);
}

#[test]
fn checks_and_records_after_the_handshake() {
    run::<Connected>("checks and records", 2);
}
