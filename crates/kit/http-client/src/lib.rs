//! The HTTP client of services and adapters: the one place that builds one.
//!
//! # Contract
//!
//! - Connection and exchange end within the time of the client.
//! - No redirect is followed: a request contains secrets that are for one host.
//! - A body is read up to the caller's limit, and no further.
//! - Certificates are checked against the system's authorities, and further ones that the caller
//!   names.
//! - No error contains a URL or a part of the answer.

mod address;
mod answer;
mod client;

pub use self::{
    address::{is_loopback, is_safe},
    answer::{Answer, ExchangeError},
    client::{HttpClient, HttpClientError, HttpClientOptions, Request},
};
