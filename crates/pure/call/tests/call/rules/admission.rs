//! The admission of devices.

use crate::{
    harness::Setting,
    rules::{APPROVAL, FREE, check},
};

#[test]
fn who_joins_goes_to_the_call_or_to_the_lobby() {
    check(&[
        (
            "an admin becomes active at once",
            APPROVAL,
            "1 join a admin
             > 1: joined 1 active admin secret 1 [1a] 0",
        ),
        (
            "a guest waits for an admin, also as the first, and sees no pending user ids",
            APPROVAL,
            "1 join a
             > 1: joined 1 pending secret 1 [] 1
             2 join b
             > 2: joined 2 pending secret 2 [] 2
             > 1: participants [] 2",
        ),
        (
            "a user approved for the link before becomes active",
            Setting {
                approved: "b",
                ..APPROVAL
            },
            "1 join b
             > 1: joined 1 active secret 1 [1b] 0
             2 join a
             > 2: joined 2 pending secret 2 [1b] 1
             > 1: participants [1b] 1",
        ),
        (
            "without approval everybody becomes active",
            FREE,
            "1 join a
             > 1: joined 1 active secret 1 [1a] 0
             2 join b admin
             > 2: joined 2 active admin secret 2 [1a 2b] 0
             > 1: participants [1a 2b] 0",
        ),
        (
            "a user may have several devices",
            FREE,
            "1 join a
             > 1: joined 1 active secret 1 [1a] 0
             2 join a
             > 2: joined 2 active secret 2 [1a 2a] 0
             > 1: participants [1a 2a] 0",
        ),
        (
            "a connection joins once",
            FREE,
            "~1 join a
             1 join b
             > 1: error already_joined",
        ),
        (
            "a connection that has not joined can do nothing",
            FREE,
            "~1 join a
             2 ping
             > 2: error not_joined
             2 all 1
             > 2: error not_joined
             2 drops",
        ),
    ]);
}

#[test]
fn a_demux_id_is_given_once_in_an_era() {
    check(&[
        (
            "a taken id is passed over, and so is zero",
            FREE,
            "~1 join a
             2 join b ids 1,0,5,6
             > 2: joined 5 active secret 2 [1a 5b] 0
             > 1: participants [1a 5b] 0",
        ),
        (
            "an id of a device that has left is taken",
            FREE,
            "~1 join a
             ~2 join b
             ~2 leave
             3 join b ids 2,2,2,7
             > 3: joined 7 active secret 3 [1a 7b] 0
             > 1: participants [1a 7b] 0",
        ),
        (
            "a join for which no id is left is to try again",
            FREE,
            "~1 join a
             2 join b ids 1,1,1,0
             > 2: error try_again
             > 2: close refused",
        ),
    ]);
}

#[test]
fn a_full_call_and_a_full_lobby_take_nobody() {
    let one = |setting| Setting {
        max_devices: 1,
        ..setting
    };
    check(&[
        (
            "the call",
            one(FREE),
            "~1 join a
             2 join b
             > 2: error full
             > 2: close refused",
        ),
        (
            "the call for an admin",
            one(APPROVAL),
            "~1 join a admin
             2 join b admin
             > 2: error full
             > 2: close refused",
        ),
        (
            "the lobby has the same limit again",
            one(APPROVAL),
            "~1 join a admin
             2 join b
             > 2: joined 2 pending secret 2 [1a] 1
             > 1: participants [1a] [2b]
             3 join c
             > 3: error full
             > 3: close refused",
        ),
        (
            "nobody is approved into a full call, and nothing is remembered",
            one(APPROVAL),
            "~1 join a admin
             ~2 join b
             1 approve 2
             > 1: error full
             1 leave
             > 1: close left
             > gone 1 active left
             > 2: denied ended
             > 2: close ended
             > gone 2 pending ended
             > ended",
        ),
        (
            "a kept place is taken",
            one(FREE),
            "~1 join a
             1 drops
             2 join b
             > 2: error full
             > 2: close refused",
        ),
    ]);
}
