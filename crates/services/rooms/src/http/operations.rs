//! The operations of the room service, and the routes that request them.

use anteroom_http_server::RouteOperation;
use anteroom_runtime::{Area::GroupCallSignaling, Operation};

/// Every route of the public router except those that are not operations: health probes, the
/// OpenAPI description and the pages.
pub const OPERATIONS: &[RouteOperation] = &[
    route("GET", "/v1/call-link", "read-link"),
    route("PUT", "/v1/call-link", "change-link"),
    route("DELETE", "/v1/call-link", "delete-link"),
    route("GET", "/v2/conference/participants", "peek"),
    route("PUT", "/v2/conference/participants", "join-on-media-server"),
    // Clients open a socket in order to join.
    RouteOperation::socket(
        "/v3/conference/socket",
        Operation::preparatory(GroupCallSignaling, "open-socket"),
    ),
];

/// Every route of the internal router except its health probe.
pub const INTERNAL_OPERATIONS: &[RouteOperation] = &[
    route("PUT", "/v1/call-link-approvals", "replace-approvals"),
    route("DELETE", "/v2/conference/{room}/{era}", "end-call"),
    route("DELETE", "/v2/conference", "end-call"),
];

const fn route(method: &'static str, path: &'static str, name: &'static str) -> RouteOperation {
    RouteOperation::new(method, path, Operation::new(GroupCallSignaling, name))
}
