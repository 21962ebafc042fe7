//! The stories in which the room service lies.

use tokio::task::JoinSet;

use crate::{
    approvals, eras, features, forks, key_packages, losses, own_groups, policies, removals,
    replays, rosters,
};

/// Runs stories together, each to its end.
macro_rules! run {
    ($($module:ident::$story:ident,)*) => {{
        let mut stories = JoinSet::new();
        $(start(&mut stories, stringify!($story), $module::$story);)*
        let ends = stories.join_all().await;
        let failed: Vec<&str> = ends.into_iter().filter_map(Result::err).collect();
        assert!(failed.is_empty(), "these stories fail: {failed:#?}");
    }};
}

/// Starts a story. Its result is its name if it fails.
fn start<F>(stories: &mut JoinSet<Result<(), &'static str>>, name: &'static str, story: fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    stories.spawn(async move { tokio::spawn(story()).await.map_err(|_| name) });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_service_lies() {
    run! {
        eras::a_repeated_era_is_another_group,
        features::a_service_that_states_no_groups_makes_nobody_talk_under_the_key_of_the_link,
        features::devices_without_member_keys_hear_nothing_where_the_link_names_an_admin_key,
        features::a_member_without_its_key_in_the_roster_is_still_the_member,
        forks::a_fork_shows_different_words_and_ends_the_sending,
        forks::a_commit_that_one_member_does_not_see_leaves_it_unconfirmed,
        forks::connections_that_break_again_and_again_do_not_prolong_a_fork,
        forks::a_connection_that_stays_broken_ends_the_sending_too,
        forks::a_commit_that_arrives_changed_costs_its_reader_a_group,
        forks::commits_that_arrive_changed_again_and_again_keep_nobody_out_for_good,
        forks::commits_in_another_order_are_not_merged,
        approvals::a_captured_approval_lets_nobody_else_in,
        approvals::a_captured_presentation_holds_with_its_own_member_key_alone,
        approvals::an_approval_that_has_ended_takes_the_place_of_none_that_holds,
        key_packages::an_old_key_package_that_is_said_again_puts_nobody_out,
        key_packages::a_member_whose_leaf_is_made_anew_comes_back_by_the_welcome_after_the_commit,
        key_packages::welcomes_that_do_not_open_put_a_newcomer_off_no_group,
        key_packages::a_device_of_another_user_comes_in_under_no_name_but_its_own,
        losses::an_own_commit,
        losses::a_commit_on_its_way_back,
        losses::a_commit_on_its_way_to_another_member,
        losses::a_welcome,
        losses::a_key_package,
        losses::a_message_of_the_group,
        losses::a_roster_change_about_a_departure,
        losses::a_roster_change_about_an_arrival,
        losses::a_last_roster_change,
        own_groups::without_the_link_a_welcome_of_the_service_does_not_open,
        own_groups::with_the_link_nobody_makes_a_group_that_is_entered_without_an_approval,
        policies::an_admission_by_the_service_alone_lets_nobody_in,
        policies::an_admin_alone_sees_whom_the_service_alone_let_pass,
        policies::who_is_not_entitled_cannot_start_a_group,
        policies::an_old_policy_to_a_first_joiner_holds_until_a_member_knows_the_newer_one,
        policies::a_newer_policy_is_committed_before_anybody_is_added,
        policies::junk_after_a_good_statement_undoes_nothing,
        removals::a_removal_is_done_when_the_others_have_the_entry_and_not_when_the_leaf_is_gone,
        removals::who_removes_somebody_and_leaves_waits_for_the_members,
        removals::a_removal_waits_for_no_answer_to_a_ping,
        policies::an_older_policy_in_the_state_of_the_link_does_not_count,
        replays::nothing_that_is_said_again_is_shown_again,
        replays::messages_in_another_order_are_shown_once_each,
        replays::a_name_that_comes_late_does_not_take_the_place_of_a_newer_one,
        replays::forged_refusals_cost_groups_and_nothing_else,
        replays::forged_refusals_of_most_leave_out_the_committer,
        rosters::an_invented_device_is_in_no_group,
        rosters::an_invented_user_who_asks_is_told_and_not_added,
        rosters::a_device_that_asks_under_many_keys_is_told_once,
        rosters::a_device_that_all_rosters_leave_out_is_taken_out_and_comes_back,
        rosters::a_device_that_the_roster_of_the_committer_leaves_out_stays,
        rosters::swapped_devices_are_shown_by_their_leaves,
    }
}
