use anteroom_client_core::call::command::DeviceKey;
use anteroom_e2ee::DeviceSecret;
use anteroom_protocol::{CallLink, GuestAdmission, RootKey, Timestamp};

use super::*;
use crate::{
    AdminRights, AdminSecret, AdminStatement, Approval, EraId, LinkState, MemoryStatements,
    OpaqueUserId, Participant, RoomName, RoomStatements, Roster, SeatInfo, SeatStatus,
};

fn room() -> RootKey {
    RootKey::from_bytes(&[0x13; 16]).unwrap()
}

/// Returns the seat of an admin in an era, beside a device that waits with a number.
fn seat(era: u8, number: u32, key: u8) -> CallEvent {
    let key = DeviceSecret::from_bytes([key; 32]).member_key(&room().room_id());
    let key = key.public();
    let waiting = Participant {
        demux: DemuxId::new(number).unwrap(),
        user: Some(OpaqueUserId::parse("0b").unwrap()),
        hand_raised_at: None,
        is_lost: false,
        is_admin: false,
        is_co_admin: false,
        is_guest: false,
        media: anteroom_protocol::media::PerSource::default(),
        name: None,
        member: Some(key.named()),
        stated_key: Some(key),
    };
    CallEvent::Joined(Box::new(SeatInfo {
        demux: DemuxId::new(16).unwrap(),
        era: EraId::from_bytes([era; 16]),
        status: SeatStatus::Active,
        is_admin: true,
        max_devices: 8,
        roster: Roster {
            active: Vec::new(),
            pending: vec![waiting],
            pending_count: 1,
        },
        link: LinkState {
            approval: Approval::Required,
            name: RoomName::None,
            revoked: false,
            guests: GuestAdmission::Wait,
            expiration: Timestamp::from_secs(1),
            deletion: Timestamp::from_secs(1),
            admin_statement: AdminStatement::default(),
        },
        media: None,
        features: vec!["statements".to_owned()],
        statement: None,
    }))
}

/// Returns the handle of a session in an era of which nothing was read yet.
fn session(commands: CommandSender, events: mpsc::Receiver<CallEvent>) -> CallSession {
    CallSession {
        commands,
        events,
        unread: VecDeque::new(),
        known: KnownCall::new(EraId::from_bytes([9; 16])),
        stop: watch::channel(false).0,
        statements: None,
    }
}

#[tokio::test]
async fn a_decision_means_the_device_with_the_key_of_which_the_caller_has_read() {
    let (commands, mut command_queue) = command_queue(QUEUE);
    let (event_queue, events) = mpsc::channel(QUEUE);
    let mut session = session(commands, events);
    let device = DemuxId::new(32).unwrap();
    let mut meant = async |session: &CallSession| {
        session.remove(device).await.unwrap();
        match command_queue.next(true, true).await {
            Some(SessionCommand::Call(origin, Command::Remove(_))) => origin.device_key,
            _ => panic!("another command"),
        }
    };
    let key = |number| {
        let secret = DeviceSecret::from_bytes([number; 32]);
        DeviceKey::Member(secret.member_key(&room().room_id()).public())
    };
    assert_eq!(meant(&session).await, DeviceKey::Unread);
    for number in [2, 4] {
        event_queue.send(seat(9, 32, number)).await.unwrap();
    }
    session.next().await.unwrap();
    // The second one has come and was not read.
    assert_eq!(meant(&session).await, key(2));
    session.take_in_events();
    assert_eq!(meant(&session).await, key(2));
    session.next().await.unwrap();
    assert_eq!(meant(&session).await, key(4));
}

#[tokio::test]
async fn nothing_is_signed_in_an_era_of_which_the_caller_has_not_read() {
    let (commands, mut command_queue) = command_queue(QUEUE);
    let (event_queue, events) = mpsc::channel(QUEUE);
    let rights = AdminRights::Secret(AdminSecret::from_bytes([3; 32]));
    let room_id = room().room_id();
    let link = CallLink {
        host: String::new(),
        is_plain: false,
        root_key: room(),
        params: None,
        without_certificates: false,
        admin: rights.link_key(&room_id),
    };
    let admin_key = AdminSecret::from_bytes([3; 32]).admin_key(&room_id);
    let kept = RoomStatements::new(room_id, admin_key.public());
    let call = CallStatements::new(&link, kept, None, Some(&rights));
    let session = session(commands, events);
    let store = Arc::new(MemoryStatements::default());
    let mut session = session.with_statements(call, store, Arc::new(OperatingSystem));
    let device = DemuxId::new(32).unwrap();
    let mut approve = async |session: &mut CallSession| {
        session.approve(device).await.unwrap();
        let mut is_signed = false;
        while !command_queue.is_empty() {
            let command = command_queue.next(true, true).await;
            if let Some(SessionCommand::Call(_, Command::Approve { statement, .. })) = command {
                is_signed = matches!(statement, Some(AdmissionStatement::Signed(Ok(_))));
            }
        }
        is_signed
    };
    event_queue.send(seat(9, 32, 2)).await.unwrap();
    assert!(approve(&mut session).await, "before anything is read");
    session.next().await.unwrap();
    assert!(approve(&mut session).await);
    // The room service begins another era, with somebody else behind the number.
    event_queue.send(seat(10, 32, 4)).await.unwrap();
    assert!(!approve(&mut session).await);
    assert!(!approve(&mut session).await);
    session.next().await.unwrap();
    assert!(approve(&mut session).await);
}
