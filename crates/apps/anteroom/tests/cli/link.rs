//! `anteroom link` as a process against running services.

use std::{fs, os::unix::fs::PermissionsExt as _};

use serde_json::Value;

use crate::directory::{ServeProcess, TestDirectory, stderr};

fn serving() -> (TestDirectory, ServeProcess) {
    let mut place = TestDirectory::new();
    let service = place.start();
    let account = place.add_account();
    place.act_as(&account);
    (place, service)
}

fn create(place: &TestDirectory, flags: &[&str]) -> (String, String) {
    let command = [&["link", "create", "--json"], flags].concat();
    let created = place.json(&command);
    let text = |name: &str| created[name].as_str().unwrap().to_owned();
    (text("link"), text("shortName"))
}

#[test]
fn a_link_lives_from_create_to_delete() {
    let (place, _service) = serving();
    let (link, name) = create(&place, &["--name", "Standup"]);
    assert!(
        link.starts_with("http://127.0.0.1:") && link.contains("/call/#key="),
        "{link}"
    );
    let show = |named: &str| place.json(&["link", "show", named, "--json"]);
    let state = show(&name);
    assert_eq!(state["name"], "Standup");
    assert_eq!(
        (&state["approval"], &state["revoked"]),
        (&true.into(), &false.into())
    );
    assert_eq!(
        (&state["active"], &state["pending"]),
        (&Value::Null, &Value::Null)
    );

    place.shown(&["link", "rename", &name, "Retrospective"]);
    place.shown(&["link", "approval", &name, "off"]);
    let revoked = place.shown(&["link", "revoke", &name]);
    assert!(revoked.contains("revoked: nobody can join"), "{revoked}");
    let state = show(&link);
    assert_eq!(state["name"], "Retrospective");
    assert_eq!(
        (&state["approval"], &state["revoked"]),
        (&false.into(), &true.into())
    );
    assert_eq!(
        state["active"],
        Value::Null,
        "a closed room without a call is no error"
    );
    place.shown(&["link", "revoke", &name, "--undo"]);
    assert_eq!(show(&name)["revoked"], false);
    assert!(place.shown(&["link", "list"]).contains("Retrospective"));

    place.shown(&["link", "delete", &name, "--yes"]);
    let shown = place.refusal(&["link", "show", &link]);
    assert!(shown.contains("there is no such link"), "{shown}");
    let shown = place.refusal(&["link", "show", &name]);
    assert!(shown.contains("that is no link"), "{shown}");
    assert!(place.shown(&["link", "list"]).contains("no link"));
}

#[test]
fn a_link_can_leave_certificates_out() {
    let (place, _service) = serving();
    let (link, name) = create(&place, &[]);
    assert!(!link.contains("cert="), "{link}");
    assert!(!place.shown(&["link", "show", &name]).contains("cert="));
    let (link, name) = create(&place, &["--without-certificates"]);
    assert!(link.contains("&cert=0&admin="), "{link}");
    place.shown(&["link", "show", &name]);
    place.shown(&["link", "show", &link]);
}

#[test]
fn names_of_every_script_come_back_and_too_long_ones_are_refused() {
    let (place, _service) = serving();
    let (_, name) = create(&place, &[]);
    for text in ["Ωμέγα", "午後の会議", "👩‍🚀 crew", "שלום"] {
        let shown = place.shown(&["link", "rename", &name, text]);
        assert!(shown.contains(text), "{shown}");
    }
    let shown = place.refusal(&["link", "rename", &name, &"n".repeat(244)]);
    assert!(shown.contains("longer than 243 bytes"), "{shown}");
    let shown = place.shown(&["link", "rename", &name, ""]);
    assert!(shown.contains("without a name"), "{shown}");
}

