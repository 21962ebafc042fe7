//! Accounts with an email address and a password, written directly to the database.

use anteroom_accounts::HashCost;
use anteroom_protocol::{Aci, AuthSalt, DAY};
use anteroom_runtime::{Clock as _, Entropy as _};
use anteroom_store::{
    Account, AccountRole, Email, InviteCode, IssuerDatabase as _, Login, PasswordVerifier,
    ShadowSignUp, TransactionName,
};
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, Version};
use zeroize::Zeroizing;

use crate::{LogGuard, TestIssuer, TestLoginOptions};

/// The data of a login.
#[derive(Clone, Copy, Debug)]
pub struct TestLogin<'a> {
    /// The email address.
    pub email: &'a str,
    /// The password.
    pub password: &'a str,
    /// Whether the address was confirmed.
    pub verified: bool,
    /// The cost of the password's hash.
    pub cost: HashCost,
}

impl TestLogin<'_> {
    /// Creates the data of a login that can be used.
    #[must_use]
    pub const fn new<'a>(email: &'a str, password: &'a str) -> TestLogin<'a> {
        TestLogin {
            email,
            password,
            verified: true,
            cost: TestLoginOptions::CHEAP,
        }
    }
}

impl TestIssuer {
    /// Adds an account without devices and with a login.
    ///
    /// # Panics
    /// The database refuses the row.
    pub async fn add_login(&self, login: TestLogin<'_>) -> Aci {
        let guard = LogGuard::global();
        guard.watch_text("email", login.email);
        guard.watch_text("password", login.password);
        let mut rng = self.entropy().rng();
        let aci = Aci::random(&mut *rng);
        guard.watch_bytes("account id", aci.as_bytes());
        let now = self.clock.now();
        let account = Account::new(aci, None, AuthSalt::random(&mut *rng), now);
        let row = Login {
            aci,
            email: Email::parse(login.email).expect("an address"),
            verifier: verifier(login.password, login.cost),
            verified: login.verified,
            created: now,
        };
        let mut transaction = self.begin().await;
        transaction
            .add_account(&account, &mut *rng)
            .await
            .expect("a new account");
        transaction
            .add_login(&row, &mut *rng)
            .await
            .expect("a new login");
        if !login.verified {
            let shadow = ShadowSignUp {
                aci,
                verifier: row.verifier,
                expires: now.plus(DAY),
            };
            transaction
                .add_shadow_sign_up(&shadow, &mut *rng)
                .await
                .expect("a new shadow");
        }
        transaction.save().await.expect("the database is there");
        aci
    }

    /// Adds a login to an existing account.
    ///
    /// # Panics
    /// The database refuses the row.
    pub async fn give_login(&self, aci: Aci, login: TestLogin<'_>) {
        LogGuard::global().watch_text("email", login.email);
        let row = Login {
            aci,
            email: Email::parse(login.email).expect("an address"),
            verifier: verifier(login.password, login.cost),
            verified: true,
            created: self.clock.now(),
        };
        let mut transaction = self.begin().await;
        transaction
            .add_login(&row, &mut *self.entropy().rng())
            .await
            .expect("a new login");
        transaction.save().await.expect("the database is there");
    }

    /// Creates an invite code that is valid for a week.
    ///
    /// # Panics
    /// The database refuses the row.
    pub async fn add_invite(&self) -> String {
        let code = InviteCode::random(&mut *self.entropy().rng());
        LogGuard::global().watch_text("invite code", code.as_str());
        let hash = self.database.storage_keys().invite_hash(&code);
        let now = self.clock.now();
        let mut transaction = self.begin().await;
        transaction
            .add_invite(&hash, now, now.plus(7 * DAY))
            .await
            .expect("a new code");
        transaction.save().await.expect("the database is there");
        code.as_str().to_owned()
    }

    /// Disables an account or enables it again.
    ///
    /// # Panics
    /// There is no such account.
    pub async fn set_disabled(&self, aci: &Aci, disabled: bool) {
        let mut transaction = self.begin().await;
        let done = transaction.set_disabled(aci, disabled).await;
        assert!(done.expect("the database is there"));
        transaction.save().await.expect("the database is there");
    }

    /// Makes an account an administrator.
    ///
    /// # Panics
    /// There is no such account.
    pub async fn promote(&self, aci: &Aci) {
        let mut transaction = self.begin().await;
        let done = transaction.set_role(aci, AccountRole::Administrator).await;
        assert!(done.expect("the database is there"));
        transaction.save().await.expect("the database is there");
    }

    async fn begin(&self) -> Box<dyn anteroom_store::IssuerRepository> {
        let name = TransactionName::new("test");
        self.database
            .begin(name)
            .await
            .expect("the database is there")
    }
}

fn verifier(password: &str, cost: HashCost) -> PasswordVerifier {
    let params = Params::new(cost.memory_kib.get(), cost.passes.get(), 1, None);
    let argon2 = Argon2::new(
        Algorithm::Argon2id,
        Version::V0x13,
        params.expect("a cost that Argon2 allows"),
    );
    let hash = argon2.hash_password_with_salt(password.as_bytes(), b"a salt for tests");
    let text = hash.expect("a hash").to_string();
    PasswordVerifier::new(Zeroizing::new(text)).expect("a short text")
}
