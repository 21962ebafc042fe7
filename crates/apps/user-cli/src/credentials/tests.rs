use std::{fs, os::unix::fs::PermissionsExt as _, thread};

use anteroom_client::CredentialSupply;
use anteroom_protocol::DAY;
use tempfile::TempDir;

use super::*;

const NOW: Timestamp = Timestamp::from_secs(20_000 * DAY + 5);

fn account(byte: u8) -> Aci {
    Aci::from_bytes([byte; 16])
}

fn file_of(dir: &TempDir, byte: u8) -> CredentialFile {
    let aci = account(byte);
    let owner = owner("https://id.example", &aci);
    CredentialFile {
        file: SealedFile {
            path: dir.path().join(format!("credentials/{owner}.sealed")),
            key_path: dir.path().join("credentials.key"),
            kind: &KIND,
            owner: Some(owner),
        },
        aci,
    }
}

/// Stores the result of a renewal at an issuer without params.
fn renew(file: &CredentialFile) -> CredentialStore {
    file.renew(PublishedParams::default(), CredentialSupply::default(), NOW)
        .0
}

#[test]
fn credentials_are_stored_found_changed_and_removed() {
    let dir = TempDir::new().unwrap();
    let file = file_of(&dir, 1);
    assert!(file.load().is_none());
    assert!(file.change(|_| ()).unwrap().is_none());
    let schedule = renew(&file).schedule;
    assert_eq!(file.load().unwrap().schedule, schedule);
    let later = NOW.plus(DAY);
    let is_new = file.change(|store| store.schedule.note_use(later)).unwrap();
    assert_eq!(is_new, Some(true));
    assert_eq!(
        file.load().unwrap().schedule.last_use(),
        later.start_of_day()
    );
    file.remove().unwrap();
    assert!(file.load().is_none());
}

#[test]
fn a_use_is_noted_where_there_are_credentials() {
    let dir = TempDir::new().unwrap();
    let file = file_of(&dir, 1);
    let later = NOW.plus(30 * DAY);
    file.note_use(later);
    assert!(file.load().is_none());
    renew(&file);
    assert_eq!(file.load().unwrap().schedule.last_use(), NOW.start_of_day());
    for now in [later, later.plus(60)] {
        file.note_use(now);
        let last = file.load().unwrap().schedule.last_use();
        assert_eq!(last, later.start_of_day());
    }
}

#[test]
fn the_file_shows_nothing_and_is_the_users_alone() {
    let dir = TempDir::new().unwrap();
    let file = file_of(&dir, 1);
    renew(&file);
    let bytes = fs::read(&file.file.path).unwrap();
    let uuid = account(1).to_uuid_string();
    let shown = format!(
        "{} {}",
        file.file.path.display(),
        String::from_utf8_lossy(&bytes)
    );
    assert!(!shown.contains(&uuid) && !shown.contains("id.example"));
    for path in [&file.file.path, &file.file.key_path] {
        let mode = fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", path.display());
    }
}

#[test]
fn what_cannot_be_read_counts_as_none_and_is_replaced() {
    let dir = TempDir::new().unwrap();
    let (file, other) = (file_of(&dir, 1), file_of(&dir, 2));
    renew(&other);
    let of_other = fs::read(&other.file.path).unwrap();
    renew(&file);
    let good = fs::read(&file.file.path).unwrap();
    let mut flipped = good.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let sealed_text = |text: &[u8]| {
        file.file.write(text).unwrap();
        fs::read(&file.file.path).unwrap()
    };
    let no_store = sealed_text(b"{}");
    for bad in [Vec::new(), flipped, of_other, no_store] {
        fs::write(&file.file.path, &bad).unwrap();
        assert!(file.load().is_none());
        assert!(file.change(|_| ()).is_err());
        // A change does not overwrite an unreadable file; a renewal does.
        assert_eq!(fs::read(&file.file.path).unwrap(), bad);
        renew(&file);
        assert!(file.load().is_some());
    }
    fs::remove_file(&file.file.key_path).unwrap();
    assert!(file.load().is_none());
    renew(&file);
    assert!(file.load().is_some());
}

#[test]
fn a_store_that_cannot_be_written_is_given_all_the_same() {
    let dir = TempDir::new().unwrap();
    let file = file_of(&dir, 1);
    fs::write(dir.path().join("credentials"), "no directory").unwrap();
    assert_eq!(renew(&file).aci(), account(1));
    assert!(file.load().is_none());
}

#[test]
fn changes_at_the_same_time_are_all_made() {
    const EACH: u64 = 20;
    let dir = TempDir::new().unwrap();
    let file = file_of(&dir, 1);
    let first = renew(&file).schedule.last_use();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..EACH {
                    let next_day = |store: &mut CredentialStore| {
                        let next = store.schedule.last_use().plus(DAY);
                        store.schedule.note_use(next)
                    };
                    assert_eq!(file.change(next_day).unwrap(), Some(true));
                }
            });
        }
    });
    let last = file.load().unwrap().schedule.last_use();
    assert_eq!(last, first.plus(4 * EACH * DAY));
}

#[test]
fn one_process_at_a_time_waits_for_a_renewal() {
    let dir = TempDir::new().unwrap();
    let (file, other) = (file_of(&dir, 1), file_of(&dir, 2));
    let lock = file.lock_renewal().unwrap().unwrap();
    assert!(file.lock_renewal().unwrap().is_none());
    assert!(other.lock_renewal().unwrap().is_some());
    drop(lock);
    assert!(file.lock_renewal().unwrap().is_some());
}
