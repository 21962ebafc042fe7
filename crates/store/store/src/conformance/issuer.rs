//! The suite of the issuer's database.

pub mod accounts;
pub mod administration;
pub mod concurrency;
pub mod failures;
pub mod keys;
pub mod logins;
pub mod overview;
pub mod purges;
pub mod server_params;
pub mod sessions;
pub mod sign_ups;
pub mod tampering;
pub mod tokens;

use anteroom_protocol::{Aci, AuthSalt, DAY, ParamsId, Pni, Timestamp};
use rand::{Rng, rngs::StdRng};
use zeroize::Zeroizing;

use super::{Backend, NOW, TEST};
use crate::{
    Account, AccountKind, AddressPseudonym, Device, DeviceId, DeviceName, DeviceUse, Email,
    IssuerDatabase, IssuerReader, IssuerRepository, Login, PasswordHash, PasswordVerifier,
    ServerParamsKind, ServerParamsRecord, Session, SessionId,
};

/// A backend of this database.
pub trait IssuerBackend: Backend<dyn IssuerDatabase> {}

impl<B: Backend<dyn IssuerDatabase>> IssuerBackend for B {}

/// An open database in fresh storage.
pub type Fixture<B> = super::Fixture<B, dyn IssuerDatabase>;

impl<B: IssuerBackend> Fixture<B> {
    pub async fn begin(&self) -> Box<dyn IssuerRepository> {
        self.database.begin(TEST).await.unwrap()
    }

    pub async fn read(&self) -> Box<dyn IssuerReader> {
        self.database.read(TEST).await.unwrap()
    }

    pub fn account(&mut self) -> Account {
        account(&mut self.rng)
    }

    /// Adds an account with devices of these ids.
    pub async fn added(&mut self, devices: &[u32]) -> Account {
        let account = self.account();
        let mut repository = self.begin().await;
        repository
            .add_account(&account, &mut self.rng)
            .await
            .unwrap();
        for id in devices {
            repository
                .add_device(&account.aci, &device(*id), &mut self.rng)
                .await
                .unwrap();
        }
        repository.save().await.unwrap();
        account
    }
}

pub fn account(rng: &mut StdRng) -> Account {
    Account::new(
        Aci::random(rng),
        Some(Pni::random(rng)),
        AuthSalt::random(rng),
        NOW,
    )
}

pub fn device(id: u32) -> Device {
    let byte = u8::try_from(id % 256).unwrap();
    Device {
        last_address: Some(AddressPseudonym::from_bytes([byte; 16])),
        ..Device::new(
            DeviceId::new(id).unwrap(),
            DeviceName::parse(&format!("device {id}")).unwrap(),
            PasswordHash::from_bytes([byte; 32]),
            NOW,
        )
    }
}

/// Returns an account of a guest.
pub fn guest(rng: &mut StdRng) -> Account {
    Account {
        kind: AccountKind::Guest,
        ..account(rng)
    }
}

/// Returns a login with an unconfirmed address.
pub fn login(aci: Aci, email: &str) -> Login {
    Login {
        aci,
        email: Email::parse(email).unwrap(),
        verifier: verifier("$one"),
        verified: false,
        created: NOW,
    }
}

pub fn verifier(text: &str) -> PasswordVerifier {
    PasswordVerifier::new(Zeroizing::new(text.to_owned())).unwrap()
}

/// Returns a use of a device from an unknown address.
pub const fn seen(at: Timestamp) -> DeviceUse {
    DeviceUse { at, address: None }
}

/// Returns a session that lasts a day.
pub fn session(aci: Aci, device: u32) -> Session {
    Session {
        id: SessionId::from_bytes([7; 16]),
        aci,
        device: DeviceId::new(device).unwrap(),
        remember: false,
        created: NOW,
        expires: NOW.plus(DAY),
    }
}

pub fn params(id: u8, kind: ServerParamsKind, rng: &mut StdRng) -> ServerParamsRecord {
    let mut secret = Zeroizing::new(vec![0; 385]);
    rng.fill_bytes(&mut secret);
    ServerParamsRecord {
        id: ParamsId::from_bytes([id; 8]),
        kind,
        not_before: NOW,
        not_after: None,
        secret,
    }
}

#[track_caller]
pub fn assert_same_account(one: &Account, other: &Account) {
    assert_eq!(one.aci, other.aci);
    assert_eq!(one.pni, other.pni);
    assert_eq!(one.auth_salt.as_bytes(), other.auth_salt.as_bytes());
    assert_eq!(one.created, other.created);
    assert_eq!(one.kind, other.kind);
    assert_eq!(one.role, other.role);
    assert_eq!(one.disabled, other.disabled);
}

