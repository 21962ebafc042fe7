//! The suite of the room service's database.

pub mod approvals;
pub mod calls;
pub mod concurrency;
pub mod eras;
pub mod keys;
pub mod link_changes;
pub mod links;
pub mod overview;
pub mod server_params;
pub mod tampering;

use std::num::NonZeroU32;

use anteroom_protocol::{
    AdminStatement, CallLinkSecretParams, EraId, GuestAdmission, Restrictions, RootKey, Timestamp,
};
use rand::{Rng, rngs::StdRng};

use super::{Backend, NOW, TEST};
use crate::{
    CallKey, CallLinkRecord, CallRecord, CreateLinkOutcome, Epoch, LinkAddress, LinkName,
    NewCallLink, NodeName, OpaqueRoomId, PasskeyHash, RoomsDatabase, RoomsReader, RoomsRepository,
    StartEraOutcome, UserId,
};

/// The length of leases, in seconds.
pub const LEASE: u64 = 30;
pub const MANY: NonZeroU32 = NonZeroU32::new(1_000).unwrap();

/// A backend of this database.
pub trait RoomsBackend: Backend<dyn RoomsDatabase> {}

impl<B: Backend<dyn RoomsDatabase>> RoomsBackend for B {}

/// An open database in fresh storage.
pub type Fixture<B> = super::Fixture<B, dyn RoomsDatabase>;

impl<B: RoomsBackend> Fixture<B> {
    pub async fn begin(&self) -> Box<dyn RoomsRepository> {
        self.database.begin(TEST).await.unwrap()
    }

    pub async fn read(&self) -> Box<dyn RoomsReader> {
        self.database.read(TEST).await.unwrap()
    }

    pub fn passkey(&self, link: &LinkAddress, passkey: &str) -> PasskeyHash {
        passkey_hash(&*self.database, &link.room, passkey)
    }

    /// Returns a link of this room id that is not stored.
    pub fn link(&mut self, id: &str, epoch: Option<u32>) -> CallLinkRecord {
        link(&*self.database, &address(id, epoch), &mut self.rng)
    }

    pub async fn create(&mut self, link: &CallLinkRecord) -> CreateLinkOutcome {
        let mut repository = self.begin().await;
        let outcome = repository.create_link(link, &mut self.rng).await.unwrap();
        repository.save().await.unwrap();
        outcome
    }

    /// Stores a link of this room id.
    pub async fn created(&mut self, id: &str, epoch: Option<u32>) -> CallLinkRecord {
        let link = self.link(id, epoch);
        let outcome = self.create(&link).await;
        assert!(matches!(outcome, CreateLinkOutcome::Created(_)));
        link
    }

    pub async fn start(
        &mut self,
        call: &CallRecord,
        epoch: Option<Epoch>,
        now: Timestamp,
    ) -> StartEraOutcome {
        let mut repository = self.begin().await;
        let outcome = repository
            .start_era(call, epoch, now, &mut self.rng)
            .await
            .unwrap();
        repository.save().await.unwrap();
        outcome
    }

    /// Stores a call in a link's room.
    pub async fn started(&mut self, link: &CallLinkRecord, now: Timestamp) -> CallRecord {
        let call = call(CallKey::Link(link.room.clone()), now, &mut self.rng);
        let outcome = self.start(&call, link.epoch, now).await;
        assert!(matches!(outcome, StartEraOutcome::Started { .. }));
        call
    }
}

pub fn room(id: &str) -> OpaqueRoomId {
    OpaqueRoomId::parse(id).unwrap()
}

pub fn user(id: &str) -> UserId {
    UserId::parse(id).unwrap()
}

pub fn node(name: &str) -> NodeName {
    NodeName::parse(name).unwrap()
}

pub fn address(id: &str, epoch: Option<u32>) -> LinkAddress {
    LinkAddress {
        room: room(id),
        epoch: epoch.map(Epoch::new),
    }
}

pub fn passkey_hash(
    database: &dyn RoomsDatabase,
    room: &OpaqueRoomId,
    passkey: &str,
) -> PasskeyHash {
    database
        .storage_keys()
        .passkey_hash(room, passkey.as_bytes())
}

/// Returns a link with admin approval, a random name and statement, and the passkey `right`.
pub fn link(
    database: &dyn RoomsDatabase,
    address: &LinkAddress,
    rng: &mut StdRng,
) -> CallLinkRecord {
    let secret = CallLinkSecretParams::derive(&RootKey::generate_v0(rng));
    let mut name = [0; 60];
    rng.fill_bytes(&mut name);
    let mut statement = [0; 300];
    rng.fill_bytes(&mut statement);
    let content = NewCallLink {
        passkey_hash: passkey_hash(database, &address.room, "right"),
        zkparams: secret.public_params(),
        restrictions: Restrictions::AdminApproval,
        guests: GuestAdmission::Wait,
        name: LinkName::new(name).unwrap(),
        revoked: false,
        admin_statement: AdminStatement::new(statement).unwrap(),
    };
    CallLinkRecord::new(address.clone(), content, NOW)
}

