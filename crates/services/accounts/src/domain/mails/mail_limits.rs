//! The limits of mails that any client can request.
//!
//! They count requests by the address alone, and never by whether it has an account or gets the
//! mail. Each kind of mail has windows of its own.
//!
//! - Mails that need no account count by mailbox (`ann+shop@` and `a.nn@` are the mailbox `ann@`).
//!   Sign-ups count by domain too, so that a domain whose addresses are all one mailbox is not
//!   flooded.
//! - Repetitions count by mailbox, although a stranger can use up those of a mailbox: sign-ups of
//!   many spellings can be unconfirmed, and by exact address each of them would bring five more
//!   mails an hour to that mailbox. The owner requests a reset instead, which confirms the address
//!   as well.
//! - Resets and notices go only to addresses with an account, and count by the exact address:
//!   requests for other addresses use up nothing of it.
//! - Sign-ups and their repetitions share a window that limits all of these mails. Resets
//!   have another, half of which is for known networks: strangers cannot keep all owners from a
//!   reset. The network of a client has a share of each. Notices have only the window of their
//!   address.

use anteroom_runtime::{Admission, ClientAddress, LimitKey, WindowSize};
use anteroom_store::Email;
use zeroize::Zeroizing;

use crate::domain::limits::Limits;

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

    /// Returns the window of all mails in which the kind counts.
    const fn total(self) -> &'static str {
        match self {
            Self::Reset => "all resets",
            _ => "all mails",
        }
    }

    /// Returns the part of an address by which the window of the kind counts.
    fn recipient(self, email: &Email) -> Zeroizing<String> {
        match self {
            Self::SignUp | Self::Resend => email.mailbox(),
            Self::Reset | Self::LockNotice | Self::DeviceNotice => {
                Zeroizing::new(email.as_str().to_owned())
            }
        }
    }
}

impl Limits {
    /// Returns whether a client may request one more mail of a kind to an address. The request
    /// counts in all windows of the kind, or in none of them if one is full.
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
        // The widest network of the client: an IPv4 address or a /48.
        if let Some(network) = client.groups().last() {
            let key = self.pseudonymizer.network_limit_key(kind.total(), &network);
            windows.push((key, self.sizes.mails_of_network));
        }
        if kind == MailKind::SignUp {
            let key = self.key("mails of a domain", email.domain());
            windows.push((key, self.sizes.mails_of_domain));
        }
        self.count(&windows).await
    }

    /// Returns whether one more notice of a kind may be sent to an address.
    pub(crate) async fn admit_notice(&self, kind: MailKind, email: &Email) -> bool {
        self.count(&[self.recipient_window(kind, email)]).await
    }

    async fn count(&self, windows: &[(LimitKey, WindowSize)]) -> bool {
        self.limiter.take_in_windows(windows, self.now()).await == Admission::Granted
    }

    /// Returns the window of all mails. Resets have two windows of half the size: one for the
    /// networks with a recent login, and one for all others.
    fn total_window(&self, kind: MailKind, client: ClientAddress) -> (LimitKey, WindowSize) {
        let size = self.sizes.all_mails;
        let (class, size) = match kind {
            MailKind::Reset if self.is_known_network(client) => ("known networks", size.half()),
            MailKind::Reset => ("", size.half()),
            _ => ("", size),
        };
        (self.key(kind.total(), class), size)
    }

    fn recipient_window(&self, kind: MailKind, email: &Email) -> (LimitKey, WindowSize) {
        let size = self.sizes.mail;
        (self.key(kind.window(), &kind.recipient(email)), size)
    }

    fn key(&self, window: &'static str, name: &str) -> LimitKey {
        self.pseudonymizer.email_limit_key(window, name)
    }
}
