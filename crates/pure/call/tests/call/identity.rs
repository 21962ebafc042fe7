//! One user with many ids: a legacy client can shift the second half of its ciphertext.

use std::sync::Arc;

use anteroom_call::{
    Audience, Call, Command, ConnectionId, Fact, Input, Join, JoinRandomness, Limits, Message,
    Moment, Output, PeekView, ResumeSecret, Role, RosterForm, Status,
};
use anteroom_protocol::{
    AdminStatement, DemuxId, EraId, GuestAdmission, LinkState, OpaqueUserId, Restrictions,
    Timestamp,
};

/// Returns the hex of a ciphertext with these halves.
fn id(first: char, second: char) -> OpaqueUserId {
    let half = |digit: char| digit.to_string().repeat(64);
    OpaqueUserId::parse(&format!("00{}{}", half(first), half(second))).unwrap()
}

struct Room(Call);

impl Room {
    fn new(approved: &[OpaqueUserId]) -> Self {
        let link = LinkState {
            restrictions: Restrictions::AdminApproval,
            guests: GuestAdmission::Wait,
            name: Arc::from([]),
            revoked: false,
            expiration: Timestamp::from_secs(2_000_000_000),
            delete_at: Timestamp::from_secs(2_100_000_000),
            admin_statement: AdminStatement::default(),
        };
        let limits = Limits::of_devices(8);
        let approved = approved.to_vec();
        Self(Call::new(
            EraId::from_bytes([1; 16]),
            link,
            approved,
            limits,
        ))
    }

    fn handle(&mut self, input: Input) -> Vec<Output> {
        self.0.handle(Moment::from_millis(1_000), input);
        std::iter::from_fn(|| match self.0.poll_output() {
            Output::Wait(_) => None,
            output => Some(output),
        })
        .collect()
    }

    fn join(
        &mut self,
        number: u8,
        user: OpaqueUserId,
        role: Role,
        resume: Option<u8>,
    ) -> Vec<Output> {
        self.handle(Input::Join(Join {
            connection: ConnectionId::new(number.into()),
            user,
            role,
            has_guest_account: false,
            resume: resume.map(|number| ResumeSecret::from_bytes([number; 32])),
            roster: RosterForm::Whole,
            hello: None,
            member: None,
            have: None,
            randomness: JoinRandomness::from_parts([u32::from(number) << 4; 4], [number; 32]),
        }))
    }

    fn decide(&mut self, command: impl FnOnce(DemuxId) -> Command, number: u8) -> Vec<Output> {
        let target = DemuxId::new(u32::from(number) << 4).unwrap();
        self.handle(Input::Command {
            connection: ConnectionId::new(1),
            command: command(target),
        })
    }

    /// Creates a room with an admin on connection 1.
    fn led(approved: &[OpaqueUserId]) -> Self {
        let mut room = Self::new(approved);
        room.join(1, id('a', '0'), Role::Admin, None);
        room
    }
}

fn is_refused(outputs: &[Output]) -> bool {
    outputs.iter().any(|output| {
        matches!(
            output,
            Output::Send {
                message: Message::Blocked,
                ..
            }
        )
    })
}

#[test]
fn a_block_and_a_second_denial_meet_every_shape_of_the_user() {
    let mut room = Room::led(&[]);
    room.join(2, id('b', '1'), Role::Guest, None);
    room.join(3, id('b', '2'), Role::Guest, None);
    room.decide(Command::Block, 2);
    assert_eq!(room.0.device_count(Status::Pending), 0);
    for (number, second) in (4..).zip(['1', '2', '3']) {
        assert!(is_refused(&room.join(
            number,
            id('b', second),
            Role::Guest,
            None
        )));
    }
    // A user with another first half is another user, even if the second halves are equal.
    assert!(!is_refused(&room.join(8, id('c', '1'), Role::Guest, None)));

    let mut room = Room::led(&[]);
    room.join(2, id('b', '1'), Role::Guest, None);
    room.decide(Command::Deny, 2);
    room.join(3, id('b', '2'), Role::Guest, None);
    room.decide(Command::Deny, 3);
    assert!(is_refused(&room.join(4, id('b', '3'), Role::Guest, None)));
}

#[test]
fn an_approval_is_the_users_and_so_is_a_place() {
    let mut room = Room::led(&[id('c', '1')]);
    room.join(2, id('b', '1'), Role::Guest, None);
    room.join(3, id('b', '2'), Role::Guest, None);
    let approve = |device| Command::Approve {
        device,
        statement: None,
    };
    let told = room.decide(approve, 3);
    let fact = Output::Fact(Fact::UserApproved(id('b', '2')));
    assert_eq!(told.first(), Some(&fact));
    room.join(4, id('b', '3'), Role::Guest, None);
    room.join(5, id('c', '9'), Role::Guest, None);
    assert_eq!(room.0.device_count(Status::Active), 5);
    // A resume restores a seat that was taken under another id of the user.
    room.join(6, id('b', '7'), Role::Guest, Some(2));
    assert_eq!(room.0.device_count(Status::Active), 5);
    // Others see one id of each user: the first one.
    let roster = room.0.roster(Audience::Everyone);
    let shown: Vec<_> = roster
        .active
        .iter()
        .filter_map(|one| one.opaque_user_id.as_ref())
        .map(OpaqueUserId::as_str)
        .collect();
    let expected = [('a', '0'), ('b', '1'), ('b', '1'), ('b', '1'), ('c', '1')];
    let expected = expected.map(|(first, second)| id(first, second));
    assert_eq!(shown, expected.each_ref().map(OpaqueUserId::as_str));
    // An admin in the call is an admin under every id.
    room.join(8, id('d', '1'), Role::Guest, None);
    for (user, sees) in [(id('a', '5'), true), (id('b', '0'), false)] {
        let PeekView::Devices(roster) = room.0.peek_view(&user, true) else {
            panic!("no devices");
        };
        assert_eq!(roster.pending[0].opaque_user_id.is_some(), sees);
    }
    // Dropping the approval of one id drops the approval of the user.
    let told = room.decide(Command::Remove, 4);
    assert!(matches!(
        told.first(),
        Some(Output::Fact(Fact::ApprovalForgotten(_)))
    ));
    room.join(7, id('b', '1'), Role::Guest, None);
    assert_eq!(room.0.device_count(Status::Pending), 2);
}
