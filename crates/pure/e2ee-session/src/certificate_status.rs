//! The verification of the certificates in leaves.

use anteroom_e2ee::{CertificateError, MemberLeaf};
use anteroom_protocol::{CallLinkSecretParams, ServiceId, Timestamp};

use crate::options::SessionOptions;

/// The result of the verification of a member's certificate. It decides what is shown, never who is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateStatus {
    /// The leaf has no certificate: the account is as told by the room service.
    Missing,
    /// The issuer vouches for the account.
    Valid {
        /// Whether it is the account of a guest.
        is_guest: bool,
    },
    /// The certificate does not hold: the account is as told by the room service.
    Invalid(CertificateError),
}

/// Verifies the certificate of a leaf under the keys that this device trusts.
pub(crate) fn verify(
    claims: &MemberLeaf,
    options: &SessionOptions,
    params: &CallLinkSecretParams,
    now: Timestamp,
) -> CertificateStatus {
    let Some(chain) = &claims.certificate else {
        return CertificateStatus::Missing;
    };
    let Ok(ServiceId::Aci(account)) = claims.user.decrypt(params) else {
        return CertificateStatus::Invalid(CertificateError::Account);
    };
    let (room, member_key) = (options.root_key.room_id(), &claims.member_key);
    let mut failure = CertificateError::Issuer;
    for key in &options.certificate_keys {
        match chain.verify(key, &account, &room, member_key, now) {
            Ok(certificate) => {
                let is_guest = certificate.is_guest;
                return CertificateStatus::Valid { is_guest };
            }
            Err(CertificateError::Issuer) => {}
            Err(error) => failure = error,
        }
    }
    CertificateStatus::Invalid(failure)
}

#[cfg(test)]
mod tests {
    use anteroom_e2ee::{
        Admission, Certificate, CertificateChain, CertificateKey, DeviceSecret, IdentityKey,
        MemberKey,
    };
    use anteroom_protocol::{Aci, DAY, DemuxId, OpaqueUserId, RootKey};
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_764_201_600);

    fn rng(seed: u64) -> ChaCha20Rng {
        ChaCha20Rng::seed_from_u64(seed)
    }

    fn root_key() -> RootKey {
        RootKey::generate_v1(&mut rng(1))
    }

    fn issuer(seed: u64) -> CertificateKey {
        CertificateKey::random(&mut rng(seed))
    }

    fn member_key(number: u8) -> MemberKey {
        DeviceSecret::from_bytes([number; 32]).member_key(&root_key().room_id())
    }

    fn account(number: u8) -> Aci {
        Aci::from_bytes([number; 16])
    }

    fn user(number: u8) -> OpaqueUserId {
        let user = root_key().secret_params().encrypt(&account(number).into());
        OpaqueUserId::of_ciphertext(&user)
    }

    fn options(keys: &[CertificateKey]) -> SessionOptions {
        SessionOptions {
            root_key: root_key(),
            admin: None,
            admin_key: None,
            member_key: member_key(9),
            user: user(9),
            admission: Admission::None,
            late_approvals: Vec::new(),
            name: None,
            certificate: None,
            certificate_keys: keys.iter().map(CertificateKey::public).collect(),
            policy: None,
            max_devices: 5,
            is_account: Box::new(|_| true),
        }
    }

    /// Returns the chain of a device of account 1 for a member key, good until the end of today.
    fn chain(issuer: &CertificateKey, is_guest: bool, key: &MemberKey) -> CertificateChain {
        let identity = IdentityKey::random(&mut rng(7));
        let certificate = Certificate {
            account: account(1),
            is_guest,
            identity_key: identity.public(),
            last_day: NOW.start_of_day(),
        };
        let signed = certificate.sign(issuer);
        signed.present(&identity, &root_key().room_id(), &key.public())
    }

    #[test]
    fn a_certificate_shows_an_account_under_a_trusted_key_alone() {
        use CertificateError::{Account, Device, Expired, Issuer};
        use CertificateStatus::{Invalid, Missing, Valid};
        let (old, new) = (issuer(2), issuer(3));
        let own = member_key(1);
        let good = chain(&new, false, &own);
        let both = options(&[old.clone(), new.clone()]);
        let is_guest = false;
        for (certificate, number, options, now, expected) in [
            (Some(good.clone()), 1, &both, NOW, Valid { is_guest }),
            (
                Some(chain(&old, true, &own)),
                1,
                &both,
                NOW,
                Valid { is_guest: true },
            ),
            (None, 1, &both, NOW, Missing),
            // Of the account of somebody else.
            (Some(good.clone()), 2, &both, NOW, Invalid(Account)),
            // For another device's member key.
            (
                Some(chain(&new, false, &member_key(2))),
                1,
                &both,
                NOW,
                Invalid(Device),
            ),
            (
                Some(good.clone()),
                1,
                &both,
                NOW.plus(DAY),
                Invalid(Expired),
            ),
            // Under a key that this device does not trust.
            (
                Some(chain(&issuer(4), false, &own)),
                1,
                &both,
                NOW,
                Invalid(Issuer),
            ),
            (Some(good), 1, &options(&[]), NOW, Invalid(Issuer)),
        ] {
            let claims = MemberLeaf {
                user: user(number),
                demux_id: DemuxId::new(16).unwrap(),
                member_key: own.public(),
                admission: Admission::None,
                serial: 1,
                name: None,
                certificate,
            };
            let params = options.root_key.secret_params();
            assert_eq!(verify(&claims, options, &params, now), expected);
        }
    }
}
