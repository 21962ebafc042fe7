//! The messages of devices to each other.

use crate::rules::{APPROVAL, FREE, check};

#[test]
fn hands_go_up_and_down() {
    check(&[
        (
            "the first raise stands until the hand is lowered",
            FREE,
            "~1 join a
             ~2 join b
             later 500
             2 up
             > 1,2: participants [1a 2b^500] 0
             later 1000
             2 up
             1 up
             > 1,2: participants [1a^1500 2b^500] 0
             later 1000
             2 down
             > 1,2: participants [1a^1500 2b] 0
             2 down",
        ),
        (
            "only active devices have hands",
            APPROVAL,
            "~1 join a
             1 up
             > 1: error not_active",
        ),
        (
            "a hand stays up while the place is kept",
            FREE,
            "~1 join a
             ~2 join b
             ~2 up
             2 drops
             > 1: participants [1a 2b^0!] 0
             3 join b resume 2
             > 3: joined 2 active secret 3 [1a 2b^0] 0
             > 1: participants [1a 2b^0] 0",
        ),
    ]);
}

#[test]
fn relays_go_from_active_to_active_devices() {
    check(&[
        (
            "to all others, connected and active",
            APPROVAL,
            "~1 join a admin
             ~2 join b admin
             ~3 join c admin
             ~4 join d
             ~5 join e admin
             ~5 drops
             2 all 1
             > 1,3: relay from 2",
        ),
        (
            "to all when there is nobody else",
            FREE,
            "~1 join a
             1 all 1",
        ),
        (
            "to one",
            FREE,
            "~1 join a
             ~2 join b
             ~3 join c
             1 to 3
             > 3: relay from 1",
        ),
        (
            "not from a pending device, nor to one",
            APPROVAL,
            "~1 join a admin
             ~2 join b
             2 all 1
             > 2: error not_active
             2 to 1
             > 2: error not_active
             1 to 2
             > 1: error not_active",
        ),
        (
            "not to a device that is lost or not there",
            FREE,
            "~1 join a
             ~2 join b
             ~2 drops
             1 to 2
             > 1: error unreachable
             1 to 7
             > 1: error unknown_device",
        ),
    ]);
}

#[test]
fn relays_are_limited_by_bytes() {
    let relays = |count: usize, line: &str| vec![line; count].join("\n");
    let to_2 = |count| relays(count, "> 2: relay from 1");
    let small = format!(
        "~1 join a
         ~2 join b
         1 all 257
         {}
         > 1: error rate_limited
         later 15
         1 all 1
         > 1: dropped
         later 1
         1 all 2
         > 2: relay from 1
         > 1: error rate_limited",
        to_2(256),
    );
    check(&[
        (
            "256 KiB at once, then 64 KiB a second, and the refusal is said once",
            FREE,
            "~1 join a
             ~2 join b
             1 all 4 64
             > 2: relay from 1
             > 2: relay from 1
             > 2: relay from 1
             > 2: relay from 1
             1 all 2 1
             > 1: error rate_limited
             > 1: dropped
             later 999
             1 all 1 64
             > 1: dropped
             later 1
             1 all 2 64
             > 2: relay from 1
             > 1: error rate_limited",
        ),
        ("a small body counts a KiB", FREE, &small),
        (
            "the answer to a ping tells that no message before was dropped without a word",
            FREE,
            "~1 join a
             ~2 join b
             ~1 all 4 64
             1 all 2
             > 1: error rate_limited
             > 1: dropped
             1 ping
             > 1: pong
             1 all 2
             > 1: error rate_limited
             > 1: dropped",
        ),
        (
            "all devices of a user together, one after the other too, and other users by themselves",
            FREE,
            "~1 join a
             ~2 join a
             ~3 join b
             ~1 all 4 64
             2 all 1
             > 2: error rate_limited
             ~2 leave
             ~1 leave
             ~4 join a
             4 all 1
             > 4: error rate_limited
             3 to 4
             > 4: relay from 3",
        ),
        (
            "a resume gives no new burst",
            FREE,
            "~1 join a
             ~2 join b
             ~1 all 5 64
             ~3 join a resume 1
             3 to 2
             > 3: dropped
             later 16
             3 to 2
             > 2: relay from 1
             3 to 2
             > 3: error rate_limited",
        ),
        (
            "no more than a burst is saved up",
            FREE,
            "~1 join a
             ~later 29999
             1 all 4 64
             1 all 1
             > 1: error rate_limited",
        ),
        (
            "a call holds a MiB a second of all users together",
            FREE,
            "~1 join a
             ~2 join b
             ~3 join c
             ~4 join d
             ~5 join e
             ~1 all 4 64
             ~2 all 4 64
             ~3 all 4 64
             ~4 all 4 64
             5 to 1
             > 5: error rate_limited
             later 62
             5 all 1 64
             > 5: dropped
             later 1
             5 all 1 64
             > 1,2,3,4: relay from 5",
        ),
    ]);
}

#[test]
fn a_hand_goes_up_and_down_once_a_second() {
    check(&[
        (
            "two at once, then one a second, and the refusal is said once",
            FREE,
            "~1 join a
             1 up
             > 1: participants [1a^0] 0
             1 down
             > 1: participants [1a] 0
             1 up
             > 1: error rate_limited
             1 up
             > 1: dropped
             later 999
             1 up
             > 1: dropped
             later 1
             1 up
             > 1: participants [1a^1000] 0
             1 down
             > 1: error rate_limited",
        ),
        (
            "hands and relays have limits of their own",
            FREE,
            "~1 join a
             ~2 join b
             ~1 all 4 64
             1 up
             > 1,2: participants [1a^0 2b] 0
             ~1 down
             ~1 up
             1 to 2
             > 1: dropped
             later 16
             1 to 2
             > 2: relay from 1",
        ),
    ]);
}
