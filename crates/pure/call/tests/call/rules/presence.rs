//! Lost connections, departures, and the end of the era.

use crate::{
    harness::Setting,
    rules::{APPROVAL, FREE, check},
};

#[test]
fn a_silent_connection_is_lost_after_30_seconds() {
    check(&[
        (
            "to the millisecond, and the others see it",
            FREE,
            "~1 join a
             ~2 join b
             ~later 20000
             ~2 ping
             wait 9999
             wait 1
             > 1: close silent
             > 2: participants [1a! 2b] 0
             1 ping
             > 1: error not_joined",
        ),
        (
            "each message counts, refused ones too",
            FREE,
            "~1 join a
             ~later 29999
             1 approve 1
             > 1: error forbidden
             wait 29999
             1 ping
             > 1: pong
             wait 30000
             > 1: close silent",
        ),
    ]);
}

#[test]
fn a_lost_device_keeps_its_place_for_30_seconds() {
    check(&[
        (
            "and then loses it",
            FREE,
            "~1 join a
             ~2 join b
             2 drops
             > 1: participants [1a 2b!] 0
             ~later 29999
             1 ping
             > 1: pong
             wait 1
             > gone 2 active timedout
             > 1: participants [1a] 0",
        ),
        (
            "pending ones too",
            APPROVAL,
            "~1 join a admin
             ~2 join b
             2 drops
             > 1: participants [1a] [2b!]
             ~later 29999
             ~1 ping
             wait 1
             > gone 2 pending timedout
             > 1: participants [1a] 0",
        ),
        (
            "from when a late notice finds it silent",
            FREE,
            "~1 join a
             wait 100000
             > 1: close silent
             wait 29999
             wait 1
             > gone 1 active timedout
             > ended",
        ),
        (
            "who leaves loses it at once",
            FREE,
            "~1 join a
             ~2 join b
             2 leave
             > 2: close left
             > gone 2 active left
             > 1: participants [1a] 0",
        ),
    ]);
}

#[test]
fn a_resume_gives_the_place_back() {
    check(&[
        (
            "with the same demux id and a new secret, and the others see it",
            FREE,
            "~1 join a
             ~2 join b
             2 drops
             > 1: participants [1a 2b!] 0
             later 29999
             3 join b resume 2
             > 3: joined 2 active secret 3 [1a 2b] 0
             > 1: participants [1a 2b] 0",
        ),
        (
            "not after 30 seconds",
            FREE,
            "~1 join a
             2 join b
             > 2: joined 2 active secret 2 [1a 2b] 0
             > 1: participants [1a 2b] 0
             2 drops
             > 1: participants [1a 2b!] 0
             ~later 29999
             ~1 ping
             later 1
             3 join b resume 2
             > gone 2 active timedout
             > 3: joined 3 active secret 3 [1a 3b] 0
             > 1: participants [1a 3b] 0",
        ),
        (
            "a secret is good once",
            FREE,
            "~1 join a
             ~1 drops
             2 join a resume 1
             > 2: joined 1 active secret 2 [1a] 0
             2 drops
             3 join a resume 1
             > 3: joined 3 active secret 3 [1a! 3a] 0
             4 join a resume 2
             > 4: joined 1 active secret 4 [1a 3a] 0
             > 3: participants [1a 3a] 0",
        ),
        (
            "another user's secret is no good",
            FREE,
            "~1 join a
             ~1 drops
             2 join b resume 1
             > 2: joined 2 active secret 2 [1a! 2b] 0",
        ),
        (
            "a connection that still stands is replaced",
            FREE,
            "~1 join a
             2 join a resume 1
             > 1: close replaced
             > 2: joined 1 active secret 2 [1a] 0
             1 drops
             2 ping
             > 2: pong",
        ),
        (
            "status and role stay what they were, with a passkey or without",
            APPROVAL,
            "~1 join a admin
             ~2 join b
             3 join b admin resume 2
             > 2: close replaced
             > 3: joined 2 pending secret 3 [1a] 1
             4 join a resume 1
             > 1: close replaced
             > 4: joined 1 active admin secret 4 [1a] [2b]",
        ),
        (
            "in a full call and on a revoked link",
            Setting {
                max_devices: 1,
                ..FREE
            },
            "~1 join a
             ~link revoked
             ~1 drops
             2 join a resume 1
             > 2: joined 1 active secret 2 [1a] 0",
        ),
    ]);
}

#[test]
fn the_era_ends_when_nobody_is_active() {
    check(&[
        (
            "the last active device leaves, and those who wait are told",
            APPROVAL,
            "~1 join a admin
             ~2 join b
             ~3 join c
             1 leave
             > 1: close left
             > gone 1 active left
             > 2: denied ended
             > 2: close ended
             > gone 2 pending ended
             > 3: denied ended
             > 3: close ended
             > gone 3 pending ended
             > ended",
        ),
        (
            "not while a place is kept",
            APPROVAL,
            "~1 join a admin
             ~2 join b
             1 drops
             > 2: participants [1a!] 1
             ~later 29999
             2 ping
             > 2: pong
             wait 1
             > gone 1 active timedout
             > 2: denied ended
             > 2: close ended
             > gone 2 pending ended
             > ended",
        ),
        (
            "before it has started, it is over when nobody waits",
            APPROVAL,
            "~1 join b
             ~2 join c
             1 leave
             > 1: close left
             > gone 1 pending left
             > 2: participants [] 1
             2 drops
             wait 30000
             > gone 2 pending timedout
             > ended",
        ),
        (
            "an era whose first join is refused is over",
            APPROVAL,
            "wait 0
             ~link revoked
             1 join a
             > 1: error expired
             > 1: close refused
             > ended",
        ),
        (
            "an ended era takes nobody and does nothing more",
            FREE,
            "~1 join a
             ~1 leave
             2 join a
             > 2: error ended
             > 2: close refused
             1 ping
             > 1: error not_joined
             link revoked
             end
             wait 100000",
        ),
        (
            "an admin who removes the own last device ends it",
            FREE,
            "~1 join a admin
             1 remove 1
             > 1: removed
             > 1: close removed
             > gone 1 active removed
             > ended",
        ),
        (
            "the node may end it",
            APPROVAL,
            "~1 join a admin
             ~2 join b
             end
             > 1: error ended
             > 1: close ended
             > gone 1 active ended
             > 2: denied ended
             > 2: close ended
             > gone 2 pending ended
             > ended",
        ),
        (
            "whoever has the passkey may end it from outside",
            APPROVAL,
            "~1 join a admin
             ~2 join b
             dismiss
             > 1: error ended_by_admin
             > 1: close dismissed
             > gone 1 active dismissed
             > 2: denied ended
             > 2: close dismissed
             > gone 2 pending dismissed
             > ended",
        ),
    ]);
}
