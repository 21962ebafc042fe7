//! The pages for browsers.

use anteroom_pages::WebAddress;
use anteroom_testkit::{FakeMediaServer, TestRooms, TestRoomsOptions, assert_api_page};
use http::Method;

use crate::support::{Answer, request};

const PAGES: [&str; 4] = ["/", "/call", "/call/", "/docs"];
const CALL_PAGES: [&str; 2] = ["/call", "/call/"];

async fn get(rooms: &TestRooms, path: &str) -> Answer {
    request(Method::GET, path).send(rooms).await
}

#[track_caller]
fn text(answer: &Answer) -> &str {
    assert_eq!(answer.status, 200);
    std::str::from_utf8(&answer.body).unwrap()
}

fn references(page: &str) -> impl Iterator<Item = &str> {
    let parts = page.split(" href=\"").skip(1);
    parts.filter_map(|part| part.split('"').next())
}

/// Returns the path that a relative reference of a page points to.
fn resolved(page: &str, reference: &str) -> String {
    assert!(!reference.starts_with('/') && !reference.contains(':'));
    let (folder, _) = page.rsplit_once('/').unwrap();
    format!("{folder}/{reference}")
}

#[tokio::test]
async fn every_page_is_strict_runs_no_script_and_loads_nothing_from_elsewhere() {
    let rooms = TestRooms::start().await;
    for path in PAGES {
        let answer = get(&rooms, path).await;
        for (name, value) in [
            ("content-type", "text/html; charset=utf-8"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "public, max-age=300"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("x-robots-tag", "noindex, nofollow"),
            (
                "content-security-policy",
                "default-src 'none'; style-src 'self'; form-action 'none'; base-uri 'none'; \
                 frame-ancestors 'none'",
            ),
        ] {
            assert_eq!(answer.header(name), Some(value), "{path}");
        }
        assert_eq!(answer.header("set-cookie"), None, "{path}");
        let page = text(&answer);
        assert!(page.starts_with("<!DOCTYPE html><html lang=\"en\">"));
        for forbidden in [
            "<script",
            "<style",
            " style=",
            " src=",
            " onclick=",
            " onload=",
            "<form",
            "<iframe",
            "<img",
            "http-equiv",
            "http://",
            "https://",
        ] {
            assert!(!page.contains(forbidden), "{path}: {forbidden}");
        }
    }
}

#[tokio::test]
async fn pages_name_each_other_and_their_style_by_relative_addresses_that_exist() {
    let rooms = TestRooms::start().await;
    for path in PAGES {
        let answer = get(&rooms, path).await;
        let elsewhere = references(text(&answer)).filter(|target| !target.starts_with('#'));
        let targets: Vec<String> = elsewhere.map(|target| resolved(path, target)).collect();
        assert!(!targets.is_empty());
        for target in targets {
            let found = get(&rooms, &target).await;
            assert_eq!(found.status, 200, "{path} {target}");
            if found.header("content-type") == Some("text/css; charset=utf-8") {
                let style = text(&found);
                assert!(style.contains("prefers-color-scheme: dark"), "{target}");
                assert!(
                    !style.contains("url(") && !style.contains("@import"),
                    "{target}"
                );
            }
        }
    }
}

#[tokio::test]
async fn the_page_of_a_link_says_how_to_join_and_leads_nowhere_that_would_replace_the_link() {
    let rooms = TestRooms::start().await;
    for path in CALL_PAGES {
        let answer = get(&rooms, path).await;
        let page = text(&answer);
        for part in [
            "You are invited to a call",
            "the whole address of this page",
            "anteroom login --issuer",
            "anteroom call join",
            "anteroom call join --guest --issuer",
            "give you the program <code>anteroom</code>",
        ] {
            assert!(page.contains(part), "{path}: {part}");
        }
        assert!(!page.contains("<a "), "{path}");
        assert_eq!(references(page).collect::<Vec<_>>(), ["style.css"]);
    }
}

#[tokio::test]
async fn pages_lead_to_the_program_where_the_operator_says_where_it_is_and_keep_the_link_open() {
    let rooms = TestRooms::start_with(TestRoomsOptions {
        program_page: WebAddress::parse("https://club.example/anteroom?a=1&b=2"),
        ..TestRoomsOptions::default()
    })
    .await;
    for path in ["/", "/call", "/call/"] {
        let answer = get(&rooms, path).await;
        let page = text(&answer);
        // The link opens in a tab of its own, so that the address of this tab stays.
        let link = "<a class=\"way\" href=\"https://club.example/anteroom?a=1&amp;b=2\" \
                    target=\"_blank\" rel=\"noopener noreferrer\">";
        assert!(page.contains(link), "{page}");
        assert!(!page.contains("cargo build"), "{page}");
    }
}

#[tokio::test]
async fn pages_are_read_only_and_the_same_for_every_query() {
    let rooms = TestRooms::start().await;
    for path in PAGES {
        let plain = get(&rooms, path).await;
        // Some programs write the `#` of a link as `%23`, or put members of their own behind it.
        let with_query = get(&rooms, &format!("{path}?utm_source=x")).await;
        assert_eq!(plain.body, with_query.body, "{path}");
        let head = request(Method::HEAD, path).send(&rooms).await;
        assert_eq!((head.status.as_u16(), head.body.len()), (200, 0), "{path}");
        let posted = request(Method::POST, path).send(&rooms).await;
        posted.assert_problem(405, "METHOD_NOT_ALLOWED");
    }
}

#[tokio::test]
async fn where_calls_are_on_media_servers_pages_do_not_name_the_program_that_cannot_join() {
    let server = FakeMediaServer::start().await;
    let rooms = TestRooms::start_with(TestRoomsOptions {
        media_servers: vec![server.url().to_owned()],
        ..TestRoomsOptions::default()
    })
    .await;
    for path in ["/", "/call", "/call/"] {
        let answer = get(&rooms, path).await;
        let page = text(&answer);
        assert!(
            page.contains("the calling app that the link was made for"),
            "{path}"
        );
        assert!(!page.contains("anteroom call join"), "{path}");
    }
}

#[tokio::test]
async fn the_page_of_the_description_shows_all_of_it() {
    let rooms = TestRooms::start().await;
    let page = get(&rooms, "/docs").await;
    let api = get(&rooms, "/openapi.json").await.json();
    assert_api_page(text(&page), &api);
}
