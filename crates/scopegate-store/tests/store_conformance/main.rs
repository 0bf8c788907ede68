//! The rules that every store keeps, tested on both databases and on the storage in memory that tests use.
//!
//! A rule is a function. The table below makes a test of it for each storage. The tests for PostgreSQL need
//! a server: `scripts/postgres cargo test -p scopegate-store -- --include-ignored`.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test stops where it cannot go on")]

mod artifacts;
mod callers;
mod catalog;
mod catalog_history;
mod consents;
mod families;
mod ledger;
mod opening;
mod outage;
mod place;
mod review;
mod samples;
mod sessions;
mod signing_keys;
mod standing;
mod upkeep;
mod users;
mod vault;
mod wire;

macro_rules! store_conformance {
    (
        every storage { $($module:ident: $($rule:ident)+;)+ }
        databases { $($sql_module:ident: $($sql_rule:ident)+;)+ }
    ) => {
        mod memory {
            $($(
                #[tokio::test(flavor = "multi_thread")]
                async fn $rule() {
                    crate::$module::$rule(&crate::place::Place::memory()).await;
                }
            )+)+
        }

        of_databases! { $($module: $($rule)+;)+ $($sql_module: $($sql_rule)+;)+ }
    };
}

macro_rules! of_databases {
    ($($module:ident: $($rule:ident)+;)+) => {
        mod sqlite {
            $($(
                #[tokio::test(flavor = "multi_thread")]
                async fn $rule() {
                    crate::$module::$rule(&crate::place::Place::sqlite()).await;
                }
            )+)+
        }

        mod postgres {
            $($(
                #[tokio::test(flavor = "multi_thread")]
                #[ignore = "run by scripts/test"]
                async fn $rule() {
                    let place = crate::place::Place::postgres().await;
                    crate::$module::$rule(&place).await;
                    place.clear_away().await;
                }
            )+)+
        }
    };
}

