//! Requests for a mail, which are answered before anybody looks whether the address gets one.

use std::sync::Arc;

use anteroom_http_server::{Problem, problems};
use anteroom_runtime::ClientAddress;
use anteroom_store::Email;

use super::{mail_limits::MailKind, wire::Secret};
use crate::{issuer::IssuerState, job_queue::Job};

/// The outcomes of a request.
pub(crate) enum Outcome {
    InvalidInput,
    /// If the address gets such a mail, it is on its way. The answer does not say.
    Accepted,
}

/// Decides what depends on the request alone: its form and the limits. All else is the job's
/// ([`crate::job_queue`]).
///
/// # Errors
/// No mail, a queue that is full, and a database that is gone for now.
pub(super) async fn accept<J: Job + 'static>(
    issuer: &Arc<IssuerState>,
    client: ClientAddress,
    kind: MailKind,
    email: &Secret,
    job: impl FnOnce(Email) -> J,
) -> Result<Outcome, Problem> {
    let Ok(email) = Email::parse(email.as_str()) else {
        return Ok(Outcome::InvalidInput);
    };
    if issuer.login.mail.is_none() {
        tracing::warn!(?kind, "a mail was asked for, but no mail is set up");
        return Err(Problem::new(&problems::UNAVAILABLE));
    }
    let reservation = issuer.job_queue.reserve(client)?;
    issuer.check_database().await?;
    if issuer.admit_mail(kind, &email, client).await {
        issuer.start(reservation, job(email));
    }
    Ok(Outcome::Accepted)
}
