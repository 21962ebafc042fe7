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
    // Equal digits that belong to two chunks are allowed.
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
        // A room service may be under a path, which is case-sensitive.
        (
            format!("https://Calls.example/Rooms/eu/call/#key={KEY_V0}"),
            "calls.example/Rooms/eu",
            None,
        ),
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
}

#[test]
fn harmless_surroundings_of_a_pasted_link_are_taken_off() {
    let id = "0123456789abcdef";
    let link = format!("https://calls.example/call/#key={KEY_V1}&params={id}");
    let whole = CallLink::parse(&link).unwrap();
    assert!(whole.params.is_some());
    let encoded = link.replace('#', "%23");
    for text in [
        format!(" {link} "),
        format!("{link}\r\n"),
        format!("\t\n{link}\u{a0}"),
        format!("\u{feff}{link}\u{200b}"),
        format!("<{link}>"),
        format!("<{link}>."),
        format!("(\"{link}\"),"),
        format!("\u{201c}{link}\u{201d}"),
        format!("{link}."),
        format!("{link},"),
        format!("{link}!\n"),
        encoded,
        link.replace("https", "HTTPS"),
        link.replace("https://calls.example", "Https://Calls.Example"),
    ] {
        assert!(CallLink::parse(&text).as_ref() == Ok(&whole), "{text:?}");
    }
    let bare = CallLink::parse(KEY_V0).unwrap();
    for text in [
        format!(" {KEY_V0}\n"),
        format!("<{KEY_V0}>"),
        format!("{KEY_V0}."),
    ] {
        assert!(CallLink::parse(&text).as_ref() == Ok(&bare), "{text:?}");
    }
}

/// Each case is a link with another text instead of `&params=ID`.
#[test]
fn a_link_never_loses_its_params_silently() {
    use LinkError::{Gap, Key, Misspelt, Params, Repeated, Shortened};
    let id = "0123456789abcdef";
    let of_params = Misspelt(LinkMember::Params);
    for (rest, expected) in [
        (format!("&amp;params={id}"), of_params),
        (format!("&amp%3Bparams={id}"), of_params),
        (format!("&#38;params={id}"), of_params),
        (format!("&Params={id}"), of_params),
        (format!("&PARAMS={id}"), of_params),
        (format!("&param={id}"), of_params),
        (format!("&prams={id}"), of_params),
        (format!("&paarms={id}"), of_params),
        (format!("&parameters={id}"), of_params),
        (format!("&server-params={id}"), of_params),
        (format!("&params ={id}"), of_params),
        (format!("& params={id}"), of_params),
        (format!("&\nparams={id}"), of_params),
        (format!("&%70arams={id}"), of_params),
        (format!("&par%61ms={id}"), of_params),
        (format!("&params%3D{id}"), of_params),
        (format!("&params:{id}"), of_params),
        (format!("&\u{440}\u{430}rams={id}"), of_params),
        (format!("&\u{3c0}={id}"), of_params),
        (format!("&issuer={id}"), of_params),
        (format!("&={id}"), of_params),
        ("&params".to_owned(), of_params),
        ("&par".to_owned(), of_params),
        ("&p".to_owned(), of_params),
        ("&".to_owned(), Gap),
        (format!("&&params={id}"), Gap),
        ("...".to_owned(), Shortened),
        ("\u{2026}".to_owned(), Shortened),
        ("&par...".to_owned(), Shortened),
        ("&params=".to_owned(), Params),
        (format!("&params={}", &id[1..]), Params),
        (format!("&params={id}0"), Params),
        (format!("&params= {id}"), Params),
        (format!("&params={}", id.to_uppercase()), Params),
        (
            format!("&params={id}&params={id}"),
            Repeated(LinkMember::Params),
        ),
        (
            format!("&params={id}&params=0000000000000000"),
            Repeated(LinkMember::Params),
        ),
        (
            format!("&params={id}&key={KEY_V0}"),
            Repeated(LinkMember::Key),
        ),
        (
            format!("&params={id}&Key={KEY_V0}"),
            Misspelt(LinkMember::Key),
        ),
        (
            format!("&params={id}&room={KEY_V0}"),
            Misspelt(LinkMember::Key),
        ),
        (format!("%26params={id}"), Key(KeyDamage::Encoded)),
        (format!("%26params%3D{id}"), Key(KeyDamage::Encoded)),
        (format!(" params={id}"), Key(KeyDamage::Characters)),
        (format!(" &params={id}"), Key(KeyDamage::Characters)),
        (format!("\n&params={id}"), Key(KeyDamage::Characters)),
        (format!(";params={id}"), Key(KeyDamage::Characters)),
        (format!("#params={id}"), Key(KeyDamage::Characters)),
        (format!("?params={id}"), Key(KeyDamage::Characters)),
    ] {
        let text = format!("https://calls.example/call/#key={KEY_V0}{rest}");
        assert_eq!(CallLink::parse(&text), Err(expected), "{text}");
    }
}

