//! The daily batches: their content, their range, their events.

use anteroom_issuer::IssuerLimits;
use anteroom_protocol::{
    AuthCredentialResponse, DAY, GroupAuthCredentialResponse, Mode, Timestamp,
};
use anteroom_runtime::{BucketSize, Clock as _};
use anteroom_testkit::{TestIssuer, TestIssuerOptions};
use serde_json::{Value, json};

use crate::support::{bytes, devices, get, get_as};

const GROUP: &str = "/v1/certificate/auth/group";
const CALL_LINK: &str = "/v1/call-link/auth";

fn path(endpoint: &str, start: Timestamp, end: Timestamp) -> String {
    let (start, end) = (start.as_secs(), end.as_secs());
    format!("{endpoint}?redemptionStartSeconds={start}&redemptionEndSeconds={end}")
}

/// Starts an issuer with a limit of `capacity` batches for an account, and one more each `refill`
/// seconds.
async fn limited_to(capacity: u32, refill: u64) -> TestIssuer {
    TestIssuer::start_with(TestIssuerOptions {
        limits: IssuerLimits {
            batches: BucketSize::new(capacity.try_into().unwrap(), refill.try_into().unwrap()),
            ..IssuerLimits::default()
        },
        ..TestIssuerOptions::default()
    })
    .await
}

/// Asserts that there is one valid credential for each of the days, and no other.
fn check_call_link(
    issuer: &TestIssuer,
    aci: &anteroom_protocol::Aci,
    list: &Value,
    days: &[Timestamp],
) {
    let list = list.as_array().unwrap();
    assert_eq!(list.len(), days.len());
    for (entry, day) in list.iter().zip(days) {
        assert_eq!(entry["redemptionTime"], day.as_secs());
        let response = AuthCredentialResponse::from_bytes(&bytes(&entry["credential"])).unwrap();
        let params = issuer.generic_params.as_ref().unwrap();
        response.receive(aci, *day, params).unwrap();
        assert!(response.receive(aci, day.plus(DAY), params).is_err());
    }
}

#[tokio::test]
async fn a_batch_has_group_and_call_link_auth_credentials_one_of_each_per_day_with_the_accounts_pni()
 {
    for mode in [Mode::Standard, Mode::Legacy] {
        let issuer = TestIssuer::start_with(TestIssuerOptions {
            mode,
            ..TestIssuerOptions::default()
        })
        .await;
        let today = issuer.clock.now().start_of_day();
        let without_pni = issuer.add_account(false).await;
        for account in [&issuer.account, &without_pni] {
            for (first, count) in [(today.minus(DAY), 8), (today, 1), (today.plus(DAY), 8)] {
                let days: Vec<_> = (0..count).map(|n| first.plus(n * DAY)).collect();
                let last = *days.last().unwrap();
                let answer = get_as(&issuer, account, &path(GROUP, first, last)).await;
                assert_eq!(answer.status, 200);
                assert_eq!(answer.header("cache-control"), Some("no-store"));
                assert_eq!(answer.header("anteroom-degraded"), None);
                let body = answer.json();
                check_call_link(
                    &issuer,
                    &account.aci,
                    &body["callLinkAuthCredentials"],
                    &days,
                );
                let pni = account.pni.map(|pni| pni.to_uuid_string());
                assert_eq!(body["pni"], json!(pni));

                let list = body["credentials"].as_array().unwrap();
                assert_eq!(list.len(), days.len());
                for (entry, day) in list.iter().zip(&days) {
                    assert_eq!(entry["redemptionTime"], day.as_secs());
                    let response = bytes(&entry["credential"]);
                    let response = GroupAuthCredentialResponse::from_bytes(&response).unwrap();
                    let params = issuer.group_params.as_ref().unwrap();
                    let received = match &account.pni {
                        Some(pni) => response.receive(&account.aci, pni, *day, params),
                        None => {
                            let salt = &account.auth_salt;
                            response.receive_without_pni(&account.aci, salt, *day, params)
                        }
                    };
                    assert_eq!(received.unwrap().redemption(), *day);
                }
            }
        }
    }
}

