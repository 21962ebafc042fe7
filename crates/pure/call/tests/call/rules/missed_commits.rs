//! The commits that a device has missed.

use crate::rules::{APPROVAL, FREE, check};

/// Returns a script in which device 2 is lost at epoch 1, misses the commits up to `present`, and resumes its seat
/// with the epoch `have`. It expects the commits since `first`. Each commit has `kib` KiB.
fn resumed(have: u64, present: u64, kib: u32, first: u64) -> String {
    let made = (1..present).flat_map(|epoch| {
        [
            "~later 334".to_owned(),
            format!("~1 commit 1/{epoch} {kib}"),
        ]
    });
    let missed = match present - first {
        0 => String::new(),
        missed => format!(" missed {missed}"),
    };
    let sent = (first..present).map(|epoch| format!("> 3: commit 1/{epoch} from 1"));
    let start = ["~1 join a", "~2 join b", "~1 commit 1/0 to 2", "~2 drops"];
    let lines: Vec<String> = start
        .map(str::to_owned)
        .into_iter()
        .chain(made)
        .chain([
            format!("3 join b resume 2 have 1/{have}"),
            format!("> 3: joined 2 active secret 3 [1a 2b] 0 1/{present}{missed}"),
        ])
        .chain(sent)
        .chain(["> 1: participants [1a 2b] 0".to_owned()])
        .collect();
    lines.join("\n")
}

#[test]
fn who_resumes_is_sent_the_missed_commits_first() {
    check(&[
        ("all of them", FREE, &resumed(1, 5, 0, 1)),
        ("64 of them", FREE, &resumed(1, 65, 0, 1)),
        ("none if they were more", FREE, &resumed(1, 66, 0, 66)),
        ("64 of more", FREE, &resumed(2, 66, 0, 2)),
        ("a MiB of them", FREE, &resumed(1, 17, 64, 1)),
        ("none if they were longer", FREE, &resumed(1, 18, 64, 18)),
        ("a MiB of longer ones", FREE, &resumed(2, 18, 64, 2)),
        (
            "none if nothing was missed, in another group, or with an epoch to come",
            FREE,
            "~1 join a admin
             ~2 join b
             ~1 commit 1/0 to 2
             3 join b resume 2 have 1/1
             > 2: close replaced
             > 3: joined 2 active secret 3 [1a 2b] 0 1/1
             4 join b resume 3 have 1/2
             > 3: close replaced
             > 4: joined 2 active secret 4 [1a 2b] 0 1/1
             5 join b resume 4 have 0/0
             > 4: close replaced
             > 5: joined 2 active secret 5 [1a 2b] 0 1/1
             ~later 10000
             ~1 commit 2/0
             6 join b resume 5 have 1/0
             > 5: close replaced
             > 6: joined 2 active secret 6 [1a 2b] 0 2/1
             7 join b resume 6 have 3/0
             > 6: close replaced
             > 7: joined 2 active secret 7 [1a 2b] 0 2/1",
        ),
        (
            "one's own among them, after the sender vanished with it",
            FREE,
            "~1 join a
             ~2 join b
             ~1 commit 1/0 to 2
             2 commit 1/1
             > 1,2: commit 1/1 from 2
             ~2 drops
             3 join b resume 2 have 1/1
             > 3: joined 2 active secret 3 [1a 2b] 0 1/2 missed 1
             > 3: commit 1/1 from 2
             > 1: participants [1a 2b] 0",
        ),
        (
            "nobody who does not resume, and nobody who says no epoch",
            FREE,
            "~1 join a
             ~2 join b
             ~1 commit 1/0 to 2
             3 join c have 1/0
             > 3: joined 3 active secret 3 [1a 2b 3c] 0 1/1
             > 1,2: participants [1a 2b 3c] 0
             4 join c resume 3
             > 3: close replaced
             > 4: joined 3 active secret 4 [1a 2b 3c] 0 1/1
             5 join c resume 9 have 1/0
             > 5: joined 5 active secret 5 [1a 2b 3c 5c] 0 1/1
             > 1,2,4: participants [1a 2b 3c 5c] 0",
        ),
        (
            "nobody who never came into the group",
            FREE,
            "~1 join a
             ~2 join b
             ~1 commit 1/0
             ~1 commit 1/1
             3 join b resume 2 have 1/1
             > 2: close replaced
             > 3: joined 2 active secret 3 [1a 2b] 0 1/2",
        ),
        (
            "five times at once, and again after a second",
            FREE,
            "~1 join a
             ~2 join b
             ~1 commit 1/0 to 2
             ~1 commit 1/1
             ~3 join b resume 2 have 1/1
             ~4 join b resume 3 have 1/1
             ~5 join b resume 4 have 1/2
             ~6 join b resume 5 have 1/1
             ~7 join b resume 6 have 1/1
             8 join b resume 7 have 1/1
             > 7: close replaced
             > 8: joined 2 active secret 8 [1a 2b] 0 1/2 missed 1
             > 8: commit 1/1 from 1
             9 join b resume 8 have 1/1
             > 8: close replaced
             > 9: joined 2 active secret 9 [1a 2b] 0 1/2
             later 1000
             10 join b resume 9 have 1/1
             > 9: close replaced
             > 10: joined 2 active secret 10 [1a 2b] 0 1/2 missed 1
             > 10: commit 1/1 from 1",
        ),
        (
            "nobody in the lobby",
            APPROVAL,
            "~1 join a admin
             ~1 commit 1/0
             ~2 join b
             3 join b resume 2 have 1/0
             > 2: close replaced
             > 3: joined 2 pending secret 3 [1a] 1",
        ),
    ]);
}
