//! A sender that collects mails for tests.

use std::sync::Arc;

use anteroom_accounts::{MailSender, OutgoingMail};
use anteroom_store::Email;
use parking_lot::{Mutex, MutexGuard};

/// Collects mails. Clones share the collection.
#[derive(Clone, Debug, Default)]
pub struct CapturedMails(Arc<Mutex<Vec<MailCall>>>);

/// A call of the sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailCall {
    /// A mail.
    Mail(OutgoingMail),
    /// The decoy of a mail to this address.
    Decoy(Email),
}

impl CapturedMails {
    /// Returns the mails since the last call.
    #[must_use]
    pub fn take(&self) -> Vec<OutgoingMail> {
        let mail_calls = self.take_mail_calls().into_iter();
        mail_calls
            .filter_map(|mail_call| match mail_call {
                MailCall::Mail(mail) => Some(mail),
                MailCall::Decoy(_) => None,
            })
            .collect()
    }

    /// Returns the mails and the decoys since the last call.
    #[must_use]
    pub fn take_mail_calls(&self) -> Vec<MailCall> {
        std::mem::take(&mut *self.lock())
    }

    /// Returns the token in the link of the only mail since the last call, which must be to this address.
    ///
    /// # Panics
    /// There is no such mail, or another one.
    #[must_use]
    pub fn take_token(&self, to: &str) -> String {
        let mails = self.take();
        let [mail] = mails.as_slice() else {
            panic!("{} mails", mails.len());
        };
        assert_eq!(mail.to.as_str(), to);
        let (_, token) = mail
            .text
            .lines()
            .find_map(|line| line.split_once("?token="))
            .expect("a link with a token");
        crate::LogGuard::global().watch_text("token of a mail", token);
        token.to_owned()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<MailCall>> {
        self.0.lock()
    }
}

impl MailSender for CapturedMails {
    fn send(&self, mail: OutgoingMail) {
        self.lock().push(MailCall::Mail(mail));
    }

    fn send_decoy(&self, to: &Email) {
        self.lock().push(MailCall::Decoy(to.clone()));
    }
}
