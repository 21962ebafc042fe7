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
    Audience, Call, Command, ConnectionId, Input, Join, JoinRandomness, Limits, Moment, Output,
    RelayBody, RelayTarget, ResumeSecret, Role, RosterForm, Status,
};
use anteroom_protocol::{
    AdminStatement, DemuxId, EraId, GuestAdmission, LinkState, OpaqueUserId, Restrictions,
    Timestamp,
};
use criterion::{Bencher, Criterion, criterion_group, criterion_main};

const START: Moment = Moment::from_millis(1_800_000_000_000);
const ACTIVE: u32 = 1_000;
const PENDING: u32 = 1_000;
/// The number of admins: the first devices. All others are devices of one user each.
const ADMINS: u32 = 10;
/// The number of inputs after which the call is created anew, before the devices exhaust their limit of
/// relays.
const INPUTS_PER_CALL: u64 = 10_000;

/// A call, and the number of the next device in it.
struct BenchCall {
    call: Call,
    next: u32,
}

/// A device with its connection.
#[derive(Clone, Copy)]
struct BenchDevice {
    number: u32,
}

impl BenchDevice {
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
            has_guest_account: false,
            resume: None,
            roster: RosterForm::Whole,
            hello: None,
            member: None,
            have: None,
            randomness: self.randomness(),
        })
    }

    fn randomness(self) -> JoinRandomness {
        JoinRandomness::from_parts([self.demux_id().number(); 4], [1; 32])
    }

    fn say(self, command: Command) -> Input {
        Input::Command {
            connection: self.connection(),
            command,
        }
    }
}

const ADMIN: BenchDevice = BenchDevice { number: 1 };

impl BenchCall {
    fn full() -> Self {
        let devices = (ADMINS + 1..=ACTIVE).map(|number| BenchDevice { number }.user());
        let mut call = Self {
            call: Call::new(
                EraId::from_bytes([7; 16]),
                link(false),
                devices,
                Limits::of_devices(ACTIVE + 1),
            ),
            next: 1,
        };
        while call.next <= ACTIVE + PENDING {
            let role = if call.next <= ADMINS {
                Role::Admin
            } else {
                Role::Guest
            };
            call.joined(role);
        }
        call.check();
        call
    }

    fn check(&self) {
        assert_eq!(self.call.device_count(Status::Active), 1_000);
        assert_eq!(self.call.device_count(Status::Pending), 1_000);
    }

    fn play(&mut self, input: Input) {
        self.call.handle(START, input);
        loop {
            match black_box(self.call.poll_output()) {
                Output::Wait(_) => break,
                output => drop(output),
            }
        }
    }

    fn new_device(&mut self) -> BenchDevice {
        let number = self.next;
        self.next += 1;
        BenchDevice { number }
    }

    fn joined(&mut self, role: Role) -> BenchDevice {
        let device = self.new_device();
        self.play(device.join(role));
        device
    }

    fn approved(&mut self) -> BenchDevice {
        let device = self.joined(Role::Guest);
        self.play(ADMIN.say(approve(device)));
        device
    }
}

fn approve(device: BenchDevice) -> Command {
    Command::Approve {
        device: device.demux_id(),
        statement: None,
    }
}

fn link(revoked: bool) -> LinkState {
    LinkState {
        restrictions: Restrictions::AdminApproval,
        guests: GuestAdmission::Wait,
        name: Arc::from([]),
        revoked,
        expiration: Timestamp::from_secs(1_900_000_000),
        delete_at: Timestamp::from_secs(2_000_000_000),
        admin_statement: AdminStatement::default(),
    }
}

/// Returns one of the active devices, another one for each `turn`.
fn active(turn: u64) -> BenchDevice {
    let devices = u64::from(ACTIVE - ADMINS);
    let number = u32::try_from(turn % devices).expect("less than devices") + ADMINS + 1;
    BenchDevice { number }
}

/// Times the input that `lead` creates; `undo` restores the call.
fn time<T>(
    bencher: &mut Bencher<'_>,
    lead: impl Fn(&mut BenchCall, u64) -> (T, Input),
    undo: impl Fn(&mut BenchCall, T),
) {
    bencher.iter_custom(|count| {
        let mut call = BenchCall::full();
        let mut total = Duration::ZERO;
        for turn in 0..count {
            if turn % INPUTS_PER_CALL == INPUTS_PER_CALL - 1 {
                call.check();
                call = BenchCall::full();
            }
            let (token, input) = lead(&mut call, turn);
            let start = Instant::now();
            call.play(input);
            total += start.elapsed();
            undo(&mut call, token);
        }
        total
    });
}

