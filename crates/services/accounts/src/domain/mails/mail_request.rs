//! Requests for a mail, which are answered before anybody looks whether the address gets one.

use anteroom_runtime::ClientAddress;
use anteroom_store::Email;

use crate::{
    domain::{failure::Failure, job_queue::Job, mails::mail_limits::MailKind},
    state::AccountsState,
};

/// The outcomes of a request for a mail.
pub(crate) enum MailRequestOutcome {
    InvalidInput,
    /// If the address gets such a mail, it is on its way. The answer does not say.
    Accepted,
}

/// Decides what depends on the request alone: its form and the limits. All else is the job's
/// ([`crate::domain::job_queue`]).
///
/// # Errors
/// No mail, a queue that is full, and a database that is gone for now.
pub(crate) async fn accept<J: Job + 'static>(
    accounts: &AccountsState,
    client: ClientAddress,
    kind: MailKind,
    email: &str,
    job: impl FnOnce(Email) -> J,
) -> Result<MailRequestOutcome, Failure> {
    let Ok(email) = Email::parse(email) else {
        return Ok(MailRequestOutcome::InvalidInput);
    };
    if accounts.login.mail.is_none() {
        tracing::warn!(?kind, "a mail was asked for, but no mail is set up");
        return Err(Failure::Unavailable);
    }
    let reservation = accounts.job_queue.reserve(client)?;
    accounts.storage.check().await?;
    if accounts.limits.admit_mail(kind, &email, client).await {
        accounts.job_queue.start(reservation, job(email));
    }
    Ok(MailRequestOutcome::Accepted)
}
