//! Credentials of several days and both kinds, issued together.

use anteroom_kvac::{Account, Begun, Point, Randomness, VerifyError, issue_all, parallel};
use rand_core::CryptoRng;

use crate::{
    Aci, AuthCredentialResponse, AuthSalt, GenericSecretParams, GroupAuthCredentialResponse,
    GroupServerSecretParams, Pni, Timestamp, auth_credential, group_auth_credential, uid,
};

/// What a group auth credential names beside the account's ACI.
#[derive(Clone, Copy, Debug)]
pub enum GroupIdentity<'a> {
    /// The account's phone-number id.
    Pni(&'a Pni),
    /// An account without one: its stand-in is made of this salt.
    WithoutPni(&'a AuthSalt),
}

/// Which credentials to issue to one account, one of each kind per day.
///
/// Together they cost about half of what they cost one by one: what the account and the day
/// contribute is computed once, and all points are compressed and all proofs checked at once.
#[derive(Clone, Copy, Debug)]
pub struct CredentialBatch<'a> {
    /// The account.
    pub aci: &'a Aci,
    /// The params of call links, for the call-link auth credentials.
    pub call_links: &'a GenericSecretParams,
    /// The params of groups and the account's other id, where group auth credentials are wanted.
    pub groups: Option<(&'a GroupServerSecretParams, GroupIdentity<'a>)>,
}

/// The credentials of a [`CredentialBatch`], each kind in the order of the days.
#[derive(Clone, Debug)]
pub struct BatchCredentials {
    /// One call-link auth credential per day.
    pub call_links: Vec<AuthCredentialResponse>,
    /// One group auth credential per day; none where none were wanted.
    pub groups: Vec<GroupAuthCredentialResponse>,
}

impl CredentialBatch<'_> {
    /// Issues for the days that start at `days`.
    ///
    /// # Errors
    /// If the computation went wrong: then none leaves.
    pub fn issue<R: CryptoRng + ?Sized>(
        &self,
        days: &[Timestamp],
        rng: &mut R,
    ) -> Result<BatchCredentials, VerifyError> {
        let aci = uid::encoded_attribute(&(*self.aci).into());
        let for_call_links = auth_credential::account(&aci, self.call_links)?;
        let for_groups = self.group_account(&aci)?;
        let mut begun = begin_days(&for_call_links, auth_credential::public, days, rng);
        if let Some(account) = &for_groups {
            begun.extend(begin_days(
                account,
                group_auth_credential::public,
                days,
                rng,
            ));
        }
        let mut call_links = issue_all(&begun)?;
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
    fn group_account(&self, aci: &[Point; 2]) -> Result<Option<Account<'a>>, VerifyError> {
        let Some((params, identity)) = self.groups else {
            return Ok(None);
        };
        let pni = match identity {
            GroupIdentity::Pni(pni) => *pni,
            GroupIdentity::WithoutPni(salt) => group_auth_credential::stand_in(self.aci, salt),
        };
        group_auth_credential::account(aci, &pni, params).map(Some)
    }
}

/// Begins one credential per day.
fn begin_days<'b, R: CryptoRng + ?Sized>(
    account: &'b Account<'_>,
    public: fn(Timestamp) -> Point,
    days: &[Timestamp],
    rng: &mut R,
) -> Vec<Begun<'b>> {
    let drawn: Vec<_> = days
        .iter()
        .map(|day| (public(*day), Randomness::random(rng)))
        .collect();
    parallel::map(&drawn, |(public, randomness)| {
        account.begin(public, randomness)
    })
}
