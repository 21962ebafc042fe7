//! The operations of HTTP routes.

use std::collections::HashMap;

use anteroom_runtime::{Metrics, Operation, OperationOutcome, OperationRecorder};
use http::StatusCode;

/// An entry of the table beside a router: a method of a route, and its operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RouteOperation {
    /// The method; `GET` stands for `HEAD` too.
    pub method: &'static str,
    /// The route as the router has it, for example `/v1/devices/{id}`.
    pub path: &'static str,
    /// The operation.
    pub operation: Operation,
    /// Whether the route opens a socket for a request that asks for another protocol.
    pub opens_socket: bool,
}

impl RouteOperation {
    /// Creates the entry of a route that answers requests.
    #[must_use]
    pub const fn new(method: &'static str, path: &'static str, operation: Operation) -> Self {
        Self {
            method,
            path,
            operation,
            opens_socket: false,
        }
    }

    /// Creates the entry of a route that opens sockets.
    #[must_use]
    pub const fn socket(path: &'static str, operation: Operation) -> Self {
        Self {
            opens_socket: true,
            ..Self::new("GET", path, operation)
        }
    }
}

/// Returns whether the path is a health probe. Probes are always answered and never counted.
#[must_use]
pub fn is_probe(path: &str) -> bool {
    path == "/health" || path.starts_with("/health/")
}

/// Returns the outcome of an operation with this status.
pub(crate) fn outcome_of(status: StatusCode) -> OperationOutcome {
    if status.is_server_error() {
        OperationOutcome::Failed
    } else if status.is_client_error() {
        OperationOutcome::Refused
    } else {
        OperationOutcome::Succeeded
    }
}

/// The recorders of a router's operations, by route.
#[derive(Debug, Default)]
pub(crate) struct RouteRecorders(HashMap<&'static str, Vec<(&'static str, OperationRecorder)>>);

impl RouteRecorders {
    pub(crate) fn new(metrics: &Metrics, routes: &[RouteOperation]) -> Self {
        let mut recorders: HashMap<_, Vec<_>> = HashMap::new();
        for route in routes.iter().filter(|route| !is_probe(route.path)) {
            let recorder = metrics.operation(route.operation);
            let methods = recorders.entry(route.path).or_default();
            methods.push((route.method, recorder));
        }
        Self(recorders)
    }

    /// Returns the recorder of a request; `None` if it is not an operation.
    pub(crate) fn find(&self, method: &str, route: &str) -> Option<&OperationRecorder> {
        let method = if method == "HEAD" { "GET" } else { method };
        let methods = self.0.get(route)?;
        let found = methods.iter().find(|(name, _)| *name == method);
        found.map(|(_, recorder)| recorder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_has_one_outcome() {
        use OperationOutcome::{Failed, Refused, Succeeded};
        for (status, expected) in [
            (101, Succeeded),
            (200, Succeeded),
            (204, Succeeded),
            (307, Succeeded),
            (400, Refused),
            (401, Refused),
            (404, Refused),
            (408, Refused),
            (413, Refused),
            (423, Refused),
            (429, Refused),
            (499, Refused),
            (500, Failed),
            (503, Failed),
            (504, Failed),
            (599, Failed),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(outcome_of(status), expected, "{status}");
        }
    }
}
