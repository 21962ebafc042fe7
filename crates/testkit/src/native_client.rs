//! A native client of a call link: its REST requests, over any transport.

use anteroom_protocol::{Aci, Timestamp};
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Method, Request},
};
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::{TestLink, TestPresenter};

const MAX_ANSWER_BYTES: usize = 1024 * 1024;
const LINK: &str = "/v1/call-link";
const PARTICIPANTS: &str = "/v2/conference/participants";

/// The transport to the public HTTP of a room service.
#[derive(Clone, Debug)]
pub enum RoomsTransport {
    /// Calls the router without a connection.
    Router(Router),
    /// Sends requests to this base URL.
    Url {
        /// The base URL, without a slash at its end.
        base: String,
        /// The client that sends them.
        client: reqwest::Client,
    },
}

impl RoomsTransport {
    /// Creates the transport to this base URL.
    #[must_use]
    pub fn to_url(base: &str) -> Self {
        Self::Url {
            base: base.trim_end_matches('/').to_owned(),
            client: crate::http_client(),
        }
    }

    async fn send(&self, request: Request<String>) -> NativeAnswer {
        let (status, body) = match self {
            Self::Router(router) => {
                let answer = router.clone().oneshot(request.map(Body::from)).await;
                let answer = answer.unwrap_or_else(|never| match never {});
                let status = answer.status();
                let body = to_bytes(answer.into_body(), MAX_ANSWER_BYTES).await;
                (status, body.expect("a whole answer"))
            }
            Self::Url { base, client } => {
                let (head, body) = request.into_parts();
                let url = format!("{base}{}", head.uri);
                let request = client.request(head.method, url).headers(head.headers);
                let answer = request.body(body).send().await.expect("an answer");
                let status = answer.status();
                (status, answer.bytes().await.expect("a whole answer"))
            }
        };
        NativeAnswer {
            status: status.as_u16(),
            body: match body.is_empty() {
                true => Value::Null,
                false => serde_json::from_slice(&body).expect("JSON"),
            },
        }
    }
}

/// An answer of the room service.
#[derive(Clone, Debug, PartialEq)]
pub struct NativeAnswer {
    /// The status.
    pub status: u16,
    /// The body; `Null` if it is empty.
    pub body: Value,
}

/// Users of one call link who send REST requests as native clients do.
pub struct NativeClient {
    /// The transport to the room service.
    pub transport: RoomsTransport,
    /// The source of their presentations.
    pub presenter: TestPresenter,
    /// The link.
    pub link: TestLink,
    /// The start of the day for which they present.
    pub day: Timestamp,
}

impl NativeClient {
    /// Creates the link.
    pub async fn create(&self, aci: &Aci) -> NativeAnswer {
        let presentation = self.presenter.create(&self.link, &self.link, aci, self.day);
        let body = json!({
            "adminPasskey": self.link.passkey_text(),
            "zkparams": self.link.zkparams(),
        });
        let authorization = format!("Bearer create.{presentation}");
        self.send(Method::PUT, LINK, &authorization, &body).await
    }

    /// Changes the restrictions of the link, which is refused while a call is running.
    pub async fn restrict(&self, aci: &Aci, restrictions: &str) -> NativeAnswer {
        let body = json!({
            "adminPasskey": self.link.passkey_text(),
            "restrictions": restrictions,
        });
        self.send(Method::PUT, LINK, &self.auth(aci), &body).await
    }

    /// Requests the participants of the call.
    pub async fn peek(&self, aci: &Aci) -> NativeAnswer {
        let authorization = self.auth(aci);
        self.send(Method::GET, PARTICIPANTS, &authorization, &Value::Null)
            .await
    }

    /// Joins the call.
    pub async fn join(&self, aci: &Aci) -> NativeAnswer {
        self.join_with(aci, json!({})).await
    }

    /// Joins the call with the passkey.
    pub async fn join_as_admin(&self, aci: &Aci) -> NativeAnswer {
        let passkey = json!({ "adminPasskey": self.link.passkey_text() });
        self.join_with(aci, passkey).await
    }

    async fn join_with(&self, aci: &Aci, mut body: Value) -> NativeAnswer {
        let members = body.as_object_mut().expect("an object");
        members.extend([
            ("iceUfrag".to_owned(), json!("Yz3K")),
            ("icePwd".to_owned(), json!("p1Vx0kq9cDq7Kfd0Vd0n6b3s")),
            ("dhePublicKey".to_owned(), json!("2a".repeat(32))),
        ]);
        self.send(Method::PUT, PARTICIPANTS, &self.auth(aci), &body)
            .await
    }

    fn auth(&self, aci: &Aci) -> String {
        let presentation = self.presenter.auth(&self.link, aci, self.day);
        format!("Bearer auth.{presentation}")
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        authorization: &str,
        body: &Value,
    ) -> NativeAnswer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("x-room-id", self.link.room())
            .header("authorization", authorization)
            .header("content-type", "application/json")
            .header("user-agent", "Signal-Android/7.20.1 Android/34");
        let body = match body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        let request = request.body(body).expect("a request");
        self.transport.send(request).await
    }
}
