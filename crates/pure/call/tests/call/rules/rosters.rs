//! The times and the content of announcements.

use crate::{
    harness::Setting,
    rules::{APPROVAL, FREE, check},
};

const SLOW_FREE: Setting = Setting {
    roster_interval: 250,
    ..FREE
};
const SLOW_APPROVAL: Setting = Setting {
    roster_interval: 250,
    ..APPROVAL
};

#[test]
fn rosters_are_announced_every_250_ms_at_most() {
    check(&[
        (
            "the first change at once, others together",
            SLOW_FREE,
            "~1 join a
             2 join b
             > 2: joined 2 active secret 2 [1a 2b] 0
             > 1: participants [1a 2b] 0
             later 100
             1 up
             later 100
             3 join c
             > 3: joined 3 active secret 3 [1a^100 2b 3c] 0
             2 up
             wait 49
             wait 1
             > 1,2,3: participants [1a^100 2b^200 3c] 0
             wait 250",
        ),
        (
            "who was told the whole since is not told again",
            SLOW_FREE,
            "~1 join a
             ~2 join b
             3 join c
             > 3: joined 3 active secret 3 [1a 2b 3c] 0
             1 who
             > 1: participants [1a 2b 3c] 0
             wait 250
             > 2: participants [1a 2b 3c] 0",
        ),
        (
            "a relay comes after the announcement of its sender",
            SLOW_FREE,
            "~1 join a
             ~2 join b
             ~3 join c
             3 all 1
             > 1,2: participants [1a 2b 3c] 0
             > 1,2: relay from 3
             3 to 1
             > 1: relay from 3
             3 up
             3 to 1
             > 1: relay from 3
             wait 250
             > 1,2,3: participants [1a 2b 3c^0] 0",
        ),
        (
            "a refused relay announces nobody",
            SLOW_FREE,
            "~1 join a
             ~2 join b
             ~3 join c
             3 to 9
             > 3: error unknown_device",
        ),
        (
            "who is admitted is in the roster before",
            SLOW_APPROVAL,
            "~1 join a admin
             ~2 join b
             ~3 join c
             1 approve 2
             > approved b
             > 1: participants [1a 2b] [3c]
             > 2,3: participants [1a 2b] 1
             > 2: admitted",
        ),
    ]);
}

#[test]
fn changes_are_told_to_those_who_ask_for_them() {
    check(&[
        (
            "who joined, who is otherwise, who left, and how many wait",
            SLOW_APPROVAL,
            "~1 join a admin changes
             ~2 join b changes
             ~wait 250
             ~3 join c
             ~wait 250
             1 up
             > 1: roster +[] ~[1a^500] -[] 2
             > 3: participants [1a^500] 2
             > 2: roster +[] ~[1a^500] -[] 2
             ~2 drops
             ~3 leave
             ~4 join d
             wait 250
             > 1: roster +[?4d] ~[?2b!] -[3] 2",
        ),
        (
            "a guest is told of active devices and of the number of the others",
            SLOW_APPROVAL,
            "~1 join a admin
             ~2 join b changes
             ~wait 250
             3 join c
             > 3: joined 3 pending secret 3 [1a] 2
             > 1: participants [1a] [2b 3c]
             > 2: roster +[] ~[] -[] 2
             1 approve 3
             > approved c
             > 1: participants [1a 3c] [2b]
             > 3: participants [1a 3c] 1
             > 2: roster +[3c] ~[] -[] 1
             > 3: admitted",
        ),
        (
            "who was told the whole in between is told all that has changed since the announcement",
            SLOW_FREE,
            "~1 join a changes
             ~2 join b
             ~3 join c
             ~1 up
             1 who
             > 1: participants [1a^0 2b 3c] 0
             ~3 leave
             ~1 down
             wait 250
             > 2: participants [1a 2b] 0
             > 1: roster +[] ~[1a] -[3] 0",
        ),
        (
            "a resume may ask for another form",
            SLOW_FREE,
            "~1 join a changes
             ~2 join b
             ~3 join a resume 1
             ~wait 250
             2 up
             > 3,2: participants [1a 2b^250] 0",
        ),
    ]);
}

#[test]
fn guests_in_the_lobby_get_the_number_of_those_who_wait_and_no_list_of_ids() {
    check(&[(
        "and so do active guests",
        Setting {
            approved: "d",
            ..APPROVAL
        },
        "~1 join a admin
         2 join b
         > 2: joined 2 pending secret 2 [1a] 1
         > 1: participants [1a] [2b]
         3 join c
         > 3: joined 3 pending secret 3 [1a] 2
         > 1: participants [1a] [2b 3c]
         > 2: participants [1a] 2
         4 join d
         > 4: joined 4 active secret 4 [1a 4d] 2
         > 1: participants [1a 4d] [2b 3c]
         > 2,3: participants [1a 4d] 2",
    )]);
}

