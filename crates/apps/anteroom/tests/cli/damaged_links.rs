//! Links that lost a part on their way, or that have a typing error, and what commands say about them.

use std::fs;

use serde_json::Value;

use crate::call::free_address;
use crate::directory::{CallProcess, ServeProcess, TestAccount, TestDirectory, stderr};

/// An admin of a link, and another person with a directory of their own.
struct LinkFixture {
    place: TestDirectory,
    _service: ServeProcess,
    other: TestDirectory,
    bob: TestAccount,
    link: String,
    name: String,
}

fn fixture(flags: &[&str]) -> LinkFixture {
    let mut place = TestDirectory::new();
    let service = place.start();
    let (ann, bob) = (place.add_account(), place.add_account());
    place.act_as(&ann);
    let command = [&["link", "create", "--json", "--name", "Tea"], flags].concat();
    let created = place.json(&command);
    let text = |name: &str| created[name].as_str().unwrap().to_owned();
    let mut other = TestDirectory::new();
    other.act_as_without_data(&bob);
    let listen = fs::read(place.data().join("listen.json")).unwrap();
    let listen: Value = serde_json::from_slice(&listen).unwrap();
    other.set("ANTEROOM_ISSUER_URL", listen["issuer"].as_str().unwrap());
    LinkFixture {
        link: text("link"),
        name: text("shortName"),
        place,
        _service: service,
        other,
        bob,
    }
}

impl LinkFixture {
    /// Joins as the admin.
    fn ann(&self) -> CallProcess {
        let command = [
            "call", "join", &self.link, "--plain", "--as", "Ann", "--admin",
        ];
        let mut ann = CallProcess::start(self.place.anteroom(&command));
        ann.wait_for("You are in");
        ann
    }

    /// Joins by a link in the other directory.
    fn bob(&self, link: &str) -> CallProcess {
        let command = ["call", "join", link, "--plain", "--as", "Bob"];
        CallProcess::start(self.other.anteroom(&command))
    }

    /// Returns the link without its admin key, as it is where it was cut off.
    fn cut(&self) -> &str {
        self.link.split_once("&admin=").unwrap().0
    }

    /// Returns the link with another letter at a place of a member's value.
    fn mistyped(&self, member: &str, at: usize, letter: char) -> String {
        let (before, after) = self.link.split_once(member).unwrap();
        let mut value: Vec<char> = after.chars().collect();
        assert_ne!(value[at], letter);
        value[at] = letter;
        let value: String = value.into_iter().collect();
        format!("{before}{member}{value}")
    }
}

#[test]
fn who_comes_by_a_link_that_was_cut_before_its_admin_key_is_told_to_ask_for_it_anew() {
    for approval in ["on", "off"] {
        let fixture = fixture(&["--approval", approval]);
        let mut ann = fixture.ann();
        let mut bob = fixture.bob(fixture.cut());
        if approval == "on" {
            let tag = ann.wait_for_guest();
            ann.type_line(&format!("/admit {tag}"));
        }
        let told = bob.wait_for("! your link lacks its admin key: leave, ask for the link anew");
        assert!(
            told.contains("\"Ann\" by the word of the room service"),
            "{told}"
        );
        if approval == "on" {
            ann.wait_for(
                "they were let in, and show no approval. Their link may lack the admin key",
            );
        }
        bob.type_line("/quit");
        let (status, said) = bob.end();
        assert!(status.success());
        let advice = said.iter().filter(|line| line.contains("/admit"));
        assert_eq!(advice.count(), 0, "{said:#?}");
    }
}

