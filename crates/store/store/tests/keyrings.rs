//! The keys of a database: created once, unlocked by their master key, refused in every other case.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use anteroom_protocol::{Aci, Timestamp};
use anteroom_store::{
    DeviceId, DevicePassword, KeyError, KeyOwner, Keyring, MasterKey, TokenKey,
    keys::{Column, KeyCheck, KeyId, KeyPurpose, StoredKeys},
};
use rand::{SeedableRng, rngs::StdRng};

const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

#[test]
fn the_master_key_unlocks_the_same_keys() {
    let (master, keyring, stored, mut rng) = created(1);
    let column = Column::new("accounts", "aci");
    let sealed = keyring
        .sealer()
        .seal(column, b"row", b"value", &mut rng)
        .unwrap();
    let aci = Aci::random(&mut rng);

    let again = Keyring::unlock(KeyOwner::Issuer, &master, &stored).unwrap();

    let opened = again.sealer().open(column, b"row", &sealed).unwrap();
    assert_eq!(opened.as_slice(), b"value");
    let (keys, again) = (keyring.storage(), again.storage());
    assert_eq!(keys.account_index(&aci), again.account_index(&aci));
    assert_eq!(keys.event_key().as_bytes(), again.event_key().as_bytes());
    let hash = keys.password_hash(&aci, DeviceId::PRIMARY, "password");
    assert!(hash.matches(&again.password_hash(&aci, DeviceId::PRIMARY, "password")));
}

#[test]
fn a_wrong_master_key_is_told_from_damage() {
    let (master, _, stored, mut rng) = created(1);
    let wrong = MasterKey::random(&mut rng);
    let unlock = |master: &MasterKey, stored: &StoredKeys| {
        Keyring::unlock(KeyOwner::Issuer, master, stored).map(drop)
    };

    assert_eq!(unlock(&wrong, &stored), Err(KeyError::WrongMasterKey));

    for key in 0..stored.keys.len() {
        for byte in 0..stored.keys[key].wrapped.len() {
            let mut damaged = stored.clone();
            damaged.keys[key].wrapped[byte] ^= 1;
            assert_eq!(unlock(&master, &damaged), Err(KeyError::DamagedKeys));
        }
        let mut cut = stored.clone();
        cut.keys[key].wrapped.clear();
        assert_eq!(unlock(&master, &cut), Err(KeyError::DamagedKeys));
    }
}

#[test]
fn a_key_serves_its_own_purpose_id_and_service_only() {
    let (master, _, stored, _) = created(1);
    let unlock = |stored: &StoredKeys| Keyring::unlock(KeyOwner::Issuer, &master, stored).map(drop);

    let mut exchanged = stored.clone();
    let [first, second, ..] = exchanged.keys.as_mut_slice() else {
        panic!("a key for each purpose");
    };
    std::mem::swap(&mut first.wrapped, &mut second.wrapped);
    assert_eq!(unlock(&exchanged), Err(KeyError::DamagedKeys));

    let mut renumbered = stored.clone();
    renumbered.keys[0].id = renumbered.keys[1].id;
    assert_eq!(unlock(&renumbered), Err(KeyError::DamagedKeys));

    let rooms = Keyring::unlock(KeyOwner::Rooms, &master, &stored).map(drop);
    assert_eq!(rooms, Err(KeyError::WrongMasterKey));
}

#[test]
fn a_missing_key_is_never_made_anew() {
    let (master, _, stored, _) = created(1);
    for purpose in [
        KeyPurpose::Data,
        KeyPurpose::Index,
        KeyPurpose::Password,
        KeyPurpose::Event,
    ] {
        let mut fewer = stored.clone();
        fewer.keys.retain(|key| key.purpose != purpose);
        let unlocked = Keyring::unlock(KeyOwner::Issuer, &master, &fewer).map(drop);
        assert_eq!(unlocked, Err(KeyError::KeysMissing), "{purpose:?}");
    }
}