#[test]
fn who_has_the_link_sees_it_and_only_who_has_its_passkey_changes_it() {
    let (mut place, service) = serving();
    let (link, name) = create(&place, &["--approval", "off"]);
    // Another person on another machine.
    let account = place.add_account();
    let mut other = TestDirectory::new();
    other.act_as(&account);
    let text = fs::read_to_string(place.data().join("listen.json")).unwrap();
    let listen: Value = serde_json::from_str(&text).unwrap();
    other.set("ANTEROOM_ISSUER_URL", listen["issuer"].as_str().unwrap());
    other.set("ANTEROOM_ROOMS_URL", listen["rooms"].as_str().unwrap());
    assert_eq!(
        other.json(&["link", "show", &link, "--json"])["approval"],
        false
    );
    let by_input = other.run_with_input(&["link", "show", "-"], &format!("{link}\n"));
    assert!(by_input.status.success());
    for command in [
        &["link", "rename", &link, "Mine"][..],
        &["link", "revoke", &link],
        &["link", "delete", &link, "--yes"],
        &["link", "show", &link, "--passkey"],
        &["link", "show", &link, "--secret"],
        &["call", "join", &link, "--admin"],
    ] {
        let shown = other.refusal(command);
        assert!(
            shown.contains("you do not have this link's passkey"),
            "{shown}"
        );
    }
    let shown = other.refusal(&["link", "show", &name]);
    assert!(shown.contains("that is no link"), "{shown}");

    place.set("ANTEROOM_DEVICE_PASSWORD", "wrong password");
    let shown = place.refusal(&["link", "show", &link, "--fetch"]);
    assert!(
        shown.contains("the account or the device's password is wrong"),
        "{shown}"
    );
    service.stop();
}

