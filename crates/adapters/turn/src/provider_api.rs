//! The HTTP API of a provider.
//!
//! ```text
//! POST <url>                                      any 2xx
//! Authorization: Bearer <token>            ──▶    {"iceServers": {"username": "...",
//! {"ttl": 86400}                                   "credential": "...", "urls": ["turn:...", ...]}}
//! ```
//!
//! No part of the request depends on the user.

use std::time::Duration;

use anteroom_http_client::{Answer, ExchangeError, HttpClient, HttpClientOptions, is_loopback};
use anteroom_protocol::{Timestamp, redacted_debug};
use anteroom_runtime::{Backoff, Health};
use http::{HeaderValue, StatusCode, header};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::{
    sync::Semaphore,
    time::{sleep, timeout},
};
use zeroize::Zeroizing;

use crate::{
    ProviderUrl, RelayError, RelaySecret, RelaySettingsError, RelayTtl, RelayUrl, breaker::Breaker,
    relay::Credentials,
};

/// The maximum size of an answer, in bytes. No real answer is longer.
const MOST_BYTES: usize = 16 * 1024;
/// The maximum length of a user name in STUN, which is more than enough for a password too.
const MOST_TEXT: usize = 512;
const MOST_URLS: usize = 32;
/// The maximum number of exchanges at the same time, each of which uses a descriptor. Further ones
/// wait within their time.
const EXCHANGES: usize = 16;
/// The number of attempts after the first.
const MOST_REPEATS: u32 = 2;
/// The pauses between the attempts.
const BACKOFF: Backoff = Backoff {
    first: Duration::from_millis(100),
    factor: 4,
    longest: Duration::MAX,
};

/// The API of a provider, with its circuit breaker.
pub(crate) struct ProviderApi {
    http: HttpClient,
    url: ProviderUrl,
    /// Marked as sensitive, so that it is never printed.
    authorization: HeaderValue,
    timeout: Duration,
    breaker: Mutex<Breaker>,
    /// One permit for each exchange at the same time.
    turns: Semaphore,
}

#[derive(Serialize)]
struct Question {
    ttl: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AnswerBody {
    ice_servers: IceServers,
}

#[derive(Deserialize)]
struct IceServers {
    username: Zeroizing<String>,
    credential: Zeroizing<String>,
    urls: OneOrMany,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// The result of one attempt.
enum Try {
    Done(Result<(Credentials, Vec<RelayUrl>), RelayError>),
    /// The attempt failed, and the provider has certainly made no credentials.
    Again(RelayError),
}

impl ProviderApi {
    pub(crate) fn new(
        url: ProviderUrl,
        token: &RelaySecret,
        timeout: Duration,
    ) -> Result<Self, RelaySettingsError> {
        let http = HttpClient::new(HttpClientOptions {
            proxy: !is_loopback(&url.0),
            ..HttpClientOptions::new(timeout)
        });
        let http = http.map_err(RelaySettingsError::HttpClient)?;
        let bearer = Zeroizing::new(format!("Bearer {}", token.expose()));
        let mut authorization =
            HeaderValue::from_str(&bearer).map_err(|_| RelaySettingsError::Token)?;
        authorization.set_sensitive(true);
        Ok(Self {
            http,
            url,
            authorization,
            timeout,
            breaker: Mutex::new(Breaker::new()),
            turns: Semaphore::new(EXCHANGES),
        })
    }

    /// Returns new credentials, with the URLs that they are for.
    pub(crate) async fn credentials(
        &self,
        now: Timestamp,
        ttl: RelayTtl,
    ) -> Result<(Credentials, Vec<RelayUrl>), RelayError> {
        if !self.breaker.lock().admit(now) {
            return Err(RelayError::CircuitOpen);
        }
        let exchange = async {
            // The semaphore is never closed.
            let _turn = self.turns.acquire().await;
            self.exchange(ttl).await
        };
        let outcome = timeout(self.timeout, exchange)
            .await
            .unwrap_or(Err(RelayError::TimedOut));
        match &outcome {
            Ok(_) => self.breaker.lock().succeeded(),
            Err(_) => self.breaker.lock().failed(now),
        }
        outcome
    }

    pub(crate) fn health(&self) -> Health {
        self.breaker.lock().health()
    }

    /// Makes the request. Repeats it only after a failure in which the provider has made no
    /// credentials.
    async fn exchange(&self, ttl: RelayTtl) -> Result<(Credentials, Vec<RelayUrl>), RelayError> {
        let mut failures = 0;
        loop {
            match self.try_once(ttl).await {
                Try::Done(outcome) => return outcome,
                Try::Again(error) if failures == MOST_REPEATS => return Err(error),
                Try::Again(_) => sleep(BACKOFF.pause(failures)).await,
            }
            failures += 1;
        }
    }

