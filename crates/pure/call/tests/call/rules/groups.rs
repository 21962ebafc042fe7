//! The order of commits, and the groups of an era.

use crate::{
    harness::Setting,
    rules::{APPROVAL, FREE, check},
};

const SLOW_FREE: Setting = Setting {
    roster_interval: 250,
    ..FREE
};

#[test]
fn the_first_commit_of_an_epoch_is_taken_and_comes_to_everybody() {
    check(&[
        (
            "the sender too, and the epoch is over",
            FREE,
            "~1 join a
             ~2 join b
             ~3 join c
             1 commit 1/0 to 2
             > 1,3: commit 1/0 from 1
             > 2: welcome 1/1 from 1
             2 commit 1/1
             > 1,2,3: commit 1/1 from 2",
        ),
        (
            "two at once",
            FREE,
            "~1 join a
             ~2 join b
             ~1 commit 1/0 to 2
             2 commit 1/1
             > 1,2: commit 1/1 from 2
             1 commit 1/1
             > 1: error stale_commit of commit 1/2
             1 commit 1/2
             > 1,2: commit 1/2 from 1",
        ),
        (
            "two first groups at once",
            FREE,
            "~1 join a
             ~2 join b
             2 commit 1/0
             > 1,2: commit 1/0 from 2
             1 commit 1/0
             > 1: error stale_commit of commit 1/1",
        ),
        (
            "no other epoch and no other group, once or again",
            FREE,
            "~1 join a
             1 commit 0/0
             > 1: error stale_commit of commit 0/0
             1 commit 0/1
             > 1: error stale_commit of commit 0/0
             1 commit 2/0
             > 1: error stale_commit of commit 0/0
             1 commit 1/1
             > 1: error stale_commit of commit 0/0
             1 commit 1/0
             > 1: commit 1/0 from 1
             1 commit 1/0
             > 1: error stale_commit of commit 1/1
             1 commit 1/2
             > 1: error stale_commit of commit 1/1
             1 commit 3/0
             > 1: error stale_commit of commit 1/1
             1 commit 0/0
             > 1: error stale_commit of commit 1/1",
        ),
        (
            "a commit stays when its sender vanishes",
            FREE,
            "~1 join a
             ~2 join b
             ~1 commit 1/0 to 2
             1 commit 1/1
             > 1,2: commit 1/1 from 1
             ~1 leave
             2 commit 1/1
             > 2: error stale_commit of commit 1/2
             2 commit 1/2
             > 2: commit 1/2 from 2",
        ),
        (
            "neither from the lobby nor to it, nor to who is lost",
            APPROVAL,
            "~1 join a admin
             ~2 join b
             ~3 join c admin
             ~3 drops
             2 commit 1/0
             > 2: error not_active
             2 refuse 1/0
             > 2: error not_active
             1 commit 1/0 to 2,3
             > 1: commit 1/0 from 1",
        ),
    ]);
}

#[test]
fn whom_a_commit_adds_is_welcomed_instead() {
    check(&[
        (
            "into the next epoch",
            FREE,
            "~1 join a
             ~2 join b
             ~3 join c
             ~4 join d
             1 commit 1/0 to 2,4
             > 1,3: commit 1/0 from 1
             > 2,4: welcome 1/1 from 1",
        ),
        (
            "and gets the commit too if it is of the group",
            FREE,
            "~1 join a
             ~2 join b
             ~3 join c
             ~1 commit 1/0 to 2
             1 commit 1/1 to 2,3
             > 1: commit 1/1 from 1
             > 2,3: welcome 1/2 from 1
             > 2: commit 1/1 from 1",
        ),
        (
            "and the sender and who is not there are not",
            FREE,
            "~1 join a
             ~2 join b
             1 commit 1/0 to 1,9
             > 1,2: commit 1/0 from 1",
        ),
        (
            "after the roster that names whom it adds",
            SLOW_FREE,
            "~1 join a
             ~2 join b
             3 join c
             > 3: joined 3 active secret 3 [1a 2b 3c] 0
             1 commit 1/0 to 2,3
             > 1,2: participants [1a 2b 3c] 0
             > 1: commit 1/0 from 1
             > 2,3: welcome 1/1 from 1
             3 up
             2 commit 1/1 to 3
             > 1,2: commit 1/1 from 2
             > 3: welcome 1/2 from 2
             > 3: commit 1/1 from 2",
        ),
        (
            "after the roster that names a lost one among them, which is not welcomed",
            SLOW_FREE,
            "~1 join a
             ~2 join b
             ~3 join c
             ~3 drops
             1 commit 1/0 to 2,3
             > 1,2: participants [1a 2b 3c!] 0
             > 1: commit 1/0 from 1
             > 2: welcome 1/1 from 1
             4 join c resume 3 have 1/0
             > 4: joined 3 active secret 4 [1a 2b 3c] 0 1/1
             4 commit 1/1
             > 4: error forbidden of commit 1/1",
        ),
        (
            "after the roster that names the sender",
            SLOW_FREE,
            "~1 join a
             ~2 join b
             ~3 join c
             3 commit 1/0
             > 1,2: participants [1a 2b 3c] 0
             > 1,2,3: commit 1/0 from 3",
        ),
        (
            "a commit that is not taken announces nobody",
            SLOW_FREE,
            "~1 join a
             ~2 join b
             ~3 join c
             3 commit 1/1
             > 3: error stale_commit of commit 0/0",
        ),
    ]);
}