#[track_caller]
pub fn assert_same_device(one: &Device, other: &Device) {
    assert_eq!(one.id, other.id);
    assert_eq!(one.name, other.name);
    assert!(one.password_hash.matches(&other.password_hash));
    assert_eq!(one.created, other.created);
    assert_eq!(one.last_seen, other.last_seen);
    assert_eq!(one.last_address, other.last_address);
    assert_eq!(one.origin, other.origin);
}

/// Generates a test for every function of the suite, for a backend.
#[macro_export]
macro_rules! issuer_conformance {
    ($backend:ty: $($module:ident { $($name:ident)* })*) => {
        $(mod $module {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $name() {
                    $crate::conformance::issuer::$module::$name::<$backend>().await;
                }
            )*
        })*
    };
    ($backend:ty) => {
        $crate::issuer_conformance! { $backend:
            accounts {
                a_saved_account_is_read_back
                an_account_without_a_pni_is_read_back
                what_is_absent_is_none
                devices_are_read_back_in_order
                authentication_finds_account_and_device_together
                a_second_account_of_the_same_id_is_refused
                a_second_device_of_the_same_id_is_refused
                a_device_needs_an_account
                a_refusal_does_not_spoil_the_transaction
                nothing_lasts_without_save
                a_transaction_sees_its_own_changes
                a_sighting_is_stored_with_its_address_and_goes_back_only_after_a_wrong_clock
                touching_an_absent_device_does_nothing
                times_beyond_the_column_are_refused
            }
            server_params {
                server_params_are_read_back_by_start_of_validity
                second_server_params_of_the_same_id_are_refused
                server_params_roll_back_with_their_transaction
            }
            keys {
                the_same_master_key_opens_the_same_database
                a_wrong_master_key_is_refused
                keys_are_never_made_anew_over_old_data
                a_lost_key_is_refused
                a_damaged_key_is_refused
                processes_that_start_at_once_agree_on_the_keys
                a_newer_schema_is_refused
                a_changed_migration_is_refused
                a_database_is_ready
            }
            concurrency {
                parallel_writers_lose_nothing
                of_parallel_writers_of_one_account_one_wins
                of_parallel_writers_of_one_device_one_wins
                of_parallel_first_starts_one_makes_the_server_params
                of_parallel_touches_one_writes
                readers_see_the_last_saved_state_while_a_writer_works
                a_reader_sees_one_state_to_its_end
                an_aborted_task_rolls_back
            }
            logins {
                a_login_is_read_back
                an_address_and_an_account_have_one_login
                passwords_change_and_addresses_are_confirmed
                an_address_in_the_spelling_of_an_older_version_is_the_same
                a_login_that_was_moved_or_altered_is_refused
            }
            administration {
                somebody_vouched_for_is_a_device_of_an_account
                administrators_see_and_change_accounts
                an_account_goes_with_all_that_belongs_to_it
                a_device_is_renamed_and_deleted
            }
            failures {
                failures_count_up_to_the_lock_and_expire
                failures_are_counted_for_each_origin_of_an_address
                a_lock_that_a_clock_ahead_has_set_ends_with_the_policy
                of_parallel_failures_none_is_lost
            }
            tokens {
                a_reset_works_once_and_in_time
                of_parallel_uses_of_a_token_one_wins
                an_invite_works_once_and_in_time
                an_invite_that_a_clock_ahead_has_made_lasts_as_long_as_its_maker_said
            }
            sign_ups {
                a_sign_up_is_confirmed_with_its_own_password
                no_sign_up_exchanges_a_password_that_was_set_otherwise
                a_sign_up_that_was_moved_or_altered_is_refused
                the_only_sign_up_that_waits_is_taken_for_another_mail
                unverified_accounts_go_with_their_last_sign_up
                the_last_shadow_of_a_sign_up_is_read_until_it_ends_or_the_password_changes
            }
            sessions {
                a_session_is_found_with_its_account_and_device
                a_session_goes_on_from_token_to_token
                a_token_that_is_used_again_later_ends_the_session
                a_device_is_known_by_its_last_token
                a_token_of_a_session_that_is_over_is_expired
                of_parallel_uses_of_a_refresh_token_one_rotates_it
                sessions_end_alone_by_token_or_together
            }
            purges {
                devices_that_were_not_seen_for_long_are_purged_in_batches
                a_guest_whose_row_is_damaged_keeps_no_other_from_being_found
                guests_that_were_not_seen_for_long_are_found_in_batches
                what_is_over_is_purged_and_nothing_else
                what_a_clock_ahead_has_stored_does_not_outlast_its_policy
            }
            overview {
                a_lock_is_seen_from_all_origins_until_it_ends_or_is_cleared
                the_sessions_of_an_account_are_listed_while_they_go_on
                invites_are_listed_and_cancelled_by_their_hash
                rows_are_counted_that_count_now
            }
            tampering {
                a_moved_value_is_refused
                a_flipped_bit_is_refused
                a_value_in_another_column_is_refused
                server_params_of_the_other_kind_are_refused
                other_rows_stay_readable
            }
        }
    };
}