#[test]
fn a_link_that_shows_what_it_lacks_is_warned_of_before_anybody_is_asked() {
    let mut fixture = fixture(&[]);
    let nowhere = format!("http://{}", free_address());
    fixture.other.set("ANTEROOM_ISSUER_URL", &nowhere);
    let (_, params) = fixture.link.split_once("&params=").unwrap();
    let without_admin = format!("{}&params={params}", fixture.cut());
    for (link, expected) in [
        (
            without_admin.as_str(),
            Some("the link names no key of its admins. If"),
        ),
        (
            fixture.cut(),
            Some("the link names no server params, so they cannot be compared"),
        ),
        (fixture.link.as_str(), None),
    ] {
        let command = [
            "call", "join", link, "--plain", "--as", "Bob", "--rooms", &nowhere,
        ];
        let output = fixture.other.run(&command);
        let shown = stderr(&output);
        assert_eq!(output.status.code(), Some(6), "{shown}");
        let first = shown.lines().next().unwrap();
        match expected {
            Some(expected) => assert!(first.contains(expected), "{shown}"),
            None => assert!(!shown.contains("the link names no"), "{shown}"),
        }
        let is_about_admin = expected.is_some();
        assert_eq!(
            shown.contains("you are in no group with the others of a call"),
            is_about_admin,
            "{shown}"
        );
    }
    // A key that is none is an error, before the issuer is missed. Half of all texts are keys.
    let (_, key) = fixture.link.split_once("admin=").unwrap();
    let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ".chars();
    let mut letters = letters.filter(|letter| !key.starts_with(*letter));
    assert!(letters.any(|letter| {
        let link = fixture.mistyped("admin=", 0, letter);
        let shown = fixture
            .other
            .refusal(&["call", "join", &link, "--as", "Bob"]);
        shown.contains("what follows admin= is no key of admins")
    }));
}

#[test]
fn a_script_with_a_cut_link_fails_with_a_code_of_its_own() {
    let fixture = fixture(&["--approval", "off"]);
    let _ann = fixture.ann();
    let command = [
        "call",
        "join",
        fixture.cut(),
        "--plain",
        "--json",
        "--as",
        "Bob",
    ];
    let output = fixture.other.run_with_input(&command, "hello\n");
    let errors = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    let error: Value = serde_json::from_str(errors.lines().last().unwrap()).unwrap();
    assert_eq!(error["error"]["code"], "link_admin_missing", "{error}");
    assert!(
        error["error"]["next"]
            .as_str()
            .unwrap()
            .contains("Ask for the link anew")
    );
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains("{\"event\":\"problem\",\"text\":\"your link lacks its admin key"),
        "{said}"
    );
}

#[test]
fn an_error_about_a_mistyped_link_says_which_part_and_the_next_step() {
    let fixture = fixture(&[]);
    for (member, at, letter, part) in [
        // Not of the alphabet, and another letter of it.
        ("admin=", 7, '!', "what follows admin= is no key"),
        ("params=", 3, 'g', "params= must be followed by exactly 16"),
        ("key=", 3, 'a', "the link is damaged: its key has letters"),
    ] {
        let shown = fixture
            .other
            .refusal(&["link", "show", &fixture.mistyped(member, at, letter)]);
        assert!(shown.contains(part), "{shown}");
        assert!(shown.contains("Copy the whole link again"), "{shown}");
    }
    for (member, part, next) in [
        (
            "params=",
            "which this issuer does not show",
            "Compare what follows params= with the link",
        ),
        (
            "key=",
            "there is no such link",
            "If a letter after key= was mistyped",
        ),
    ] {
        let (_, value) = fixture.link.split_once(member).unwrap();
        let letters = if member == "key=" { "bcdf" } else { "0123" };
        let letter = letters
            .chars()
            .find(|letter| !value.starts_with(*letter))
            .unwrap();
        let shown = fixture
            .other
            .refusal(&["link", "show", &fixture.mistyped(member, 0, letter)]);
        assert!(shown.contains(part) && shown.contains(next), "{shown}");
    }
}

