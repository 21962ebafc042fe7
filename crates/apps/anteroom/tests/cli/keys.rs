//! `anteroom keys` as a process.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
};

use serde_json::{Value, json};

use crate::directory::{ServeProcess, TestDirectory, stderr};

/// Returns kind and state of a service's keys that are not retired, in alphabetical order.
fn keys(place: &TestDirectory, service: &str) -> Vec<(String, String)> {
    let listed = place.json(&["keys", "list", "--json"]);
    let databases = listed["databases"].as_array().unwrap();
    let database = databases
        .iter()
        .find(|database| database["service"] == service)
        .unwrap();
    assert_eq!(database["masterKey"], "right");
    let text = |key: &Value, name: &str| key[name].as_str().unwrap().to_owned();
    let all = ["keys", "serverParams"].map(|name| database[name].as_array().unwrap().clone());
    all.iter()
        .flatten()
        .filter(|key| key["state"] != "retired")
        .map(|key| (text(key, "kind"), text(key, "state")))
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(kind, state): &(&str, &str)| ((*kind).to_owned(), (*state).to_owned());
    let expected: BTreeSet<_> = expected.iter().map(owned).collect();
    expected.into_iter().collect()
}

const FIRST: [(&str, &str); 9] = [
    ("data", "writes"),
    ("index", "in use"),
    ("password", "in use"),
    ("event", "in use"),
    ("token", "signs"),
    ("generic", "issues"),
    ("group", "issues"),
    ("guest", "issues"),
    ("certificates", "issues"),
];

#[test]
fn the_list_shows_every_key_and_what_it_does_and_no_secret() {
    let place = TestDirectory::new();
    place.start().stop();
    assert_eq!(keys(&place, "issuer"), pairs(&FIRST));
    let rooms = [
        FIRST[0],
        FIRST[1],
        FIRST[2],
        FIRST[3],
        ("generic", "verifies"),
        ("guest", "verifies"),
    ];
    assert_eq!(keys(&place, "rooms"), pairs(&rooms));
    let shown = place.shown(&["keys", "list"]);
    for said in [
        "issuer: the master key is the right one",
        "rooms: the master key is the right one",
        "sealed values are under the newest data key",
    ] {
        assert!(shown.contains(said), "{shown}");
    }
    let file = place.path().join("params.json");
    place.shown(&["keys", "export", "--out", file.to_str().unwrap()]);
    let exported: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let secret = exported["genericParams"][0]["secretParams"]
        .as_str()
        .unwrap();
    let listed = place.json(&["keys", "list", "--json"]).to_string() + &shown;
    let master = fs::read_to_string(place.data().join("master.key")).unwrap();
    assert!(!listed.contains(&secret[..20]) && !listed.contains(master.trim()));
}

#[test]
fn public_params_go_to_clients_by_another_way() {
    let mut place = TestDirectory::new();
    let service = place.start();
    let account = place.add_account();
    place.act_as(&account);
    let file = place.path().join("public.json");
    let name = file.to_str().unwrap();
    place.shown(&["keys", "export-public", "--out", name]);
    let text = fs::read_to_string(&file).unwrap();
    assert_eq!(place.shown(&["keys", "export-public", "--out", "-"]), text);
    place.refusal(&["keys", "export-public", "--out", name]);
    let exported: Value = serde_json::from_str(&text).unwrap();
    let params = exported["params"].as_array().unwrap();
    assert_eq!(params.len(), 4);
    let members: Vec<&String> = params[0].as_object().unwrap().keys().collect();
    let expected = [
        "id",
        "kind",
        "notAfter",
        "notBefore",
        "publicParams",
        "version",
    ];
    assert_eq!(members, expected);

    // Params pinned before the first contact are not reported as new.
    let shown = place.shown(&["keys", "trust", name]);
    assert_eq!(shown.matches("Pinned").count(), 4, "{shown}");
    let shown = place.shown(&["keys", "trust", name]);
    assert!(shown.contains("pinned already"), "{shown}");
    let seen = place.json(&["credential", "auth", "--json"]);
    assert_eq!(seen["newlyPinned"], json!([]));

    let id = params[0]["id"].as_str().unwrap();
    for damaged in [
        text.replace(id, "0123456789abcdef"),
        text.replace("\"kind\"", "\"what\""),
        ["generic", "group", "certificates", "guest"]
            .iter()
            .fold(text.clone(), |text, kind| text.replace(kind, "other")),
        String::new(),
    ] {
        fs::write(&file, damaged).unwrap();
        place.refusal(&["keys", "trust", name]);
    }
    // A later version may have more kinds.
    fs::write(&file, text.replace("certificates", "later")).unwrap();
    let output = place.run(&["keys", "trust", name]);
    assert!(output.status.success());
    let shown = stderr(&output);
    assert!(shown.contains("knows no kind \"later\""), "{shown}");
    service.stop();
}

