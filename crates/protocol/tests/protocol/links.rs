//! Root keys, names and links as text.

use crate::common::Seed;
use anteroom_protocol::*;
use proptest::prelude::*;
use rand::{SeedableRng, rngs::StdRng};

const KEY_V0: &str = "mgmt-qpgh-kqxm-kfdm-pgrs-tfdp-dxtf-xsnt";
const KEY_V1: &str = "mgmtqpgh-kqxmkfdm-pgrstfdp-dxtfxsnt-bc-bcbdbfbg";
const KEY_V1_NEW: &str = "mgmtqpgh-kqxmkfdm-pgrstfdp-dxtfxsnt-nc-bbbbbbbb";

#[test]
fn only_the_exact_text_of_a_key_parses() {
    for good in [KEY_V0, KEY_V1, KEY_V1_NEW] {
        assert_eq!(*RootKey::parse(good).unwrap().to_text(), good);
    }
    for bad in [
        "",
        "-",
        "mgmt",
        "mgmtqpghkqxmkfdmpgrstfdpdxtfxsnt",
        "mgmt-qpgh-kqxm-kfdm-pgrs-tfdp-dxtf-xsn",
        "mgmt-qpgh-kqxm-kfdm-pgrs-tfdp-dxtf-xsnt-",
        "mgmt-qpgh-kqxm-kfdm-pgrs-tfdp-dxtfx-snt",
        "MGMT-qpgh-kqxm-kfdm-pgrs-tfdp-dxtf-xsnt",
        "mgmt-qpgh-kqxm-kfdm-pgrs-tfdp-dxtf-xsnt ",
        " mgmt-qpgh-kqxm-kfdm-pgrs-tfdp-dxtf-xsnt",
        "mgmt qpgh kqxm kfdm pgrs tfdp dxtf xsnt",
        "mgmt-qpgh-kqxm-kfdm-pgrs-tfdp-dxtf-xsna",
        "mgmtqpgh-kqxmkfdm-pgrstfdp-dxtfxsnt",
        "mgmtqpgh-kqxmkfdm-pgrstfdp-dxtfxsnt-bd-bcbdbfbg",
        "mgmtqpgh-kqxmkfdm-pgrstfdp-dxtfxsnt-nc-bcbdbfbg",
        "mgmt-qpgh-kqxm-kfdm-pgrs-tfdp-dxtf-xsnt-bc-bcbdbfbg",
        "mgmt-qpgh-kqxm-kfdm-pgrs-tfdp-dxtf-é",
    ] {
        assert!(RootKey::parse(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn a_chunk_of_four_equal_digits_is_refused() {
    for chunk in 0..8 {
        for digit in 0..16u8 {
            let mut bytes = [0x12; 16];
            bytes[2 * chunk] = digit << 4 | digit;
            assert!(
                RootKey::from_bytes(&bytes).is_ok(),
                "only half of it is equal"
            );
            bytes[2 * chunk + 1] = digit << 4 | digit;
            assert!(RootKey::from_bytes(&bytes).is_err());
        }
    }
    // Equal digits across a chunk's edge are fine.
    let mut bytes = [0x12; 16];
    (bytes[1], bytes[2]) = (0x33, 0x33);
    assert!(RootKey::from_bytes(&bytes).is_ok());
}

#[test]
fn the_epoch_completes_a_key() {
    let new = RootKey::parse(KEY_V1_NEW).unwrap();
    assert_eq!(new.epoch(), None);
    assert_eq!(*new.clone().complete(Some(0x0102_0304)).to_text(), KEY_V1);
    assert_eq!(*new.complete(None).to_text(), KEY_V0);
    let complete = RootKey::parse(KEY_V1).unwrap();
    assert_eq!(complete.epoch(), Some(0x0102_0304));
    assert_eq!(
        *complete.complete(Some(7)).to_text(),
        KEY_V1,
        "an epoch never changes"
    );
    let old = RootKey::parse(KEY_V0).unwrap();
    assert_eq!(*old.complete(Some(7)).to_text(), KEY_V0);
}

#[test]
fn generated_keys_parse() {
    let mut rng = StdRng::from_seed([1; 32]);
    for _ in 0..1000 {
        for key in [
            RootKey::generate_v0(&mut rng),
            RootKey::generate_v1(&mut rng),
        ] {
            assert!(RootKey::parse(&key.to_text()).unwrap() == key);
        }
    }
}

#[test]
fn links_parse_from_any_host_with_what_they_bring() {
    let id = ParamsId::parse("0123456789abcdef").unwrap();
    for (text, host, params) in [
        (
            format!("https://calls.example/call/#key={KEY_V0}"),
            "calls.example",
            None,
        ),
        (
            format!("https://calls.example:8443/call/#key={KEY_V0}&params={id}"),
            "calls.example:8443",
            Some(id),
        ),
        (format!("https://a/call#key={KEY_V0}"), "a", None),
        (
            format!("https://a/call/#x=y&params={id}&key={KEY_V0}&flag&z="),
            "a",
            Some(id),
        ),
        (KEY_V0.to_owned(), "", None),
    ] {
        let link = CallLink::parse(&text).unwrap();
        assert_eq!((link.host.as_str(), link.params), (host, params), "{text}");
        assert!(link.root_key == RootKey::parse(KEY_V0).unwrap(), "{text}");
    }
    for text in [
        String::new(),
        "https://a/call/".to_owned(),
        "https://a/call/#".to_owned(),
        format!("https://a/call/#params={id}"),
        format!("http://a/call/#key={KEY_V0}"),
        format!("https:///call/#key={KEY_V0}"),
        format!("https://a/other/#key={KEY_V0}"),
        format!("https://a/b/call/#key={KEY_V0}"),
        format!("https://a/call/?q#key={KEY_V0}"),
        format!("https://a/call/#key={KEY_V0}&key={KEY_V0}"),
        format!("https://a/call/#key={KEY_V0}&params=0123456789ABCDEF"),
        format!("https://a/call/#key={KEY_V0}&params={id}&params={id}"),
        format!("https://a/call/#key={KEY_V0}x"),
    ] {
        assert!(CallLink::parse(&text).is_err(), "{text}");
    }
}

#[test]
fn a_link_prints_as_it_parses() {
    for params in ["", "&params=0123456789abcdef"] {
        let text = format!("https://calls.example/call/#key={KEY_V1}{params}");
        assert_eq!(*CallLink::parse(&text).unwrap().to_url(), text);
    }
}

proptest! {
    #[test]
    fn names_come_back_whole_and_their_length_shows_only_roughly(name: String, nonce: [u8; 12]) {
        for text in [KEY_V0, KEY_V1, KEY_V1_NEW] {
            let key = RootKey::parse(text).unwrap();
            let encrypted = key.encrypt_name(&name, nonce);
            prop_assert_eq!((encrypted.len() - 16) % 32, 0);
            prop_assert_eq!(key.decrypt_name(&encrypted), Ok(name.clone()));
        }
    }

    #[test]
    fn arbitrary_text_is_never_a_panic(text: String, bytes: Vec<u8>) {
        let _ = RootKey::parse(&text);
        let _ = RootKey::from_bytes(&bytes);
        let _ = CallLink::parse(&text);
        let _ = CallLink::parse(&format!("https://{text}"));
        let _ = ServiceId::parse(&text);
        let _ = ParamsId::parse(&text);
        prop_assert!(Seed::new(1).root_key().decrypt_name(&bytes).is_err());
    }
}

#[test]
fn names_of_another_key_or_version_do_not_decrypt() {
    let [v0, v1] = [KEY_V0, KEY_V1].map(|text| RootKey::parse(text).unwrap());
    let encrypted = v0.encrypt_name("Tea", [0; 12]);
    assert_eq!(v1.decrypt_name(&encrypted), Err(VerifyError));
    assert_eq!(
        Seed::new(1).root_key().decrypt_name(&encrypted),
        Err(VerifyError)
    );
    for (_, flipped) in crate::common::flips(&encrypted) {
        assert_eq!(v0.decrypt_name(&flipped), Err(VerifyError));
    }
}

#[test]
fn ids_parse_from_their_exact_text() {
    let uuid = "60d76569-6fb2-e841-74fe-f4b6b7e919bc";
    let aci = Aci::parse(uuid).unwrap();
    assert_eq!(aci.to_uuid_string(), uuid);
    assert_eq!(Aci::parse(&uuid.to_uppercase()), Ok(aci));
    assert_eq!(ServiceId::parse(uuid), Ok(aci.into()));
    let pni = ServiceId::parse(&format!("PNI:{uuid}")).unwrap();
    assert_eq!(pni.to_service_id_string(), format!("PNI:{uuid}"));
    for bad in [
        "",
        "60d765696fb2e84174fef4b6b7e919bc",
        "{60d76569-6fb2-e841-74fe-f4b6b7e919bc}",
        "PNI:",
        "pni:60d76569-6fb2-e841-74fe-f4b6b7e919bc",
        "60d76569-6fb2-e841-74fe-f4b6b7e919bg",
    ] {
        assert!(ServiceId::parse(bad).is_err(), "{bad:?}");
    }
}
