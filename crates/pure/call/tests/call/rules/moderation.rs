//! The lock, the approval of a running call, raised hands that admins lower, and co-admins.

use anteroom_call::MODERATION_BURST;

use crate::{
    harness::Setting,
    rules::{APPROVAL, FREE, check},
};

#[test]
fn an_admin_lowers_the_hand_of_another_device() {
    check(&[
        (
            "everybody is told by the roster, and a hand that is not raised changes nothing",
            FREE,
            "~1 join a admin
             ~2 join b
             ~2 up
             1 lower 2
             > 1: participants [1a 2b] 0
             > 2: participants [1a 2b] 0
             1 lower 2",
        ),
        (
            "nobody else does, and no hand of a device that is not in the call",
            APPROVAL,
            "~1 join a admin
             ~2 join b
             2 lower 1
             > 2: error forbidden
             1 lower 2
             > 1: error not_active
             1 lower 9
             > 1: error unknown_device",
        ),
    ]);
}

#[test]
fn a_lock_keeps_out_whom_the_era_has_not_seen_in_the_call() {
    check(&[
        (
            "users who were active return, also with another device, and so do admins",
            FREE,
            "~1 join a admin
             ~2 join b
             ~2 leave
             1 lock on
             > 1: moderation locked admin
             1 lock on
             3 join c
             > 3: error locked
             > 3: close refused
             4 join b
             > 4: joined 4 active secret 4 [1a 4b] 0 locked
             > 1: participants [1a 4b] 0
             5 join d admin
             > 5: joined 5 active admin secret 5 [1a 4b 5d] 0 locked
             > 1: participants [1a 4b 5d] 0
             > 4: participants [1a 4b 5d] 0
             1 lock off
             > 1,5: moderation admin
             > 4: moderation
             6 join c
             > 6: joined 6 active secret 6 [1a 4b 5d 6c] 0
             > 1,5: participants [1a 4b 5d 6c] 0
             > 4: participants [1a 4b 5d 6c] 0",
        ),
        (
            "those who wait go on waiting, and are approved once it is unlocked",
            APPROVAL,
            "~1 join a admin
             ~2 join b
             1 lock on
             > 1: moderation locked approval admin
             > 2: moderation locked approval
             1 approve 2
             > 1: error locked
             ~2 drops
             3 join b resume 2
             > 3: joined 2 pending secret 3 [1a] 1 locked
             > 1: participants [1a] [2b]
             1 lock off
             > 1: moderation approval admin
             > 3: moderation approval
             1 approve 2
             > approved b
             > 1: participants [1a 2b] 0
             > 3: participants [1a 2b] 0
             > 3: admitted",
        ),
        (
            "somebody who was sent away does not return",
            FREE,
            "~1 join a admin
             ~2 join b
             ~1 remove 2
             ~1 lock on
             3 join b
             > 3: error locked
             > 3: close refused",
        ),
        (
            "the place of a lost connection is resumed",
            FREE,
            "~1 join a admin
             ~2 join b
             ~2 drops
             ~1 lock on
             3 join b resume 2
             > 3: joined 2 active secret 3 [1a 2b] 0 locked
             > 1: participants [1a 2b] 0",
        ),
        (
            "somebody who was active and waits on the return is approved",
            FREE,
            "~1 join a admin
             ~2 join b
             ~2 leave
             ~1 approval on
             ~1 lock on
             3 join b
             > 3: joined 3 pending secret 3 [1a] 1 locked approval on
             > 1: participants [1a] [3b]
             1 approve 3
             > approved b
             > 1: participants [1a 3b] 0
             > 3: participants [1a 3b] 0
             > 3: admitted",
        ),
        (
            "guests do not lock",
            FREE,
            "~1 join a admin
             ~2 join b
             2 lock on
             > 2: error forbidden
             2 approval on
             > 2: error forbidden",
        ),
    ]);
}

