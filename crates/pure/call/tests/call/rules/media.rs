//! Media: who has them, what each device sends, and what admins stop.

use anteroom_call::{OFFER_BURST, VIEWS_PER_SECOND};

use crate::{
    harness::Setting,
    rules::{APPROVAL, check},
};

const FREE: Setting = Setting {
    has_media: true,
    ..Setting::FREE
};

const LOBBY: Setting = Setting {
    has_media: true,
    ..APPROVAL
};

#[test]
fn whoever_is_active_with_a_member_key_has_media() {
    check(&[
        (
            "from the join on, and others have none",
            FREE,
            "1 join a member 1
             > media +1a
             > 1: joined 1 active secret 1 [1a=1] 0
             2 join b
             > 2: joined 2 active secret 2 [1a=1 2b] 0
             > 1: participants [1a=1 2b] 0
             2 offer 1
             > 2: error media_refused
             2 view
             > 2: error media_refused
             2 publish a
             > 2: error media_refused
             1 offer 1
             > media offer 1 1
             1 view
             > media view 1",
        ),
        (
            "from the approval on",
            LOBBY,
            "~1 join a admin
             2 join b member 2
             > 2: joined 2 pending secret 2 [1a] 1
             > 1: participants [1a] [2b=2]
             2 offer 1
             > 2: error not_active
             2 view
             > 2: error not_active
             2 publish ac
             > 2: error not_active
             1 approve 2
             > approved b
             > media +2b
             > 1: participants [1a 2b=2] 0
             > 2: participants [1a 2b=2] 0
             > 2: admitted",
        ),
        (
            "nobody has any where no media server carries the call",
            Setting::FREE,
            "~1 join a admin member 1
             1 offer 1
             > 1: error media_unavailable
             1 view
             > 1: error media_unavailable
             1 publish a
             > 1: error media_unavailable
             1 mute all a
             > 1: error media_unavailable",
        ),
    ]);
}

#[test]
fn media_end_before_anybody_is_told() {
    check(&[
        (
            "when the device leaves",
            FREE,
            "~1 join a member 1
             ~2 join b member 2
             2 leave
             > media -2
             > 2: close left
             > gone 2 active left
             > 1: participants [1a=1] 0",
        ),
        (
            "when it is removed",
            FREE,
            "~1 join a admin
             ~2 join b member 2
             1 remove 2
             > media -2
             > 2: removed
             > 2: close removed
             > gone 2 active removed
             > 1: participants [1a] 0",
        ),
        (
            "when its user is blocked, of all devices",
            FREE,
            "~1 join a admin
             ~2 join b member 2
             ~3 join b member 3
             1 block 2
             > media -2
             > media -3
             > 2: blocked
             > 2: close blocked
             > gone 2 active blocked
             > 3: blocked
             > 3: close blocked
             > gone 3 active blocked
             > 1: participants [1a] 0",
        ),
        (
            "when an admin takes its place in a full call",
            Setting {
                max_devices: 1,
                ..FREE
            },
            "~1 join a member 1
             2 join b admin member 2
             > media -1
             > 1: error displaced
             > 1: close displaced
             > gone 1 active displaced
             > media +2b
             > 2: joined 2 active admin secret 2 [2b=2] 0",
        ),
        (
            "when the era ends, of all devices at once",
            FREE,
            "~1 join a member 1
             ~2 join b member 2
             end
             > media close
             > 1: error ended
             > 1: close ended
             > gone 1 active ended
             > 2: error ended
             > 2: close ended
             > gone 2 active ended
             > ended",
        ),
        (
            "a device that waits had none",
            LOBBY,
            "~1 join a admin
             ~2 join b member 2
             1 deny 2
             > 2: denied admin
             > 2: close denied
             > gone 2 pending denied
             > 1: participants [1a] 0",
        ),
    ]);
}

#[test]
fn media_belong_to_the_seat() {
    check(&[
        (
            "a lost connection keeps them, and a resume takes them over",
            FREE,
            "~1 join a
             ~2 join b member 2
             2 publish ac
             > media publish 2 ac
             > 1,2: participants [1a 2b=2(ac)] 0
             2 drops
             > 1: participants [1a 2b!=2(ac)] 0
             ~wait 29000
             ~1 ping
             3 join b member 2 resume 2
             > 3: joined 2 active secret 3 [1a 2b=2(ac)] 0
             > 1: participants [1a 2b=2(ac)] 0
             3 view
             > media view 2",
        ),
        (
            "until the seat is free",
            FREE,
            "~1 join a
             ~2 join b member 2
             ~2 drops
             ~wait 29000
             ~1 ping
             wait 1000
             > media -2
             > gone 2 active timedout
             > 1: participants [1a] 0",
        ),
    ]);
}