#[tokio::test]
async fn credential_batch_call_link_auth_credentials_can_also_be_had_on_their_own() {
    let issuer = TestIssuer::start().await;
    let today = issuer.clock.now().start_of_day();
    let days: Vec<_> = (0..8).map(|n| today.plus(n * DAY)).collect();
    let path = path(CALL_LINK, days[0], days[7]);
    let answer = get_as(&issuer, &issuer.account, &path).await;
    assert_eq!(answer.status, 200);
    let body = answer.json();
    assert_eq!(body.as_object().unwrap().len(), 1);
    let aci = &issuer.account.aci;
    check_call_link(&issuer, aci, &body["callLinkAuthCredentials"], &days);
}

#[tokio::test]
async fn auth_batch_issued_and_group_credentials_issued_are_emitted_with_their_payloads() {
    let issuer = TestIssuer::start().await;
    let today = issuer.clock.now().start_of_day();
    let (start, end) = (today.minus(DAY), today.plus(2 * DAY));
    let account_id = issuer
        .pseudonymizer
        .account(&issuer.account.aci)
        .to_string();
    let batch = json!({
        "account_id": account_id,
        "redemption_start": start.as_secs(),
        "redemption_end": end.as_secs(),
    });
    let mut group = batch.clone();
    group["credential_count"] = json!(4);
    for (endpoint, expected) in [
        (
            CALL_LINK,
            vec![("call_link.auth_batch_issued", batch.clone())],
        ),
        (
            GROUP,
            vec![
                ("group_credentials.issued", group),
                ("call_link.auth_batch_issued", batch),
            ],
        ),
    ] {
        get_as(&issuer, &issuer.account, &path(endpoint, start, end)).await;
        let events = issuer.events.take();
        let events: Vec<_> = events
            .iter()
            .map(|event| (event.name(), Value::from(event.payload().clone())))
            .collect();
        assert_eq!(events, expected);
    }
}

#[tokio::test]
async fn a_range_is_day_aligned_from_yesterday_to_today_plus_8_days_and_spans_at_most_7_days() {
    let today = TestIssuerOptions::default().now.start_of_day();
    let yesterday = today.minus(DAY);
    let last = today.plus(8 * DAY);
    let ranges = [
        (yesterday, yesterday.plus(7 * DAY), 200),
        (last.minus(7 * DAY), last, 200),
        (last, last, 200),
        (yesterday.minus(DAY), today, 400),
        (yesterday.minus(1), today, 400),
        (yesterday.plus(1), today, 400),
        (today, last.plus(DAY), 400),
        (last.plus(DAY), last.plus(DAY), 400),
        (today.plus(2 * DAY), last.plus(1), 400),
        (today.plus(2 * DAY), last.minus(1), 400),
        (today, last, 400),
        (yesterday, today.plus(7 * DAY), 400),
        (today, yesterday, 400),
    ];
    for endpoint in [GROUP, CALL_LINK] {
        let issuer = limited_to(1_000, 1).await;
        // The first and the last second of the day.
        for now in [today, today.plus(DAY - 1)] {
            issuer.clock.set(now);
            for (start, end, status) in ranges {
                let answer = get_as(&issuer, &issuer.account, &path(endpoint, start, end)).await;
                assert_eq!(
                    answer.status, status,
                    "{endpoint} {now:?} {start:?} {end:?}"
                );
            }
        }
        // One second later it is the next day.
        issuer.clock.set(today.plus(DAY));
        for (start, end, status) in [
            (yesterday, today, 400),
            (today, today, 200),
            (last.plus(DAY), last.plus(DAY), 200),
        ] {
            let answer = get_as(&issuer, &issuer.account, &path(endpoint, start, end)).await;
            assert_eq!(answer.status, status, "{endpoint} {start:?} {end:?}");
        }
    }
}

