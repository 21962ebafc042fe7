//! The budgets of a request before its route: first that of bodies, then that of requests.
//!
//! A slot among the requests is for computation only. The body is received before, under a budget
//! of its own, and the answer is sent after; neither holds such a slot. Requests that open a socket
//! have a budget of their own, and health probes need none.

use std::collections::HashSet;

use anteroom_runtime::{AddressGroup, BudgetLimits, BudgetRefusal, Metrics, SharedBudget};
use axum::{
    body::Body,
    extract::{MatchedPath, Request},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{Method, header};
use tokio::time::{Instant, timeout_at};

use crate::{
    body::{BodyFailure, receive},
    limits::HttpLimits,
    problem::{Problem, problems},
    request_client::request_client,
    routes::{RouteOperation, is_probe},
};

/// The budgets of the requests to one router.
pub(crate) struct RequestBudgets {
    limits: HttpLimits,
    /// The routes that open sockets.
    socket_routes: HashSet<&'static str>,
    bodies: SharedBudget,
    requests: SharedBudget,
    upgrades: SharedBudget,
}

/// Marks an answer that no route gave. The log does not list these one by one.
#[derive(Clone, Copy)]
pub(crate) struct AdmissionRefused;

impl RequestBudgets {
    pub(crate) fn new(
        limits: HttpLimits,
        operations: &[RouteOperation],
        metrics: &Metrics,
    ) -> Self {
        let socket_routes = operations.iter().filter(|route| route.opens_socket);
        let budget = |name, total, per_address| {
            let limits = BudgetLimits { total, per_address };
            SharedBudget::new(limits, metrics.admission(name))
        };
        Self {
            socket_routes: socket_routes.map(|route| route.path).collect(),
            bodies: budget("bodies", limits.bodies, limits.bodies_per_address),
            requests: budget(
                "requests",
                limits.concurrent_requests,
                limits.requests_per_address,
            ),
            upgrades: budget(
                "upgrades",
                limits.concurrent_upgrades,
                limits.upgrades_per_address,
            ),
            limits,
        }
    }

    /// Returns the budget of the request. The header alone does not decide it, because any client
    /// can send it with any request.
    fn of_request(&self, request: &Request) -> &SharedBudget {
        let path = request.extensions().get::<MatchedPath>();
        let opens_socket = request.method() == Method::GET
            && request.headers().contains_key(header::UPGRADE)
            && path.is_some_and(|path| self.socket_routes.contains(path.as_str()));
        match opens_socket {
            true => &self.upgrades,
            false => &self.requests,
        }
    }

    /// Receives the body. Returns the request with the body in memory, or with the failure that a
    /// reader of the body meets: the route decides the order of its checks.
    async fn received(&self, request: Request, groups: &[AddressGroup]) -> Request {
        let (head, body) = request.into_parts();
        let body = if http_body::Body::is_end_stream(&body) {
            body
        } else if head.extensions.get::<MatchedPath>().is_some() && may_have_body(&head.method) {
            match self.receive(body, groups).await {
                Ok(bytes) => Body::from(bytes),
                Err(failure) => failure.into_body(),
            }
        } else {
            Body::empty()
        };
        Request::from_parts(head, body)
    }

    async fn receive(&self, body: Body, groups: &[AddressGroup]) -> Result<Vec<u8>, BodyFailure> {
        let announced = http_body::Body::size_hint(&body).lower();
        if announced > u64::try_from(self.limits.body_bytes).unwrap_or(u64::MAX) {
            return Err(BodyFailure::TooLarge);
        }
        let slot = self.bodies.admit(groups.iter().copied());
        let slot = slot.map_err(BodyFailure::Refused)?;
        slot.set_idle();
        tokio::select! {
            received = receive(body, &self.limits) => received,
            () = slot.evicted() => Err(BodyFailure::Refused(BudgetRefusal::Address)),
        }
    }
}

/// Admits a request through the budgets, and ends it when its time is up.
pub(crate) async fn admit(budgets: &RequestBudgets, request: Request, next: Next) -> Response {
    let timeout = budgets.limits.request_timeout;
    let Some(deadline) = Instant::now().checked_add(timeout) else {
        return Problem::new(&problems::INTERNAL).into_response();
    };
    let groups: Vec<AddressGroup> = request_client(request.extensions()).groups().collect();
    let is_probe = is_probe(request.uri().path());
    let budget = budgets.of_request(&request);
    let answered = async {
        let request = budgets.received(request, &groups).await;
        let slot = match is_probe {
            true => None,
            false => match budget.admit(groups) {
                Ok(slot) => Some(slot),
                Err(refusal) => return refused(refusal),
            },
        };
        let response = next.run(request).await;
        drop(slot);
        response
    };
    timeout_at(deadline, answered)
        .await
        .unwrap_or_else(|_| Problem::new(&problems::TIMEOUT).into_response())
}

fn refused(refusal: BudgetRefusal) -> Response {
    let mut response = Problem::from(refusal).into_response();
    response.extensions_mut().insert(AdmissionRefused);
    response
}

/// Returns whether a route may read a body with the method.
fn may_have_body(method: &Method) -> bool {
    matches!(
        *method,
        Method::POST | Method::PUT | Method::PATCH | Method::DELETE
    )
}
