//! Hellos: names and member keys come through, and lengths of names do not show.

use anteroom_e2ee::{Admission, HelloContent};
use anteroom_protocol::{HelloKey, Restrictions, ServiceId, UidCiphertext, VerifyError};

use crate::{
    call::Call,
    common::{people, rng, root_key},
};

fn user(account: u8) -> UidCiphertext {
    let account = anteroom_protocol::Aci::from_bytes([account; 16]);
    root_key(1)
        .secret_params()
        .encrypt(&ServiceId::Aci(account))
}

#[test]
fn name_and_member_key_come_through_for_their_user_alone() {
    let key = HelloKey::derive(&root_key(1));
    for (name, member_key) in [
        ("Ann", Some(people().member.public())),
        ("Ann", None),
        ("", Some(people().member.public())),
        ("", None),
    ] {
        let hello = HelloContent::new(name, member_key);
        let sealed = hello.seal(&key, &user(1), &mut rng(1)).unwrap();
        let opened = HelloContent::open(&key, &user(1), sealed.as_bytes());
        assert_eq!(opened, Ok(hello));
        let forged = HelloContent::open(&key, &user(2), sealed.as_bytes());
        assert_eq!(forged, Err(VerifyError));
        let other = HelloKey::derive(&root_key(2));
        assert!(HelloContent::open(&other, &user(1), sealed.as_bytes()).is_err());
    }
}

#[test]
fn the_length_of_a_name_shows_in_steps_of_256_bytes() {
    let key = HelloKey::derive(&root_key(1));
    let sealed_length = |name: &str| {
        let hello = HelloContent::new(name, Some(people().member.public()));
        let sealed = hello.seal(&key, &user(1), &mut rng(1)).unwrap();
        sealed.as_bytes().len()
    };
    let wide = "\u{10330}";
    for (name, length) in [
        ("", 285),
        ("a", 285),
        (&"a".repeat(60), 285),
        (&wide.repeat(46), 285),
        (&wide.repeat(47), 541),
        (&wide.repeat(60), 541),
        (&"\"".repeat(100), 285),
    ] {
        assert_eq!(sealed_length(name), length, "{}", name.len());
    }
}

#[test]
fn a_hello_of_a_client_without_member_keys_is_read_and_one_with_a_false_key_is_not() {
    let key = HelloKey::derive(&root_key(1));
    let open = |body: &str| {
        let sealed = key.seal(&user(1), body.as_bytes(), [1; 12]).unwrap();
        HelloContent::open(&key, &user(1), &sealed)
    };
    let read = open(r#"{"name":"A\u0007nn","later":1}"#).unwrap();
    assert_eq!(read, HelloContent::new("Ann", None));
    assert_eq!(open("{}"), Ok(HelloContent::default()));
    for body in ["", "1", r#"{"name":1}"#, r#"{"memberKey":"AAAA"}"#] {
        assert_eq!(open(body), Err(VerifyError), "{body}");
    }
}

#[test]
fn debug_shows_no_names() {
    let leaf = Call::new(Restrictions::None).leaf(1, Admission::None);
    assert!(leaf.name.is_some());
    for shown in [
        format!("{leaf:?}"),
        format!("{:?}", HelloContent::new("Person 1", None)),
    ] {
        assert!(!shown.contains("Person"), "{shown}");
    }
}
