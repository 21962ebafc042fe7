//! Exchanges with servers that answer as they like.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use anteroom_http_client::{ExchangeError, HttpClient, HttpClientOptions};
use http::StatusCode;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use url::Url;

/// Serves one connection with this answer, and leaves it open if `stays`.
async fn server(answer: String, stays: bool) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4_096]).await.unwrap();
        stream.write_all(answer.as_bytes()).await.unwrap();
        if stays {
            std::future::pending::<()>().await;
        }
    });
    Url::parse(&format!("http://{address}/")).unwrap()
}

fn client(timeout: Duration) -> HttpClient {
    let options = HttpClientOptions {
        proxy: false,
        ..HttpClientOptions::new(timeout)
    };
    HttpClient::new(options).unwrap()
}

async fn body(url: Url, most: usize) -> Result<Vec<u8>, ExchangeError> {
    let answer = client(Duration::from_secs(10)).get(url).send().await?;
    answer.body(most).await
}

fn answer(length: usize, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}")
}

#[tokio::test]
async fn a_body_is_read_up_to_the_limit() {
    for (most, expected) in [
        (6, Ok(b"answer".to_vec())),
        (7, Ok(b"answer".to_vec())),
        (5, Err(ExchangeError::TooLong)),
        (0, Err(ExchangeError::TooLong)),
    ] {
        let url = server(answer(6, "answer"), true).await;
        assert_eq!(body(url, most).await, expected, "{most}");
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let target = server(answer(0, ""), true).await;
    let redirect = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: {target}\r\ncontent-length: 0\r\n\r\n"
    );
    let url = server(redirect, true).await;
    let answer = client(Duration::from_secs(10)).get(url).send().await;
    assert_eq!(answer.unwrap().status(), StatusCode::TEMPORARY_REDIRECT);
}

#[tokio::test]
async fn each_failure_is_told_apart() {
    // A port on which nothing listens.
    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = unused.local_addr().unwrap();
    drop(unused);
    let url = Url::parse(&format!("http://{address}/")).unwrap();
    let unreachable = ExchangeError::Unreachable { timed_out: false };
    assert_eq!(body(url, 9).await, Err(unreachable));

    let cut = server(answer(9, "answer"), false).await;
    assert_eq!(body(cut, 9).await, Err(ExchangeError::BrokenOff));

    let timeout = Duration::from_millis(200);
    let silent = server(String::new(), true).await;
    let error = client(timeout).get(silent).send().await.err();
    assert_eq!(error, Some(ExchangeError::TimedOut));
    let slow = server(answer(9, "answer"), true).await;
    let answer = client(timeout).get(slow).send().await.unwrap();
    assert_eq!(answer.body(9).await, Err(ExchangeError::TimedOut));
}

#[test]
fn further_authorities_are_pem_or_refused() {
    let key = rcgen::KeyPair::generate().unwrap();
    let authority = rcgen::CertificateParams::default().self_signed(&key);
    let pem = authority.unwrap().pem();
    let malformed = pem.replacen("MI", "!!", 1);
    for (roots, is_usable) in [(&pem, true), (&malformed, false)] {
        let options = HttpClientOptions {
            extra_roots: Some(roots.as_bytes()),
            ..HttpClientOptions::new(Duration::from_secs(1))
        };
        assert_eq!(HttpClient::new(options).is_ok(), is_usable, "{roots}");
    }
}
