//! The limits of mails that anybody can ask for.
//!
//! They count requests, by what the address is, never by whether it has an account or gets the mail.
//! Each kind of mail has windows of its own. Mails for which nobody needs an account count by mailbox
//! (`ann+shop@` and `a.nn@` are the mailbox `ann@`), and sign-ups by domain too, so that a domain whose
//! every address is one mailbox is not flooded. Repetitions count by mailbox although this lets a
//! stranger use up those of a mailbox: sign-ups of many spellings can wait, and by exact address each
//! of them would bring five more mails an hour to that mailbox. Its owner asks for a reset instead,
//! which confirms the address as well. Resets and notices go only to addresses with an account and
//! count by the exact address: requests for others use up nothing of it. Sign-ups and their
//! repetition share a window that bounds what this service sends into the world, and resets have
//! another, half of which is for known networks: strangers cannot keep all owners from a reset. The
//! network of a client has a share of each. Notices have only the window of their address.

use anteroom_service::{Admission, ClientAddress, LimitKey, WindowSize};
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

    /// The window of all mails that the kind counts in.
    const fn total(self) -> &'static str {
        match self {
            Self::Reset => "all resets",
            _ => "all mails",
        }
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
}

impl Core {
    /// Whether a client may ask for one more mail of a kind to an address. The request counts in all
    /// windows of the kind, or in none of them if one has no room.
    pub(crate) async fn admit_mail(
        &self,
        kind: MailKind,
        email: &Email,
        client: ClientAddress,
    ) -> bool {
        let mut windows = vec![
            self.recipient_window(kind, email),
            self.total_window(kind, client),
        ];
        windows.extend(self.network_window(kind, client));
        if kind == MailKind::SignUp {
            windows.push(self.domain_window(email));
        }
        self.count(&windows).await
    }

    /// Whether one more notice of a kind may go to an address.
    pub(crate) async fn admit_notice(&self, kind: MailKind, email: &Email) -> bool {
        self.count(&[self.recipient_window(kind, email)]).await
    }

    async fn count(&self, windows: &[(LimitKey, WindowSize)]) -> bool {
        self.limiter.take_in_windows(windows, self.now()).await == Admission::Granted
    }

    /// Resets count in two windows of half the size: one for the networks from which somebody has
    /// logged in lately, and one for all others.
    fn total_window(&self, kind: MailKind, client: ClientAddress) -> (LimitKey, WindowSize) {
        let size = self.login.settings.limits.all_mails;
        let (class, size) = match kind {
            MailKind::Reset if self.is_known_network(client) => ("known networks", size.half()),
            MailKind::Reset => ("", size.half()),
            _ => ("", size),
        };
        (self.key(kind.total(), class), size)
    }

    fn recipient_window(&self, kind: MailKind, email: &Email) -> (LimitKey, WindowSize) {
        let size = self.login.settings.limits.mail;
        (self.key(kind.window(), &kind.recipient(email)), size)
    }

    fn domain_window(&self, email: &Email) -> (LimitKey, WindowSize) {
        let size = self.login.settings.limits.mails_of_domain;
        (self.key("mails of a domain", email.domain()), size)
    }

    /// The share of a network counts by the widest one: an IPv4 address or a /48.
    fn network_window(
        &self,
        kind: MailKind,
        client: ClientAddress,
    ) -> Option<(LimitKey, WindowSize)> {
        let network = client.groups().last()?;
        let key = self.pseudonymizer.network_limit_key(kind.total(), &network);
        Some((key, self.login.settings.limits.mails_of_network))
    }

    fn key(&self, window: &'static str, name: &str) -> LimitKey {
        self.pseudonymizer.email_limit_key(window, name)
    }
}