#[test]
fn commits_come_from_devices_that_have_started_the_group_or_been_welcomed_to_it() {
    check(&[
        (
            "not from others, who may learn of it from the roster alone",
            FREE,
            "~1 join a
             ~2 join b
             ~3 join c admin
             ~1 commit 1/0 to 3
             2 commit 1/1
             > 2: error forbidden of commit 1/1
             1 commit 1/1 to 2
             > 1,3: commit 1/1 from 1
             > 2: welcome 1/2 from 1
             2 commit 1/2
             > 1,2,3: commit 1/2 from 2",
        ),
        (
            "and the next group shuts out whom it does not welcome",
            FREE,
            "~1 join a admin
             ~2 join b
             ~3 join c
             ~1 commit 1/0 to 2,3
             ~2 commit 1/1
             ~later 10000
             ~1 commit 2/0 to 3
             2 commit 2/1
             > 2: error forbidden of commit 2/1
             2 commit 1/2
             > 2: error stale_commit of commit 2/1
             3 commit 2/1
             > 1,2,3: commit 2/1 from 3",
        ),
        (
            "again after a resume, and not from a new place of the user",
            FREE,
            "~1 join a
             ~2 join b
             ~1 commit 1/0 to 2
             ~3 join b resume 2
             3 commit 1/1
             > 1,3: commit 1/1 from 2
             ~4 join b
             4 commit 1/2
             > 4: error forbidden of commit 1/2",
        ),
    ]);
}

#[test]
fn a_commit_adds_no_more_devices_than_a_call_has() {
    check(&[(
        "and names at least one that is not there if it does",
        FREE,
        "~1 join a
         ~2 join b
         1 commit 1/0 to 1,2,3,4,5,6,7,8,9
         > 1: error unknown_device of commit 0/0
         1 commit 1/0 to 2,3,4,5,6,7,8,9
         > 1: commit 1/0 from 1
         > 2: welcome 1/1 from 1",
    )]);
}

#[test]
fn a_call_takes_four_commits_a_second_and_says_each_refusal() {
    check(&[
        (
            "of all devices together, without the start of the group",
            FREE,
            "~1 join a
             ~2 join b
             ~1 commit 1/0 to 2
             ~1 commit 1/1
             ~2 commit 1/2
             ~1 commit 1/3
             2 commit 1/4
             > 1,2: commit 1/4 from 2
             1 commit 1/5
             > 1: error rate_limited of commit 1/5
             1 commit 1/5
             > 1: error rate_limited of commit 1/5
             1 commit 1/4
             > 1: error stale_commit of commit 1/5
             later 249
             1 commit 1/5
             > 1: error rate_limited of commit 1/5
             later 1
             1 commit 1/5
             > 1,2: commit 1/5 from 1",
        ),
        (
            "three of them of one user with all devices",
            FREE,
            "~1 join a
             ~2 join a
             ~3 join b
             ~1 commit 1/0 to 2,3
             ~1 commit 1/1
             ~2 commit 1/2
             ~1 commit 1/3
             2 commit 1/4
             > 2: error rate_limited of commit 1/4
             3 commit 1/4
             > 1,2,3: commit 1/4 from 3
             later 333
             2 commit 1/5
             > 2: error rate_limited of commit 1/5
             later 1
             2 commit 1/5
             > 1,2,3: commit 1/5 from 2",
        ),
        (
            "also while other messages of the device are dropped",
            FREE,
            "~1 join a
             ~2 join b
             ~1 all 5 64
             ~1 commit 1/0 to 2
             ~1 commit 1/1
             ~2 commit 1/2
             ~2 commit 1/3
             ~2 commit 1/4
             1 all 1 64
             > 1: dropped
             1 commit 1/5
             > 1: error rate_limited of commit 1/5",
        ),
    ]);
}

