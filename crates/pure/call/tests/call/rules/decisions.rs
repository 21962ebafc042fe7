//! The decisions of admins.

use crate::{
    harness::Setting,
    rules::{APPROVAL, FREE, check},
};

#[test]
fn approving_admits_and_remembers_the_user() {
    check(&[
        (
            "the device becomes active and all are told; the user's next device need not wait",
            APPROVAL,
            "~1 join a admin
             ~2 join b
             1 approve 2
             > approved b
             > 1: participants [1a 2b] 0
             > 2: participants [1a 2b] 0
             > 2: admitted
             3 join b
             > 3: joined 3 active secret 3 [1a 2b 3b] 0
             > 1: participants [1a 2b 3b] 0
             > 2: participants [1a 2b 3b] 0",
        ),
        (
            "all the user's pending devices are admitted",
            APPROVAL,
            "~1 join a admin
             ~2 join b
             ~3 join c
             ~4 join b
             1 approve 4
             > approved b
             > 1: participants [1a 2b 4b] [3c]
             > 2,3,4: participants [1a 2b 4b] 1
             > 4: admitted
             > 2: admitted",
        ),
        (
            "while there is room",
            Setting {
                max_devices: 2,
                ..APPROVAL
            },
            "~1 join a admin
             ~2 join b
             ~3 join b
             1 approve 3
             > approved b
             > 1: participants [1a 3b] [2b]
             > 2,3: participants [1a 3b] 1
             > 3: admitted
             ~3 leave
             1 approve 2
             > 1: participants [1a 2b] 0
             > 2: participants [1a 2b] 0
             > 2: admitted",
        ),
        (
            "a lost device is admitted in its place",
            APPROVAL,
            "~1 join a admin
             ~2 join b
             ~2 drops
             1 approve 2
             > approved b
             > 1: participants [1a 2b!] 0
             3 join b resume 2
             > 3: joined 2 active secret 3 [1a 2b] 0
             > 1: participants [1a 2b] 0",
        ),
        (
            "only a pending device",
            APPROVAL,
            "~1 join a admin
             ~2 join b admin
             1 approve 2
             > 1: error not_pending
             1 approve 1
             > 1: error not_pending
             1 approve 9
             > 1: error unknown_device",
        ),
        (
            "a user who is too many is admitted but not remembered",
            Setting {
                max_remembered_users: 1,
                ..APPROVAL
            },
            "~1 join a admin
             ~2 join b
             ~3 join c
             ~1 approve 2
             1 approve 3
             > 1: participants [1a 2b 3c] 0
             > 2,3: participants [1a 2b 3c] 0
             > 3: admitted
             > 1: error too_many_users",
        ),
    ]);
}

