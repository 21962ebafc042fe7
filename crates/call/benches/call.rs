//! The cost of an input in a call with 1,000 active and 1,000 pending devices: the input itself and all
//! outputs that follow, each taken and dropped.
//!
//! Only the input is timed. Its preparation, such as the join of a device that is then denied, and the
//! restoration of 1,000 active and 1,000 pending devices afterwards are not timed.

#![expect(clippy::expect_used, reason = "a benchmark fails by panicking")]

use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use anteroom_call::{
    Audience, Call, Command, ConnectionId, DemuxId, EraId, Input, Join, JoinRandomness, Limits,
    LinkState, Moment, OpaqueUserId, Output, RelayBody, RelayTarget, Restrictions, ResumeSecret,
    Role, RosterForm, Status,
};
use anteroom_protocol::Timestamp;
use criterion::{Bencher, Criterion, criterion_group, criterion_main};

const START: Moment = Moment::from_millis(1_800_000_000_000);
const ACTIVE: u32 = 1_000;
const PENDING: u32 = 1_000;
/// The number of admins: the first devices. All others are guests of one user each.
const ADMINS: u32 = 10;
/// The number of inputs after which the call is created anew, before the devices exhaust their limit of
/// relays.
const INPUTS_PER_CALL: u64 = 10_000;

/// A call, and the number of the next device in it.
struct House {
    call: Call,
    next: u32,
}

/// A device with its connection.
#[derive(Clone, Copy)]
struct Guest {
    number: u32,
}

impl Guest {
    fn connection(self) -> ConnectionId {
        ConnectionId::new(u64::from(self.number))
    }

    /// Returns an id that is spread over the whole range, as random ones are.
    fn demux_id(self) -> DemuxId {
        DemuxId::from_random_bits(self.number.wrapping_mul(0x9e37_79b1) << 4).expect("not zero")
    }

    /// Returns a user id as long as those of call links.
    fn user(self) -> OpaqueUserId {
        let digits = format!("{:0130x}", u64::from(self.number) * 0x9e37_79b9_7f4a);
        OpaqueUserId::parse(&digits).expect("hex digits")
    }

    fn join(self, role: Role) -> Input {
        Input::Join(Join {
            connection: self.connection(),
            user: self.user(),
            role,
            resume: None,
            roster: RosterForm::Whole,
            hello: None,
            randomness: self.randomness(),
        })
    }

    fn randomness(self) -> JoinRandomness {
        JoinRandomness::from_parts([self.demux_id().value(); 4], [1; 32])
    }

    fn say(self, command: Command) -> Input {
        Input::Command {
            connection: self.connection(),
            command,
        }
    }
}

const ADMIN: Guest = Guest { number: 1 };

impl House {
    fn full() -> Self {
        let guests = (ADMINS + 1..=ACTIVE).map(|number| Guest { number }.user());
        let mut house = Self {
            call: Call::new(
                EraId::from_bytes([7; 16]),
                link(false),
                guests,
                Limits::of_devices(ACTIVE + 1),
            ),
            next: 1,
        };
        while house.next <= ACTIVE + PENDING {
            let role = if house.next <= ADMINS {
                Role::Admin
            } else {
                Role::Guest
            };
            house.joined(role);
        }
        house.check();
        house
    }

    fn check(&self) {
        assert_eq!(self.call.device_count(Status::Active), 1_000);
        assert_eq!(self.call.device_count(Status::Pending), 1_000);
    }

    fn play(&mut self, input: Input) {
        self.call.handle(START, input);
        loop {
            match black_box(self.call.poll_output()) {
                Output::Wait { .. } => break,
                output => drop(output),
            }
        }
    }

    fn new_guest(&mut self) -> Guest {
        let number = self.next;
        self.next += 1;
        Guest { number }
    }

    fn joined(&mut self, role: Role) -> Guest {
        let guest = self.new_guest();
        self.play(guest.join(role));
        guest
    }

    fn approved(&mut self) -> Guest {
        let guest = self.joined(Role::Guest);
        self.play(ADMIN.say(Command::Approve(guest.demux_id())));
        guest
    }
}

fn link(revoked: bool) -> LinkState {
    LinkState {
        restrictions: Restrictions::AdminApproval,
        name: Arc::from([]),
        revoked,
        expiration: Timestamp::from_secs(1_900_000_000),
        delete_at: Timestamp::from_secs(2_000_000_000),
    }
}

/// Returns one of the active guests, another one for each `turn`.
fn active(turn: u64) -> Guest {
    let guests = u64::from(ACTIVE - ADMINS);
    let number = u32::try_from(turn % guests).expect("less than guests") + ADMINS + 1;
    Guest { number }
}

/// Times the input that `lead` creates; `undo` restores the call.
fn time<T>(
    bencher: &mut Bencher<'_>,
    lead: impl Fn(&mut House, u64) -> (T, Input),
    undo: impl Fn(&mut House, T),
) {
    bencher.iter_custom(|count| {
        let mut house = House::full();
        let mut total = Duration::ZERO;
        for turn in 0..count {
            if turn % INPUTS_PER_CALL == INPUTS_PER_CALL - 1 {
                house.check();
                house = House::full();
            }
            let (token, input) = lead(&mut house, turn);
            let start = Instant::now();
            house.play(input);
            total += start.elapsed();
            undo(&mut house, token);
        }
        total
    });
}