#[test]
fn the_next_group_is_started_once_in_ten_seconds() {
    check(&[
        (
            "by an admin",
            FREE,
            "~1 join a
             ~2 join b admin
             ~1 commit 1/0 to 2
             1 commit 2/0
             > 1: error forbidden of commit 1/1
             2 commit 2/0
             > 1,2: commit 2/0 from 2
             1 commit 1/1
             > 1: error stale_commit of commit 2/1
             2 commit 3/0
             > 2: error rate_limited of commit 2/1
             later 9999
             2 commit 3/0
             > 2: error rate_limited of commit 2/1
             later 1
             2 commit 3/0
             > 1,2: commit 3/0 from 2",
        ),
        (
            "also while commits use up the limits of the call and of the user",
            FREE,
            "~1 join a
             ~2 join b admin
             ~1 commit 1/0 to 2
             ~later 10000
             ~2 commit 1/1
             ~2 commit 1/2
             ~2 commit 1/3
             ~1 commit 1/4
             1 commit 1/5
             > 1: error rate_limited of commit 1/5
             2 commit 1/5
             > 2: error rate_limited of commit 1/5
             2 commit 2/0
             > 1,2: commit 2/0 from 2
             1 commit 2/1
             > 1: error forbidden of commit 2/1",
        ),
        (
            "by an admin of no group, too",
            FREE,
            "~1 join a
             ~1 commit 1/0
             ~later 10000
             ~2 join b admin
             2 commit 2/0
             > 1,2: commit 2/0 from 2",
        ),
        (
            "by anybody when no admin is active",
            APPROVAL,
            "~1 join a admin
             ~2 join b
             ~1 approve 2
             ~1 commit 1/0 to 2
             ~later 10000
             2 commit 2/0
             > 2: error forbidden of commit 1/1
             ~1 leave
             2 commit 2/0
             > 2: commit 2/0 from 2",
        ),
        (
            "the place of a lost admin counts as long as it is kept",
            FREE,
            "~1 join a admin
             ~2 join b
             ~1 commit 1/0 to 2
             ~1 drops
             ~later 29999
             ~2 ping
             2 commit 2/0
             > 2: error forbidden of commit 1/1
             ~wait 1
             2 commit 2/0
             > 2: commit 2/0 from 2",
        ),
        (
            "by anybody when nobody of the present one is connected",
            FREE,
            "~1 join a admin
             ~2 join b
             ~3 join c
             ~2 commit 1/0 to 3
             ~later 10000
             ~2 leave
             1 ping
             > 1: pong
             4 join d
             > 4: joined 4 active secret 4 [1a 3c 4d] 0 1/1
             > 1: participants [1a 3c 4d] 0
             > 3: participants [1a 3c 4d] 0
             4 commit 2/0
             > 4: error forbidden of commit 1/1
             ~3 drops
             4 commit 2/0
             > 1,4: commit 2/0 from 4",
        ),
        (
            "by anybody when most users of the present one refuse a commit of the only admin",
            FREE,
            "~1 join a admin
             ~2 join b
             ~3 join c
             ~4 join d
             ~5 join b
             ~1 commit 1/0 to 2,3,4,5
             ~later 10000
             ~2 refuse 1/0
             ~5 refuse 1/0
             ~3 refuse 1/0
             3 commit 2/0
             > 3: error forbidden of commit 1/1
             ~4 refuse 1/0
             3 commit 2/0 to 2,4
             > 1,3,5: commit 2/0 from 3
             > 2,4: welcome 2/1 from 3
             ~later 10000
             3 commit 3/0
             > 3: error forbidden of commit 2/1",
        ),
        (
            "and not when a single user refuses",
            FREE,
            "~1 join a admin
             ~2 join b
             ~1 commit 1/0 to 2
             ~later 10000
             ~2 refuse 1/0
             2 commit 2/0
             > 2: error forbidden of commit 1/1
             ~1 drops
             2 commit 2/0
             > 2: error forbidden of commit 1/1",
        ),
        (
            "the first one by anybody",
            FREE,
            "~1 join a admin
             ~2 join b
             2 commit 1/0
             > 1,2: commit 1/0 from 2",
        ),
    ]);
}