#[test]
fn the_statement_of_an_approval_reaches_the_device_that_it_is_about() {
    check(&[
        (
            "no other device of the user that waits, and none that joins later",
            APPROVAL,
            "~1 join a admin
             ~2 join b
             ~3 join b
             ~4 join c
             1 approve 2 with 7
             > approved b
             > 1: participants [1a 2b 3b] [4c]
             > 2,3,4: participants [1a 2b 3b] 1
             > 2: admitted with 7
             > 3: admitted
             5 join b
             > 5: joined 5 active secret 5 [1a 2b 3b 5b] 1
             > 1: participants [1a 2b 3b 5b] [4c]
             > 2,3,4: participants [1a 2b 3b 5b] 1
             1 approve 5
             > 1: error not_pending
             1 approve 4
             > approved c
             > 1: participants [1a 2b 3b 4c 5b] 0
             > 2,3,4,5: participants [1a 2b 3b 4c 5b] 0
             > 4: admitted",
        ),
        (
            "a device without room waits on, and receives that of its own approval",
            Setting {
                max_devices: 2,
                ..APPROVAL
            },
            "~1 join a admin
             ~2 join b
             ~3 join b
             ~1 approve 3 with 7
             1 approve 2 with 8
             > 1: error full
             ~3 leave
             1 approve 2 with 9
             > 1: participants [1a 2b] 0
             > 2: participants [1a 2b] 0
             > 2: admitted with 9",
        ),
        (
            "a lost device receives it when it is back, and each time again",
            APPROVAL,
            "~1 join a admin
             ~2 join b
             ~2 drops
             1 approve 2 with 7
             > approved b
             > 1: participants [1a 2b!] 0
             3 join b resume 2
             > 3: joined 2 active with 7 secret 3 [1a 2b] 0
             > 1: participants [1a 2b] 0
             ~3 drops
             4 join b resume 3
             > 4: joined 2 active with 7 secret 4 [1a 2b] 0
             > 1: participants [1a 2b] 0",
        ),
        (
            "an active device receives the newest of its own, and nobody else learns of it",
            APPROVAL,
            "~1 join a admin
             ~2 join b
             ~3 join b
             ~1 approve 2 with 7
             1 approve 3 with 8
             > 3: admitted with 8
             1 approve 1 with 9
             > 1: admitted with 9
             2 approve 3 with 6
             > 2: error forbidden
             ~link revoked
             1 approve 3 with 5
             > 3: admitted with 5
             ~3 drops
             1 approve 3 with 4
             4 join b resume 3
             > 4: joined 3 active with 4 secret 4 [1a 2b 3b] 0
             > 1: participants [1a 2b 3b] 0
             > 2: participants [1a 2b 3b] 0",
        ),
        (
            "a device that nobody had to let in receives one too",
            FREE,
            "~1 join a admin
             ~2 join b
             1 approve 2 with 7
             > 2: admitted with 7
             3 join b
             > 3: joined 3 active secret 3 [1a 2b 3b] 0
             > 1: participants [1a 2b 3b] 0
             > 2: participants [1a 2b 3b] 0",
        ),
        (
            "it is of one member key: a resume under another is a new seat without it",
            APPROVAL,
            "~1 join a admin
             ~2 join b member 7
             ~1 approve 2 with 5
             ~2 drops
             3 join b member 8 resume 2
             > 3: joined 3 active secret 3 [1a 2b!=7 3b=8] 0
             > 1: participants [1a 2b!=7 3b=8] 0
             4 join b member 7 resume 2
             > 4: joined 2 active with 5 secret 4 [1a 2b=7 3b=8] 0
             > 1: participants [1a 2b=7 3b=8] 0
             > 3: participants [1a 2b=7 3b=8] 0",
        ),
        (
            "a new seat has none, although the user is approved",
            APPROVAL,
            "~1 join a admin
             ~2 join b
             ~1 approve 2 with 7
             ~2 leave
             3 join b
             > 3: joined 3 active secret 3 [1a 3b] 0
             > 1: participants [1a 3b] 0",
        ),
        (
            "an approval that is refused delivers none",
            APPROVAL,
            "~1 join a admin
             ~2 join b
             ~link revoked
             1 approve 2 with 7
             > 1: error expired
             2 approve 2 with 7
             > 2: error forbidden
             ~link open
             1 approve 2
             > approved b
             > 1: participants [1a 2b] 0
             > 2: participants [1a 2b] 0
             > 2: admitted",
        ),
    ]);
}

#[test]
fn denying_ends_the_wait_and_the_second_time_blocks() {
    check(&[
        (
            "the first time the user may wait again, the second time not",
            APPROVAL,
            "~1 join a admin
             ~2 join b
             1 deny 2
             > 2: denied admin
             > 2: close denied
             > gone 2 pending denied
             > 1: participants [1a] 0
             3 join b
             > 3: joined 3 pending secret 3 [1a] 1
             > 1: participants [1a] [3b]
             1 deny 3
             > 3: blocked
             > 3: close blocked
             > gone 3 pending blocked
             > 1: participants [1a] 0
             4 join b
             > 4: blocked
             > 4: close refused",
        ),
        (
            "another device of the user waits on, and its denial is the user's second",
            APPROVAL,
            "~1 join a admin
             ~2 join b
             ~3 join b
             1 deny 2
             > 2: denied admin
             > 2: close denied
             > gone 2 pending denied
             > 1: participants [1a] [3b]
             > 3: participants [1a] 1
             1 deny 3
             > 3: blocked
             > 3: close blocked
             > gone 3 pending blocked
             > 1: participants [1a] 0",
        ),
        (
            "an admin's other device can be denied, but not blocked by it",
            APPROVAL,
            "~1 join a admin
             ~2 join b admin
             ~3 join b
             ~4 join b
             ~1 deny 3
             1 deny 4
             > 4: denied admin
             > 4: close denied
             > gone 4 pending denied
             > 1,2: participants [1a 2b] 0",
        ),
        (
            "only a pending device",
            FREE,
            "~1 join a admin
             ~2 join b
             1 deny 2
             > 1: error not_pending",
        ),
        (
            "a user who is too many is denied for the first time each time",
            Setting {
                max_remembered_users: 0,
                ..APPROVAL
            },
            "~1 join a admin
             ~2 join b
             ~1 deny 2
             ~3 join b
             1 deny 3
             > 3: denied admin
             > 3: close denied
             > gone 3 pending denied
             > 1: error too_many_users
             > 1: participants [1a] 0",
        ),
    ]);
}