#[test]
fn an_admin_secret_or_a_passkey_is_handed_on_and_makes_a_second_admin() {
    let (place, _service) = serving();
    let (link, name) = create(&place, &["--name", "Standup"]);
    let shown = place.shown(&["link", "show", &name]);
    assert!(!shown.contains("passkey") && !shown.contains("secret"));
    let state = place.json(&["link", "show", &name, "--json"]);
    assert_eq!(state.get("adminPasskey"), None);
    assert_eq!(state.get("adminSecret"), None);
    let state = place.json(&["link", "show", &name, "--secret", "--json"]);
    let secret = state["adminSecret"].as_str().unwrap().to_owned();
    assert_eq!(state.get("adminPasskey"), None);
    let shown = place.shown(&["link", "show", &name, "--secret"]);
    assert!(
        shown.contains(&format!("  secret    {secret}\n")),
        "{shown}"
    );
    let state = place.json(&["link", "show", &name, "--passkey", "--json"]);
    let passkey = state["adminPasskey"].as_str().unwrap().to_owned();
    let shown = place.shown(&["link", "show", &name, "--passkey"]);
    assert!(
        shown.contains(&format!("  passkey   {passkey}\n")),
        "{shown}"
    );

    let account = place.add_account();
    let mut other = TestDirectory::new();
    other.act_as(&account);
    let text = fs::read_to_string(place.data().join("listen.json")).unwrap();
    let listen: Value = serde_json::from_str(&text).unwrap();
    other.set("ANTEROOM_ISSUER_URL", listen["issuer"].as_str().unwrap());
    other.set("ANTEROOM_ROOMS_URL", listen["rooms"].as_str().unwrap());
    let import = ["link", "import", link.as_str(), "--secret-file"];
    for (file, text, complaint) in [
        ("none", "", "the secret file none cannot be read"),
        ("short", "AAAA\n", "neither an admin secret nor a passkey"),
        (
            "text",
            "not base64",
            "neither an admin secret nor a passkey",
        ),
        (
            "passkey",
            "AAAAAAAAAAAAAAAAAAAAAA==\n",
            "the secret is not kept",
        ),
        (
            "secret",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
            "the admin secret of another link",
        ),
    ] {
        if file != "none" {
            fs::write(other.path().join(file), text).unwrap();
        }
        let shown = other.refusal(&[&import[..], &[file]].concat());
        assert!(shown.contains(complaint), "{shown}");
        assert!(!shown.contains("AAAA"), "{shown}");
    }
    let shown = other.refusal(&["link", "import", "-", "--secret-file", "-"]);
    assert!(shown.contains("not both"), "{shown}");
    assert!(other.shown(&["link", "list"]).contains("no link"));

    let input = format!("{passkey}\n");
    let imported = other.run_with_input(&[&import[..], &["-"]].concat(), &input);
    assert!(imported.status.success());
    let notice = stderr(&imported);
    assert!(notice.contains("cannot sign whom you let in"), "{notice}");
    let shown = String::from_utf8(imported.stdout).unwrap();
    assert!(
        shown.contains("Standup") && shown.contains(&name),
        "{shown}"
    );
    // The link is stored under its name, sealed, and usable like the creator's.
    let sealed = fs::read(other.path().join(".config/anteroom/links.sealed")).unwrap();
    let holds = |text: &str| {
        sealed
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    };
    assert!(!holds(&passkey) && !holds("Standup"));
    other.shown(&["link", "rename", &name, "Retrospective"]);
    assert_eq!(
        place.json(&["link", "show", &name, "--json"])["name"],
        "Retrospective"
    );
    let changed = other.anteroom(&["link", "approval", &name, "on"]).output();
    let notice = stderr(&changed.unwrap());
    assert!(notice.contains("members of calls follow"), "{notice}");
    let again = other.json(&["link", "show", &name, "--secret", "--json"]);
    assert_eq!(again["adminPasskey"], passkey.as_str());
    assert_eq!(again.get("adminSecret"), None);
    // The secret from a file replaces the stored passkey, and no passkey takes it away again. A link that
    // lost its admin key gets it back from the secret.
    fs::write(other.path().join("secret"), format!("  {secret}\n")).unwrap();
    fs::write(other.path().join("passkey"), &passkey).unwrap();
    let (key, _) = link.split_once("&admin=").unwrap();
    let import = ["link", "import", key, "--secret-file"];
    for (file, flag) in [("secret", "--secret-file"), ("passkey", "--passkey-file")] {
        let shown = other.shown(&[&import[..3], &[flag, file]].concat());
        assert!(
            shown.contains("to be an admin there, leave and join again."),
            "{shown}"
        );
        let listed = other.json(&["link", "list", "--secrets", "--json"]);
        assert_eq!(listed[0]["adminSecret"], secret.as_str(), "{file}");
        assert_eq!(listed[0]["adminPasskey"], passkey.as_str(), "{file}");
        let named = listed[0]["link"].as_str().unwrap();
        let (start, _) = link.split_once("&params=").unwrap();
        assert!(named.starts_with(start), "{named}");
    }
    // Somebody has changed the admin key of the link on its way.
    let forged = format!("{key}&admin={}", "A".repeat(43));
    let shown = other.refusal(&["link", "show", &forged]);
    assert!(shown.contains("another admin key than yours"), "{shown}");
    assert_eq!(
        other
            .json(&["link", "list", "--json"])
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn a_link_of_other_server_params_is_refused_before_the_room_service_is_asked() {
    let (place, _service) = serving();
    let (link, _) = create(&place, &[]);
    let (start, _) = link.split_once("&params=").unwrap();
    let shown = place.refusal(&["link", "show", &format!("{start}&params=0123456789abcdef")]);
    assert!(shown.contains("0123456789abcdef"), "{shown}");
    assert!(shown.contains("this issuer does not show"), "{shown}");
    // A link without params is accepted.
    place.shown(&["link", "show", start]);
}

#[test]
fn own_links_survive_in_a_sealed_file() {
    let (mut place, service) = serving();
    let (link, name) = create(&place, &["--name", "Standup"]);
    let directory = place.path().join(".config/anteroom");
    for file in ["links.sealed", "links.key"] {
        let mode = fs::metadata(directory.join(file))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let sealed = fs::read(directory.join("links.sealed")).unwrap();
    for secret in [&link, "Standup", &name] {
        assert!(
            !sealed
                .windows(secret.len())
                .any(|part| part == secret.as_bytes())
        );
    }
    let key = directory.join("elsewhere.key");
    fs::rename(directory.join("links.key"), &key).unwrap();
    let shown = place.refusal(&["link", "list"]);
    assert!(shown.contains("is missing"), "{shown}");
    place.set("ANTEROOM_LINKS_KEY_FILE", key.to_str().unwrap());
    service.stop();
    let listed = place.json(&["link", "list", "--secrets", "--json"]);
    assert_eq!(listed[0]["link"], link.as_str());
    assert_eq!(listed[0]["adminPasskey"].as_str().unwrap().len(), 24);
    assert_eq!(listed[0]["adminSecret"].as_str().unwrap().len(), 44);
    assert!(place.shown(&["link", "list", "--links"]).contains(&link));
    assert!(!place.shown(&["link", "list"]).contains(&link));
}

#[test]
fn rooms_with_epochs_give_longer_keys_that_work_as_well() {
    let mut place = TestDirectory::new();
    place.set("ANTEROOM_ROOMS_EPOCHS", "true");
    let _service = place.start();
    let account = place.add_account();
    place.act_as(&account);
    let (link, name) = create(&place, &["--name", "Standup"]);
    let (start, params) = link.split_once("&params=").unwrap();
    let (start, admin) = start.split_once("&admin=").unwrap();
    assert_eq!(admin.len(), 43);
    let (_, key) = start.split_once("#key=").unwrap();
    assert_eq!(
        key.split('-').map(str::len).collect::<Vec<_>>(),
        [8, 8, 8, 8, 2, 8]
    );
    assert_eq!(
        place.json(&["link", "show", &name, "--json"])["name"],
        "Standup"
    );
    // A key without its epoch does not find the link.
    let short: String = key.split('-').take(4).collect();
    let groups: Vec<&str> = (0..8).map(|at| &short[at * 4..at * 4 + 4]).collect();
    let bare = format!("https://a/call/#key={}&params={params}", groups.join("-"));
    let shown = place.refusal(&["link", "show", &bare]);
    assert!(shown.contains("there is no such link"), "{shown}");
}

#[test]
fn a_link_names_the_public_url_and_one_of_another_host_names_the_host_that_is_not_asked() {
    let mut place = TestDirectory::new();
    place.set("ANTEROOM_ROOMS_PUBLIC_URL", "https://rooms.example:8443");
    let _service = place.start();
    let account = place.add_account();
    place.act_as(&account);
    let (link, _) = create(&place, &[]);
    let start = "https://rooms.example:8443/call/#key=";
    assert!(link.starts_with(start), "{link}");
    let listen = fs::read_to_string(place.data().join("listen.json")).unwrap();
    let listen: Value = serde_json::from_str(&listen).unwrap();
    assert_eq!(listen["rooms_public"], "https://rooms.example:8443");

    let elsewhere = link.replace("rooms.example:8443", "other.example");
    for (named, is_warned) in [(&elsewhere, true), (&link, false)] {
        let mut stranger = TestDirectory::new();
        stranger.set("ANTEROOM_DATA", place.data().to_str().unwrap());
        stranger.act_as(&account);
        let output = stranger.run(&["link", "show", named]);
        let shown = stderr(&output);
        let warning = "the link names other.example, which is not asked";
        assert_eq!(shown.contains(warning), is_warned, "{shown}");
    }
}

#[test]
fn whoever_creates_a_link_that_only_this_machine_reaches_is_told() {
    let (place, _service) = serving();
    let output = place.run(&["link", "create"]);
    let shown = stderr(&output);
    assert!(shown.contains("which only this machine reaches"), "{shown}");
}

#[test]
fn a_new_link_ends_with_a_line_that_another_person_runs_in_a_shell() {
    let (place, _service) = serving();
    let shown = place.shown(&["link", "create", "--name", "Tea"]);
    let lines: Vec<&str> = shown.lines().collect();
    let (last, link) = (lines[lines.len() - 1], lines[lines.len() - 3]);
    assert_eq!(last, format!("anteroom call join '{link}' --as NAME"));
    // A browser on this machine opens it without a question about a certificate.
    assert!(link.starts_with("http://127.0.0.1:"), "{link}");
    let curl = ["--silent", "--fail", "--noproxy", "*", link];
    let page = place.command("curl").args(curl).output().unwrap();
    let page = String::from_utf8(page.stdout).unwrap();
    assert!(page.contains("<html"), "{page}");
    // In another directory, without the address of the room service. Links of earlier versions say
    // https, and the service has no certificate.
    let bob = place.add_account();
    let mut other = TestDirectory::new();
    other.act_as_without_data(&bob);
    let text = fs::read_to_string(place.data().join("listen.json")).unwrap();
    let listen: Value = serde_json::from_str(&text).unwrap();
    other.set("ANTEROOM_ISSUER_URL", listen["issuer"].as_str().unwrap());
    let encrypted = last.replace("http:", "https:");
    for (line, is_warned) in [
        (last.to_owned(), false),
        (encrypted.clone(), true),
        (encrypted.replace("127.0.0.1", "localhost"), true),
    ] {
        let line = line.replace("NAME", "Bob") + " --plain </dev/null";
        let output = other.command("sh").args(["-c", &line]).output().unwrap();
        let warned = stderr(&output);
        assert!(output.status.success(), "{warned}");
        let is_told = warned.contains("does not speak https: it is asked over http");
        assert_eq!(is_told, is_warned, "{warned}");
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(said.contains("lobby"), "{said}");
    }
    // Any program on this machine could listen there: it receives no passkey without a request.
    fs::write(other.path().join("passkey"), "AAAAAAAAAAAAAAAAAAAAAA==").unwrap();
    let import = ["link", "import", link, "--secret-file", "passkey"];
    let shown = other.refusal(&import);
    assert!(shown.contains("a room service that is named"), "{shown}");
    let rooms = listen["rooms"].as_str().unwrap();
    let shown = other.refusal(&[&import[..], &["--rooms", rooms]].concat());
    assert!(shown.contains("the secret is not kept"), "{shown}");
}

#[test]
fn the_picture_of_a_link_stands_before_it_in_half_blocks() {
    let (place, _service) = serving();
    let name = create(&place, &[]).1;
    for command in [
        "anteroom link create".to_owned(),
        format!("anteroom link show {name} --qr"),
    ] {
        let output = place
            .command("script")
            .args(["--quiet", "--return", "--command", &command, "/dev/null"])
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{text}");
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        let is_picture = |line: &&&str| line.starts_with(['█', '▀', '▄']);
        let rows = lines.iter().filter(is_picture).count();
        assert!((15..=30).contains(&rows), "{text}");
        let after: Vec<&str> = lines
            .iter()
            .copied()
            .skip_while(|line| !is_picture(&line))
            .skip_while(|line| is_picture(&line))
            .filter(|line| !line.is_empty())
            .collect();
        assert_eq!(after.len(), 2, "{text}");
        assert!(after[0].starts_with("http://") && after[1].starts_with("anteroom call join"));
    }
}

#[test]
fn a_terminal_that_is_too_small_for_the_picture_of_a_link_is_told_so_and_shows_the_link() {
    let (place, _service) = serving();
    let command = "stty rows 24 cols 40; anteroom link create";
    let output = place
        .command("script")
        .args(["--quiet", "--return", "--command", command, "/dev/null"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    assert!(text.contains("this terminal has 40 and 24."), "{text}");
    assert!(!text.contains(['█', '▀', '▄']), "{text}");
    assert!(text.contains("/call/#key="), "{text}");
}

#[test]
fn a_link_that_cannot_be_as_it_is_asked_for_is_not_created() {
    let (place, _service) = serving();
    let text = fs::read_to_string(place.data().join("listen.json")).unwrap();
    let listen: Value = serde_json::from_str(&text).unwrap();
    let odd = format!("{}/a%20b", listen["rooms"].as_str().unwrap());
    let long = "n".repeat(244);
    for (flags, why) in [
        (["--name", &long], "the name is longer than 243 bytes"),
        (
            ["--rooms", &odd],
            "its path has empty parts, or a character",
        ),
        (["--trust", "fa32"], "an id has 16 hex digits"),
    ] {
        let shown = place.refusal(&[&["link", "create"], &flags[..]].concat());
        assert!(shown.contains(why), "{shown}");
        let rooms = place.run(&["room", "list"]);
        assert!(
            rooms.status.success() && rooms.stdout.is_empty(),
            "{rooms:?}"
        );
        assert!(place.shown(&["link", "list"]).contains("no link"));
    }
}

#[test]
fn a_link_of_ones_own_that_the_operator_has_deleted_is_told_to_be_gone_and_leaves_the_list() {
    let (place, _service) = serving();
    let (link, name) = create(&place, &["--name", "Tea"]);
    let room = place.json(&["room", "list", "--json"])["room"].clone();
    place.shown(&["room", "delete", room.as_str().unwrap(), "--yes"]);
    for command in [
        &["link", "show", &name][..],
        &["link", "rename", &name, "Coffee"],
        &["call", "join", &link, "--plain"],
    ] {
        let output = place.run(command);
        let shown = stderr(&output);
        assert_eq!(output.status.code(), Some(3), "{shown}");
        for text in [
            "this link of yours is gone: its room service has deleted it",
            &format!("anteroom link delete {name}"),
        ] {
            assert!(shown.contains(text), "{shown}");
        }
    }
    place.shown(&["link", "delete", &name, "--yes"]);
    assert!(place.shown(&["link", "list"]).contains("no link"));
}

#[test]
fn a_link_is_deleted_only_after_a_yes() {
    let (place, _service) = serving();
    let (_, name) = create(&place, &["--name", "Tea"]);
    let shown = place.refusal(&["link", "delete", &name]);
    assert!(
        shown.contains("cannot be undone") && shown.contains("--yes"),
        "{shown}"
    );
    for (answer, is_deleted) in [("n\n", false), ("\n", false), ("y\n", true)] {
        let output = place.run_on_terminal(&["link", "delete", &name], answer);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(
            text.contains(&format!("Delete the link {name} (Tea)")),
            "{text}"
        );
        assert_eq!(output.status.success(), is_deleted, "{answer:?}: {text}");
        let listed = place.json(&["link", "list", "--json"]);
        assert_eq!(
            listed.as_array().unwrap().is_empty(),
            is_deleted,
            "{answer:?}"
        );
    }
}

#[test]
fn a_list_of_links_shows_secrets_only_where_they_are_asked_for() {
    let (place, _service) = serving();
    let (link, name) = create(&place, &["--name", "Tea"]);
    for (flags, has_link, has_secret) in [
        (&[][..], false, false),
        (&["--links"], true, false),
        (&["--secrets"], true, true),
    ] {
        let row = place.json(&[&["link", "list", "--json"], flags].concat())[0].clone();
        assert_eq!(row["shortName"], name.as_str());
        assert_eq!(
            row["link"].as_str(),
            has_link.then_some(link.as_str()),
            "{flags:?}"
        );
        for member in ["adminSecret", "adminPasskey"] {
            assert_eq!(row.get(member).is_some(), has_secret, "{flags:?}");
        }
        let shown = place.shown(&[&["link", "list"], flags].concat());
        assert_eq!(shown.contains(&link), has_link, "{flags:?}");
        assert_eq!(shown.contains("secret"), has_secret, "{flags:?}");
    }
}