#[test]
fn only_the_issuer_has_token_keys_and_an_older_database_lacks_them() {
    let (master, keyring, mut stored, mut rng) = created(1);
    let [token] = keyring.storage().token_keys() else {
        panic!("one token key");
    };
    assert_eq!(token.created(), NOW);
    assert_eq!(keyring.missing().count(), 0);

    stored.keys.retain(|key| key.purpose != KeyPurpose::Token);
    let older = Keyring::unlock(KeyOwner::Issuer, &master, &stored).unwrap();
    assert!(older.storage().token_keys().is_empty());
    assert_eq!(older.missing().collect::<Vec<_>>(), [KeyPurpose::Token]);

    let (rooms, _) = Keyring::create(KeyOwner::Rooms, &master, NOW, &mut rng).unwrap();
    assert!(rooms.storage().token_keys().is_empty());
    assert_eq!(rooms.missing().count(), 0);
}

#[test]
fn a_newer_data_key_seals_and_the_older_still_open() {
    const COLUMN: Column = Column::new("accounts", "aci");
    let (_, keyring, mut stored, mut rng) = created(1);
    let old = keyring
        .sealer()
        .seal(COLUMN, b"1", b"old", &mut rng)
        .unwrap();
    for (id, purpose) in [
        (8, KeyPurpose::Data),
        (9, KeyPurpose::Event),
        (10, KeyPurpose::Token),
    ] {
        let later = NOW.plus(u64::from(id));
        let drawn = keyring.draw(KeyId::new(id), purpose, later, &mut rng);
        stored.keys.insert(0, drawn.unwrap());
    }

    let rotated = keyring.reload(&stored.keys).unwrap();

    assert_eq!(rotated.newest(), KeyId::new(10));
    let new = rotated
        .sealer()
        .seal(COLUMN, b"2", b"new", &mut rng)
        .unwrap();
    let open = |row: &[u8], sealed| rotated.sealer().open(COLUMN, row, sealed).unwrap();
    assert_eq!(open(b"1", &old).as_slice(), b"old");
    assert_eq!(open(b"2", &new).as_slice(), b"new");
    assert!(keyring.sealer().open(COLUMN, b"2", &new).is_err());
    let (keys, before) = (rotated.storage(), keyring.storage());
    assert_ne!(keys.event_key().as_bytes(), before.event_key().as_bytes());
    let tokens: Vec<_> = keys.token_keys().iter().map(TokenKey::id).collect();
    assert_eq!(tokens, [KeyId::new(10), before.token_keys()[0].id()]);
    assert_eq!(keys.token_keys()[1].seed(), before.token_keys()[0].seed());
    let aci = Aci::random(&mut rng);
    assert_eq!(keys.account_index(&aci), before.account_index(&aci));
}

#[test]
fn another_master_key_takes_the_same_keys_over() {
    let (master, keyring, stored, mut rng) = created(1);
    let next = MasterKey::random(&mut rng);

    let rewrapped = keyring.rewrap(&stored.keys, &next, &mut rng).unwrap();

    let again = Keyring::unlock(KeyOwner::Issuer, &next, &rewrapped).unwrap();
    let aci = Aci::random(&mut rng);
    let index = again.storage().account_index(&aci);
    assert_eq!(index, keyring.storage().account_index(&aci));
    let old = Keyring::unlock(KeyOwner::Issuer, &master, &rewrapped).map(drop);
    assert_eq!(old, Err(KeyError::WrongMasterKey));
    assert!(keyring.reload(&rewrapped.keys).is_err());
}

#[test]
fn two_databases_of_one_master_key_share_nothing() {
    let (master, first, first_stored, mut rng) = created(1);
    let (second, second_stored) =
        Keyring::create(KeyOwner::Issuer, &master, NOW, &mut rng).unwrap();
    let aci = Aci::random(&mut rng);

    assert_ne!(first_stored.check, second_stored.check);
    assert_ne!(
        first.storage().account_index(&aci),
        second.storage().account_index(&aci)
    );
    let mixed = StoredKeys {
        check: second_stored.check,
        keys: first_stored.keys,
    };
    let unlocked = Keyring::unlock(KeyOwner::Issuer, &master, &mixed).map(drop);
    assert_eq!(unlocked, Err(KeyError::DamagedKeys));
}

#[test]
fn an_altered_check_is_refused() {
    let (master, _, stored, _) = created(1);
    for byte in 0..48 {
        let mut check = *stored.check.as_bytes();
        check[byte] ^= 1;
        let altered = StoredKeys {
            check: KeyCheck::from_bytes(check),
            keys: stored.keys.clone(),
        };
        let unlocked = Keyring::unlock(KeyOwner::Issuer, &master, &altered).map(drop);
        assert_eq!(unlocked, Err(KeyError::WrongMasterKey), "byte {byte}");
    }
}