/// Returns all files of the data directory with their bytes.
fn snapshot(place: &TestDirectory) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = fs::read_dir(place.data()).unwrap();
    let paths = files.map(|entry| entry.unwrap().path());
    paths
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect()
}

#[test]
fn a_wrong_or_missing_master_key_is_refused_by_every_command_and_nothing_is_made() {
    const OTHER_KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
    for kept in [
        ["issuer.db"].as_slice(),
        &["rooms.db"],
        &["issuer.db", "rooms.db"],
    ] {
        let mut place = TestDirectory::new();
        place.start().stop();
        let params = place.path().join("params.json");
        place.shown(&["keys", "export", "--out", params.to_str().unwrap()]);
        for file in ["issuer.db", "rooms.db"] {
            if !kept.contains(&file) {
                fs::remove_file(place.data().join(file)).unwrap();
            }
        }
        let out = place.path().join("out.json");
        let (out, params) = (out.to_str().unwrap(), params.to_str().unwrap());
        let mut commands = vec![
            vec!["keys", "list"],
            vec!["keys", "rotate", "data"],
            vec!["keys", "rotate", "event", "--yes"],
            vec!["keys", "rotate", "master"],
            vec!["serve"],
        ];
        if kept.contains(&"rooms.db") {
            commands.push(vec!["serve", "--role", "rooms"]);
            commands.push(vec!["keys", "import", params]);
        }
        if kept.contains(&"issuer.db") {
            commands.push(vec!["serve", "--role", "issuer"]);
            commands.push(vec!["keys", "rotate", "token"]);
            commands.push(vec!["keys", "rotate", "generic"]);
            commands.push(vec!["keys", "rotate", "group", "--now"]);
            commands.push(vec!["keys", "export", "--out", out]);
            commands.push(vec!["keys", "export-public", "--out", out]);
        }
        let key = place.data().join("master.key");
        let right = fs::read(&key).unwrap();
        fs::remove_file(&key).unwrap();
        let before = snapshot(&place);
        for command in &commands {
            let shown = place.refusal(command);
            assert!(
                shown.contains("is missing, and nothing was changed. Put it back"),
                "{command:?}: {shown}"
            );
            assert_eq!(snapshot(&place), before, "{command:?}");
        }
        // No key is created for a database that does not exist yet.
        place.refusal(&["keys", "import", params]);
        assert_eq!(snapshot(&place), before);

        place.set("ANTEROOM_MASTER_KEY", OTHER_KEY);
        for command in &commands {
            if command.contains(&"master") {
                // The command cannot write to a variable.
                continue;
            }
            let shown = place.refusal(command);
            assert!(
                shown.contains("not the one this database was made with"),
                "{shown}"
            );
            assert!(!shown.contains(OTHER_KEY));
        }
        place.set("ANTEROOM_MASTER_KEY", "");
        fs::write(&key, OTHER_KEY).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        let shown = place.refusal(&["keys", "rotate", "master"]);
        assert!(
            shown.contains("not the one this database was made with"),
            "{shown}"
        );
        assert!(!place.data().join("master.key.next").exists());
        fs::write(&key, right).unwrap();
        place.shown(&["keys", "list"]);
    }
}