/// Returns a call of a random era on node `one`, with a lease from `now` on.
pub fn call(key: CallKey, now: Timestamp, rng: &mut StdRng) -> CallRecord {
    let mut era = [0; 16];
    rng.fill_bytes(&mut era);
    CallRecord {
        key,
        era: EraId::from_bytes(era),
        creator: user("c0ffee"),
        node: node("one"),
        media: None,
        started: now,
        lease_until: Some(now.plus(LEASE)),
    }
}

#[track_caller]
pub fn assert_same_link(one: &CallLinkRecord, other: &CallLinkRecord) {
    assert_eq!(one.address(), other.address());
    assert!(one.passkey_hash.matches(&other.passkey_hash));
    assert!(one.zkparams == other.zkparams);
    assert_eq!(one.restrictions, other.restrictions);
    assert_eq!(one.guests, other.guests);
    assert!(one.name == other.name);
    assert_eq!(one.revoked, other.revoked);
    assert_eq!(one.created, other.created);
    assert_eq!(one.expiration, other.expiration);
    assert_eq!(one.delete_at, other.delete_at);
    assert_eq!(one.ended_calls, other.ended_calls);
    assert!(one.admin_statement == other.admin_statement);
}

#[track_caller]
pub fn assert_same_call(one: &CallRecord, other: &CallRecord) {
    assert_eq!(one.key, other.key);
    assert_eq!(one.era, other.era);
    assert_eq!(one.creator, other.creator);
    assert_eq!(one.node, other.node);
    assert_eq!(one.media, other.media);
    assert_eq!(one.started, other.started);
    assert_eq!(one.lease_until, other.lease_until);
}

/// Generates a test for every function of the suite, for a backend.
#[macro_export]
macro_rules! rooms_conformance {
    ($backend:ty: $($module:ident { $($name:ident)* })*) => {
        $(mod $module {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $name() {
                    $crate::conformance::rooms::$module::$name::<$backend>().await;
                }
            )*
        })*
    };
    ($backend:ty) => {
        $crate::rooms_conformance! { $backend:
            links {
                a_created_link_is_read_back
                a_link_is_found_with_its_epoch_only
                the_same_create_again_changes_nothing
                another_passkey_or_other_zkparams_are_a_conflict
                a_room_has_one_link_of_whatever_epoch
                a_link_is_unknown_from_delete_at_on_and_its_room_free
                a_deleted_room_is_free_for_its_passkey_alone_until_its_delete_at
                zkparams_that_another_room_has_are_refused
                purges_go_in_parts_and_take_what_is_due
                a_link_of_a_clock_that_was_ahead_is_read_with_the_ends_of_a_new_one
                nothing_lasts_without_save
                times_beyond_the_column_are_refused
            }
            link_changes {
                an_update_changes_what_it_names
                the_statement_of_the_admins_goes_with_the_link
                an_update_needs_the_link_and_the_passkey
                restrictions_do_not_change_while_a_call_is_on
                changed_restrictions_end_a_lapsed_call
                a_delete_needs_the_link_and_the_passkey
                a_delete_takes_the_approvals_and_a_lapsed_call_with_it
                a_link_with_a_call_is_not_deleted
                an_update_or_a_delete_ends_the_call_that_is_on
            }
            approvals {
                users_are_approved_per_link
                an_approval_is_of_a_user_in_every_shape
                an_approval_needs_a_link
                a_whole_list_is_replaced
            }
            eras {
                a_first_start_resets_the_expiration
                a_second_start_finds_the_first
                a_lapsed_lease_is_taken_over
                a_call_without_a_lease_is_never_taken_over
                a_start_needs_an_open_link_of_its_epoch
                a_group_needs_no_link
                a_lease_is_renewed_by_its_era_and_node_only
                an_era_is_ended_by_its_id_only
                an_era_that_is_abandoned_gives_the_link_its_expiration_back
                leases_of_a_clock_that_was_ahead_are_trimmed
            }
            calls {
                a_link_is_read_with_its_live_call
                calls_are_listed_by_node
                lapsed_calls_are_listed_and_removed_in_parts
                all_calls_are_listed_in_parts
            }
            overview {
                a_room_is_found_by_its_id_alone_with_its_call
                all_links_are_listed_in_parts_with_their_calls
                rows_are_counted_that_count_now
            }
            server_params {
                generic_params_are_read_back
                second_server_params_of_the_same_id_are_refused
                params_of_other_kinds_are_refused
            }
            keys {
                the_same_master_key_opens_the_same_database
                a_wrong_master_key_is_refused
                keys_are_never_made_anew_over_old_data
                a_lost_key_is_refused
                processes_that_start_at_once_agree_on_the_keys
                a_newer_schema_is_refused
                a_database_is_ready
            }
            concurrency {
                of_parallel_creates_of_one_room_one_wins
                parallel_creates_of_the_same_link_make_one
                of_parallel_starts_one_wins
                of_parallel_takeovers_one_wins
                a_renewal_and_a_takeover_exclude_each_other
                a_delete_and_a_start_exclude_each_other
                a_start_knows_the_restrictions_that_hold
            }
            tampering {
                a_moved_value_is_refused
                a_flipped_bit_is_refused
                a_value_in_another_column_is_refused
            }
        }
    };
}