    async fn try_once(&self, ttl: RelayTtl) -> Try {
        let question = Question { ttl: ttl.as_secs() };
        let request = self
            .http
            .post(self.url.0.clone())
            .header(header::AUTHORIZATION, self.authorization.clone())
            .json(&question);
        let response = match request.send().await {
            Ok(response) => response,
            Err(ExchangeError::Unreachable { timed_out: false }) => {
                return Try::Again(RelayError::Unreachable);
            }
            Err(error) => return Try::Done(Err(broken(error))),
        };
        let status = response.status();
        let refused = RelayError::Refused {
            status: status.as_u16(),
        };
        match status {
            status if status.is_success() => Try::Done(read(response).await),
            StatusCode::SERVICE_UNAVAILABLE => Try::Again(refused),
            _ => Try::Done(Err(refused)),
        }
    }
}

redacted_debug!(ProviderApi);

async fn read(response: Answer) -> Result<(Credentials, Vec<RelayUrl>), RelayError> {
    let malformed = RelayError::Malformed {
        status: response.status().as_u16(),
    };
    let mut body = Zeroizing::new(Vec::with_capacity(MOST_BYTES));
    match response.read_into(&mut body, MOST_BYTES).await {
        Ok(()) => parse(&body).ok_or(malformed),
        Err(ExchangeError::TooLong) => Err(malformed),
        Err(error) => Err(broken(error)),
    }
}

/// Returns the error of an exchange after which the provider may have made credentials.
const fn broken(error: ExchangeError) -> RelayError {
    match error {
        ExchangeError::TimedOut | ExchangeError::Unreachable { .. } => RelayError::TimedOut,
        ExchangeError::BrokenOff | ExchangeError::TooLong => RelayError::BrokenOff,
    }
}

fn parse(body: &[u8]) -> Option<(Credentials, Vec<RelayUrl>)> {
    let AnswerBody { ice_servers } = serde_json::from_slice(body).ok()?;
    let IceServers {
        username,
        credential,
        urls,
    } = ice_servers;
    let fits =
        |text: &str| (1..=MOST_TEXT).contains(&text.len()) && !text.chars().any(char::is_control);
    if !fits(&username) || !fits(&credential) {
        return None;
    }
    let urls = match urls {
        OneOrMany::One(url) => vec![url],
        OneOrMany::Many(urls) => urls,
    };
    if !(1..=MOST_URLS).contains(&urls.len()) {
        return None;
    }
    let urls: Option<Vec<RelayUrl>> = urls.iter().map(|url| RelayUrl::parse(url)).collect();
    let credentials = Credentials {
        username,
        password: credential,
    };
    Some((credentials, urls?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(body: &str) -> Option<(String, String, Vec<String>)> {
        let (credentials, urls) = parse(body.as_bytes())?;
        Some((
            credentials.username.to_string(),
            credentials.password.to_string(),
            urls.iter().map(ToString::to_string).collect(),
        ))
    }

    #[test]
    fn good_answers_are_read_with_one_url_or_several() {
        for (urls, expected) in [
            (r#""turn:a.example""#, vec!["turn:a.example"]),
            (
                r#"["stun:a.example", "turns:a.example:443?transport=tcp"]"#,
                vec!["stun:a.example", "turns:a.example:443?transport=tcp"],
            ),
        ] {
            let body = format!(
                r#"{{"x":1,"iceServers":{{"y":2,"username":"u","credential":"p","urls":{urls}}}}}"#
            );
            let (username, password, urls) = outcome(&body).unwrap();
            assert_eq!((username.as_str(), password.as_str()), ("u", "p"));
            assert_eq!(urls, expected);
        }
    }

    #[test]
    fn junk_is_refused_as_a_whole() {
        let with = |username: &str, credential: &str, urls: &str| {
            format!(
                r#"{{"iceServers":{{"username":{username},"credential":{credential},"urls":{urls}}}}}"#
            )
        };
        let url = r#""turn:a.example""#;
        let long = format!("\"{}\"", "x".repeat(MOST_TEXT + 1));
        let many = format!("[{}]", vec![url; MOST_URLS + 1].join(","));
        assert!(outcome(&with(r#""u""#, r#""p""#, url)).is_some());
        for body in [
            String::new(),
            "201 Created".to_owned(),
            "[]".to_owned(),
            "{}".to_owned(),
            r#"{"iceServers":[]}"#.to_owned(),
            r#"{"iceServers":{}}"#.to_owned(),
            format!(r#"{{"iceServers":{{"username":"u","urls":{url}}}}}"#),
            with(r#""""#, r#""p""#, url),
            with(r#""u""#, r#""""#, url),
            with("null", r#""p""#, url),
            with("5", r#""p""#, url),
            with(r#""u\n""#, r#""p""#, url),
            with(&long, r#""p""#, url),
            with(r#""u""#, &long, url),
            with(r#""u""#, r#""p""#, "[]"),
            with(
                r#""u""#,
                r#""p""#,
                r#"["turn:a.example", "https://a.example"]"#,
            ),
            with(r#""u""#, r#""p""#, &many),
            format!("{}x", with(r#""u""#, r#""p""#, url)),
        ] {
            assert!(outcome(&body).is_none(), "{body}");
        }
    }
}