#[test]
fn keys_are_only_rotated_where_they_are() {
    let place = TestDirectory::new();
    let shown = place.refusal(&["keys", "list"]);
    assert!(shown.contains("there is no database"), "{shown}");
    place.start().stop();
    let file = place.path().join("params.json");
    place.shown(&["keys", "export", "--out", file.to_str().unwrap()]);
    let rooms = TestDirectory::new();
    rooms.shown(&["keys", "import", file.to_str().unwrap()]);
    for kind in ["generic", "group", "certificates", "token"] {
        let shown = rooms.refusal(&["keys", "rotate", kind]);
        assert!(shown.contains("no issuer's database here"), "{shown}");
    }
    for kind in ["index", "password"] {
        // The argument is invalid: clap lists the valid values.
        let output = place.run(&["keys", "rotate", kind]);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains("possible values"), "{output:?}");
    }
    let output = place.run(&["keys", "rotate", "generic", "--days", "1"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn the_master_key_changes_and_its_change_goes_on_where_it_was_cut_off() {
    let mut place = TestDirectory::new();
    let service = place.start();
    let account = place.add_account();
    place.act_as(&account);
    service.stop();

    let key = place.data().join("master.key");
    let old = fs::read_to_string(&key).unwrap();
    let old_databases = ["issuer.db", "rooms.db"].map(|name| {
        let path = place.data().join(name);
        (path.clone(), fs::read(path).unwrap())
    });
    place.shown(&["keys", "rotate", "master"]);
    let new = fs::read_to_string(&key).unwrap();
    assert_ne!(new, old);
    assert_eq!(
        fs::metadata(&key).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let next = place.data().join("master.key.next");
    assert!(!next.exists());
    assert_eq!(keys(&place, "issuer"), pairs(&FIRST));
    let kept: Vec<_> = fs::read_dir(place.data())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "old"))
        .collect();
    assert_eq!(kept.len(), 1, "older backups need the old key: {kept:?}");
    assert_eq!(fs::read_to_string(&kept[0]).unwrap(), old);

    // The state after an interruption behind one of the databases, and behind both.
    let [(rooms, old_rooms), (issuer, old_issuer)] = {
        let [issuer, rooms] = old_databases;
        [rooms, issuer]
    };
    let new_issuer = fs::read(&issuer).unwrap();
    for restored in [vec![(&rooms, &old_rooms)], vec![]] {
        for (path, bytes) in restored {
            fs::write(path, bytes).unwrap();
        }
        fs::write(&key, &old).unwrap();
        fs::write(&next, &new).unwrap();
        fs::set_permissions(&next, fs::Permissions::from_mode(0o600)).unwrap();
        let shown = place.refusal(&["serve"]);
        assert!(
            shown.contains("Finish the change with `anteroom keys rotate master`"),
            "{shown}"
        );
        let backup = place.data().with_extension("backup");
        let shown = place.refusal(&["backup", backup.to_str().unwrap()]);
        assert!(shown.contains("the master key is being changed"), "{shown}");
        assert!(!backup.exists());
        place.shown(&["keys", "rotate", "master"]);
        assert_eq!(fs::read_to_string(&key).unwrap(), new);
        assert!(!next.exists());
    }
    assert_ne!(new_issuer, old_issuer);
    let service = place.start();
    let seen = place.json(&["credential", "auth", "--json"]);
    assert_eq!(seen["callLinkCredentials"], 8);
    service.stop();
}

#[test]
fn next_params_are_announced_and_taken_by_those_who_were_told() {
    let mut place = TestDirectory::new();
    place.set("ANTEROOM_KEYS_RELOAD_SECONDS", "1");
    let mut service = place.start();
    let account = place.add_account();
    place.act_as(&account);
    let created = place.json(&["link", "create", "--json", "--name", "Old"]);
    let link = created["link"].as_str().unwrap().to_owned();

    let shown = place.shown(&["keys", "rotate", "generic"]);
    assert!(
        shown.contains("Made generic params (standard mode)"),
        "{shown}"
    );
    service.wait_for("the issuer has other server params");
    let states: Vec<_> = keys(&place, "issuer")
        .into_iter()
        .filter(|(kind, _)| kind == "generic")
        .map(|(_, state)| state)
        .collect();
    assert_eq!(states, ["announced", "issues"]);
    let shown = place.refusal(&["keys", "rotate", "generic"]);
    assert!(shown.contains("take over on"), "{shown}");

    // Everything continues, and new clients learn in time which id to compare.
    let next = announced(&place);
    place.shown(&["credential", "renew"]);
    let output = place.run(&["link", "show", &link]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(
        stderr(&output).contains(&format!("--trust {next}")),
        "{}",
        stderr(&output)
    );
    let output = place.run(&["link", "show", &link, "--trust", &next]);
    assert!(output.status.success(), "{}", stderr(&output));
    let output = place.run(&["link", "show", &link]);
    assert!(!stderr(&output).contains("--trust"), "{}", stderr(&output));
    service.stop();
}

/// Returns the id of the announced generic params.
fn announced(place: &TestDirectory) -> String {
    let listed = place.json(&["keys", "list", "--json"]);
    let params = listed["databases"][0]["serverParams"].as_array().unwrap();
    let mut announced = params
        .iter()
        .filter(|params| params["kind"] == "generic" && params["state"] == "announced");
    announced.next().unwrap()["id"].as_str().unwrap().to_owned()
}

/// Returns the id of the generic params that issue.
fn issuing(place: &TestDirectory) -> String {
    let listed = place.json(&["keys", "list", "--json"]);
    let params = listed["databases"][0]["serverParams"].as_array().unwrap();
    let mut issuing = params
        .iter()
        .filter(|params| params["kind"] == "generic" && params["state"] == "issues");
    issuing.next().unwrap()["id"].as_str().unwrap().to_owned()
}

#[test]
fn links_made_before_a_change_stay_usable() {
    let mut place = TestDirectory::new();
    place.set("ANTEROOM_KEYS_RELOAD_SECONDS", "1");
    let mut service = place.start();
    let [owner, guest] = [(); 2].map(|()| place.add_account());
    place.act_as(&owner);
    let created = place.json(&["link", "create", "--json", "--name", "Old"]);
    let link = created["link"].as_str().unwrap().to_owned();
    let old = issuing(&place);
    assert!(link.contains(&format!("params={old}")));

    place.shown(&["keys", "rotate", "generic", "--now", "--revoke", "--yes"]);
    service.wait_for("the issuer has other server params");
    let new = issuing(&place);
    assert_ne!(new, old);

    // A refusal of the room service brings no client to ask the issuer.
    let shown = place.refusal(&["link", "show", &link]);
    assert!(shown.contains("anteroom credential renew"), "{shown}");
    let shown = stderr(&place.run(&["call", "join", &link, "--plain"]));
    assert!(shown.contains("anteroom credential renew"), "{shown}");
    // The issuer's list alone does not move a client that has pinned the old params.
    let shown = place.refusal(&["link", "show", &link, "--fetch"]);
    assert!(
        shown.contains(&new) && shown.contains("not trusted"),
        "{shown}"
    );
    let trusting = ["link", "show", &link, "--json", "--trust", &new, "--fetch"];
    assert_eq!(place.json(&trusting)["name"], "Old");
    let seen = place.json(&["link", "show", &link, "--json"]);
    assert_eq!(seen["name"], "Old");

    // A new client uses the old link.
    let listen = fs::read(place.data().join("listen.json")).unwrap();
    let listen: Value = serde_json::from_slice(&listen).unwrap();
    let mut other = TestDirectory::new();
    other.act_as(&guest);
    for (name, service) in [
        ("ANTEROOM_ISSUER_URL", "issuer"),
        ("ANTEROOM_ROOMS_URL", "rooms"),
    ] {
        other.set(name, listen[service].as_str().unwrap());
    }
    let seen = other.json(&["link", "show", &link, "--json"]);
    assert_eq!(seen["name"], "Old");
    // New links are made under the new params, and both kinds work at the same time.
    let created = place.json(&["link", "create", "--json", "--name", "New"]);
    let newer = created["link"].as_str().unwrap();
    assert!(newer.contains(&format!("params={new}")));
    assert_eq!(
        other.json(&["link", "show", newer, "--json"])["name"],
        "New"
    );
    service.stop();
}

#[test]
fn a_room_service_apart_takes_params_over_while_it_runs() {
    let mut issuers = TestDirectory::new();
    issuers.set("ANTEROOM_KEYS_RELOAD_SECONDS", "1");
    let mut issuer = ServeProcess::start_until(
        issuers.anteroom(&["serve", "--role", "issuer"]),
        "the issuer listens on",
    );
    let mut rooms = TestDirectory::new();
    rooms.set("ANTEROOM_KEYS_RELOAD_SECONDS", "3600");
    let file = rooms.path().join("params.json");
    let name = file.to_str().unwrap();
    issuers.shown(&["keys", "export", "--out", name]);
    rooms.shown(&["keys", "import", name]);
    fs::remove_file(&file).unwrap();
    let mut service = ServeProcess::start(rooms.anteroom(&["serve", "--role", "rooms"]));

    issuers.shown(&["keys", "rotate", "generic"]);
    issuer.wait_for("the issuer has other server params");
    issuers.shown(&["keys", "export", "--out", name]);
    let shown = rooms.shown(&["keys", "import", name]);
    assert!(shown.contains("verifies under generic params"), "{shown}");
    assert!(shown.contains("are good until"), "{shown}");
    let shown = rooms.shown(&["keys", "import", name]);
    assert!(shown.contains("has all of these params already"), "{shown}");
    // The signal triggers a check long before the hour has passed.
    service.signal(rustix::process::Signal::HUP);
    service.wait_for("the room service verifies under other server params");
    let states = keys(&rooms, "rooms");
    let generic: Vec<_> = states
        .iter()
        .filter(|(kind, _)| kind == "generic")
        .collect();
    assert_eq!(generic.len(), 2);
    assert_eq!(generic[0].1, "announced");
    service.stop();
    issuer.stop();
}
