//! Scripts by which random search has distinguished a call with a mistake from one without, reduced to the
//! necessary steps. Each row names the mistake. A script that the search finds is added here.

use crate::{agreement::agree, harness::Setting, script::Step};

const SETTING: Setting = Setting {
    max_devices: 3,
    max_remembered_users: 3,
    approved: "ab",
    ..Setting::APPROVAL
};

#[test]
fn what_was_found_stays_right() {
    for (mistake, script) in [
        (
            "a forgotten approval still counts as a remembered user",
            "1 join c
             2 join f
             3 join c
             2 leave
             4 join a
             5 join b admin
             5 block 4
             5 approve 3",
        ),
        (
            "the second denial of an admin's other device blocks the admin",
            "1 join a
             2 join c admin
             3 join c
             2 deny 3
             4 join a
             5 join c
             2 deny 5",
        ),
        (
            "approving a user's devices fills the call beyond its limit",
            "1 join c
             2 join a
             3 join c
             4 join a admin
             5 join c
             4 approve 5",
        ),
        (
            "an admitted device comes last in the list instead of in the order of joins",
            "1 join a
             2 join c
             3 join c
             4 join a admin
             4 approve 2",
        ),
        (
            "removing oneself does not forget the approval",
            "1 join a admin
             1 remove 1",
        ),
        (
            "the era goes on while only pending devices are left",
            "1 join a
             2 join a
             later 30000
             3 join a
             3 drops
             4 join c
             wait 30000",
        ),
        (
            "the bucket saves up more than a burst",
            "1 join a
             2 join a
             3 join a
             later 34
             2 all 5 64",
        ),
        (
            "a resumed device keeps its old secret",
            "1 join a
             2 join a
             3 join a resume 2
             4 join a resume 2
             5 join a resume 3",
        ),
        (
            "a demux id comes back within the era",
            "1 join a
             later 30000
             2 join a
             9 join a
             9 leave
             9 join a",
        ),
        (
            "the link is still good in the second in which it expires",
            "1 join a admin
             link 60
             2 join c
             later 29999
             1 ping
             later 29999
             1 ping
             later 2
             3 join a
             1 approve 2",
        ),
    ] {
        let steps: Vec<Step> = script.lines().map(Step::parse).collect();
        agree(SETTING, &steps).unwrap_or_else(|difference| panic!("{mistake}: {difference}"));
    }
}
