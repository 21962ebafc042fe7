//! The starts of the next group, one after the other.

use crate::rules::{FREE, check};

#[test]
fn an_admin_starts_the_next_group_whoever_else_has_just_started_one() {
    check(&[
        (
            "and others wait for ten seconds after that",
            FREE,
            "~1 join a
             ~2 join b admin
             ~1 commit 1/0 to 2
             2 commit 2/0 to 1
             > 2: commit 2/0 from 2
             > 1: welcome 2/1 from 2
             2 commit 3/0
             > 2: error rate_limited of commit 2/1
             ~later 9999
             ~2 leave
             1 commit 3/0
             > 1: error rate_limited of commit 2/1
             later 1
             1 commit 3/0
             > 1: commit 3/0 from 1",
        ),
        (
            "and another admin waits for it",
            FREE,
            "~1 join a admin
             ~2 join b admin
             ~1 commit 1/0 to 2
             2 commit 2/0
             > 2: error rate_limited of commit 1/1
             later 10000
             2 commit 2/0
             > 1,2: commit 2/0 from 2",
        ),
    ]);
}

#[test]
fn two_users_start_no_group_after_the_other_by_refusals_while_an_admin_is_active() {
    check(&[
        (
            "and again after a minute",
            FREE,
            "~1 join a
             ~2 join b
             ~3 join c admin
             ~1 commit 1/0 to 2
             ~later 10000
             ~1 refuse 1/0
             ~2 refuse 1/0
             1 commit 2/0 to 2
             > 1,3: commit 2/0 from 1
             > 2: welcome 2/1 from 1
             ~later 10000
             ~1 refuse 2/0
             ~2 refuse 2/0
             1 commit 3/0 to 2
             > 1: error forbidden of commit 2/1
             ~1 ping
             ~2 ping
             ~3 ping
             ~later 20000
             ~1 ping
             ~2 ping
             ~3 ping
             ~later 20000
             ~1 ping
             ~2 ping
             ~3 ping
             ~later 9999
             1 commit 3/0 to 2
             > 1: error forbidden of commit 2/1
             later 1
             1 commit 3/0 to 2
             > 1,3: commit 3/0 from 1
             > 2: welcome 3/1 from 1",
        ),
        (
            "or when an admin has started one",
            FREE,
            "~1 join a
             ~2 join b
             ~3 join c admin
             ~1 commit 1/0 to 2
             ~later 10000
             ~1 refuse 1/0
             ~2 refuse 1/0
             ~1 commit 2/0 to 2
             ~3 commit 3/0 to 1,2
             ~later 10000
             ~1 refuse 3/0
             ~2 refuse 3/0
             1 commit 4/0 to 2
             > 1,3: commit 4/0 from 1
             > 2: welcome 4/1 from 1",
        ),
    ]);
}

#[test]
fn refusals_of_different_commits_do_not_add_up() {
    check(&[(
        "and those of one do, also when others were refused before",
        FREE,
        "~1 join a admin
         ~2 join b
         ~3 join c
         ~4 join d
         ~1 commit 1/0 to 2,3,4
         ~1 commit 1/1
         ~later 10000
         ~2 refuse 1/0
         ~3 refuse 1/1
         ~4 refuse 1/1
         3 commit 2/0
         > 3: error forbidden of commit 1/2
         ~1 commit 1/2 to 2
         ~2 refuse 1/1
         3 commit 2/0
         > 1,2,3,4: commit 2/0 from 3",
    )]);
}

#[test]
fn a_device_that_is_welcomed_again_refuses_again() {
    check(&[(
        "and what it has refused before is refused yet",
        FREE,
        "~1 join a admin
         ~2 join b
         ~3 join c
         ~1 commit 1/0 to 2,3
         ~later 10000
         ~2 refuse 1/0
         ~1 commit 1/1 to 2
         2 refuse 1/1
         > 1,2,3: refuse 1/1 from 2
         2 refuse 1/0
         3 refuse 1/0
         > 1,2,3: refuse 1/0 from 3
         3 commit 2/0
         > 1,2,3: commit 2/0 from 3",
    )]);
}