#[test]
fn removing_ends_the_participation_and_forgets_the_approval() {
    check(&[
        (
            "the user has to wait again",
            APPROVAL,
            "~1 join a admin
             ~2 join b
             ~1 approve 2
             1 remove 2
             > forgotten b
             > 2: removed
             > 2: close removed
             > gone 2 active removed
             > 1: participants [1a] 0
             3 join b
             > 3: joined 3 pending secret 3 [1a] 1
             > 1: participants [1a] [3b]",
        ),
        (
            "the user's other devices stay",
            FREE,
            "~1 join a admin
             ~2 join b
             ~3 join b
             1 remove 2
             > 2: removed
             > 2: close removed
             > gone 2 active removed
             > 1: participants [1a 3b] 0
             > 3: participants [1a 3b] 0",
        ),
        (
            "only an active device",
            APPROVAL,
            "~1 join a admin
             ~2 join b
             1 remove 2
             > 1: error not_active",
        ),
        (
            "a lost device loses its place and cannot resume",
            FREE,
            "~1 join a admin
             ~2 join b
             ~2 drops
             1 remove 2
             > gone 2 active removed
             > 1: participants [1a] 0
             3 join b resume 2
             > 3: joined 3 active secret 3 [1a 3b] 0
             > 1: participants [1a 3b] 0",
        ),
    ]);
}

#[test]
fn blocking_sends_the_user_away_for_the_rest_of_the_era() {
    check(&[
        (
            "all devices, approval and passkey or not",
            APPROVAL,
            "~1 join a admin
             ~2 join b
             ~1 approve 2
             ~3 join b
             1 block 3
             > forgotten b
             > 2: blocked
             > 2: close blocked
             > gone 2 active blocked
             > 3: blocked
             > 3: close blocked
             > gone 3 active blocked
             > 1: participants [1a] 0
             4 join b
             > 4: blocked
             > 4: close refused
             5 join b admin
             > 5: blocked
             > 5: close refused",
        ),
        (
            "a pending device",
            APPROVAL,
            "~1 join a admin
             ~2 join b
             1 block 2
             > 2: blocked
             > 2: close blocked
             > gone 2 pending blocked
             > 1: participants [1a] 0",
        ),
        (
            "a user who is too many is sent away but not refused",
            Setting {
                max_remembered_users: 0,
                ..FREE
            },
            "~1 join a admin
             ~2 join b
             1 block 2
             > 2: blocked
             > 2: close blocked
             > gone 2 active blocked
             > 1: error too_many_users
             > 1: participants [1a] 0
             3 join b
             > 3: joined 3 active secret 3 [1a 3b] 0
             > 1: participants [1a 3b] 0",
        ),
    ]);
}

#[test]
fn only_admins_decide_and_not_on_each_other() {
    check(&[
        (
            "a guest decides nothing",
            FREE,
            "~1 join a
             ~2 join b
             1 approve 2
             > 1: error forbidden
             1 deny 2
             > 1: error forbidden
             1 remove 2
             > 1: error forbidden
             1 block 2
             > 1: error forbidden
             1 block 9
             > 1: error forbidden",
        ),
        (
            "an admin is not removed or blocked by another, nor are the admin's other devices",
            FREE,
            "~1 join a admin
             ~2 join b admin
             ~3 join b
             1 remove 2
             > 1: error target_is_admin
             1 block 2
             > 1: error target_is_admin
             1 remove 3
             > 1: error target_is_admin
             1 block 3
             > 1: error target_is_admin",
        ),
        (
            "a lost admin is protected while the place is kept",
            FREE,
            "~1 join a admin
             ~2 join b admin
             ~3 join b
             ~2 drops
             1 remove 2
             > 1: error target_is_admin
             ~1 ping
             ~later 29999
             ~1 ping
             ~3 ping
             ~wait 1
             1 block 3
             > 3: blocked
             > 3: close blocked
             > gone 3 active blocked
             > 1: participants [1a] 0",
        ),
        (
            "an admin removes the own other device, but blocks nobody who is oneself",
            FREE,
            "~1 join a admin
             ~2 join a
             1 block 2
             > 1: error target_is_admin
             1 remove 2
             > 2: removed
             > 2: close removed
             > gone 2 active removed
             > 1: participants [1a] 0",
        ),
    ]);
}