fn no_undo(_: &mut BenchCall, (): ()) {}

fn admission(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("1000+1000");
    for (name, role) in [
        ("join as active", Role::Admin),
        ("join as pending", Role::Guest),
    ] {
        group.bench_function(name, |bencher| {
            let lead = |call: &mut BenchCall, _| {
                let device = call.new_device();
                (device, device.join(role))
            };
            time(bencher, lead, |call, device| {
                call.play(device.say(Command::Leave));
            });
        });
    }
    for (name, role) in [
        ("leave as active", Role::Admin),
        ("leave as pending", Role::Guest),
    ] {
        group.bench_function(name, |bencher| {
            let lead = |call: &mut BenchCall, _| ((), call.joined(role).say(Command::Leave));
            time(bencher, lead, no_undo);
        });
    }
    group.bench_function("resume", |bencher| {
        let lead = |call: &mut BenchCall, turn| {
            let BenchDevice { number } = call.new_device();
            let input = Input::Join(Join {
                connection: ConnectionId::new(u64::from(number)),
                user: active(turn).user(),
                role: Role::Guest,
                has_guest_account: false,
                resume: Some(ResumeSecret::from_bytes([1; 32])),
                roster: RosterForm::Whole,
                hello: None,
                member: None,
                have: None,
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
        let lead = |call: &mut BenchCall, _| {
            let device = call.joined(Role::Guest);
            let input = ADMIN.say(approve(device));
            (device, input)
        };
        time(bencher, lead, |call, device| {
            call.play(ADMIN.say(Command::Remove(device.demux_id())));
        });
    });
    group.bench_function("approve while the rosters before are held", |bencher| {
        let lead = |call: &mut BenchCall, _| {
            let device = call.joined(Role::Guest);
            let held = [Audience::Everyone, Audience::Admins].map(|who| call.call.roster(who));
            let input = ADMIN.say(approve(device));
            ((device, held), input)
        };
        time(bencher, lead, |call, (device, held)| {
            drop(held);
            call.play(ADMIN.say(Command::Remove(device.demux_id())));
        });
    });
    group.bench_function("deny", |bencher| {
        let lead = |call: &mut BenchCall, _| {
            let device = call.joined(Role::Guest);
            ((), ADMIN.say(Command::Deny(device.demux_id())))
        };
        time(bencher, lead, no_undo);
    });
    group.bench_function("remove", |bencher| {
        let lead = |call: &mut BenchCall, _| {
            let device = call.approved();
            ((), ADMIN.say(Command::Remove(device.demux_id())))
        };
        time(bencher, lead, no_undo);
    });
    group.bench_function("block", |bencher| {
        let lead = |call: &mut BenchCall, _| {
            let device = call.approved();
            ((), ADMIN.say(Command::Block(device.demux_id())))
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
            let lead = |_: &mut BenchCall, turn| {
                let body = body.clone();
                ((), active(turn).say(Command::Relay { to, body }))
            };
            time(bencher, lead, no_undo);
        });
    }
    group.bench_function("raise hand", |bencher| {
        let lead = |_: &mut BenchCall, turn| {
            let device = active(turn);
            (device, device.say(Command::RaiseHand { raised: true }))
        };
        time(bencher, lead, |call, device| {
            call.play(device.say(Command::RaiseHand { raised: false }));
        });
    });
    group.bench_function("ping", |bencher| {
        let lead = |_: &mut BenchCall, turn| ((), active(turn).say(Command::Ping));
        time(bencher, lead, no_undo);
    });
    group.bench_function("link changed", |bencher| {
        let lead = |_: &mut BenchCall, turn: u64| {
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
        let lead = |call: &mut BenchCall, _| {
            let device = call.joined(Role::Guest);
            let connection = device.connection();
            (device, Input::Disconnected(connection))
        };
        time(bencher, lead, |call, device| {
            call.play(ADMIN.say(Command::Block(device.demux_id())));
        });
    });
    group.bench_function("time passed", |bencher| {
        time(bencher, |_, _| ((), Input::TimePassed), no_undo);
    });
    group.finish();
}

criterion_group!(benches, admission, decisions, messages, connections);
criterion_main!(benches);
