//! The requests of the fake media server to the internal listener of a room service.

use axum::http::Method;
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

/// A request of a media server to the room service, with its result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaCallback {
    /// Method and path.
    pub request: String,
    /// The body; `Null` if there was none.
    pub body: Value,
    /// The status of the answer.
    pub status: u16,
}

/// The client of a room service's internal listener.
#[derive(Clone, Debug)]
pub(super) struct Callbacks {
    client: Client,
    url: String,
}

impl Callbacks {
    pub(super) fn new(url: &str) -> Self {
        Self {
            client: crate::http_client(),
            url: url.trim_end_matches('/').to_owned(),
        }
    }

    /// Stores the approved users of a room.
    pub(super) async fn approvals(&self, room_id: &str, users: &[String]) -> MediaCallback {
        let body = json!({ "approvedUsers": users });
        let with_room = |request: RequestBuilder| request.header("x-room-id", room_id);
        let path = "/v1/call-link-approvals";
        self.send(Method::PUT, path, body, with_room).await
    }

    /// Reports the end of a call.
    pub(super) async fn call_ended(&self, room_id: &str, era: &str) -> MediaCallback {
        let path = format!("/v2/conference/{room_id}/{era}");
        self.send(Method::DELETE, &path, Value::Null, |request| request)
            .await
    }

    /// Reports the end of several calls, each by room and era.
    pub(super) async fn calls_ended(&self, calls: &[(String, String)]) -> MediaCallback {
        let keys: Vec<Value> = calls
            .iter()
            .map(|(room_id, era)| json!({ "roomId": room_id, "eraId": era }))
            .collect();
        let body = json!({ "callKeys": keys });
        self.send(Method::DELETE, "/v2/conference", body, |request| request)
            .await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Value,
        change: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> MediaCallback {
        let url = format!("{}{path}", self.url);
        let mut request = change(self.client.request(method.clone(), url));
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await.expect("the internal listener answers");
        MediaCallback {
            request: format!("{method} {path}"),
            body,
            status: answer.status().as_u16(),
        }
    }
}