/// Each case is a link with another text instead of `&cert=0`.
#[test]
fn a_link_never_loses_silently_that_people_come_without_certificates() {
    use LinkError::{Certificates, Misspelt, Repeated};
    let id = "0123456789abcdef";
    let of_certificates = Misspelt(LinkMember::Certificates);
    let link =
        |rest: &str| CallLink::parse(&format!("https://a/call/#key={KEY_V0}{rest}&params={id}"));
    for (rest, expected) in [
        ("", Ok(false)),
        ("&cert=0", Ok(true)),
        ("&flag&cert=0&z=", Ok(true)),
        ("&cert=", Err(Certificates)),
        ("&cert=1", Err(Certificates)),
        ("&cert=00", Err(Certificates)),
        ("&cert=0 ", Err(Certificates)),
        ("&cert=0.", Err(Certificates)),
        ("&cert=0&cert=0", Err(Repeated(LinkMember::Certificates))),
        ("&cert", Err(of_certificates)),
        ("&cer", Err(of_certificates)),
        ("&c", Err(of_certificates)),
        ("&Cert=0", Err(of_certificates)),
        ("&CERT=0", Err(of_certificates)),
        ("&crt=0", Err(of_certificates)),
        ("&certificates=0", Err(of_certificates)),
        ("&amp;cert=0", Err(of_certificates)),
        ("&%63ert=0", Err(of_certificates)),
        ("&cert%3D0", Err(of_certificates)),
        ("& cert=0", Err(of_certificates)),
    ] {
        let parsed = link(rest).map(|link| link.without_certificates);
        assert_eq!(parsed, expected, "{rest}");
    }
    // A link that was cut off after its key lost `params` with it; `params` alone is the last to go.
    let whole = link("&cert=0").unwrap().to_url();
    assert!(whole.ends_with(&format!("&cert=0&params={id}")));
    for cut in 1..whole.len() {
        let text = &whole[..whole.len() - cut];
        if let Ok(link) = CallLink::parse(text) {
            assert!(
                link.without_certificates || text.ends_with(KEY_V0),
                "{text}"
            );
            assert_eq!(link.params, None, "{text}");
        }
    }
}

/// Each case is a link with another text instead of `&admin=KEY`.
#[test]
fn a_link_never_loses_its_admin_key_silently() {
    use LinkError::{Admin, Misspelt, Repeated};
    let (id, key) = (
        "0123456789abcdef",
        "-_8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA8",
    );
    let of_admin = Misspelt(LinkMember::Admin);
    let link =
        |rest: &str| CallLink::parse(&format!("https://a/call/#key={KEY_V0}{rest}&params={id}"));
    let mut bytes = [0; 32];
    (bytes[0], bytes[1], bytes[31]) = (0xfb, 0xff, 0x0f);
    let named = Some(LinkAdminKey::from_bytes(bytes));
    for (rest, expected) in [
        (String::new(), Ok(None)),
        (format!("&admin={key}"), Ok(named)),
        (format!("&flag&admin={key}&z="), Ok(named)),
        (format!("&cert=0&admin={key}"), Ok(named)),
        ("&admin=".to_owned(), Err(Admin)),
        (format!("&admin={}", &key[1..]), Err(Admin)),
        (format!("&admin={key}A"), Err(Admin)),
        (format!("&admin={key}="), Err(Admin)),
        (format!("&admin= {key}"), Err(Admin)),
        (format!("&admin={}", key.replace('_', "/")), Err(Admin)),
        // Bits that are set after the end of the key would be a second text for it.
        (format!("&admin={}9", &key[..42]), Err(Admin)),
        (
            format!("&admin={key}&admin={key}"),
            Err(Repeated(LinkMember::Admin)),
        ),
        (format!("&amp;admin={key}"), Err(of_admin)),
        (format!("&Admin={key}"), Err(of_admin)),
        (format!("&admins={key}"), Err(of_admin)),
        (format!("&adnin={key}"), Err(of_admin)),
        (format!("&administrator={key}"), Err(of_admin)),
        (format!("& admin={key}"), Err(of_admin)),
        (format!("&%61dmin={key}"), Err(of_admin)),
        (format!("&admin%3D{key}"), Err(of_admin)),
        (format!("&owner={key}"), Err(of_admin)),
        (format!("&={key}"), Err(of_admin)),
        ("&adm".to_owned(), Err(of_admin)),
        ("&a".to_owned(), Err(of_admin)),
    ] {
        let parsed = link(&rest).map(|link| link.admin);
        assert!(parsed == expected, "{rest}");
    }
    // A link that was cut off after its key lost `params` with it; `params` alone is the last to go.
    let whole = link(&format!("&cert=0&admin={key}")).unwrap().to_url();
    assert!(whole.ends_with(&format!("&cert=0&admin={key}&params={id}")));
    for cut in 1..whole.len() {
        let text = &whole[..whole.len() - cut];
        if let Ok(link) = CallLink::parse(text) {
            assert_eq!(link.params, None, "{text}");
            let is_before = text.ends_with(KEY_V0) || text.ends_with("&cert=0");
            assert_eq!(link.admin.is_none(), is_before, "{text}");
        }
    }
    // The key identifies the room: neither `Debug` nor an error shows it.
    assert!(!format!("{:?}", link(&format!("&admin={key}"))).contains("251"));
}