#[test]
fn a_password_hash_holds_for_one_device_of_one_account() {
    let (_, keyring, _, mut rng) = created(1);
    let keys = keyring.storage();
    let (aci, other) = (Aci::random(&mut rng), Aci::random(&mut rng));
    let second = DeviceId::new(2).unwrap();
    let hash = keys.password_hash(&aci, DeviceId::PRIMARY, "password");

    assert!(hash.matches(&keys.password_hash(&aci, DeviceId::PRIMARY, "password")));
    for (what, wrong) in [
        (
            "password",
            keys.password_hash(&aci, DeviceId::PRIMARY, "Password"),
        ),
        (
            "no password",
            keys.password_hash(&aci, DeviceId::PRIMARY, ""),
        ),
        ("device", keys.password_hash(&aci, second, "password")),
        (
            "account",
            keys.password_hash(&other, DeviceId::PRIMARY, "password"),
        ),
    ] {
        assert!(!hash.matches(&wrong), "{what}");
    }
}

#[test]
fn a_blind_index_depends_on_value_and_column() {
    let (_, keyring, _, _) = created(1);
    let index = |table, name, value: &[u8]| {
        keyring
            .storage()
            .blind_index(Column::new(table, name), value)
    };
    let one = index("accounts", "aci", b"value");
    assert_eq!(one, index("accounts", "aci", b"value"));
    assert_ne!(one, index("accounts", "aci", b"valve"));
    assert_ne!(one, index("accounts", "pni", b"value"));
    assert_ne!(one, index("devices", "aci", b"value"));
    assert_ne!(one, index("accounts", "aciv", b"alue"));
}

#[test]
fn a_master_key_survives_its_text() {
    let (master, _, stored, _) = created(1);
    let text = master.to_text();
    for text in [text.to_string(), format!("  {}\r\n", *text)] {
        let parsed = MasterKey::parse(&text).unwrap();
        assert!(Keyring::unlock(KeyOwner::Issuer, &parsed, &stored).is_ok());
    }
}

#[test]
fn other_texts_are_no_master_key() {
    for text in [
        "",
        "AAAA",
        // 31 and 33 bytes, no padding, base64url, hex, inner white space, stray bits.
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "____________________________________________",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "AAAAAAAAAAAAAAAAAAAAA AAAAAAAAAAAAAAAAAAAAAA=",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=",
    ] {
        let parsed = MasterKey::parse(text).map(drop);
        assert_eq!(parsed, Err(KeyError::MalformedMasterKey), "{text}");
    }
}

#[test]
fn device_passwords_are_long_and_never_the_same() {
    let mut rng = StdRng::seed_from_u64(1);
    let first = DevicePassword::random(&mut rng);
    let second = DevicePassword::random(&mut rng);
    assert_eq!(first.as_str().len(), 32);
    assert_ne!(first.as_str(), second.as_str());
}

#[test]
fn debug_output_shows_no_secret() {
    let (master, keyring, _, mut rng) = created(1);
    let password = DevicePassword::random(&mut rng);
    let hash = keyring.storage().password_hash(
        &Aci::random(&mut rng),
        DeviceId::PRIMARY,
        password.as_str(),
    );
    assert_eq!(format!("{master:?}"), "MasterKey(..)");
    assert_eq!(format!("{keyring:?}"), "Keyring(..)");
    assert_eq!(format!("{:?}", keyring.storage()), "StorageKeys(..)");
    assert_eq!(
        format!("{:?}", keyring.storage().event_key()),
        "EventKey(..)"
    );
    assert_eq!(format!("{:?}", keyring.sealer()), "Sealer(1 keys)");
    assert_eq!(format!("{password:?}"), "DevicePassword(..)");
    assert_eq!(format!("{hash:?}"), "PasswordHash(..)");
}

fn created(seed: u64) -> (MasterKey, Keyring, StoredKeys, StdRng) {
    let mut rng = StdRng::seed_from_u64(seed);
    let master = MasterKey::random(&mut rng);
    let (keyring, stored) = Keyring::create(KeyOwner::Issuer, &master, NOW, &mut rng).unwrap();
    (master, keyring, stored, rng)
}