#[test]
fn who_joins_with_a_mistyped_admin_key_is_told_so_before_or_in_the_call() {
    let fixture = fixture(&[]);
    let mut ann = fixture.ann();
    let (_, key) = fixture.link.split_once("admin=").unwrap();
    // A passkey goes nowhere before the key is looked at. Half of all texts are keys, and the others are none.
    fs::write(
        fixture.other.path().join("passkey"),
        "AAAAAAAAAAAAAAAAAAAAAA==",
    )
    .unwrap();
    let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ".chars();
    let letters = letters.filter(|letter| !key.starts_with(*letter));
    let links = letters.map(|letter| fixture.mistyped("admin=", 0, letter));
    let (keys, none): (Vec<String>, Vec<String>) = links.partition(|link| {
        let import = ["link", "import", link, "--secret-file", "passkey"];
        fixture
            .other
            .refusal(&import)
            .contains("a room service that is named")
    });
    let shown = fixture
        .other
        .refusal(&["call", "join", &none[0], "--plain", "--as", "Bob"]);
    for part in [
        "what follows admin= is no key of admins",
        "Compare what follows admin=",
    ] {
        assert!(shown.contains(part), "{shown}");
    }
    let mut bob = fixture.bob(&keys[0]);
    let tag = ann.wait_for_guest();
    ann.type_line(&format!("/admit {tag}"));
    bob.wait_for("! your link has another admin key: leave, ask for the link anew");
    bob.type_line("/quit");
    assert!(bob.end().0.success());
}

#[test]
fn an_import_by_a_link_without_its_admin_key_says_who_joins_again_with_the_whole_one() {
    let fixture = fixture(&[]);
    let mut waiting = fixture.bob(fixture.cut());
    waiting.wait_for("You wait in the lobby");
    let state = fixture
        .place
        .json(&["link", "show", &fixture.name, "--secret", "--json"]);
    let secret = state["adminSecret"].as_str().unwrap();
    fs::write(fixture.other.path().join("secret"), secret).unwrap();
    let listen = fs::read(fixture.place.data().join("listen.json")).unwrap();
    let listen: Value = serde_json::from_slice(&listen).unwrap();
    let rooms = listen["rooms"].as_str().unwrap();
    for (link, is_completed) in [(fixture.cut(), true), (fixture.link.as_str(), false)] {
        let command = [
            "link",
            "import",
            link,
            "--secret-file",
            "secret",
            "--rooms",
            rooms,
        ];
        let shown = fixture.other.shown(&command);
        assert!(
            shown.contains("A call that you are in, or wait for, goes on as it is: to be an admin there, leave and join"),
            "{shown}"
        );
        let whole = format!(
            "anteroom link show {} has all of it. Whoever came by the",
            fixture.name
        );
        assert_eq!(shown.contains(&whole), is_completed, "{shown}");
    }
    waiting.type_line("/quit");
    assert!(waiting.end().0.success());
}

#[test]
fn the_step_to_become_an_admin_of_a_link_works_as_it_is_written() {
    let fixture = fixture(&[]);
    let shown = fixture
        .other
        .refusal(&["link", "rename", &fixture.link, "Mine"]);
    let (_, command) = shown.split_once("use anteroom ").unwrap();
    assert!(command.contains("--rooms http://127.0.0.1:"), "{command}");
    let state = fixture
        .place
        .json(&["link", "show", &fixture.name, "--secret", "--json"]);
    fs::write(
        fixture.other.path().join("secret"),
        state["adminSecret"].as_str().unwrap(),
    )
    .unwrap();
    let command: Vec<&str> = command
        .split_whitespace()
        .map(|word| match word {
            "LINK" => fixture.link.as_str(),
            "FILE" => "secret",
            word => word,
        })
        .collect();
    fixture.other.shown(&command);
    fixture
        .other
        .shown(&["link", "rename", &fixture.link, "Mine"]);
    // The step of the refusal without the address is the same.
    let mut third = TestDirectory::new();
    third.act_as_without_data(&fixture.bob);
    let listen = fs::read(fixture.place.data().join("listen.json")).unwrap();
    let listen: Value = serde_json::from_slice(&listen).unwrap();
    third.set("ANTEROOM_ISSUER_URL", listen["issuer"].as_str().unwrap());
    fs::copy(
        fixture.other.path().join("secret"),
        third.path().join("secret"),
    )
    .unwrap();
    let import = ["link", "import", &fixture.link, "--secret-file", "secret"];
    let shown = third.refusal(&import);
    let (_, rest) = shown.split_once("use --rooms ").unwrap();
    let url = rest.split(". ").next().unwrap();
    third.shown(&[&import[..], &["--rooms", url]].concat());
}