fn no_undo(_: &mut House, (): ()) {}

fn admission(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("1000+1000");
    for (name, role) in [
        ("join as active", Role::Admin),
        ("join as pending", Role::Guest),
    ] {
        group.bench_function(name, |bencher| {
            let lead = |house: &mut House, _| {
                let guest = house.new_guest();
                (guest, guest.join(role))
            };
            time(bencher, lead, |house, guest| {
                house.play(guest.say(Command::Leave));
            });
        });
    }
    for (name, role) in [
        ("leave as active", Role::Admin),
        ("leave as pending", Role::Guest),
    ] {
        group.bench_function(name, |bencher| {
            let lead = |house: &mut House, _| ((), house.joined(role).say(Command::Leave));
            time(bencher, lead, no_undo);
        });
    }
    group.bench_function("resume", |bencher| {
        let lead = |house: &mut House, turn| {
            let Guest { number } = house.new_guest();
            let input = Input::Join(Join {
                connection: ConnectionId::new(u64::from(number)),
                user: active(turn).user(),
                role: Role::Guest,
                resume: Some(ResumeSecret::from_bytes([1; 32])),
                roster: RosterForm::Whole,
                hello: None,
                randomness: active(turn).randomness(),
            });
            ((), input)
        };
        time(bencher, lead, no_undo);
    });
    group.finish();
}

fn decisions(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("1000+1000");
    group.bench_function("approve", |bencher| {
        let lead = |house: &mut House, _| {
            let guest = house.joined(Role::Guest);
            let input = ADMIN.say(Command::Approve(guest.demux_id()));
            (guest, input)
        };
        time(bencher, lead, |house, guest| {
            house.play(ADMIN.say(Command::Remove(guest.demux_id())));
        });
    });
    group.bench_function("approve while the rosters before are held", |bencher| {
        let lead = |house: &mut House, _| {
            let guest = house.joined(Role::Guest);
            let held = [Audience::Everyone, Audience::Admins].map(|who| house.call.roster(who));
            let input = ADMIN.say(Command::Approve(guest.demux_id()));
            ((guest, held), input)
        };
        time(bencher, lead, |house, (guest, held)| {
            drop(held);
            house.play(ADMIN.say(Command::Remove(guest.demux_id())));
        });
    });
    group.bench_function("deny", |bencher| {
        let lead = |house: &mut House, _| {
            let guest = house.joined(Role::Guest);
            ((), ADMIN.say(Command::Deny(guest.demux_id())))
        };
        time(bencher, lead, no_undo);
    });
    group.bench_function("remove", |bencher| {
        let lead = |house: &mut House, _| {
            let guest = house.approved();
            ((), ADMIN.say(Command::Remove(guest.demux_id())))
        };
        time(bencher, lead, no_undo);
    });
    group.bench_function("block", |bencher| {
        let lead = |house: &mut House, _| {
            let guest = house.approved();
            ((), ADMIN.say(Command::Block(guest.demux_id())))
        };
        time(bencher, lead, no_undo);
    });
    group.finish();
}

fn messages(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("1000+1000");
    let body = RelayBody::new(vec![7; 1_024]).expect("small");
    for (name, to) in [
        ("relay to all", RelayTarget::All),
        ("relay to one", RelayTarget::One(ADMIN.demux_id())),
    ] {
        group.bench_function(name, |bencher| {
            let lead = |_: &mut House, turn| {
                let body = body.clone();
                ((), active(turn).say(Command::Relay { to, body }))
            };
            time(bencher, lead, no_undo);
        });
    }
    group.bench_function("raise hand", |bencher| {
        let lead = |_: &mut House, turn| {
            let guest = active(turn);
            (guest, guest.say(Command::RaiseHand { raised: true }))
        };
        time(bencher, lead, |house, guest| {
            house.play(guest.say(Command::RaiseHand { raised: false }));
        });
    });
    group.bench_function("ping", |bencher| {
        let lead = |_: &mut House, turn| ((), active(turn).say(Command::Ping));
        time(bencher, lead, no_undo);
    });
    group.bench_function("link changed", |bencher| {
        let lead = |_: &mut House, turn: u64| {
            let revoked = turn.is_multiple_of(2);
            ((), Input::LinkChanged(link(revoked)))
        };
        time(bencher, lead, no_undo);
    });
    group.finish();
}

fn connections(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("1000+1000");
    group.bench_function("disconnected", |bencher| {
        let lead = |house: &mut House, _| {
            let guest = house.joined(Role::Guest);
            let connection = guest.connection();
            (guest, Input::Disconnected { connection })
        };
        time(bencher, lead, |house, guest| {
            house.play(ADMIN.say(Command::Block(guest.demux_id())));
        });
    });
    group.bench_function("time passed", |bencher| {
        time(bencher, |_, _| ((), Input::TimePassed), no_undo);
    });
    group.finish();
}

criterion_group!(benches, admission, decisions, messages, connections);
criterion_main!(benches);