#[test]
fn a_refusal_comes_to_everybody_once_for_a_device_and_group() {
    check(&[
        (
            "the sender too",
            FREE,
            "~1 join a
             ~2 join b
             ~3 join c
             ~1 commit 1/0 to 2,3
             ~1 commit 1/1
             2 refuse 1/1
             > 1,2,3: refuse 1/1 from 2
             2 refuse 1/1
             2 refuse 1/0
             3 refuse 1/1
             > 1,2,3: refuse 1/1 from 3
             ~later 10000
             ~1 commit 2/0 to 2,3
             2 refuse 2/0
             > 1,2,3: refuse 2/0 from 2",
        ),
        (
            "of no commit that was not taken, nor of an earlier group",
            FREE,
            "~1 join a
             1 refuse 0/0
             > 1: error stale_commit of refuse 0/0
             1 refuse 1/0
             > 1: error stale_commit of refuse 0/0
             ~1 commit 1/0
             1 refuse 1/1
             > 1: error stale_commit of refuse 1/1
             1 refuse 2/0
             > 1: error stale_commit of refuse 1/1
             ~later 10000
             ~1 commit 2/0
             1 refuse 1/0
             > 1: error stale_commit of refuse 2/1",
        ),
        (
            "five at once and one a second of one user with all devices, whatever it commits",
            FREE,
            "~1 join a
             ~2 join b
             ~3 join b
             ~4 join b
             ~5 join b
             ~6 join b
             ~1 commit 1/0 to 2,3,4,5,6
             ~2 commit 1/1
             ~2 commit 1/2
             ~2 commit 1/3
             2 commit 1/4
             > 2: error rate_limited of commit 1/4
             ~2 refuse 1/0
             ~3 refuse 1/0
             ~4 refuse 1/0
             ~5 refuse 1/0
             6 refuse 1/0
             > 1,2,3,4,5,6: refuse 1/0 from 6
             ~2 leave
             ~7 join b
             ~later 500
             ~1 commit 1/4 to 7
             7 refuse 1/4
             > 7: error rate_limited of refuse 1/5
             7 refuse 1/4
             > 7: error rate_limited of refuse 1/5
             6 refuse 1/4
             later 500
             7 refuse 1/4
             > 1,3,4,5,6,7: refuse 1/4 from 7",
        ),
        (
            "from devices of the group alone",
            FREE,
            "~1 join a
             ~2 join b
             ~1 commit 1/0 to 2
             ~3 join c
             3 refuse 2/0
             > 3: error stale_commit of refuse 1/1
             3 refuse 1/0
             > 3: error forbidden of refuse 1/1
             ~1 commit 1/1 to 3
             3 refuse 1/1
             > 1,2,3: refuse 1/1 from 3",
        ),
    ]);
}

#[test]
fn who_comes_in_is_told_the_present_epoch() {
    check(&[(
        "with joined and admitted, and not in the lobby",
        APPROVAL,
        "~1 join a admin
             ~1 commit 1/0
             2 join b
             > 2: joined 2 pending secret 2 [1a] 1
             > 1: participants [1a] [2b]
             1 approve 2
             > approved b
             > 1: participants [1a 2b] 0
             > 2: participants [1a 2b] 0
             > 2: admitted 1/1
             ~1 commit 1/1 to 2
             3 join a
             > 3: joined 3 pending secret 3 [1a 2b] 1
             > 1: participants [1a 2b] [3a]
             > 2: participants [1a 2b] 1",
    )]);
}
