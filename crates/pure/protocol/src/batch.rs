//! Credentials for several days and of both kinds, issued together.

use anteroom_kvac::{
    Point, Randomness, Recipient, UnprovenCredential, VerifyError, issue_all, parallel,
};
use rand_core::CryptoRng;

use crate::{
    Aci, AuthCredentialResponse, AuthSalt, GenericSecretParams, GroupAuthCredentialResponse,
    GroupServerSecretParams, Pni, Timestamp, auth_credential, group_auth_credential, uid,
};

/// The second id in an account's group auth credentials.
#[derive(Clone, Copy, Debug)]
pub enum GroupIdentity<'a> {
    /// The account's phone-number id.
    Pni(&'a Pni),
    /// The salt of an account without a phone-number id. A substitute id is derived from it.
    WithoutPni(&'a AuthSalt),
}

/// The credentials to issue to one account, one of each kind per day.
///
/// A batch costs about half as much as its credentials one by one: the contributions of the account and of
/// the day are computed once, and all points are compressed and all proofs verified together.
#[derive(Clone, Copy, Debug)]
pub struct CredentialBatch<'a> {
    /// The account.
    pub aci: &'a Aci,
    /// The params of call links, for the call-link auth credentials.
    pub call_links: &'a GenericSecretParams,
    /// The params of groups and the account's second id; `None` for a batch without group auth credentials.
    pub groups: Option<(&'a GroupServerSecretParams, GroupIdentity<'a>)>,
}

/// The credentials of a [`CredentialBatch`], each kind in the order of the days.
#[derive(Clone, Debug)]
pub struct BatchCredentials {
    /// One call-link auth credential per day.
    pub call_links: Vec<AuthCredentialResponse>,
    /// One group auth credential per day; empty if the batch has no params of groups.
    pub groups: Vec<GroupAuthCredentialResponse>,
}

impl CredentialBatch<'_> {
    /// Issues credentials for the days that start at `days`.
    ///
    /// # Errors
    /// The computation was faulty: no credential is returned then.
    pub fn issue<R: CryptoRng + ?Sized>(
        &self,
        days: &[Timestamp],
        rng: &mut R,
    ) -> Result<BatchCredentials, VerifyError> {
        let aci = uid::encoded_attribute(&(*self.aci).into());
        let for_call_links = auth_credential::account(&aci, self.call_links)?;
        let for_groups = self.group_account(&aci)?;
        let mut unproven = begin_days(&for_call_links, auth_credential::public, days, rng);
        if let Some(account) = &for_groups {
            unproven.extend(begin_days(
                account,
                group_auth_credential::public,
                days,
                rng,
            ));
        }
        let mut call_links = issue_all(&unproven)?;
        let groups = call_links.split_off(days.len().min(call_links.len()));
        let mode = self.call_links.mode();
        Ok(BatchCredentials {
            call_links: call_links
                .into_iter()
                .map(|issued| AuthCredentialResponse::new(mode, issued))
                .collect(),
            groups: groups
                .into_iter()
                .map(GroupAuthCredentialResponse::new)
                .collect(),
        })
    }
}

impl<'a> CredentialBatch<'a> {
    fn group_account(&self, aci: &[Point; 2]) -> Result<Option<Recipient<'a>>, VerifyError> {
        let Some((params, identity)) = self.groups else {
            return Ok(None);
        };
        let pni = match identity {
            GroupIdentity::Pni(pni) => *pni,
            GroupIdentity::WithoutPni(salt) => {
                group_auth_credential::substitute_pni(self.aci, salt)
            }
        };
        group_auth_credential::account(aci, &pni, params).map(Some)
    }
}

/// Starts the issuance of one credential per day.
fn begin_days<'b, R: CryptoRng + ?Sized>(
    account: &'b Recipient<'_>,
    public: fn(Timestamp) -> Point,
    days: &[Timestamp],
    rng: &mut R,
) -> Vec<UnprovenCredential<'b>> {
    let drawn: Vec<_> = days
        .iter()
        .map(|day| (public(*day), Randomness::random(rng)))
        .collect();
    parallel::map(&drawn, |(public, randomness)| {
        account.begin(public, randomness)
    })
}
