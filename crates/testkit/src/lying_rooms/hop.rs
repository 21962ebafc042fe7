//! The messages on their way between clients and the room service.

use anteroom_wire::rooms::socket::{ClientMessage, ServerMessage};
use axum::{
    body::Bytes,
    http::{Request, Response},
};
use serde::{Serialize, de::DeserializeOwned};

/// A message of a socket between a client and the room service, with the number of the client.
pub enum Hop {
    /// From a client to the service.
    ToService(usize, ClientMessage),
    /// From the service to a client.
    ToClient(usize, ServerMessage<'static>),
}

/// A message between a client and the room service outside of the sockets.
#[derive(Clone, Debug)]
pub enum HttpHop {
    /// From a client to the service. The URI has the path at the service.
    ToService(Request<Bytes>),
    /// From the service to a client.
    ToClient(Response<Bytes>),
}

impl Hop {
    /// Reads a message from a client.
    pub(super) fn from_client(client: usize, text: &str) -> Self {
        Self::ToService(client, parse(text))
    }

    /// Reads a message from the service.
    pub(super) fn from_service(client: usize, text: &str) -> Self {
        Self::ToClient(client, parse(text))
    }

    /// Returns the message as it is sent.
    pub(super) fn text(&self) -> String {
        match self {
            Self::ToService(_, message) => write(message),
            Self::ToClient(_, message) => write(message),
        }
    }
}

impl Clone for Hop {
    fn clone(&self) -> Self {
        let text = self.text();
        match self {
            Self::ToService(client, _) => Self::from_client(*client, &text),
            Self::ToClient(client, _) => Self::from_service(*client, &text),
        }
    }
}

fn parse<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).expect("a message of the protocol")
}

fn write(message: &impl Serialize) -> String {
    serde_json::to_string(message).expect("a message of the protocol")
}