store_conformance! {
    every storage {
        artifacts:
            an_artifact_is_found_by_its_secret_and_by_its_alias
            an_artifact_comes_with_its_person
            a_secret_and_an_alias_are_taken_once
            an_artifact_moves_once_from_a_version
            of_two_moves_at_once_one_wins
            of_two_that_put_the_same_at_once_one_wins
            a_lost_move_leaves_nothing;
        callers:
            a_grant_is_not_written_once_its_caller_has_gone
            what_takes_away_is_written_without_its_caller
            wherever_a_commit_is_dropped_it_is_whole_or_absent
            what_records_is_written_wherever_it_is_dropped;
        catalog:
            a_new_catalog_is_empty_and_has_version_0
            every_kind_of_entity_comes_back_as_it_was_written
            changes_come_back_in_the_order_in_which_they_were_made
            an_entity_that_changed_twice_comes_back_once
            a_deletion_is_told_to_those_only_who_knew_the_entity
            a_change_on_top_of_another_version_leaves_nothing
            of_writers_with_the_same_version_one_wins
            a_reader_sees_whole_versions
            rows_of_another_version_are_told_and_fail_nothing
            a_row_of_a_newer_format_is_neither_overwritten_nor_deleted
            an_entity_keeps_its_id_until_it_is_deleted
            a_change_and_its_record_are_written_together;
        catalog_history:
            a_new_catalog_has_no_history
            versions_come_back_newest_first_with_the_rows_before_them
            a_change_that_loses_leaves_no_history
            a_change_without_history_leaves_a_gap
            old_versions_are_deleted_with_their_rows
            each_owner_has_its_last_applied_file;
        consents:
            a_consent_is_per_server_client_user
            the_newest_consent_replaces_the_one_before
            a_deleted_client_takes_its_consents_along;
        families:
            a_family_comes_back_as_it_was_written
            a_family_comes_with_its_person
            a_family_is_one_row_however_often_it_is_used
            a_family_does_not_move_from_a_stale_generation
            of_two_rotations_at_once_one_wins
            a_revoked_family_does_not_move
            an_end_is_not_undone_by_a_rotation_at_the_same_time
            those_who_end_the_same_families_at_once_all_succeed
            families_end_by_session_user_client
            what_ends_goes_before_what_begins
            a_disabled_clients_families_end_with_the_write
            a_family_is_not_opened_by_a_catalog_that_has_changed
            no_family_outlives_the_end_of_its_client
            a_catalog_that_disables_many_clients_waits_in_no_circle;
        ledger:
            an_assertion_is_used_once_by_its_client
            an_assertion_is_used_once_however_odd_its_jti
            of_two_uses_at_once_one_wins
            a_conflict_leaves_nothing
            an_audit_batch_is_kept_once
            an_audit_event_is_found_by_its_id
            what_strangers_send_is_kept
            only_what_has_expired_is_forgotten
            all_kinds_of_changes_are_written_or_none
            commits_of_many_kinds_at_once_do_not_wait_in_a_circle
            what_has_expired_of_every_kind_is_forgotten
            nodes_that_forget_at_once_all_succeed;
        outage:
            an_outage_is_unavailable_and_ends
            a_lost_connection_is_replaced;
        review:
            audit_events_are_found_by_each_filter_newest_first
            a_page_of_audit_events_ends_before_the_next
            what_a_user_has_open_is_listed
            the_open_families_of_a_client_are_counted
            the_open_families_of_a_client_at_a_server_are_read_in_pages
            the_latest_use_of_a_client_stays
            a_deleted_user_is_gone_with_password_and_consents
            a_user_is_deleted_once_from_a_version;
        sessions:
            a_session_is_found_by_its_secret_only
            a_session_moves_once_from_a_version
            of_two_that_move_a_session_at_once_one_wins
            a_session_never_becomes_another_persons
            an_ended_session_is_gone;
        signing_keys:
            a_key_comes_back_as_it_was_written
            a_server_has_one_signing_key_for_an_algorithm
            of_nodes_that_make_the_first_key_at_once_one_wins
            a_key_is_read_once
            a_key_moves_from_phase_to_phase
            a_key_leaves_only_the_phase_that_it_is_in_and_never_goes_back
            moves_are_recorded_in_their_transaction
            a_dropped_key_is_told_to_those_who_knew_it
            of_nodes_that_rotate_a_key_at_once_one_wins
            a_signing_key_may_only_sign_longer_tokens
            the_first_claim_holds_until_the_key_is_stored;
        standing:
            a_revoked_token_stands_revoked
            an_absent_family_does_not_hold
            a_suspended_person_does_not_hold
            a_standing_is_of_one_moment
            a_standing_comes_with_its_person;
        upkeep:
            artifacts_are_counted_by_their_kind_and_no_further_than_asked
            old_audit_events_are_deleted_by_their_ids
            nodes_that_prune_at_once_all_succeed
            what_cannot_be_deleted_stays_until_it_can;
        users:
            a_person_is_found_by_id_and_by_login
            a_login_is_taken_once_whatever_its_case
            a_login_is_found_in_every_spelling
            of_two_who_take_a_login_at_once_one_wins
            of_those_who_take_a_login_at_once_in_any_way_one_wins
            a_person_moves_once_from_a_version
            a_password_is_its_persons_and_stays_until_it_is_set
            a_seed_overwrites_nobody
            seeds_and_catalog_are_written_together
            known_logins_come_back_as_they_were_asked_for
            users_are_listed_in_pages
            who_expects_a_person_of_another_version_writes_nothing
            nothing_that_a_person_begins_outlives_the_end_of_all;
        vault:
            the_first_text_stays
            nodes_that_start_at_once_keep_the_same_text;
    }

    databases {
        review:
            audit_events_of_an_earlier_version_are_found;
        artifacts:
            a_crash_after_a_code_was_consumed_leaves_it_consumed;
        callers:
            what_goes_on_without_its_caller_is_waited_for_at_the_end;
        catalog:
            a_waiting_node_sees_the_change_of_another;
        ledger:
            a_commit_that_fails_in_the_middle_leaves_nothing;
        opening:
            processes_that_start_together_all_succeed
            what_was_written_is_there_at_the_next_start
            an_older_database_is_brought_up_to_date
            a_newer_database_is_refused
            a_row_that_cannot_be_read_is_named
            rows_of_before_are_of_format_1_and_their_keys_are_read
            logins_of_before_get_their_keys_and_those_that_collide_keep_theirs
            a_node_of_before_goes_on_making_people
            rows_of_before_get_ids_that_are_the_same_on_every_node
            a_node_of_before_goes_on_writing_the_catalog
            a_node_of_before_goes_on_applying_files;
        outage:
            whoever_waits_through_an_outage_learns_of_it;
        signing_keys:
            the_private_half_of_a_dropped_key_is_erased
            a_dropped_key_of_a_newer_format_is_dropped
            a_key_that_is_not_understood_is_told_and_fails_no_other
            a_waiting_node_learns_of_a_key_of_another;
        vault:
            sealed_secrets_are_listed_in_pages_and_replaced_if_they_are_unchanged
            the_master_key_changes_once_and_other_nodes_learn_of_it;
        users:
            seeds_that_cannot_be_written_leave_no_catalog
            a_person_of_a_newer_format_is_out_of_service_alone;
    }
}