#[test]
fn an_admin_stops_what_others_send() {
    check(&[
        (
            "until it is published anew; the media are told first",
            FREE,
            "~1 join a admin
             ~2 join b member 2
             ~2 publish ac
             1 mute 2 a
             > media mute 2 a by 1
             > 2: muted mute a by 1
             > 1: participants [1a 2b=2(c)] 0
             > 2: participants [1a 2b=2(c)] 0
             ~wait 1000
             2 publish ac
             > media publish 2 ac
             2 publish c
             > media publish 2 c
             ~wait 1000
             2 publish ac
             > media publish 2 ac
             > 1: participants [1a 2b=2(ac)] 0
             > 2: participants [1a 2b=2(ac)] 0",
        ),
        (
            "and while it is held",
            FREE,
            "~1 join a admin
             ~2 join b member 2
             ~2 publish a
             ~1 hold 2 a
             ~2 publish -
             ~wait 1000
             2 publish a
             > media publish 2 a
             1 release 2 a
             > media release 2 a by 1
             > 2: muted release a by 1
             > 1: participants [1a 2b=2(a)] 0
             > 2: participants [1a 2b=2(a)] 0
             1 release 2 a
             > media release 2 a by 1
             > 2: muted release a by 1",
        ),
        (
            "of all but the admin's own device and those named",
            FREE,
            "~1 join a admin member 1
             ~2 join b member 2
             ~3 join c member 3
             ~4 join d
             1 mute but,3 t
             > media mute but,3 t by 1
             > 2: muted mute t by 1
             1 hold all c
             > media hold all c by 1
             > 2: muted hold c by 1
             > 3: muted hold c by 1",
        ),
        (
            "nobody else does, and of no device that is not in the call",
            LOBBY,
            "~1 join a admin
             ~2 join b member 2
             2 mute 1 a
             > 2: error forbidden
             2 mute all a
             > 2: error forbidden
             1 mute 2 a
             > 1: error not_active
             1 mute 9 a
             > 1: error unknown_device",
        ),
        (
            "a hold is of the user: of each device, and for the era",
            FREE,
            "~1 join a admin member 1
             ~2 join b member 2
             ~3 join b member 3
             1 hold 2 a
             > media hold all a by 1
             > 2: muted hold a by 1
             > 3: muted hold a by 1
             ~2 leave
             ~3 leave
             4 join b member 4
             > media +4b
             > media hold 4 a by 4
             > 4: joined 4 active secret 4 [1a=1 4b=4] 0
             > 4: muted hold a by 1
             > 1: participants [1a=1 4b=4] 0
             4 publish as
             > media publish 4 as
             > 1: participants [1a=1 4b=4(s)] 0
             > 4: participants [1a=1 4b=4(s)] 0
             ~4 leave
             1 release all a
             > media release all a by 1
             ~5 join b member 5
             5 publish a
             > media publish 5 a
             > 1: participants [1a=1 5b=5(a)] 0
             > 5: participants [1a=1 5b=5(a)] 0",
        ),
        (
            "a hold of a user with many devices is one order, and another for the admin's own device",
            FREE,
            "~1 join a admin member 1
             ~2 join a member 2
             ~3 join a member 3
             ~4 join b member 4
             1 hold 3 a
             > media hold but,4 a by 1
             > media hold 1 a by 1
             > 3: muted hold a by 1
             > 1: muted hold a by 1
             > 2: muted hold a by 1",
        ),
        (
            "the device of an admin and those that are left out stand for their users",
            FREE,
            "~1 join a admin member 1
             ~2 join a member 2
             ~3 join b member 3
             ~4 join b member 4
             ~5 join c member 5
             1 hold but,3 a
             > media hold but,3,2,4 a by 1
             > 5: muted hold a by 1
             1 release but,5 a
             > media release but,5,2 a by 1
             > 3: muted release a by 1
             > 4: muted release a by 1
             ~5 leave
             6 join c member 6
             > media +6c
             > media hold 6 a by 6
             > 6: joined 6 active secret 6 [1a=1 2a=2 3b=3 4b=4 6c=6] 0
             > 6: muted hold a by 1
             > 1: participants [1a=1 2a=2 3b=3 4b=4 6c=6] 0
             > 2,3,4: participants [1a=1 2a=2 3b=3 4b=4 6c=6] 0",
        ),
        (
            "a source that the media have stopped is sent no more either, until it is published anew",
            FREE,
            "~1 join a member 1
             ~1 publish cs
             dropped 1 c
             > media mute 1 c by 1
             > 1: participants [1a=1(s)] 0
             ~1 publish s
             ~wait 1000
             1 publish cs
             > media publish 1 cs
             > 1: participants [1a=1(cs)] 0
             dropped 9 c",
        ),
    ]);
}

#[test]
fn requests_about_media_have_limits() {
    let offers = "~1 offer 1\n".repeat(usize::try_from(OFFER_BURST).unwrap());
    let views = "~1 view\n".repeat(usize::try_from(VIEWS_PER_SECOND).unwrap());
    let script = format!(
        "~1 join a member 1
         {offers}1 offer 2
         > 1: error too_many_offers
         1 offer 2
         > 1: error too_many_offers
         ~wait 4999
         1 offer 2
         > 1: error too_many_offers
         ~wait 1
         1 offer 3
         > media offer 1 3
         1 offer 4
         > 1: error too_many_offers
         {views}1 view
         > 1: error rate_limited
         1 view
         > 1: dropped
         ~wait 100
         1 view
         > media view 1
         ~1 publish a
         ~1 publish c
         1 publish a
         > 1: error rate_limited
         ~wait 500
         1 publish a
         > media publish 1 a
         > 1: participants [1a=1(a)] 0"
    );
    check(&[("offers, views and publications", FREE, &script)]);
}

#[test]
fn offers_are_counted_for_the_user_over_seats_and_devices() {
    let offers = "~1 offer 1\n".repeat(usize::try_from(OFFER_BURST).unwrap());
    let others = offers.replace("~1", "~2");
    let script = format!(
        "~9 join f member 9
         ~1 join a member 1
         ~2 join a member 2
         {offers}{others}~1 leave
         ~3 join a member 3
         3 offer 1
         > 3: error too_many_offers
         9 offer 1
         > media offer 9 1
         ~2 leave
         ~3 leave
         ~wait 2499
         ~4 join a member 4
         4 offer 1
         > 4: error too_many_offers
         ~wait 1
         4 offer 1
         > media offer 4 1
         4 offer 2
         > 4: error too_many_offers"
    );
    check(&[("joining again brings no offers", FREE, &script)]);
}