#[test]
fn a_hello_is_shown_to_admins_and_in_the_call_and_to_nobody_in_the_lobby() {
    check(&[
        (
            "an admin sees those of the lobby; who is let in is told those of the call",
            APPROVAL,
            "~1 join a admin changes hello
             2 join b changes hello
             > 2: joined 2 pending secret 2 [1a] 1
             > 1: roster +[?2b*2] ~[] -[] 1
             3 join c hello
             > 3: joined 3 pending secret 3 [1a] 2
             > 1: roster +[?3c*3] ~[] -[] 2
             > 2: roster +[] ~[] -[] 2
             1 up
             > 1: roster +[] ~[1a^0*1] -[] 2
             > 3: participants [1a^0] 2
             > 2: roster +[] ~[1a^0] -[] 2
             1 approve 2
             > approved b
             > 1: roster +[] ~[2b*2] -[] 1
             > 2: participants [1a^0*1 2b*2] 1
             > 3: participants [1a^0 2b] 1
             > 2: admitted
             1 down
             > 1: roster +[] ~[1a*1] -[] 1
             > 2: roster +[] ~[1a*1] -[] 1
             > 3: participants [1a 2b] 1
             3 who
             > 3: participants [1a 2b] 1
             2 who
             > 2: participants [1a*1 2b*2] 1",
        ),
        (
            "rosters without hellos are as they were",
            APPROVAL,
            "~1 join a admin
             ~2 join b changes
             ~3 join c changes hello
             1 approve 2
             > approved b
             > 1: participants [1a 2b] [3c*3]
             > 2,3: roster +[2b] ~[] -[] 1
             > 2: admitted",
        ),
        (
            "a device that is lost while it is let in learns them when it comes back",
            APPROVAL,
            "~1 join a admin hello
             ~2 join b changes hello
             ~2 drops
             ~1 approve 2
             3 join b changes resume 2
             > 3: joined 2 active secret 3 [1a*1 2b*2] 0
             > 1: participants [1a*1 2b*2] 0
             1 up
             > 1: participants [1a^0*1 2b*2] 0
             > 3: roster +[] ~[1a^0*1] -[] 0",
        ),
        (
            "a resume keeps the hello of its place, and brings none",
            FREE,
            "~1 join a hello
             ~2 join b
             ~3 join a hello resume 1
             4 join b hello resume 2
             > 2: close replaced
             > 4: joined 2 active secret 4 [1a*1 2b] 0
             ~5 join b hello
             4 who
             > 4: participants [1a*1 2b 5b*5] 0",
        ),
    ]);
}

#[test]
fn a_member_key_is_shown_to_whom_the_devices_id_is_shown() {
    check(&[
        (
            "active devices to all, those of the lobby to admins",
            APPROVAL,
            "~1 join a admin changes hello member 7
             2 join b changes hello member 8
             > 2: joined 2 pending secret 2 [1a=7] 1
             > 1: roster +[?2b*2=8] ~[] -[] 1
             3 join c
             > 3: joined 3 pending secret 3 [1a=7] 2
             > 1: roster +[?3c] ~[] -[] 2
             > 2: roster +[] ~[] -[] 2
             1 approve 2
             > approved b
             > 1: roster +[] ~[2b*2=8] -[] 1
             > 2: participants [1a*1=7 2b*2=8] 1
             > 3: participants [1a=7 2b=8] 1
             > 2: admitted",
        ),
        (
            "a resume keeps it",
            FREE,
            "~1 join a member 7
             ~1 drops
             2 join a member 7 resume 1
             > 2: joined 1 active secret 2 [1a=7] 0",
        ),
        (
            "a secret is good with its member key alone",
            FREE,
            "~1 join a member 7
             ~2 join b
             3 join a member 8 resume 1
             > 3: joined 3 active secret 3 [1a=7 2b 3a=8] 0
             > 1,2: participants [1a=7 2b 3a=8] 0
             4 join a resume 1
             > 4: joined 4 active secret 4 [1a=7 2b 3a=8 4a] 0
             > 1,2,3: participants [1a=7 2b 3a=8 4a] 0
             5 join b member 7 resume 2
             > 5: joined 5 active secret 5 [1a=7 2b 3a=8 4a 5b=7] 0
             > 1,2,3,4: participants [1a=7 2b 3a=8 4a 5b=7] 0
             6 join a member 7 resume 1
             > 1: close replaced
             > 6: joined 1 active secret 6 [1a=7 2b 3a=8 4a 5b=7] 0",
        ),
    ]);
}

#[test]
fn the_whole_roster_comes_on_demand() {
    check(&[
        (
            "five times at once, then once a second",
            FREE,
            "~1 join a
             ~1 who
             ~1 who
             ~1 who
             ~1 who
             1 who
             > 1: participants [1a] 0
             1 who
             > 1: error rate_limited
             1 who
             > 1: dropped
             later 1000
             1 who
             > 1: participants [1a] 0",
        ),
        (
            "and by itself to a connection that changes have not reached, which shows no life",
            FREE,
            "~1 join a changes
             later 10000
             1 missed
             > 1: participants [1a] 0
             2 missed
             wait 20000
             > 1: close silent",
        ),
    ]);
}
