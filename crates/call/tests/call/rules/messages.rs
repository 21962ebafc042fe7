//! What devices say to each other.

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
             > 1,2: participants [1a 2b^500] []
             later 100
             2 up
             1 up
             > 1,2: participants [1a^600 2b^500] []
             2 down
             > 1,2: participants [1a^600 2b] []
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
             3 join b resume 2
             > 3: joined 2 active secret 3 [1a 2b^0] []",
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
fn messages_beyond_the_rate_are_dropped_and_said_so_once() {
    check(&[
        (
            "100 at once, then 30 a second, hands included",
            FREE,
            "~1 join a
             ~2 join b
             ~1 all 99
             1 up
             > 1,2: participants [1a^0 2b] []
             1 to 2
             > 1: error rate_limited
             1 to 2
             1 down
             1 all 50
             later 33
             1 to 2
             later 1
             1 to 2
             > 2: relay from 1
             1 to 2
             > 1: error rate_limited
             later 66
             1 to 2
             > 2: relay from 1
             1 down
             > 1,2: participants [1a 2b] []
             1 down
             > 1: error rate_limited",
        ),
        (
            "each device by itself",
            FREE,
            "~1 join a
             ~2 join a
             ~1 all 101
             2 to 1
             > 1: relay from 2",
        ),
        (
            "a resume gives no new burst",
            FREE,
            "~1 join a
             ~2 join b
             ~1 all 101
             ~3 join a resume 1
             later 34
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
             ~1 all 100
             1 up
             > 1: error rate_limited",
        ),
    ]);
}
