//! The memory cost of a device: all allocations of the call, counted by the allocator.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use allocation_counter::measure;
use anteroom_call::{
    Call, Command, ConnectionId, Input, Join, JoinRandomness, Limits, Moment, Output, Role,
    RosterForm, Status,
};
use anteroom_protocol::{
    AdminStatement, ApprovalStatement, DemuxId, EraId, GuestAdmission, Hello, LinkState, MemberKey,
    OpaqueUserId, Restrictions, Timestamp,
};

const DEVICES: u32 = 1_000;
/// The maximum that `docs/performance/call.md` promises, in bytes.
const PROMISED: u64 = 1_024;

fn call(restrictions: Restrictions) -> Call {
    let link = LinkState {
        restrictions,
        guests: GuestAdmission::Wait,
        name: Arc::from([]),
        revoked: false,
        expiration: Timestamp::from_secs(1_900_000_000),
        delete_at: Timestamp::from_secs(2_000_000_000),
        admin_statement: AdminStatement::default(),
    };
    Call::new(
        EraId::from_bytes([7; 16]),
        link,
        [],
        Limits::of_devices(DEVICES),
    )
}

/// The number of an admin's device.
const ADMIN: u32 = DEVICES + 1;

/// Returns the demux id of the device with this number.
const fn demux_id(number: u32) -> u32 {
    number.wrapping_mul(0x9e37_79b1) << 4
}

fn join(call: &mut Call, number: u32, hello: Option<Hello>) {
    join_as(call, number, Role::Guest, hello);
}

fn join_as(call: &mut Call, number: u32, role: Role, hello: Option<Hello>) {
    let id = demux_id(number);
    // The first half of a ciphertext identifies the user.
    let digits = format!("00{:064x}{:064x}", u64::from(number) * 0x9e37_79b9_7f4a, 7);
    call.handle(
        Moment::from_millis(0),
        Input::Join(Join {
            connection: ConnectionId::new(number.into()),
            user: OpaqueUserId::parse(&digits).expect("hex digits"),
            role,
            has_guest_account: false,
            resume: None,
            roster: RosterForm::Whole,
            hello,
            member: Some(MemberKey::from_bytes([1; 32])),
            have: None,
            randomness: JoinRandomness::from_parts([id; 4], [1; 32]),
        }),
    );
    while !matches!(call.poll_output(), Output::Wait(_)) {}
}

/// Announces the changes. Unannounced changes are held in addition, for a quarter of a second.
fn announce(call: &mut Call) {
    call.handle(Moment::from_millis(250), Input::TimePassed);
    while !matches!(call.poll_output(), Output::Wait(_)) {}
}

/// Returns the bytes that are still allocated after `DEVICES` joins with the given restrictions.
fn bytes_held(restrictions: Restrictions, status: Status, hello: usize) -> u64 {
    let mut call = call(restrictions);
    let counted = measure(|| {
        for number in 1..=DEVICES {
            join(&mut call, number, Hello::new(vec![7; hello]).ok());
        }
        announce(&mut call);
    });
    assert_eq!(call.device_count(status), 1_000);
    u64::try_from(counted.bytes_current).expect("joins do not free memory")
}

#[test]
fn a_device_costs_no_more_than_promised() {
    for (restrictions, status) in [
        (Restrictions::None, Status::Active),
        (Restrictions::AdminApproval, Status::Pending),
    ] {
        for hello in [0, 640] {
            let per_device = bytes_held(restrictions, status, hello) / u64::from(DEVICES);
            println!("{status:?} device with a hello of {hello} bytes: {per_device} bytes");
            let promised = PROMISED + u64::try_from(hello).expect("a length");
            assert!(per_device <= promised, "{per_device} bytes");
        }
    }
}

#[test]
fn a_statement_costs_its_length() {
    let mut call = call(Restrictions::AdminApproval);
    join_as(&mut call, ADMIN, Role::Admin, None);
    let counted = measure(|| {
        for number in 1..DEVICES {
            join(&mut call, number, None);
            // The second one replaces the first.
            for byte in [1, 2] {
                let statement = ApprovalStatement::new(vec![byte; ApprovalStatement::MAX_LENGTH]);
                let device = DemuxId::from_random_bits(demux_id(number)).expect("an id");
                let command = Command::Approve {
                    device,
                    statement: statement.ok(),
                };
                let connection = ConnectionId::new(ADMIN.into());
                let input = Input::Command {
                    connection,
                    command,
                };
                call.handle(Moment::from_millis(0), input);
                while !matches!(call.poll_output(), Output::Wait(_)) {}
            }
        }
        announce(&mut call);
    });
    assert_eq!(call.device_count(Status::Active), 1_000);
    let held = u64::try_from(counted.bytes_current).expect("joins do not free memory");
    let per_device = held / u64::from(DEVICES - 1);
    println!("active device with the longest statement: {per_device} bytes");
    let longest = u64::try_from(ApprovalStatement::MAX_LENGTH).expect("a length");
    assert!(per_device <= PROMISED + longest, "{per_device} bytes");
}

#[test]
fn what_devices_cost_is_given_back() {
    let mut call = call(Restrictions::None);
    join(&mut call, 1, None);
    let held = measure(|| {
        for number in 2..=DEVICES {
            join(&mut call, number, Hello::new([7; 640]).ok());
        }
        for number in 2..=DEVICES {
            call.handle(
                Moment::from_millis(0),
                Input::Command {
                    connection: ConnectionId::new(number.into()),
                    command: Command::Leave,
                },
            );
            while !matches!(call.poll_output(), Output::Wait(_)) {}
        }
        announce(&mut call);
    });
    assert_eq!(call.device_count(Status::Active), 1);
    // The assigned demux ids remain.
    let per_device = held.bytes_current / i64::from(DEVICES);
    assert!(per_device < 32, "{per_device} bytes");
}
