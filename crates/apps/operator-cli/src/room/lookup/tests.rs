use anteroom_console::{os, report::ErrorReport};
use anteroom_protocol::{
    AdminStatement, CallLinkSecretParams, GuestAdmission, Restrictions, RootKey,
};
use anteroom_store::{
    CallLinkRecord, LinkAddress, LinkName, MasterKey, NewCallLink, RoomsDatabase as _,
};
use anteroom_store_sqlite::{SqliteOptions, SqliteRooms};
use tempfile::TempDir;

use super::*;

const ONE: &str = "0123456789abcdef0123456789abcdef";
const OTHER: &str = "0123456789abcdef0123000000000000";
const SHORT: &str = "aa";

async fn database(dir: &TempDir) -> SqliteRooms {
    let mut rng = os::rng();
    let options = SqliteOptions::new(dir.path().join("rooms.db")).create(true);
    let (master, now) = (MasterKey::random(&mut rng), os::now());
    let database = SqliteRooms::open(&options, &master, now, &mut rng)
        .await
        .unwrap();
    for room in [ONE, OTHER, SHORT] {
        let room = OpaqueRoomId::parse(room).unwrap();
        let content = NewCallLink {
            passkey_hash: database.storage_keys().passkey_hash(&room, b"passkey"),
            zkparams: CallLinkSecretParams::derive(&RootKey::generate_v0(&mut rng)).public_params(),
            restrictions: Restrictions::AdminApproval,
            guests: GuestAdmission::Wait,
            name: LinkName::new([0; 60]).unwrap(),
            revoked: false,
            admin_statement: AdminStatement::default(),
        };
        let link = CallLinkRecord::new(LinkAddress { room, epoch: None }, content, now);
        let mut transaction = database.begin(FIND).await.unwrap();
        transaction.create_link(&link, &mut rng).await.unwrap();
        transaction.save().await.unwrap();
    }
    database
}

#[tokio::test]
async fn the_beginning_of_an_id_names_its_room_and_no_other() {
    let dir = TempDir::new().unwrap();
    let database = database(&dir).await;
    for (text, expected) in [
        (ONE, Ok(ONE)),
        (&ONE[..21], Ok(ONE)),
        (&OTHER[..21], Ok(OTHER)),
        (SHORT, Ok(SHORT)),
        (&ONE[..20], Err([ONE, OTHER])),
        (&ONE[..8], Err([ONE, OTHER])),
        (
            &ONE[..7],
            Err(["8 digits of an id are the fewest", "anteroom room list"]),
        ),
        (
            "a",
            Err(["8 digits of an id are the fewest", "anteroom room list"]),
        ),
        (
            "ffffffff",
            Err(["there is no such room", "anteroom room list"]),
        ),
        (
            "0123456789abcdef0123456789abcdef0",
            Err(["there is no such room", "anteroom room list"]),
        ),
        ("", Err(["no id of a room", "anteroom room list"])),
        ("01234567:", Err(["no id of a room", "anteroom room list"])),
    ] {
        let mut reader = database.read(FIND).await.unwrap();
        let found = find(&mut *reader, text, os::now()).await;
        match (found, expected) {
            (Ok(found), Ok(room)) => assert_eq!(found.link.room.as_str(), room, "{text}"),
            (Err(error), Err(parts)) => {
                let shown = ErrorReport::of(&error).to_string();
                assert!(
                    parts.iter().all(|part| shown.contains(part)),
                    "{text}: {shown}"
                );
            }
            (found, _) => unreachable!("{text}: {:?}", found.err()),
        }
    }
    database.close().await;
}