#[test]
fn a_link_to_the_own_machine_may_have_http_as_a_browser_there_shows_it() {
    for (host, is_taken) in [
        ("127.0.0.1:8081", true),
        ("127.9.9.9", true),
        ("localhost:8081", true),
        ("LocalHost/rooms", true),
        ("[::1]:8081", true),
        ("calls.example", false),
        ("127.0.0.1.example", false),
        ("localhost.example", false),
        ("[::2]:8081", false),
        ("0.0.0.0:8081", false),
    ] {
        let text = format!("http://{host}/call/#key={KEY_V0}");
        let link = CallLink::parse(&text);
        let expected = match is_taken {
            true => Ok(host.to_ascii_lowercase()),
            false => Err(LinkError::Scheme),
        };
        let place = link.clone().map(|link| link.host);
        assert_eq!(place, expected, "{host}");
        // The link comes back with its scheme, and no other host has a link with http.
        let plain = CallLink {
            host: host.to_owned(),
            is_plain: true,
            ..CallLink::parse(KEY_V0).unwrap()
        };
        assert_eq!(plain.to_url().starts_with("http://"), is_taken, "{host}");
        if let Ok(link) = link {
            assert_eq!(*link.to_url(), text.replace(host, &link.host));
        }
    }
}

#[test]
fn a_damaged_link_is_called_damaged_and_says_how() {
    let id = "0123456789abcdef";
    for (text, how) in [
        (String::new(), "no link"),
        ("standup".to_owned(), "no link"),
        ("296c1c70".to_owned(), "no link"),
        ("https://example.org/meet/abc".to_owned(), "no call link"),
        ("ftp://example.org/".to_owned(), "no call link"),
        (
            format!("http://a/call/#key={KEY_V0}"),
            "with https://, or with http:// if its host is this computer",
        ),
        (
            format!("a/call/#key={KEY_V0}"),
            "its beginning with https:// or http:// is missing, copy",
        ),
        (format!("#key={KEY_V0}&params={id}"), "copy all of it"),
        (format!("{KEY_V0}&params={id}"), "copy all of it"),
        ("https://a/call/".to_owned(), "after /call/ is missing"),
        ("https://a/call/#".to_owned(), "no key="),
        (format!("https://a/call/#params={id}"), "no key="),
        (format!("https:///call/#key={KEY_V0}"), "a host and /call/"),
        (
            format!("https://a/other/#key={KEY_V0}"),
            "a host and /call/",
        ),
        (
            format!("https://a//call/#key={KEY_V0}"),
            "a host and /call/",
        ),
        (
            format!("https://a/../call/#key={KEY_V0}"),
            "a host and /call/",
        ),
        (
            format!("https://a/call/?q#key={KEY_V0}"),
            "a host and /call/",
        ),
        (
            format!("https://a@b/call/#key={KEY_V0}"),
            "a host and /call/",
        ),
        (
            format!("https://a/call/&params={id}#key={KEY_V0}"),
            "a host and /call/",
        ),
        (
            format!("https://a/call/#key={KEY_V0}&key={KEY_V0}"),
            "key= more than once",
        ),
        (format!("https://a/call/#key={}", &KEY_V0[..30]), "cut off"),
        (format!("https://a/call/#key={}", &KEY_V1[..40]), "cut off"),
        (format!("https://a/call/#key={KEY_V1}xx"), "too long"),
        (
            format!("https://a/call/#key={}", KEY_V0.to_uppercase()),
            "capital letters",
        ),
        (
            format!("https://a/call/#key={KEY_V0}/"),
            "characters that no key has",
        ),
        (
            format!("https://a/call/#key={}", KEY_V0.replace('-', "")),
            "wrong places",
        ),
        (format!("https://a/call/#Key={KEY_V0}"), "looks like key="),
        (format!("https://a/call/#key%3D{KEY_V0}"), "looks like key="),
        (
            KEY_V0[..20].to_owned(),
            "the root key is damaged: it is cut off",
        ),
    ] {
        let shown = CallLink::parse(&text).unwrap_err().to_string();
        assert!(shown.contains(how), "{text}: {shown}");
        assert!(!shown.contains("qpgh") && !shown.contains(id), "{shown}");
    }
}

#[test]
fn a_link_prints_as_it_parses() {
    let id = "&params=0123456789abcdef";
    let admin = format!("&admin={}", "A".repeat(43));
    for rest in [
        "",
        id,
        "&cert=0",
        &admin,
        &format!("&cert=0{id}"),
        &format!("{admin}{id}"),
        &format!("&cert=0{admin}{id}"),
    ] {
        let text = format!("https://calls.example/call/#key={KEY_V1}{rest}");
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