#[test]
fn a_link_without_certificates_says_so_wherever_its_state_is_shown() {
    let fixture = fixture(&["--without-certificates", "--approval", "off"]);
    let says_so = "without certificates: others see accounts as told by the server";
    for (command, expected) in [
        (&["link", "create", "--without-certificates"][..], true),
        (&["link", "create"], false),
        (&["link", "show", &fixture.name], true),
        (&["link", "rename", &fixture.name, "Coffee"], true),
    ] {
        let shown = fixture.place.shown(command);
        assert_eq!(shown.contains(says_so), expected, "{shown}");
    }
    let shown = fixture
        .place
        .json(&["link", "show", &fixture.name, "--json"]);
    assert_eq!(shown["certificates"], false);
    // The bare key of a link of one's own brings them not back.
    let (_, key) = fixture.cut().split_once("key=").unwrap();
    let key = key.split('&').next().unwrap();
    let shown = fixture.place.json(&["link", "show", key, "--json"]);
    assert_eq!(shown["certificates"], false);
    let mut ann = fixture.ann();
    let mut bob = fixture.bob(&fixture.link);
    bob.wait_for("With you in the group: ");
    for command in ["/who", "/verify"] {
        bob.type_line(command);
        bob.wait_for("The link leaves certificates out: accounts are as told by the server.");
    }
    ann.type_line("/quit");
    assert!(ann.end().0.success());
}

#[test]
fn a_second_device_of_a_person_who_was_let_in_is_told_that_it_needs_an_approval_of_its_own() {
    let fixture = fixture(&[]);
    let mut ann = fixture.ann();
    let mut bob = fixture.bob(&fixture.link);
    let tag = ann.wait_for_guest();
    ann.type_line(&format!("/admit {tag}"));
    bob.wait_for("With you in the group: ");
    // Without the files of the first one it is another device.
    let mut second = TestDirectory::new();
    second.act_as_without_data(&fixture.bob);
    let listen = fs::read(fixture.place.data().join("listen.json")).unwrap();
    let listen: Value = serde_json::from_slice(&listen).unwrap();
    second.set("ANTEROOM_ISSUER_URL", listen["issuer"].as_str().unwrap());
    let command = ["call", "join", &fixture.link, "--plain", "--as", "Laptop"];
    let mut laptop = CallProcess::start(second.anteroom(&command));
    laptop.wait_for("You are in");
    let told = laptop.wait_for("! you cannot be in the group: nobody has let this device in.");
    let (_, own) = told.split_once("/admit ").unwrap();
    ann.wait_for(&format!(
        "nobody has let this device in. /admit {own} lets them in"
    ));
    ann.type_line(&format!("/admit {own}"));
    laptop.wait_for("With you in the group: ");
    for one in [laptop, bob, ann] {
        let mut one = one;
        one.type_line("/quit");
        assert!(one.end().0.success());
    }
}

#[test]
fn a_second_program_with_the_files_of_the_first_says_that_it_has_a_key_of_its_own() {
    let fixture = fixture(&[]);
    let _ann = fixture.ann();
    let command = ["call", "join", &fixture.link, "--plain", "--as", "Ann"];
    let output = fixture.place.run_with_input(&command, "");
    let errors = stderr(&output);
    let expected = "another program on this machine is in a call with the key of this device";
    assert!(errors.contains(expected), "{errors}");
}
