//! What every store keeps to, asked of both databases.
//!
//! A rule is a function; the table below makes a test of it for each database. Those for PostgreSQL
//! need a server: `scripts/postgres cargo test -p scopegate-store -- --include-ignored`.
#![expect(clippy::panic, clippy::unwrap_used, reason = "a test stops where it cannot go on")]

mod catalog;
mod ledger;
mod opening;
mod outage;
mod place;
mod signing_keys;
mod vault;
mod wire;

macro_rules! store_conformance {
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
    catalog:
        a_new_catalog_is_empty_and_has_version_0
        every_kind_of_entity_comes_back_as_it_was_written
        changes_come_back_in_the_order_in_which_they_were_made
        an_entity_that_changed_twice_comes_back_once
        a_deletion_is_told_to_those_only_who_knew_the_entity
        a_change_on_top_of_another_version_leaves_nothing
        of_writers_with_the_same_version_one_wins
        a_reader_sees_whole_versions
        a_waiting_node_sees_the_change_of_another;
    ledger:
        an_assertion_is_used_once_by_its_client
        an_assertion_is_used_once_however_odd_its_jti
        of_two_uses_at_once_one_wins
        a_conflict_leaves_nothing
        an_audit_batch_is_kept_once
        what_strangers_send_is_kept
        only_what_has_expired_is_forgotten
        a_commit_that_is_given_up_is_whole_or_absent;
    opening:
        processes_that_start_together_all_succeed
        what_was_written_is_there_at_the_next_start
        a_newer_database_is_refused
        a_row_that_cannot_be_read_is_named;
    outage:
        an_outage_is_unavailable_and_ends
        a_lost_connection_is_replaced
        whoever_waits_through_an_outage_learns_of_it;
    signing_keys:
        a_key_comes_back_as_it_was_written
        a_server_has_one_signing_key_for_an_algorithm
        of_nodes_that_make_the_first_key_at_once_one_wins;
    vault:
        the_first_text_stays
        nodes_that_start_at_once_keep_the_same_text;
}
