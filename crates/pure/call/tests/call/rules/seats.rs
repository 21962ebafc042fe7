//! The limits of devices, and the devices that lose their seats at a limit.

use crate::{
    harness::Setting,
    rules::{APPROVAL, FREE, check},
};

const TWO_EACH: Setting = Setting {
    devices_per_user: 2,
    ..APPROVAL
};
const THREE: Setting = Setting {
    max_devices: 3,
    ..FREE
};

#[test]
fn one_user_cannot_fill_a_call_or_its_lobby() {
    check(&[
        (
            "active devices",
            Setting {
                approved: "b",
                ..TWO_EACH
            },
            "~1 join b
             ~2 join b
             3 join b
             > 3: error too_many_devices
             > 3: close refused
             4 join c
             > 4: joined 4 pending secret 4 [1b 2b] 1
             > 1,2: participants [1b 2b] 1",
        ),
        (
            "pending devices",
            TWO_EACH,
            "~1 join a admin
             ~2 join b
             ~3 join b
             4 join b
             > 4: error too_many_devices
             > 4: close refused",
        ),
        (
            "active and pending ones together, an admin's too",
            TWO_EACH,
            "~1 join b admin
             ~2 join b
             3 join b
             > 3: error too_many_devices
             > 3: close refused
             4 join b admin
             > 4: error too_many_devices
             > 4: close refused",
        ),
        (
            "a place that was resumed counts",
            TWO_EACH,
            "~1 join a admin
             ~2 join b
             ~3 join b
             ~3 drops
             ~4 join b resume 3
             5 join b
             > 5: error too_many_devices
             > 5: close refused",
        ),
    ]);
}

#[test]
fn an_own_lost_place_gives_way() {
    check(&[
        (
            "in a full call, and its resume is an ordinary join",
            THREE,
            "~1 join a
             ~2 join b
             ~3 join b
             2 drops
             > 1,3: participants [1a 2b! 3b] 0
             4 join b
             > gone 2 active replaced
             > 4: joined 4 active secret 4 [1a 3b 4b] 0
             > 1,3: participants [1a 3b 4b] 0
             5 join b resume 2
             > 5: error full
             > 5: close refused",
        ),
        (
            "in a full lobby",
            Setting {
                max_devices: 1,
                ..APPROVAL
            },
            "~1 join a admin
             ~2 join b
             ~2 drops
             3 join b
             > gone 2 pending replaced
             > 3: joined 3 pending secret 3 [1a] 1
             > 1: participants [1a] [3b]",
        ),
        (
            "at the user's own limit, the one that was lost first",
            TWO_EACH,
            "~1 join a admin
             ~2 join b
             ~3 join b
             ~3 drops
             ~later 10
             ~2 drops
             4 join b
             > gone 3 pending replaced
             > 4: joined 4 pending secret 4 [1a] 2
             > 1: participants [1a] [2b! 4b]",
        ),
        (
            "not in a call with room, nor another user's",
            THREE,
            "~1 join a
             ~1 drops
             2 join a
             > 2: joined 2 active secret 2 [1a! 2a] 0
             ~3 join b
             4 join b
             > 4: error full
             > 4: close refused",
        ),
    ]);
}

#[test]
fn an_admin_comes_into_a_full_call() {
    check(&[
        (
            "in the place of the newest device of the user with most",
            THREE,
            "~1 join b
             ~2 join c
             ~3 join b
             4 join a admin
             > 3: error displaced
             > 3: close displaced
             > gone 3 active displaced
             > 4: joined 4 active admin secret 4 [1b 2c 4a] 0
             > 1,2: participants [1b 2c 4a] 0
             5 join b
             > 5: error full
             > 5: close refused",
        ),
        (
            "of users with as many, the newest device",
            THREE,
            "~1 join b
             ~2 join c
             ~3 join d
             ~3 drops
             4 join a admin
             > gone 3 active displaced
             > 4: joined 4 active admin secret 4 [1b 2c 4a] 0
             > 1,2: participants [1b 2c 4a] 0",
        ),
        (
            "in the own lost place before that",
            THREE,
            "~1 join b
             ~2 join b
             ~3 join a admin
             ~3 drops
             4 join a admin
             > gone 3 active replaced
             > 4: joined 4 active admin secret 4 [1b 2b 4a] 0
             > 1,2: participants [1b 2b 4a] 0",
        ),
        (
            "but not in that of a user who is there as an admin",
            THREE,
            "~1 join b admin
             ~2 join b
             ~3 join c admin
             4 join a admin
             > 4: error full
             > 4: close refused",
        ),
    ]);
}
