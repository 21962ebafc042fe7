//! The body of an answer, as a connection sends it.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::body::{Body, Bytes};
use http_body::{Frame, SizeHint};

use crate::activity::AnswerGuard;

/// The maximum part that the connection gets at once, in bytes.
const PART: usize = 16 * 1024;

/// A body that is sent in small parts and records each part that the client has room for.
pub(crate) struct AnswerBody {
    body: Body,
    /// The bytes of the last frame that the connection has not requested yet.
    rest: Bytes,
    answer: AnswerGuard,
}

impl AnswerBody {
    pub(crate) const fn new(body: Body, answer: AnswerGuard) -> Self {
        Self {
            body,
            rest: Bytes::new(),
            answer,
        }
    }

    fn part(&mut self) -> Frame<Bytes> {
        let length = self.rest.len().min(PART);
        Frame::data(self.rest.split_to(length))
    }
}

impl http_body::Body for AnswerBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.answer.note_progress();
        if !self.rest.is_empty() {
            return Poll::Ready(Some(Ok(self.part())));
        }
        let frame = match ready!(Pin::new(&mut self.body).poll_frame(context)) {
            Some(Ok(frame)) => frame,
            end => return Poll::Ready(end),
        };
        Poll::Ready(Some(Ok(match frame.into_data() {
            Ok(data) => {
                self.rest = data;
                self.part()
            }
            Err(trailers) => trailers,
        })))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = u64::try_from(self.rest.len()).unwrap_or(u64::MAX);
        let of_body = self.body.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(of_body.lower().saturating_add(rest));
        if let Some(upper) = of_body.upper() {
            hint.set_upper(upper.saturating_add(rest));
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http_body::Body as _;
    use http_body_util::BodyExt as _;

    use super::*;
    use anteroom_runtime::{AdmissionRecorder, BudgetLimits, SharedBudget};

    use crate::activity::{Activity, IdleLimits};

    #[tokio::test]
    async fn an_answer_is_whole_in_parts_and_says_its_length_at_any_time() {
        let limits = BudgetLimits {
            total: 1,
            per_address: 1,
        };
        let budget = SharedBudget::new(limits, AdmissionRecorder::default());
        let idle = IdleLimits {
            idle: Duration::MAX,
            answer: Duration::MAX,
        };
        let activity = Activity::new(budget.admit([]).unwrap(), idle);
        for length in [0, 1, PART, PART + 1, 3 * PART] {
            let body = Body::from(vec![7; length]);
            let mut body = AnswerBody::new(body, activity.request().answer());
            let mut read = 0;
            while let Some(frame) = body.frame().await {
                let part = frame.unwrap().into_data().unwrap();
                assert!(part.len() <= PART, "{length}");
                read += part.len();
                let left = u64::try_from(length - read).unwrap();
                assert_eq!(body.size_hint().exact(), Some(left), "{length}");
            }
            assert_eq!(read, length);
            assert!(body.is_end_stream());
        }
    }
}
