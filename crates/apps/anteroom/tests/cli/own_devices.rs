//! `anteroom device` for the user's own account, over the network.

use std::{fs, process::Output};

use serde_json::Value;

use crate::{
    directory::{ServeProcess, TestDirectory, stderr},
    terminal::Terminal,
};

const PASSWORD: &str = "correct horse";
const LOGIN: &[&str] = &[
    "login",
    "--email",
    "ann@example.org",
    "--password-file",
    "password",
    "--name",
    "Laptop",
];

/// A place that acts as the first device of an account, with its password, and another place with a login of
/// the same account, which is the second device.
struct DevicesFixture {
    _service: ServeProcess,
    by_device: TestDirectory,
    by_login: TestDirectory,
}

fn fixture() -> DevicesFixture {
    let mut by_device = TestDirectory::new();
    by_device.set("ANTEROOM_LOGIN_HASH_MEMORY_KIB", "8");
    let service = by_device.start();
    let account = by_device.add_account();
    let mut by_login = TestDirectory::new();
    for place in [&by_device, &by_login] {
        fs::write(place.path().join("password"), format!("{PASSWORD}\n")).unwrap();
        fs::write(place.path().join("wrong"), "wrong horse\n").unwrap();
    }
    by_device.shown(&[
        "account",
        "set-password",
        &account.uuid,
        "--email",
        "ann@example.org",
        "--password-file",
        "password",
    ]);
    by_device.act_as(&account);
    let listen = fs::read(by_device.data().join("listen.json")).unwrap();
    let listen: Value = serde_json::from_slice(&listen).unwrap();
    by_login.set("ANTEROOM_ISSUER_URL", listen["issuer"].as_str().unwrap());
    by_login.shown(LOGIN);
    DevicesFixture {
        _service: service,
        by_device,
        by_login,
    }
}

/// Returns number, name, and whether the device is the one that asks.
fn devices(place: &TestDirectory) -> Vec<(u64, String, bool)> {
    let listed = place.json(&["device", "list", "--json"]);
    let devices = listed["devices"].as_array().unwrap();
    devices
        .iter()
        .map(|device| {
            (
                device["id"].as_u64().unwrap(),
                device["name"].as_str().unwrap().to_owned(),
                device["current"].as_bool().unwrap(),
            )
        })
        .collect()
}

fn assert_done(output: &Output) {
    assert!(output.status.success(), "{}", stderr(output));
}

#[test]
fn a_device_that_was_not_logged_in_lately_shows_the_password_again_to_change_others() {
    let DevicesFixture {
        _service,
        mut by_device,
        by_login,
    } = fixture();
    let rename = ["device", "rename", "2", "Old laptop"];
    let complaint = by_device.refusal(&rename);
    for said in [
        "password of the login again",
        "ANTEROOM_PASSWORD",
        "--password-file",
    ] {
        assert!(complaint.contains(said), "{complaint}");
    }
    let with_file = |file| [&rename[..], &["--password-file", file]].concat();
    let complaint = by_device.refusal(&with_file("wrong"));
    assert!(
        complaint.contains("LOGIN_INVALID_CREDENTIALS"),
        "{complaint}"
    );
    assert_eq!(devices(&by_login)[1], (2, "Laptop".to_owned(), true));
    by_device.shown(&with_file("password"));
    assert_eq!(devices(&by_device)[1], (2, "Old laptop".to_owned(), false));
    // A line of standard input, or a variable.
    let by_input = by_device.run_with_input(
        &["device", "rename", "2", "By input", "--password-file", "-"],
        &format!("{PASSWORD}\n"),
    );
    assert_done(&by_input);
    by_device.set("ANTEROOM_PASSWORD", PASSWORD);
    let renamed = by_device.json(&["device", "rename", "2", "By variable", "--json"]);
    assert_eq!(renamed["name"], "By variable");
    assert_eq!(devices(&by_login)[1].1, "By variable");
    // A device changes itself without the password.
    by_device.set("ANTEROOM_PASSWORD", "");
    by_device.shown(&["device", "rename", "1", "Desk"]);
    let deleted = [
        "device",
        "delete",
        "2",
        "--yes",
        "--password-file",
        "password",
    ];
    by_device.shown(&deleted);
    assert_eq!(devices(&by_device), [(1, "Desk".to_owned(), true)]);
    by_login.refusal(&["whoami"]);
    let complaint = by_device.refusal(&deleted);
    assert!(complaint.contains("no such device"), "{complaint}");
}

#[test]
fn a_terminal_is_asked_for_the_password_again() {
    let fixture = fixture();
    let place = &fixture.by_device;
    let terminal = Terminal::open(place, 100, 30);
    terminal.type_line("anteroom device delete 2");
    terminal.wait_for("Delete device 2 (Laptop)");
    terminal.type_line("y");
    terminal.wait_for("Password of the login, once more:");
    terminal.type_line(PASSWORD);
    let screen = terminal.wait_for("Deleted device 2");
    assert!(!screen.contains(PASSWORD), "{screen}");
    assert_eq!(devices(place).len(), 1);
}

#[test]
fn a_new_login_changes_devices_without_the_password_and_is_gone_with_its_own() {
    let fixture = fixture();
    let place = &fixture.by_login;
    place.shown(&["device", "rename", "1", "Desk"]);
    let listed = [
        (1, "Desk".to_owned(), false),
        (2, "Laptop".to_owned(), true),
    ];
    assert_eq!(devices(place), listed);
    let shown = place.shown(&["device", "list"]);
    assert!(shown.contains("Laptop  (this one)"), "{shown}");
    place.shown(&["device", "delete", "2", "--yes"]);
    let complaint = place.refusal(&["device", "list"]);
    assert!(complaint.contains("nobody is logged in"), "{complaint}");
    assert_eq!(devices(&fixture.by_device).len(), 1);
}