#[test]
fn the_approval_of_a_running_call_is_another_than_that_of_its_link() {
    check(&[
        (
            "on: who comes waits; off: who waits comes in",
            FREE,
            "~1 join a admin
             ~2 join b
             1 approval on
             > 1: moderation approval admin
             > 2: moderation approval
             3 join c
             > 3: joined 3 pending secret 3 [1a 2b] 1 approval on
             > 1: participants [1a 2b] [3c]
             > 2: participants [1a 2b] 1
             1 approval off
             > 1: moderation admin
             > 2,3: moderation
             > 1: participants [1a 2b 3c] 0
             > 2,3: participants [1a 2b 3c] 0
             > 3: admitted",
        ),
        (
            "in the order of the joins, the others as soon as there is room, and no approval is recorded",
            Setting {
                max_devices: 2,
                ..APPROVAL
            },
            "~1 join a admin
             ~2 join b
             ~3 join c
             1 approval off
             > 1: moderation admin
             > 2,3: moderation
             > 1: participants [1a 2b] [3c]
             > 2,3: participants [1a 2b] 1
             > 2: admitted
             2 leave
             > 2: close left
             > gone 2 active left
             > 1: participants [1a 3c] 0
             > 3: participants [1a 3c] 0
             > 3: admitted",
        ),
        (
            "under a lock, once it is unlocked",
            APPROVAL,
            "~1 join a admin
             ~2 join b
             ~1 lock on
             1 approval off
             > 1: moderation locked admin
             > 2: moderation locked
             1 lock off
             > 1: moderation admin
             > 2: moderation
             > 1: participants [1a 2b] 0
             > 2: participants [1a 2b] 0
             > 2: admitted",
        ),
        (
            "guest accounts wait as the link says",
            Setting {
                guests: "b",
                ..APPROVAL
            },
            "~1 join a admin
             ~2 join b
             1 approval off
             > 1: moderation admin
             > 2: moderation",
        ),
        (
            "a closed link lets nobody in",
            APPROVAL,
            "~1 join a admin
             ~2 join b
             ~link revoked
             1 approval off
             > 1: error expired",
        ),
    ]);
}

#[test]
fn a_co_admin_has_the_rights_of_an_admin_but_those_over_admins_and_co_admins() {
    check(&[
        (
            "its devices are shown the lobby and decide, until that is taken back",
            APPROVAL,
            "~1 join a admin
             ~2 join b
             ~1 approve 2
             ~3 join c
             1 coadmin b on
             > 2: moderation approval admin
             > 2: participants [1a 2b+] [3c]
             > 1: participants [1a 2b+] [3c]
             > 3: participants [1a 2b+] 1
             1 coadmin b on
             2 approve 3
             > approved c
             > 1,2: participants [1a 2b+ 3c] 0
             > 3: participants [1a 2b+ 3c] 0
             > 3: admitted
             2 coadmin c on
             > 2: error forbidden
             2 remove 1
             > 2: error target_is_admin
             2 block 1
             > 2: error target_is_admin
             4 join b
             > 4: joined 4 active admin secret 4 [1a 2b+ 3c 4b+] 0
             > 1,2: participants [1a 2b+ 3c 4b+] 0
             > 3: participants [1a 2b+ 3c 4b+] 0
             2 block 4
             > 2: error target_is_admin
             1 coadmin b off
             > 2: moderation approval
             > 2: participants [1a 2b 3c 4b] 0
             > 4: moderation approval
             > 4: participants [1a 2b 3c 4b] 0
             > 1: participants [1a 2b 3c 4b] 0
             > 3: participants [1a 2b 3c 4b] 0
             2 lock on
             > 2: error forbidden",
        ),
        (
            "a place that is resumed still has them",
            FREE,
            "~1 join a admin
             ~2 join b changes
             ~1 coadmin b on
             ~2 drops
             3 join b changes resume 2
             > 3: joined 2 active admin secret 3 [1a 2b+] 0
             > 1: participants [1a 2b+] 0
             3 lock on
             > 1,3: moderation locked admin
             ~3 leave
             4 join b
             > 4: joined 4 active admin secret 4 [1a 4b+] 0 locked
             > 1: participants [1a 4b+] 0",
        ),
        (
            "who is sent away has them no more",
            FREE,
            "~1 join a admin
             ~2 join b
             ~3 join b
             ~1 coadmin b on
             1 remove 2
             > 2: removed
             > 2: close removed
             > gone 2 active removed
             > 3: moderation
             > 3: participants [1a 3b] 0
             > 1: participants [1a 3b] 0",
        ),
        (
            "a user who is not in the call, or only waits, is made none",
            APPROVAL,
            "~1 join a admin
             ~2 join b
             1 coadmin b on
             > 1: error unknown_device
             1 coadmin c on
             > 1: error unknown_device
             1 coadmin c off",
        ),
        (
            "there are no more than the limit allows, of whom some may have left",
            Setting {
                max_co_admins: 1,
                ..FREE
            },
            "~1 join a admin
             ~2 join b
             ~3 join c
             ~1 coadmin b on
             ~2 leave
             1 coadmin c on
             > 1: error too_many_co_admins
             1 coadmin b off
             1 coadmin c on
             > 3: moderation admin
             > 3: participants [1a 3c+] 0
             > 1: participants [1a 3c+] 0",
        ),
    ]);
}

#[test]
fn a_device_makes_so_many_decisions_about_the_call_at_once() {
    let burst = "~1 lock on\n".repeat(usize::try_from(MODERATION_BURST).unwrap());
    let script = format!(
        "~1 join a admin
         {burst}1 lock off
         > 1: error rate_limited
         1 approval on
         > 1: dropped
         1 coadmin a on
         > 1: dropped
         1 lower 1
         > 1: dropped
         later 1000
         1 lock off
         > 1: moderation admin"
    );
    check(&[("and one a second", FREE, &script)]);
}