#[tokio::test]
async fn group_cred_invalid_range_is_400_with_its_message_and_no_event() {
    let issuer = limited_to(1_000, 1).await;
    let today = issuer.clock.now().start_of_day().as_secs();
    for endpoint in [GROUP, CALL_LINK] {
        for query in [
            String::new(),
            "?".to_owned(),
            format!("?redemptionStartSeconds={today}"),
            format!("?redemptionEndSeconds={today}"),
            format!("?redemptionStartSeconds={today}&redemptionEndSeconds=tomorrow"),
            format!("?redemptionStartSeconds={today}&redemptionEndSeconds=-1"),
            format!("?redemptionStartSeconds={today}&redemptionEndSeconds=1e9"),
            format!(
                "?redemptionStartSeconds={today}&redemptionEndSeconds={}0",
                u64::MAX
            ),
            format!("?redemptionStartSeconds={today}&redemptionEndSeconds=%FF"),
        ] {
            let path = format!("{endpoint}{query}");
            let answer = get_as(&issuer, &issuer.account, &path).await;
            answer.assert_problem(
                400,
                "GROUP_CRED_INVALID_RANGE",
                "Invalid redemption time range. Range must be day-aligned, start at yesterday or \
                 later, and span at most 7 days.",
            );
        }
    }
    assert!(issuer.events.take().is_empty());
}

#[tokio::test]
async fn group_cred_unauthorized_is_401_with_its_message_before_the_range_is_looked_at() {
    let issuer = TestIssuer::start().await;
    let today = issuer.clock.now().start_of_day();
    for (endpoint, code, detail) in [
        (
            GROUP,
            "GROUP_CRED_UNAUTHORIZED",
            "Authentication required to request group credentials.",
        ),
        (
            CALL_LINK,
            "CALL_LINK_UNAUTHORIZED",
            "Authentication required to create call links.",
        ),
    ] {
        for path in [endpoint.to_owned(), path(endpoint, today, today)] {
            get(&issuer, &path).await.assert_problem(401, code, detail);
        }
    }
    assert!(issuer.events.take().is_empty());
}

#[tokio::test]
async fn an_account_asks_for_48_batches_of_both_kinds_and_then_for_two_an_hour() {
    let issuer = TestIssuer::start().await;
    let other = issuer.add_account(false).await;
    let devices = devices(&issuer, 4).await;
    let today = issuer.clock.now().start_of_day();
    let ask = async |number: usize| {
        let endpoint = [GROUP, CALL_LINK][number / 4 % 2];
        get_as(&issuer, &devices[number % 4], &path(endpoint, today, today)).await
    };
    for number in 0..48 {
        assert_eq!(ask(number).await.status, 200, "{number}");
    }
    drop(issuer.events.take());
    for number in 0..2 {
        let answer = ask(number).await;
        answer.assert_problem(
            429,
            "GROUP_CRED_RATE_LIMITED",
            "Too many requests for a batch of credentials. Please wait before trying again.",
        );
        assert_eq!(answer.header("retry-after"), Some("1800"));
    }
    assert!(issuer.events.take().is_empty());
    let others = get_as(&issuer, &other, &path(GROUP, today, today)).await;
    assert_eq!(others.status, 200, "another account");
    for number in 0..2 {
        issuer.clock.advance(1_800);
        assert_eq!(ask(number).await.status, 200);
        assert_eq!(ask(number).await.status, 429);
    }
}

#[tokio::test]
async fn the_limit_of_batches_comes_after_authentication_and_before_the_range() {
    let issuer = limited_to(1, 1_800).await;
    for (number, status) in [(0, 400), (1, 429)] {
        for endpoint in [GROUP, CALL_LINK] {
            assert_eq!(get(&issuer, endpoint).await.status, 401, "{number}");
        }
        let answer = get_as(&issuer, &issuer.account, CALL_LINK).await;
        assert_eq!(answer.status, status);
    }
}
