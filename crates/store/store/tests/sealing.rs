//! A sealed value can be unsealed only for the row and column that it was sealed for.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use anteroom_protocol::Timestamp;
use anteroom_store::{KeyOwner, Keyring, MasterKey, SealError, SealedValue, keys::Column};
use rand::{SeedableRng, rngs::StdRng};

const COLUMN: Column = Column::new("accounts", "aci");
const ROW: &[u8] = b"row";
const VALUE: &[u8] = b"a value of some length";

#[test]
fn a_sealed_value_opens_where_it_was_sealed() {
    let (keyring, mut rng) = keyring(1);
    for value in [b"".as_slice(), VALUE, &[0; 10_000]] {
        let sealed = keyring.sealer().seal(COLUMN, ROW, value, &mut rng).unwrap();
        let opened = keyring.sealer().open(COLUMN, ROW, &sealed).unwrap();
        assert_eq!(opened.as_slice(), value);
    }
}

#[test]
fn a_sealed_value_opens_nowhere_else() {
    let (keyring, mut rng) = keyring(1);
    let sealed = keyring.sealer().seal(COLUMN, ROW, VALUE, &mut rng).unwrap();
    let elsewhere = [
        ("another table", Column::new("devices", "aci"), ROW),
        ("another column", Column::new("accounts", "pni"), ROW),
        ("another row", COLUMN, b"wor".as_slice()),
        ("no row", COLUMN, b""),
        ("a longer row", COLUMN, b"row\0"),
        ("a shifted border", Column::new("account", "saci"), ROW),
        (
            "a border shifted into the row",
            Column::new("accounts", "acir"),
            b"ow",
        ),
    ];
    for (place, column, row) in elsewhere {
        let opened = keyring.sealer().open(column, row, &sealed);
        assert_eq!(opened, Err(SealError), "{place}");
    }
}

#[test]
fn another_databases_keys_open_nothing() {
    let (keyring, mut rng) = keyring(1);
    let (other, _) = self::keyring(2);
    let sealed = keyring.sealer().seal(COLUMN, ROW, VALUE, &mut rng).unwrap();
    assert_eq!(other.sealer().open(COLUMN, ROW, &sealed), Err(SealError));
}

#[test]
fn every_flipped_bit_is_refused() {
    let (keyring, mut rng) = keyring(1);
    let sealed = keyring.sealer().seal(COLUMN, ROW, VALUE, &mut rng).unwrap();
    for byte in 0..sealed.as_bytes().len() {
        for bit in 0..8 {
            let mut altered = sealed.as_bytes().to_vec();
            altered[byte] ^= 1 << bit;
            let opened = keyring
                .sealer()
                .open(COLUMN, ROW, &SealedValue::from_bytes(altered));
            assert_eq!(opened, Err(SealError), "bit {bit} of byte {byte}");
        }
    }
}

#[test]
fn every_other_length_is_refused() {
    let (keyring, mut rng) = keyring(1);
    let sealed = keyring.sealer().seal(COLUMN, ROW, VALUE, &mut rng).unwrap();
    let mut longer = sealed.as_bytes().to_vec();
    longer.push(0);
    let shorter = (0..sealed.as_bytes().len()).map(|length| sealed.as_bytes()[..length].to_vec());
    for altered in shorter.chain([longer]) {
        let length = altered.len();
        let opened = keyring
            .sealer()
            .open(COLUMN, ROW, &SealedValue::from_bytes(altered));
        assert_eq!(opened, Err(SealError), "{length} bytes");
    }
}

#[test]
fn equal_values_are_sealed_differently() {
    let (keyring, mut rng) = keyring(1);
    let mut seal = || keyring.sealer().seal(COLUMN, ROW, VALUE, &mut rng).unwrap();
    assert_ne!(seal(), seal());
}

fn keyring(seed: u64) -> (Keyring, StdRng) {
    let mut rng = StdRng::seed_from_u64(seed);
    let master = MasterKey::random(&mut rng);
    let (keyring, _) =
        Keyring::create(KeyOwner::Issuer, &master, Timestamp::from_secs(0), &mut rng).unwrap();
    (keyring, rng)
}
