//! Requests for a mail, which are answered before anybody looks whether the address gets one.

use std::sync::Arc;

use anteroom_runtime::ClientAddress;
use anteroom_store::Email;

use crate::{
    domain::{failure::Failure, job_queue::JobAttempt, mails::mail_limits::MailKind},
    state::AccountsState,
};

/// A mail that any client can request.
pub(crate) struct RequestedMail {
    pub(crate) kind: MailKind,
    /// Sends the mail to an address that gets it, and a decoy to any other.
    pub(crate) send: fn(Arc<AccountsState>, Email) -> JobAttempt,
}

/// The outcomes of a request for a mail.
pub(crate) enum MailRequestOutcome {
    InvalidInput,
    /// If the address gets such a mail, it is on its way. The answer does not say.
    Accepted,
}

/// Accepts a request. Decides what depends on the request alone: its form and the limits. A later
/// job ([`crate::domain::job_queue`]) does all work that depends on the account.
///
/// # Errors
/// No mail, a full queue, and an unavailable database.
pub(crate) async fn request_mail(
    accounts: &Arc<AccountsState>,
    client: ClientAddress,
    mail: &RequestedMail,
    email: &str,
) -> Result<MailRequestOutcome, Failure> {
    let Ok(email) = Email::parse(email) else {
        return Ok(MailRequestOutcome::InvalidInput);
    };
    if accounts.login.mail.is_none() {
        tracing::warn!(kind = ?mail.kind, "a mail was asked for, but no mail is set up");
        return Err(Failure::Unavailable);
    }
    let reservation = accounts.job_queue.reserve(client)?;
    accounts.storage.check().await?;
    if accounts.limits.admit_mail(mail.kind, &email, client).await {
        let (state, send) = (Arc::clone(accounts), mail.send);
        let job = move || send(Arc::clone(&state), email.clone());
        accounts.job_queue.start(reservation, job);
    }
    Ok(MailRequestOutcome::Accepted)
}
