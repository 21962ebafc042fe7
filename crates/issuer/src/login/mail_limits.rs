//! The limits of mails that anybody can ask for.
//!
//! They count by what the address is, never by whether it has an account. Each kind of mail has
//! windows of its own. Mails for which nobody needs an account count by mailbox (`ann+shop@` and
//! `a.nn@` are the mailbox `ann@`) and share a window for each domain, so that a domain whose every
//! address is one mailbox is not flooded. Resets and notices go only to addresses with an account and
//! count by the exact address: requests for others use up nothing of it. Sign-ups, their repetition
//! and resets share one window, which bounds what this service sends into the world. Notices have
//! only the window of their address.

use anteroom_service::{Admission, WindowSize};
use anteroom_store::Email;
use zeroize::Zeroizing;

use crate::issuer::Core;

/// A kind of mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MailKind {
    SignUp,
    Resend,
    Reset,
    LockNotice,
    DeviceNotice,
}

impl MailKind {
    const fn window(self) -> &'static str {
        match self {
            Self::SignUp => "sign-up mail",
            Self::Resend => "verification mail",
            Self::Reset => "reset mail",
            Self::LockNotice => "lock mail",
            Self::DeviceNotice => "device mail",
        }
    }

    const fn counts_by_domain(self) -> bool {
        matches!(self, Self::SignUp | Self::Resend)
    }

    /// The part of an address that the window of the kind counts by.
    fn recipient(self, email: &Email) -> Zeroizing<String> {
        match self {
            Self::SignUp | Self::Resend => email.mailbox(),
            Self::Reset | Self::LockNotice | Self::DeviceNotice => {
                Zeroizing::new(email.as_str().to_owned())
            }
        }
    }

    const fn is_notice(self) -> bool {
        matches!(self, Self::LockNotice | Self::DeviceNotice)
    }
}

impl Core {
    /// Whether one more mail of a kind may go to an address. A mail that its recipient's window has no
    /// room for counts nowhere else.
    pub(crate) async fn admit_mail(&self, kind: MailKind, email: &Email) -> bool {
        let limits = self.login.settings.limits;
        if !self
            .take_mail(kind.window(), &kind.recipient(email), limits.mail)
            .await
        {
            return false;
        }
        if kind.is_notice() {
            return true;
        }
        (!kind.counts_by_domain()
            || self
                .take_mail("mails of a domain", email.domain(), limits.mails_of_domain)
                .await)
            && self.take_mail("all mails", "", limits.all_mails).await
    }

    async fn take_mail(&self, window: &'static str, name: &str, size: WindowSize) -> bool {
        let key = self.pseudonymizer.email_limit_key(window, name);
        self.limiter.take_in_window(&key, size, self.now()).await == Admission::Granted
    }
}
