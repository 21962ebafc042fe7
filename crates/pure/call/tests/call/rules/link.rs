//! The effects of the link's state.

use crate::rules::{APPROVAL, check};

#[test]
fn a_change_of_the_link_is_told_and_stops_joins_and_admissions_only() {
    check(&[
        (
            "revoked: everybody is told, and the call goes on",
            APPROVAL,
            "~1 join a admin
             ~2 join b
             link revoked
             > 1,2: link adminApproval revoked
             3 join c admin
             > 3: error expired
             > 3: close refused
             1 approve 2
             > 1: error expired
             1 up
             > 1: participants [1a^0] [2b]
             > 2: participants [1a^0] 1
             link open
             > 1,2: link adminApproval
             1 approve 2
             > approved b
             > 1: participants [1a^0 2b] 0
             > 2: participants [1a^0 2b] 0
             > 2: admitted",
        ),
        (
            "another statement of the admins: everybody is told, once",
            APPROVAL,
            "~1 join a admin
             ~2 join b
             link with 5
             > 1,2: link adminApproval with 5
             link with 5
             link revoked
             > 1,2: link adminApproval revoked with 5
             link with 6
             > 1,2: link adminApproval revoked with 6",
        ),
        (
            "revoked: those who wait can still be denied",
            APPROVAL,
            "~1 join a admin
             ~2 join b
             ~link revoked
             1 deny 2
             > 2: denied admin
             > 2: close denied
             > gone 2 pending denied
             > 1: participants [1a] 0",
        ),
        (
            "expired: from the second on that the link says",
            APPROVAL,
            "~1 join a admin
             ~2 join b
             link 1
             > 1,2: link adminApproval
             later 999
             3 join c
             > 3: joined 3 pending secret 3 [1a] 2
             > 1: participants [1a] [2b 3c]
             > 2: participants [1a] 2
             later 1
             4 join d
             > 4: error expired
             > 4: close refused
             1 approve 2
             > 1: error expired",
        ),
        (
            "what does not change is not told",
            APPROVAL,
            "~1 join a admin
             link open",
        ),
        (
            "restrictions do not change while a call is on",
            APPROVAL,
            "~1 join a admin
             link unlimited
             2 join b
             > 2: joined 2 pending secret 2 [1a] 1
             > 1: participants [1a] [2b]",
        ),
        (
            "but they do before it has started, and who waits under the old ones is sent away",
            APPROVAL,
            "~1 join a
             link unlimited
             > 1: denied ended
             > 1: close ended
             > gone 1 pending ended
             > ended",
        ),
        (
            "and before anybody has come",
            APPROVAL,
            "link unlimited
             1 join a
             > 1: joined 1 active secret 1 [1a] 0",
        ),
    ]);
}
