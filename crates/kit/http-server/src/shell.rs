//! The middleware around every route: request ids, log and metrics, limits, and one shape of
//! errors.
//!
//! From the outside in: a request gets its id and is observed to its end; then it passes the
//! budgets of bodies and of requests, and ends when its time is up; then a panic below becomes a
//! problem document. Unknown paths and unsupported methods end here too. (A head that is not HTTP
//! or is too large never arrives here: the HTTP implementation answers it with a bare 400 or 431.)

use std::{any::Any, sync::Arc, time::Instant};

use anteroom_runtime::{AnswerSample, Entropy, Metrics, OperationRecorder};
use axum::{
    Router,
    extract::{MatchedPath, Request, State},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse as _, Response},
};
use http::{HeaderName, HeaderValue, Method};
use parking_lot::Mutex;
use rand_chacha::ChaCha12Rng;
use rand_core::{Rng as _, SeedableRng as _};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument as _;

use crate::{
    limits::HttpLimits,
    problem::{Problem, ProblemCode, problems},
    request_budgets::{AdmissionRefused, RequestBudgets, admit},
    routes::{RouteOperation, RouteRecorders, outcome_of},
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Adds the middleware to a router that has all its routes. `operations` lists the routes that are
/// operations.
pub fn with_middleware(
    router: Router,
    operations: &[RouteOperation],
    limits: HttpLimits,
    metrics: Metrics,
    entropy: &dyn Entropy,
) -> Router {
    let shell = Shell {
        budgets: RequestBudgets::new(limits, operations, &metrics),
        operations: RouteRecorders::new(&metrics, operations),
        metrics,
        ids: Mutex::new(ChaCha12Rng::from_rng(&mut *entropy.rng())),
    };
    router
        .fallback(|| async { Problem::new(&problems::NOT_FOUND) })
        .method_not_allowed_fallback(|| async { Problem::new(&problems::METHOD_NOT_ALLOWED) })
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(Arc::new(shell), observe))
}

/// The state of the middleware.
struct Shell {
    budgets: RequestBudgets,
    operations: RouteRecorders,
    metrics: Metrics,
    /// Draws request ids: a call of the system for each of them would be too dear.
    ids: Mutex<ChaCha12Rng>,
}

/// Sets the request's id, and records its end in the log and the metrics.
///
/// The log contains the matched route, never the path, and no header, query string, body or
/// address.
async fn observe(State(shell): State<Arc<Shell>>, request: Request, next: Next) -> Response {
    let start = Instant::now();
    let method = method_name(request.method());
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| Arc::from("unmatched"), |path| Arc::from(path.as_str()));
    let id = request_id(&shell.ids);
    let operation = shell.operations.find(method, &route);
    // The level is that of the line of a request: without the line the span would cost time for
    // nothing.
    let span = tracing::info_span!(
        "request",
        id = id.to_str().unwrap_or_default(),
        operation = operation.map(|recorder| recorder.operation().name())
    );
    // A caller that disconnects drops this future, and the operation with it.
    let operation = operation.map(OperationRecorder::start);
    let answer = admit(&shell.budgets, request, next).instrument(span.clone());
    let mut response = match operation {
        Some(operation) => {
            let response = operation.run(answer).await;
            operation.end(outcome_of(response.status()));
            response
        }
        None => answer.await,
    };

    let sample = AnswerSample {
        method,
        route: &route,
        status: response.status().as_u16(),
        code: response
            .extensions()
            .get::<ProblemCode>()
            .map_or("", |code| code.0),
        latency: start.elapsed(),
    };
    shell.metrics.record(&sample);
    if response.extensions().get::<AdmissionRefused>().is_none() {
        span.in_scope(|| log(&sample));
    }
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

/// Logs the answer. Only failures of the service itself are errors.
fn log(sample: &AnswerSample<'_>) {
    let milliseconds = u64::try_from(sample.latency.as_millis()).unwrap_or(u64::MAX);
    let AnswerSample {
        method,
        route,
        status,
        code,
        ..
    } = sample;
    if *status >= 500 {
        tracing::error!(method, route, status, code, milliseconds, "answered");
    } else {
        tracing::info!(method, route, status, code, milliseconds, "answered");
    }
}

/// Returns the method if it is a known one. The caller's text must not become a log field or a
/// label.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}

/// Returns a new request id. A caller's own id is not used: its text would be in the log, and the
/// same id at both services would link the requests.
fn request_id(ids: &Mutex<ChaCha12Rng>) -> HeaderValue {
    let mut bytes = [0; 16];
    ids.lock().fill_bytes(&mut bytes);
    HeaderValue::from_str(&hex::encode(bytes))
        .unwrap_or_else(|_| HeaderValue::from_static("unknown"))
}

/// Drops the message of a panic, because it may quote data.
fn panicked(_message: Box<dyn Any + Send + 'static>) -> Response {
    tracing::error!("a handler panicked");
    Problem::new(&problems::INTERNAL).into_response()
}
